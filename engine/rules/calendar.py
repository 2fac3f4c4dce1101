"""Working days: not Saturday, not Sunday, not a public holiday of the region."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, TypeAlias

Region: TypeAlias = Literal[
    "FR", "FR-AM", "FR-971", "FR-972", "FR-973", "FR-974", "FR-975", "FR-976", "FR-986", "FR-987", "FR-988"
]
"""France; Alsace-Moselle, which adds Good Friday and 26 December; overseas, each with days of its own."""

_REGIONS: Final[Mapping[str, Region]] = {
    "57": "FR-AM",
    "67": "FR-AM",
    "68": "FR-AM",
    "971": "FR-971",
    "972": "FR-972",
    "973": "FR-973",
    "974": "FR-974",
    "975": "FR-975",
    "976": "FR-976",
    "986": "FR-986",
    "987": "FR-987",
    "988": "FR-988",
}

_SUBDIVISIONS: Final[Mapping[Region, str]] = {
    "FR-AM": "57",
    "FR-971": "971",
    "FR-972": "972",
    "FR-973": "973",
    "FR-974": "974",
    "FR-975": "PM",
    "FR-976": "976",
    "FR-986": "WF",
    "FR-987": "PF",
    "FR-988": "NC",
}

OVERSEAS: Final[Mapping[str, str]] = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
"""The time zone of each overseas département."""


OWN_CALENDARS: Final = tuple(sorted(_REGIONS))
"""The départements whose working days are not those of all others."""


def region_of(department: str | None) -> Region:
    """Return the set of holidays that a département keeps."""
    return _REGIONS.get(department or "", "FR")


def zone_of(department: str | None, recorded: str = "Europe/Paris") -> str:
    """Return the zone in which a customer lives: the recorded one, unless the département is overseas.

    Deliveries say nothing of zones, so overseas customers arrive with that of Paris.

    >>> zone_of("974"), zone_of("44"), zone_of(None, "America/New_York")
    ('Indian/Reunion', 'Europe/Paris', 'America/New_York')
    """
    return OVERSEAS.get(department or "", recorded) if recorded == "Europe/Paris" else recorded


@cache
def _holidays(year: int, region: Region) -> frozenset[dt.date]:
    import holidays  # a second to import, and most commands never ask

    return frozenset(holidays.country_holidays("FR", subdiv=_SUBDIVISIONS.get(region), years=year))


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


def so_many_working_days_later(first: dt.date, count: int, n: int, region: Region = "FR") -> list[dt.date]:
    """Return `add_working_days(day, n)` of each of `count` days from `first` on, worked out together; n is not negative.

    >>> [f"{day:%d/%m}" for day in so_many_working_days_later(dt.date(2026, 4, 2), 3, 1, "FR-AM")]
    ['07/04', '07/04', '07/04']
    """
    ahead = (first + dt.timedelta(days=number) for number in range(count + 2 * n + 40))
    working = [day for day in ahead if is_working_day(day, region)]
    days = (first + dt.timedelta(days=number) for number in range(count))
    return [day if n == 0 else working[bisect_right(working, day) + n - 1] for day in days]


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
