"""Merges of all feeds but the customers' own: one list of statements each, run over `load_stage` as sets.

The statements stand in sql/load_<feed>.sql. Each list first makes `load_incoming`, one row a line, with what
is wrong with it: `fault` keeps a line out, `slips` only values of it. The last word, `counted`, says what was
done; its columns are the names of the counts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from psycopg import sql

from engine.model.clauses import CHANNELS, RESPONSE_TYPES
from engine.store.base import consents, customers
from engine.store.base.deliveries import Delivery, Taken
from engine.store.base.envelopes import lay_out
from engine.store.base.faults import FAULTS
from engine.store.base.staging import Rejected
from engine.store.database import Connection, run
from engine.store.statements import statement

STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("places", "addressees", "lay_out", "incoming", "repeats", "points", "points_before", "points_updated", "points_new",
                 "mains", "mains_off", "mains_on", "sharing", "made"),
    "consents": ("incoming", "repeats", "clashes", "events", "events_new", "again", "noes_before", "heard", "made"),
    "orders": ("incoming", "clashes", "of_another", "repeats", "heads", "heads_before", "heads_updated", "heads_new",
               "lines", "lines_before", "lines_updated", "lines_new", "amounts", "made"),
    "history": ("incoming", "clashes", "repeats", "touches", "touches_before", "touches_updated", "touches_new",
                "responses", "responses_before", "responses_updated", "responses_new", "noes", "heard", "made"),
    "reps": ("incoming", "repeats", "heads", "heads_before", "heads_updated", "heads_new", "territories", "assignments",
             "assignments_before", "assignments_taken", "made"),
    "alignments": ("incoming", "repeats", "territories", "lines", "lines_before", "lines_taken"),
}  # fmt: skip
"""By feed, its statements in their order."""

_MADE: Final = re.compile(r"^CREATE TEMP TABLE (\w+) ", re.MULTILINE)


def take_up(connection: Connection, delivery: Delivery) -> Taken:
    """Bring `load_stage` into the base; call inside a transaction."""
    return MERGES[delivery.feed.stage](connection, delivery)


def merge(connection: Connection, delivery: Delivery) -> Taken:
    """Run the statements of a delivery's feed."""
    file = f"load_{delivery.feed.stage}"
    given: dict[str, Any] = {
        "source": delivery.system, "batch": delivery.batch, "on": delivery.on, "now": delivery.now,
        "ext_schemes": _ext_schemes(connection, delivery.source),
        "channels": list(CHANNELS), "types": list(RESPONSE_TYPES),
    }  # fmt: skip
    connection.execute("ANALYZE load_stage")
    if "ext" in delivery.feed.columns:
        run(connection, statement("load_shared", "whom"), given)
        connection.execute("ANALYZE load_whom")
    repeated = 0
    for name in STEPS[delivery.feed.stage]:
        if name == "lay_out":
            lay_out(connection)
            continue
        text = statement(file, name)
        done = run(connection, text, given)
        if made := _MADE.search(text):  # a join with a table of unknown size may go row by row
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(made[1])))
        match name:
            case "repeats":
                repeated = done.rowcount
            case "heard":
                heard = [int(row[0]) for row in done]
                consents.resolve(connection, heard, now=delivery.now)
    counted = run(connection, statement(file, "counted"), given)
    row = counted.fetchone()
    assert row is not None and counted.description is not None
    counts = dict(zip((column.name for column in counted.description), map(int, row), strict=True))
    told = {"of_all": delivery.feed.stage != "consents"}
    rejected = [
        Rejected(int(line), *FAULTS[fault], whole_line=bool(whole))
        for line, fault, whole in run(connection, statement("load_shared", "faults"), told)
    ]
    _clear(connection)
    return Taken({**counts, "repeated": repeated}, rejected)


def _ext_schemes(connection: Connection, source: str | None) -> list[str]:
    """Return under which schemes a line's own id is looked up: its system's, or any system's."""
    if source is not None:
        return [f"ext:{source}"]
    return [str(row[0]) for row in run(connection, statement("load_shared", "ext_schemes"))]


def _clear(connection: Connection) -> None:
    """Drop what the statements left, so that another delivery may follow in the same transaction."""
    for (name,) in run(connection, statement("load_shared", "left")).fetchall():
        connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))


def _customers(connection: Connection, delivery: Delivery) -> Taken:
    merged = customers.merge(
        connection,
        delivery.feed,
        delivery.staged,
        source=delivery.system,
        on=delivery.on,
        batch=delivery.batch,
    )
    counts = {
        name: number for name, number in asdict(merged).items() if name not in ("towns", "rejected")
    }  # each a count
    return Taken(counts, merged.rejected, merged.towns)


def _towns(connection: Connection, delivery: Delivery) -> Taken:
    created = run(connection, statement("load_customers", "towns")).rowcount
    return Taken({"created": created, "changed": 0})


MERGES: Final[Mapping[str, Callable[[Connection, Delivery], Taken]]] = {
    "customers": _customers,
    "towns": _towns,
    **dict.fromkeys(STEPS, merge),
}
"""By what a feed's lines are staged as, what takes them up."""
