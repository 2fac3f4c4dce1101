"""Reconcile: what a worker held when it died is ready again where a repeat is safe, and unknown where it is not."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.contract import Channel
from engine.model.touch import TouchState
from engine.store import ledger
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found."""

    given_up: int  #: touches whose worker's lease had ended
    unknown: int  #: of all open runs: nobody knows whether they left


def reconcile(connection: Connection, channels: Mapping[str, Channel], *, now: dt.datetime) -> Reconciled:
    """Give up the touches of workers that are gone; again changes nothing. A worker that lives keeps its own."""
    safe = [name for name, channel in channels.items() if channel.repeat_is_safe]
    given_up = ledger.reap(connection, safe, now)
    unknown = sum(
        states.get(TouchState.UNKNOWN, 0)
        for run in ledger.open_runs(connection)
        for states in ledger.counts(connection, run).values()
    )
    return Reconciled(given_up, unknown)
