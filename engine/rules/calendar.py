"""Working days: not Saturday, not Sunday, not a public holiday of the region."""

import datetime as dt
from functools import cache
from typing import Final, Literal, TypeAlias

Region: TypeAlias = Literal["FR", "FR-AM"]
"""France; Alsace-Moselle, which adds Good Friday and 26 December."""

_MORE: Final = {"57": "FR-AM", "67": "FR-AM", "68": "FR-AM"}


def region_of(department: str | None) -> Region:
    """Return the set of holidays that a département keeps."""
    return "FR-AM" if (department or "") in _MORE else "FR"


@cache
def _holidays(year: int, region: Region) -> frozenset[dt.date]:
    import holidays  # a second to import, and most commands never ask

    return frozenset(holidays.country_holidays("FR", subdiv="57" if region == "FR-AM" else None, years=year))


def is_working_day(day: dt.date, region: Region = "FR") -> bool:
    """Return whether people are at work that day.

    >>> is_working_day(dt.date(2026, 4, 3)), is_working_day(dt.date(2026, 4, 3), "FR-AM")  # Good Friday
    (True, False)
    """
    return day.weekday() < 5 and day not in _holidays(day.year, region)


def add_working_days(day: dt.date, n: int, region: Region = "FR") -> dt.date:
    """Return the n-th working day after a day; before it, where n is negative; itself for 0.

    >>> add_working_days(dt.date(2026, 7, 13), 1)  # 14 July is a holiday
    datetime.date(2026, 7, 15)
    """
    step = dt.timedelta(days=1 if n > 0 else -1)
    left = abs(n)
    while left:
        day += step
        left -= is_working_day(day, region)
    return day


def working_day_on_or_after(day: dt.date, region: Region = "FR") -> dt.date:
    """Return the day itself if people work on it, else the next one on which they do.

    >>> working_day_on_or_after(dt.date(2026, 10, 31))  # a Saturday; 1 November is a Sunday
    datetime.date(2026, 11, 2)
    """
    return day if is_working_day(day, region) else add_working_days(day, 1, region)


def working_days(first: dt.date, last: dt.date, region: Region = "FR") -> int:
    """Return how many working days lie between two days, both counted.

    >>> working_days(dt.date(2026, 11, 2), dt.date(2026, 11, 30))  # the example of a rep's November
    20
    """
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return sum(is_working_day(day, region) for day in days)
