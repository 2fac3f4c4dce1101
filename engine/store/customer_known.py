"""All that the base knows of one customer, as segments may ask it: what `explain` hands to the plain reference."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.model.facts import Fact, Known, Type
from engine.model.segment import SqlSegment
from engine.rules.membership import (
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
)
from engine.store import audience, fact_columns
from engine.store.database import Connection
from engine.store.segment_answers import Asked, rows
from engine.store.tables import (
    AFFILIATION,
    ALIGNMENT,
    MEMBER,
    ORDER_LINE,
    ORDERS,
    RESPONSE,
    RUN,
    TOUCH,
)


def known(connection: Connection, asked: Asked, customer: int, *names: str) -> CustomerKnown | None:
    """Return all that the base knows of a customer, as segments may ask it; `None`: no such customer then."""
    row = asked.base.customers()
    columns = [column for column in row.c if column.name != "changed_at"]
    found = _mappings(connection, sa.select(*columns).where(row.c.customer_id == customer))
    if not found:
        return None
    one = found[0]
    answers = {
        segment.segment: bool(
            rows(
                connection,
                asked.members(segment.segment).where(
                    sa.literal_column("c.customer_id", sa.BigInteger) == customer
                ),
            )
        )
        for segment in asked.library.reached(names)
        if isinstance(segment, SqlSegment)
    }
    return CustomerKnown(
        str(one["of"]),
        {**_facts(connection, asked, customer, one), **_beside(connection, asked, customer)},
        tuple(_touches(connection, asked, customer)),
        tuple(_responses(connection, asked, customer)),
        tuple(_orders(connection, asked, customer)),
        tuple(_memberships(connection, asked, customer)),
        answers,
    )


def _facts(connection: Connection, asked: Asked, customer: int, one: Mapping[str, Any]) -> dict[str, Known]:
    known: dict[str, Known] = {
        "kind": tuple(one["kinds"]),
        "restricted_brand": tuple(one["restricted_brands"]),
    }
    for fact in asked.library.catalogue.facts.values():
        value = one["facts"].get(fact.name) if fact.company else one.get(fact.name)
        read = _read(fact, value)
        if read is not None:
            known[fact.name] = read
    return known


def _read(fact: Fact, value: Any) -> Known | None:
    """Return a stored value in the fact's type; what has another type is unknown, as it is to PostgreSQL."""
    match fact.type:
        case Type.NUMBER if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return Decimal(str(value))
        case Type.BOOLEAN if isinstance(value, bool):
            return value
        case Type.DATE if isinstance(value, str):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                return None
        case Type.TEXT if value is not None and not fact.several:
            return str(value)
    return None


def _beside(connection: Connection, asked: Asked, customer: int) -> dict[str, Known]:
    """Return the facts that stand in rows beside the customer."""
    row = asked.base.customers()
    points = sa.select(
        *(
            fact_columns.as_text(asked.library.fact(name), row, asked.base)
            for name in ("has_email", "has_postal", "has_phone")
        )
    ).where(row.c.customer_id == customer)
    email, postal, phone = (value == "true" for value in rows(connection, points)[0])
    work, aligned = asked.base.rows(AFFILIATION), asked.base.rows(ALIGNMENT)
    day = asked.day
    roles = (
        sa.select(work.c.role)
        .distinct()
        .where(
            work.c.person_id == customer,
            sa.or_(work.c.valid_from.is_(None), work.c.valid_from <= day),
            sa.or_(work.c.valid_to.is_(None), work.c.valid_to >= day),
        )
    )
    territories = sa.select(aligned.c.territory).distinct().where(aligned.c.customer_id == customer)
    return {
        "has_email": email,
        "has_postal": postal,
        "has_phone": phone,
        "role": tuple(sorted(str(found[0]) for found in rows(connection, roles))),
        "territory": tuple(sorted(str(found[0]) for found in rows(connection, territories))),
    }


def _touches(connection: Connection, asked: Asked, customer: int) -> list[PastTouch]:
    touch = asked.base.rows(TOUCH)
    return [
        PastTouch(
            row["channel"], row["state"], row["due_at"], row["touched_at"], row["campaign"], row["step"], row["run_id"], row["brand"],
            row["reason"], row["outcome"], row["outcome_at"], row["direction"],
        )
        for row in _mappings(connection, sa.select(*touch.c).where(touch.c.customer_id == customer))
    ]  # fmt: skip


def _responses(connection: Connection, asked: Asked, customer: int) -> list[PastResponse]:
    response = asked.base.rows(RESPONSE)
    return [
        PastResponse(row["type"], row["at"], row["campaign"], row["step"], row["run_id"], row["channel"], row["brand"], row["value"])
        for row in _mappings(connection, sa.select(*response.c).where(response.c.customer_id == customer))
    ]  # fmt: skip


def _orders(connection: Connection, asked: Asked, customer: int) -> list[PastOrder]:
    order, line = asked.base.rows(ORDERS), asked.base.rows(ORDER_LINE)
    lines: dict[int, list[PastLine]] = {}
    own = sa.select(line.c.order_id, line.c.brand, line.c.units, line.c.amount_ht).where(
        line.c.order_id.in_(sa.select(order.c.order_id).where(order.c.customer_id == customer))
    )
    for order_id, brand, units, amount in rows(connection, own):
        lines.setdefault(order_id, []).append(PastLine(brand, units, amount))
    orders = []
    for row in _mappings(connection, sa.select(*order.c).where(order.c.customer_id == customer)):
        own_lines = lines.get(row["order_id"], [])
        rest = row["amount_ht"] - sum((line.amount for line in own_lines), Decimal(0))
        if rest:  # an order whose lines were not delivered, or not all
            own_lines = [*own_lines, PastLine(None, 0, rest)]
        orders.append(PastOrder(row["status"], row["ordered_at"], tuple(own_lines)))
    return orders


def _memberships(connection: Connection, asked: Asked, customer: int) -> list[PastMembership]:
    member, of_run = MEMBER.alias(), RUN.alias()
    query = (
        sa.select(
            member.c.run_id, of_run.c.campaign, member.c.enrolled_at, of_run.c.brand, member.c.held_out, member.c.reason, member.c.cell
        )
        .join(of_run, of_run.c.run_id == member.c.run_id)
        .where(member.c.customer_id == customer)
    )  # fmt: skip
    return [PastMembership(*row) for row in rows(connection, query)]


def _mappings(connection: Connection, query: sa.ClauseElement) -> list[dict[str, Any]]:
    text, values = audience.as_sql(query)
    cursor = connection.execute(text, values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]
