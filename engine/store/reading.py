"""The figures behind reports and pages: each a question to the facts, asked in sets."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from engine.model.campaign import Goal
from engine.model.written import RunId
from engine.store.database import Connection, run
from engine.store.responses import VOID
from engine.store.statements import statement

OWN: Final = frozenset({"click", "open", "reply", "visit_outcome", "call_outcome"})
"""Responses that only a touch can bring: whoever was left alone cannot have them."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a campaign as the report finds it."""

    run_id: RunId
    slot: str
    slot_at: dt.datetime
    frozen_at: dt.datetime | None
    closed_at: dt.datetime | None
    definition_sha: str
    state: str  #: running paused cancelled


@dataclass(frozen=True, slots=True)
class RunOverview:
    """One line of the console's first page."""

    run_id: RunId
    campaign: str
    brand: str | None
    slot: str
    slot_at: dt.datetime
    frozen_at: dt.datetime | None
    closed_at: dt.datetime | None
    switch: str
    universe: int
    enrolled: int
    held_out: int
    touched: int
    open: int
    unknown: int

    @property
    def state(self) -> str:
        return "closed" if self.closed_at and self.switch != "cancelled" else self.switch


@dataclass(frozen=True, slots=True)
class Members:
    """Members of a run that share reason, holdout and cell."""

    reason: str | None
    held_out: bool
    cell: str | None
    count: int
    left: int
    first_enrolled: dt.datetime
    last_enrolled: dt.datetime


@dataclass(frozen=True, slots=True)
class Touches:
    """Touches of a step that share what became of them, and the day."""

    step: str
    channel: str
    state: str
    reason: str | None
    outcome: str | None
    day: dt.date | None
    count: int
    cost: Decimal
    first_due: dt.datetime


@dataclass(frozen=True, slots=True)
class Reaction:
    """How many customers reacted to a step in one way, how often, and what it was worth."""

    step: str | None
    type: str
    label: str | None  #: of a visit: its outcome
    customers: int
    hits: int
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Reached:
    """Members who reached a goal on one day after their enrolment."""

    held_out: bool
    cell: str | None
    day: int  #: whole days since enrolment
    customers: int
    value: float  #: euros
    squares: float


def runs_of_campaign(connection: Connection, campaign: str) -> list[RunRow]:
    rows = run(connection, statement("reading", "runs_of_campaign"), {"campaign": campaign})
    return [RunRow(*row) for row in rows]


def audience_of_run(connection: Connection, of: RunId) -> list[Members]:
    return [Members(*row) for row in run(connection, statement("reading", "audience_of_run"), {"run": of})]


def touched_of_run(connection: Connection, of: RunId) -> dict[str | None, int]:
    """Return by cell how many members any step reached."""
    rows = run(connection, statement("reading", "touched_of_run"), {"run": of})
    return {row[0]: int(row[1]) for row in rows}


def steps_of_run(connection: Connection, of: RunId, zone: str) -> list[Touches]:
    rows = run(connection, statement("reading", "steps_of_run"), {"run": of, "zone": zone})
    return [Touches(*row) for row in rows]


def reactions_of_run(connection: Connection, of: RunId, campaign: str) -> list[Reaction]:
    parameters = {"run": of, "campaign": campaign}
    return [Reaction(*row) for row in run(connection, statement("reading", "reactions_of_run"), parameters)]


def orders_attributed(
    connection: Connection, of: RunId, campaign: str
) -> dict[str, tuple[int, Decimal | None]]:
    """Return how many orders answer the run and their worth, by how that is known."""
    parameters = {"run": of, "campaign": campaign}
    rows = run(connection, statement("reading", "orders_attributed"), parameters)
    return {str(row[0]): (int(row[1]), row[2]) for row in rows}


def goal_of_run(
    connection: Connection, of: RunId, campaign: str, goal: Goal, brand: str | None, now: dt.datetime
) -> list[Reached]:
    """Return who reached a goal within its window, treated and held out alike, by cell and day."""
    name = (
        "goal_by_orders"
        if goal.response == "order"
        else "goal_by_own_responses"
        if goal.response in OWN
        else "goal_by_responses"
    )
    parameters = {
        "run": of,
        "campaign": campaign,
        "type": goal.response,
        "brand": goal.brand or brand,
        "within": goal.within,
        "at_least": goal.at_least or 0,
        "void": VOID,
        "now": now,
    }
    rows = run(connection, statement("reading", name), parameters)
    return [Reached(row[0], row[1], row[2], row[3], float(row[4]), float(row[5])) for row in rows]


def runs_overview(connection: Connection, limit: int) -> list[RunOverview]:
    """Return the latest runs of all campaigns and how many touches stand where."""
    rows = run(connection, statement("reading", "runs_overview"), {"limit": limit})
    return [RunOverview(*row) for row in rows]


def as_mappings(connection: Connection, name: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of a statement that a page shows as they are, by column name."""
    cursor = run(connection, statement("reading", name), dict(parameters))
    return list(_named(cursor.description, cursor.fetchall()))


def _named(description: Sequence[Any] | None, rows: Sequence[Sequence[Any]]) -> Iterator[Mapping[str, Any]]:
    names = [column.name for column in description or ()]
    for row in rows:
        yield dict(zip(names, row, strict=True))
