"""What is not wrong with a segment and may not be what its author means: it goes by the day on which it is asked."""

import datetime as dt
from zoneinfo import ZoneInfo

from engine.model.clauses import History, walk
from engine.model.segment import Segment
from engine.problems import Fault, Say


def window_remarks(segment: Segment, now: dt.datetime) -> list[Fault]:
    """Return the windows that have not begun: nothing planned counts, so nothing has happened in them."""
    zone = ZoneInfo(segment.timezone)
    return [
        Fault(
            ("who", *part.path, "since"),
            Say("this day has not come: nothing has happened since", "ce jour n'est pas encore venu : rien ne s'est passé depuis"),
            Say("Is the year right? What is planned does not count.", "L'année est-elle juste ? Ce qui est prévu ne compte pas."),
        )
        for part in walk(segment.who)
        if isinstance(part, History) and isinstance(part.since, dt.date) and _instant(part.since, zone) > now
    ]  # fmt: skip


def _instant(moment: dt.date, zone: ZoneInfo) -> dt.datetime:
    if isinstance(moment, dt.datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return dt.datetime(moment.year, moment.month, moment.day, tzinfo=zone)
