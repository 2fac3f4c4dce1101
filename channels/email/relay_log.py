"""A Postfix relay's own log, read as evidence: which of our mails it took, which it refused at the end.

`message-id=<...>` alone proves nothing: cleanup writes it when it has read the header, also of a mail whose
dot never came. A mail was taken when the queue manager has it: `qmgr[...]: QUEUE-ID: from=<...>, size=...`.

    postfix/cleanup[7]: 4F1C02: message-id=<12.9ab...@armorial.example.org>
    postfix/qmgr[3]: 4F1C02: from=<b-12-...@armorial.example.org>, size=24310, nrcpt=1 (queue active)
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ "
    r"postfix\S*/(?P<program>\w+)\[\d+\]: (?P<rest>.*)$"
)
_QUEUED: Final = re.compile(r"^(?P<id>[0-9A-Za-z]{6,20}): (?P<said>.*)$")
_MESSAGE_ID: Final = re.compile(r"^(?:resent-)?message-id=<?([^<>\s]+)>?")
_REJECTED: Final = re.compile(r"reject: .*?: (5\d\d|5\.\d{1,3}\.\d{1,3})[ ;]")


@dataclass(frozen=True, slots=True)
class Sightings:
    """What a log shows, by Message-ID; and the time that it covers."""

    taken: dict[str, str]  #: -> the relay's queue id
    refused: dict[str, str]
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def read(lines: Iterable[str], *, now: dt.datetime, zone: dt.tzinfo = dt.UTC) -> Sightings:
    """Return what a log shows. Lines that are not Postfix's own are passed over.

    Args:
        now: Gives the year to times without one, as syslog writes them.
        zone: Of times that do not say theirs.
    """
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    refused: dict[str, str] = {}
    since = until = None
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        at = _moment(match["at"], now, zone)
        if at is None:
            continue
        since, until = since or at, at
        queued = _QUEUED.match(match["rest"])
        if queued is None:
            continue
        queue_id, said = queued["id"], queued["said"]
        if match["program"] == "cleanup":
            named = _MESSAGE_ID.match(said)
            if named is not None:
                names[queue_id] = named[1]
            elif queue_id in names and _REJECTED.search(said):
                refused[names[queue_id]] = queue_id
        elif match["program"] == "qmgr" and said.startswith("from=<") and queue_id in names:
            taken[names[queue_id]] = queue_id
    return Sightings(taken, {name: one for name, one in refused.items() if name not in taken}, since, until)


def _moment(text: str, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    try:
        if text[:4].isdigit():
            at = dt.datetime.fromisoformat(text)
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
        at = dt.datetime.strptime(f"{now.year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        return at if at <= now + dt.timedelta(days=1) else at.replace(year=now.year - 1)
    except ValueError:
        return None
