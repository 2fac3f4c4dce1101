"""One customer from all sides, as rows of the base."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from engine.model.clauses import VOID_ORDERS
from engine.rules.names import folded
from engine.store.database import Connection, run
from engine.store.statements import statement

PARTS: Final = ("identifiers", "contact_points", "consents", "stops", "affiliations", "field", "touches", "responses", "orders", "year", "tasks")  # fmt: skip
"""What stands below a customer's identity."""

Rows = list[tuple[Any, ...]]


def by_number(connection: Connection, number: str) -> list[int]:
    """Return whom a number names, each once: an identifier of any scheme, or our own id."""
    schemes = [str(row[0]) for row in run(connection, statement("load_shared", "ext_schemes"))]
    own = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    given = {"number": number, "ext_schemes": schemes, "id": own}
    found = run(connection, statement("customer_view", "by_number"), given).fetchall()
    named = [int(customer) for customer, scheme in found if scheme != "id"]
    return list(dict.fromkeys(named or [int(customer) for customer, _ in found]))


def by_name(connection: Connection, name: str) -> Rows:
    """Return customers whose name begins so, 21 at most: id, name, kind, town. A name travels as a bound value only."""
    start = folded(name)
    if not start:
        return []
    return run(connection, statement("customer_view", "by_name"), {"start": f"{start}%"}).fetchall()


def identity(connection: Connection, customer: int) -> Mapping[str, Any] | None:
    """Return who a customer is, or `None` for nobody."""
    asked = run(connection, statement("customer_view", "identity"), {"customer": customer})
    row = asked.fetchone()
    if row is None or asked.description is None:
        return None
    names = [column.name if column.name != "concat_ws" else "name" for column in asked.description]
    return dict(zip(names, row, strict=True))


def part(connection: Connection, name: str, customer: int, now: dt.datetime) -> Rows:
    """Return one of `PARTS`."""
    given = {"customer": customer, "now": now, "void": list(VOID_ORDERS)}
    return run(connection, statement("customer_view", name), given).fetchall()


def enrol_alone(connection: Connection, run_id: int, customer: int, now: dt.datetime) -> None:
    """Let a rehearsed run have one member."""
    run(
        connection,
        statement("customer_view", "enrol_alone"),
        {"run": run_id, "customer": customer, "now": now},
    )


def told(connection: Connection, run_id: int, customer: int) -> Rows:
    """Return what a run decided for a customer: channel, state, reasons, the rule."""
    return run(
        connection, statement("customer_view", "told"), {"run": run_id, "customer": customer}
    ).fetchall()
