"""When a customer may be reached: hours of the day, working days and seasons, all on the customer's own clock."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from engine.model.policy import Hours, Season
from engine.rules.calendar import is_working_day, region_of, zone_of
from engine.rules.schedule import instant

FAR: dt.timedelta = dt.timedelta(days=40)
"""How far ahead an open hour is looked for; no run of holidays is as long."""


def opening(
    moment: dt.datetime, zone: str, department: str | None, hours: Sequence[Hours]
) -> dt.datetime | None:
    """Return the first moment, not before `moment`, at which all of `hours` allow it; `None`: none within FAR.

    A day has its own length where clocks change: an hour that does not exist begins as much later.

    >>> night = dt.datetime(2026, 3, 3, 22, 0, tzinfo=dt.UTC)
    >>> mails = Hours(name="day", channels=["email"], between=["07:00-20:00"], source="policy")
    >>> opening(night, "Europe/Paris", "44", [mails]).isoformat()
    '2026-03-04T06:00:00+00:00'
    """
    found = moment.astimezone(dt.UTC)
    local_zone = zone_of(department, zone)
    while True:
        before = found
        for rule in hours:
            allowed = _allowed(found, local_zone, department, rule)
            if allowed is None or allowed > moment + FAR:
                return None
            found = allowed
        if found == before:
            return found


def _allowed(moment: dt.datetime, zone: str, department: str | None, rule: Hours) -> dt.datetime | None:
    today = moment.astimezone(ZoneInfo(zone)).date()
    for ahead in range(FAR.days + 1):
        day = today + dt.timedelta(days=ahead)
        if not _is_open(day, department, rule):
            continue
        for span in sorted(rule.between, key=lambda span: span.first):
            start, end = (instant(dt.datetime.combine(day, time), zone) for time in (span.first, span.last))
            if moment < end and start < end:
                return max(moment, start)
    return None


def _is_open(day: dt.date, department: str | None, rule: Hours) -> bool:
    if rule.days == "working":
        return is_working_day(day, region_of(department))
    return rule.days == "all" or day.weekday() < 5


def season_opening(
    moment: dt.datetime, zone: str, department: str | None, seasons: Sequence[Season]
) -> dt.datetime | None:
    """Return the first moment, not before `moment`, that lies in a season of the customer's département.

    `seasons` are those of the brand. `None`: no season is still to come, and nothing may be said. Where a brand has
    no season at all, nobody asks.
    """
    local_zone = zone_of(department, zone)
    openings = []
    for season in seasons:
        first = instant(dt.datetime.combine(season.opens, dt.time()), local_zone)
        after = instant(dt.datetime.combine(season.closes + dt.timedelta(days=1), dt.time()), local_zone)
        if season.covers(department) and moment < after:
            openings.append(max(moment.astimezone(dt.UTC), first))
    return min(openings, default=None)
