"""Reconcile: what a worker held when it died is ready again where a repeat is safe, and unknown where it is not."""

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from engine.actions.journal import Left, Mark, left_behind
from engine.actions.unknown import resend
from engine.contract import Channel, Ending, Receipt
from engine.model.touch import TouchState
from engine.store import ledger
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found."""

    given_up: int  #: touches whose worker's lease had ended
    unknown: int  #: of all open runs: nobody knows whether they left
    resent: int = 0  #: sent again on purpose, once, as their step declares


def reconcile(
    connection: Connection, channels: Mapping[str, Channel], *, journals: Path, now: dt.datetime
) -> Reconciled:
    """Give up the touches of workers that are gone; again changes nothing. A worker that lives keeps its own.

    Where a dead worker's journal is found, it says what left; of the others, leases end and nobody knows.
    """
    for left in left_behind(journals):
        recover(connection, left, now=now)
    safe = [name for name, channel in channels.items() if channel.repeat_is_safe]
    given_up = ledger.reap(connection, safe, now)
    resent = resend(connection, channels, now=now)
    unknown = sum(
        states.get(TouchState.UNKNOWN, 0)
        for run in ledger.open_runs(connection)
        for states in ledger.counts(connection, run).values()
    )
    return Reconciled(given_up, unknown, resent)


def recover(connection: Connection, left: Left, *, now: dt.datetime) -> None:
    """Settle what a dead worker left behind by what its journal shows, and end the journal.

    Where somebody else is at it, or the server still works for the dead, it is left for the next time.
    """
    with suppress(psycopg.errors.LockNotAvailable):
        _recover(connection, left, now)
        left.path.unlink(missing_ok=True)


def _recover(connection: Connection, left: Left, now: dt.datetime) -> None:
    never = {touch: epoch for touch, (epoch, mark) in left.marks.items() if mark is Mark.HELD}
    endings = {
        Mark.MAY_HAVE_LEFT: (Ending.UNKNOWN, None),
        Mark.ACCEPTED: (Ending.ACCEPTED, None),
        Mark.LATER: (Ending.LATER, None),
        Mark.REFUSED: (Ending.REFUSED, "mail_refused"),
    }
    told = [
        Receipt(touch, *endings[mark]) for touch, (_, mark) in left.marks.items() if mark is not Mark.HELD
    ]
    with connection.transaction():
        ledger.wait_for_gate(connection, left.worker)
        held = ledger.held_by(connection, left.worker)
        # Gated, and not yet in the journal: the worker died before it took the group up.
        never |= {touch: epoch for touch, epoch in held.items() if touch not in left.marks}
        ledger.release(connection, never, worker=left.worker)
        ledger.settle_claims(
            connection,
            {touch: epoch for touch, (epoch, _) in left.marks.items()},
            told,
            worker=left.worker,
            now=now,
        )
