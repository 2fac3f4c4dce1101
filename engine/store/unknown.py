"""Touches of which nobody knows whether they left: what the campaign declared, or somebody decided, is done about them."""

import datetime as dt
from dataclasses import dataclass

from engine.model.written import RunId, TouchId
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step of a run with touches of which nobody knows."""

    run_id: RunId
    campaign: str
    definition_sha: str
    step: str
    touches: int


def waiting(connection: Connection) -> list[Waiting]:
    """Return where nobody knows, run by run; cancelled runs are left alone."""
    return [Waiting(*row) for row in run(connection, statement("unknown", "waiting"))]


def resend(
    connection: Connection, run_id: RunId, step: str, after: dt.timedelta, now: dt.datetime
) -> list[TouchId]:
    """Make touches ready again of which nobody knew for so long, each once; return them."""
    parameters = {"run": run_id, "step": step, "after": after, "now": now}
    return [TouchId(row[0]) for row in run(connection, statement("unknown", "resend"), parameters)]


@dataclass(frozen=True, slots=True)
class One:
    """What stands behind a touch's number."""

    run_id: RunId
    campaign: str
    definition_sha: str
    step: str
    state: str
    is_cancelled: bool  #: its run is


def one(connection: Connection, touch: TouchId) -> One | None:
    """Return a touch of a run, or `None`."""
    row = run(connection, statement("unknown", "one"), {"touch": touch}).fetchone()
    return None if row is None else One(*row)


def decide(connection: Connection, touch: TouchId, state: str, *, because: str) -> bool:
    """Move one touch of which nobody knew by somebody's word; return whether it did."""
    parameters = {"touch": touch, "state": state, "because": because}
    return run(connection, statement("unknown", "decide"), parameters).fetchone() is not None
