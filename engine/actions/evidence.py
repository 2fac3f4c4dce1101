"""Evidence: what the relay's own log says of touches of which nobody knows (promises §9, E1 and E4).

A touch that the log shows was taken is accepted. One that it does not show is ready again only if the log
is proven complete around it, and its connection is surely closed: no worker can still write its dot.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.contract import Evidence
from engine.store import evidence, ledger
from engine.store.database import Connection

RELAY_HANGS_UP: Final = dt.timedelta(minutes=5)
"""How long a relay waits for the rest of a mail: Postfix's smtpd_timeout, unless it was set to another value."""

SLACK: Final = dt.timedelta(seconds=30)
"""How far the relay's clock may be from the database's."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the log settled."""

    accepted: int = 0  #: E1: it has them
    refused: int = 0
    ready: int = 0  #: E4: proven not to have them
    still_unknown: int = 0
    missing: int = (
        0  #: accepted by the relay's 250, and not in its log: the log has a gap, or the relay lost mail
    )


def judge(
    connection: Connection,
    logs: Sequence[Evidence],
    *,
    hangs_up: dt.timedelta = RELAY_HANGS_UP,
    slack: dt.timedelta = SLACK,
) -> Judged:
    """Settle `unknown` touches by the logs of all relays that may have had them; again changes nothing.

    The proof of completeness is ours to check: every touch whose 250 was read, in the time that all logs
    cover, must stand in one of them. A single one that is missing, and nothing is made ready.
    """
    taken = {touch: name for log in logs for touch, name in log.accepted.items()}
    refused = {touch: name for log in logs for touch, name in log.refused.items() if touch not in taken}
    starts = [log.since for log in logs]
    ends = [log.until for log in logs]
    since = None if None in starts else max((at for at in starts if at is not None), default=None)
    until = None if None in ends else min((at for at in ends if at is not None), default=None)
    with connection.transaction():
        accepted = evidence.settle_by_log(connection, taken, "accepted")
        refused_now = evidence.settle_by_log(connection, refused, "refused")
        ready = missing = 0
        if since is not None and until is not None:
            covered = (since + slack, until - slack)
            missing = evidence.accepted_but_not_seen(connection, list(taken), *covered)
            if not missing:
                closed = until - slack - ledger.LEASE - hangs_up
                ready = evidence.release_unseen(connection, [*taken, *refused], since + slack, closed)
        left = evidence.unknown_mails(connection)
    return Judged(accepted, refused_now, ready, left, missing)
