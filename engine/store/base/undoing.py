"""A delivery taken back: the statements of sql/undo.sql in their order, kind by kind."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from engine.store.base import consents
from engine.store.database import Connection, run
from engine.store.statements import statement

BEFORE: Final = ("items", "indexed", "later", "alignment", "rep_assignment", "order_line", "orders", "lines_of_orders", "orders_gone", "sums",
                 "response", "touch", "consent_event")  # fmt: skip
AFTER: Final = ("customer", "points_of_customers", "identifiers_of_customers", "guards_of_customers", "customers_gone", "sharing",
                "rep", "territory", "forget", "forget_made", "undone")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """One delivery, as it was loaded."""

    id: int
    feed: str
    file: str
    at: dt.datetime
    undone_at: dt.datetime | None
    created: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that stays, and why."""

    what: str
    id: int  #: 0 where its key says which it is
    key: str
    why: str
    by: int | None  #: the later delivery that changed it


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, by kind of thing, and what stays."""

    removed: dict[str, int]
    restored: dict[str, int]
    kept: list[Kept]


def batch(connection: Connection, id: int) -> Batch | None:
    """Return a delivery by its number."""
    row = run(connection, statement("undo", "batch"), {"batch": id}).fetchone()
    return None if row is None else Batch(id, *row)


def batches(connection: Connection) -> list[Batch]:
    """Return the newest deliveries, the last one first."""
    rows = run(connection, statement("undo", "batches"))
    return [
        Batch(id, feed, file, at, undone_at, created, changed)
        for id, feed, file, at, created, changed, undone_at in rows
    ]


def undo(connection: Connection, id: int, *, now: dt.datetime) -> Undone:
    """Take a delivery back as far as nothing was built on it; call inside a transaction."""
    given: dict[str, Any] = {"batch": id, "now": now}

    def do(*names: str) -> None:
        for name in names:
            run(connection, statement("undo", name), given)

    do(*BEFORE)
    heard = [int(row[0]) for row in run(connection, statement("undo", "heard"))]
    if heard:
        consents.resolve(connection, heard, now=now)
    do("points", "contact_point")
    given["mains"] = [int(row[0]) for row in run(connection, statement("undo", "mains"))]
    do("mains_off", "mains_on", "identifier", *AFTER)
    counted = run(connection, statement("undo", "counted")).fetchall()
    kept = [Kept(*row) for row in run(connection, statement("undo", "kept"))]
    connection.execute("DROP TABLE undo_item, undo_point")
    return Undone(
        {str(what): int(removed) for what, removed, _ in counted if removed},
        {str(what): int(restored) for what, _, restored in counted if restored},
        kept,
    )
