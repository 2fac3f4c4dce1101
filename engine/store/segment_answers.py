"""What is asked about a segment: how many, some of them, who came and went, and all that is known of one customer.

Each answer is one statement over the composed query of `engine.store.audience`; segments in SQL are
answered beforehand by their own role.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.model.clauses import All, Predicate
from engine.model.facts import Fact, Known, Type
from engine.model.segment import Library, Segment, SqlSegment
from engine.rules.membership import (
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
)
from engine.store import audience, fact_columns, sql_segments
from engine.store.base_as_of import TODAY, Base
from engine.store.database import Connection, run
from engine.store.statements import statement
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

FIRST: Final = 4096  #: customers that a sample looks at before it looks at more
_ENTRY: Final = "entry {}"
_ANYBODY: Final = "anybody"


@dataclass(frozen=True, slots=True)
class Asked:
    """A library, and the moment for which it is asked; `as_of`: of the base as it stood then."""

    library: Library
    on: dt.datetime
    as_of: dt.datetime | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Paris"))  #: where its days begin

    @property
    def day(self) -> dt.date:
        return self.moment.astimezone(self.zone).date()

    @property
    def moment(self) -> dt.datetime:
        return (self.on if self.as_of is None else self.as_of).astimezone(dt.UTC)

    @property
    def base(self) -> Base:
        return TODAY if self.as_of is None else Base(self.moment)

    def members(self, name: str) -> audience.Members:
        return audience.members(name, self.library, on=self.on, as_of=self.as_of)


def beginning(connection: Connection) -> dt.datetime | None:
    """Return since when the base knows anybody; of no moment before can anything be said."""
    row = run(connection, statement("segments", "beginning")).fetchone()
    return None if row is None else row[0]


def prepare(connection: Connection, asked: Asked, *names: str) -> None:
    """Have the segments in SQL answered that these segments reach.

    Raises:
        SqlSegmentFailed: one of them gave no answer.
    """
    sql_segments.answer(connection, asked.library, names, on=asked.on, as_of=asked.as_of)


def count(connection: Connection, asked: Asked, name: str) -> int:
    """Return how many belong to a segment."""
    query = sa.select(sa.func.count()).select_from(asked.members(name).subquery("member"))
    return int(_rows(connection, query)[0][0])


def sample(connection: Connection, asked: Asked, name: str, size: int) -> list[int]:
    """Return some of a segment, always the same, spread over the whole base.

    It looks at a few thousand customers by their number, then at more, and at everybody only where
    members are that rare: an ordinary segment of a million answers in milliseconds.
    """
    members = asked.members(name)
    bounds = run(connection, statement("segments", "numbers")).fetchone()
    if bounds is None or bounds[0] is None:
        return []
    low, high = int(bounds[0]), int(bounds[1])
    looked = FIRST
    while looked < (high - low + 1) // 4:
        candidates = spread(low, high, looked)
        among = sa.bindparam(None, candidates, type_=sa.ARRAY(sa.BigInteger))
        own = sa.literal_column("c.customer_id", sa.BigInteger)
        found = {int(row[0]) for row in _rows(connection, members.where(own == sa.any_(among)))}
        if len(found) >= size:
            return [candidate for candidate in candidates if candidate in found][:size]
        looked *= 16
    everybody = members.subquery("member")
    order = sa.func.hashint8(everybody.c.customer_id)
    query = sa.select(everybody.c.customer_id).order_by(order, everybody.c.customer_id).limit(size)
    return [int(row[0]) for row in _rows(connection, query)]


def spread(low: int, high: int, count: int) -> list[int]:
    """Return `count` different numbers between two, evenly spread, the same every time.

    Steps of the golden ratio never cluster; made prime to the range they never meet again.

    >>> spread(1, 10, 4)
    [1, 8, 5, 2]
    """
    from math import gcd

    span = high - low + 1
    step = max(1, round(span * 0.6180339887498949))
    while gcd(step, span) != 1:
        step += 1
    return [low + index * step % span for index in range(min(count, span))]


def shown_facts(
    connection: Connection, asked: Asked, facts: Sequence[Fact], customers: Sequence[int]
) -> dict[int, tuple[str | None, ...]]:
    """Return facts of some customers as text; today's, or as they stood."""
    row = asked.base.customers()
    columns = [fact_columns.as_text(fact, row, asked.base).label(f"f{at}") for at, fact in enumerate(facts)]
    among = sa.bindparam(None, list(customers), type_=sa.ARRAY(sa.BigInteger))
    query = sa.select(row.c.customer_id, *columns).where(row.c.customer_id == sa.any_(among))
    return {int(found[0]): tuple(found[1:]) for found in _rows(connection, query)}


@dataclass(frozen=True, slots=True)
class Moved:
    """Who came into a segment, or went: how many, some of them, and how many for which entry of it."""

    count: int
    some: tuple[int, ...]
    strangers: int  #: who was not in the base then, or is not now
    because: Mapping[int, int] = field(default_factory=dict)  #: entry → for how many it did not hold


def difference(
    connection: Connection, name: str, then: Asked, now: Asked, *, shown: int = 10
) -> tuple[Moved, Moved]:
    """Return who joined a segment between two moments, and who left it."""
    before, after = (replace(asked, library=_entries(name, asked.library)) for asked in (then, now))
    prepare(connection, before, *before.library.segments)
    prepare(connection, after, *after.library.segments)
    return (
        _moved(connection, name, after, before, shown),
        _moved(connection, name, before, after, shown),
    )


def _moved(connection: Connection, name: str, here: Asked, there: Asked, shown: int) -> Moved:
    """Return who is of the segment here and not there."""
    gone = sa.except_(here.members(name), there.members(name)).cte("moved")
    entries = [entry for entry in here.library.segments if entry.startswith(_ENTRY.format(""))]
    known = there.members(_ANYBODY).subquery("known")
    is_known = sa.exists(sa.select(sa.text("1")).where(known.c.customer_id == gone.c.customer_id))
    columns: list[sa.ColumnElement[Any]] = [
        sa.func.count(),
        sa.func.count().filter(sa.not_(is_known)),
        sa.select(sa.func.array_agg(sa.literal_column("customer_id")))
        .select_from(sa.select(gone.c.customer_id).order_by(gone.c.customer_id).limit(shown).subquery("few"))
        .scalar_subquery(),
    ]
    for at, entry in enumerate(entries):
        held = there.members(entry).subquery(f"held{at}")
        holds = sa.exists(sa.select(sa.text("1")).where(held.c.customer_id == gone.c.customer_id))
        columns.append(sa.func.count().filter(sa.and_(is_known, sa.not_(holds))))
    number, strangers, some, *because = _rows(connection, sa.select(*columns).select_from(gone))[0]
    return Moved(number, tuple(some or ()), strangers, dict(enumerate(because)))


def _entries(name: str, library: Library) -> Library:
    """Return the library with each entry of a segment as a segment of its own, and one of everybody of its kind."""
    segment = library.segments[name]
    parts: tuple[Predicate, ...] = segment.who.parts if isinstance(segment, Segment) else ()
    alone = {_ENTRY.format(at): All((part,)) for at, part in enumerate(parts)}
    made = {
        key: Segment(segment="entry", title="", of=segment.of, who=who, timezone=segment.timezone)
        for key, who in {**alone, _ANYBODY: All(())}.items()
    }
    kept = {other.segment: other for other in library.reached([name])}
    return Library({**kept, **made}, library.catalogue)


def overlap(connection: Connection, asked: Asked, one: str, other: str) -> tuple[int, int, int]:
    """Return how many are of the one, of the other, and of both.

    Of a segment of persons and one of organisations, both are the persons who work at one of them.
    """
    left, right = asked.members(one).subquery("one"), asked.members(other).subquery("other")
    kinds = [asked.library.segments[name].of for name in (one, other)]
    if kinds[0] == kinds[1]:
        both = sa.select(sa.func.count()).select_from(
            left.join(right, left.c.customer_id == right.c.customer_id)
        )
    else:
        persons, places = (left, right) if kinds[0] == "person" else (right, left)
        work = asked.base.rows(AFFILIATION)
        day = asked.day
        both = (
            sa.select(sa.func.count(persons.c.customer_id.distinct()))
            .select_from(
                persons.join(work, work.c.person_id == persons.c.customer_id).join(
                    places, places.c.customer_id == work.c.organisation_id
                )
            )
            .where(
                sa.or_(work.c.valid_from.is_(None), work.c.valid_from <= day),
                sa.or_(work.c.valid_to.is_(None), work.c.valid_to >= day),
            )
        )
    numbers = [sa.select(sa.func.count()).select_from(side).scalar_subquery() for side in (left, right)]
    row = _rows(connection, sa.select(*numbers, both.scalar_subquery()))[0]
    return int(row[0]), int(row[1]), int(row[2])


def as_typed(connection: Connection, asked: Asked, name: str) -> str:
    """Return the statement that answers a segment, each value in its place: it can be run as it stands."""
    from psycopg import ClientCursor

    text, values = audience.as_sql(asked.members(name))
    return laid_out(ClientCursor(connection).mogrify(text, values))


def laid_out(text: str) -> str:
    r"""Return a statement with one condition a line, each as deep as its brackets; what is quoted stays as it is.

    >>> print(laid_out("SELECT 1 \nFROM a \nWHERE b = 'x AND y' AND (c OR d)"))
    SELECT 1
    FROM a
    WHERE b = 'x AND y'
      AND (c OR d)
    """
    depth, lines = 0, [""]
    for piece in re.findall(r"'(?:[^']|'')*'| AND |\s*\n|[()]|[^'()\n ]+| +", text):
        if piece.strip() == "":
            if "\n" in piece:
                lines.append("  " * depth)
            else:
                lines[-1] += piece
            continue
        if piece == " AND ":
            lines.append("  " * (depth + 1))
            piece = "AND "
        depth += (piece == "(") - (piece == ")")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def plan_of(connection: Connection, asked: Asked, name: str) -> list[str]:
    """Return how PostgreSQL would answer it."""
    text, values = audience.as_sql(asked.members(name))
    return [str(row[0]) for row in connection.execute("EXPLAIN " + text, values)]


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
            _rows(
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
    email, postal, phone = (value == "true" for value in _rows(connection, points)[0])
    work, aligned = asked.base.rows(AFFILIATION), asked.base.rows(ALIGNMENT)
    day = asked.day
    roles = sa.select(work.c.role).distinct().where(
        work.c.person_id == customer,
        sa.or_(work.c.valid_from.is_(None), work.c.valid_from <= day),
        sa.or_(work.c.valid_to.is_(None), work.c.valid_to >= day),
    )
    territories = sa.select(aligned.c.territory).distinct().where(aligned.c.customer_id == customer)
    return {
        "has_email": email,
        "has_postal": postal,
        "has_phone": phone,
        "role": tuple(sorted(str(found[0]) for found in _rows(connection, roles))),
        "territory": tuple(sorted(str(found[0]) for found in _rows(connection, territories))),
    }


def _touches(connection: Connection, asked: Asked, customer: int) -> list[PastTouch]:
    rows = asked.base.rows(TOUCH)
    return [
        PastTouch(
            row["channel"], row["state"], row["due_at"], row["touched_at"], row["campaign"], row["step"], row["run_id"], row["brand"],
            row["reason"], row["outcome"], row["outcome_at"], row["direction"],
        )
        for row in _mappings(connection, sa.select(*rows.c).where(rows.c.customer_id == customer))
    ]  # fmt: skip


def _responses(connection: Connection, asked: Asked, customer: int) -> list[PastResponse]:
    rows = asked.base.rows(RESPONSE)
    return [
        PastResponse(row["type"], row["at"], row["campaign"], row["step"], row["run_id"], row["channel"], row["brand"], row["value"])
        for row in _mappings(connection, sa.select(*rows.c).where(rows.c.customer_id == customer))
    ]  # fmt: skip


def _orders(connection: Connection, asked: Asked, customer: int) -> list[PastOrder]:
    rows, line = asked.base.rows(ORDERS), asked.base.rows(ORDER_LINE)
    lines: dict[int, list[PastLine]] = {}
    own = sa.select(line.c.order_id, line.c.brand, line.c.units, line.c.amount_ht).where(
        line.c.order_id.in_(sa.select(rows.c.order_id).where(rows.c.customer_id == customer))
    )
    for order_id, brand, units, amount in _rows(connection, own):
        lines.setdefault(order_id, []).append(PastLine(brand, units, amount))
    orders = []
    for row in _mappings(connection, sa.select(*rows.c).where(rows.c.customer_id == customer)):
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
    return [PastMembership(*row) for row in _rows(connection, query)]


def _rows(connection: Connection, query: sa.ClauseElement) -> list[tuple[Any, ...]]:
    text, values = audience.as_sql(query)
    return connection.execute(text, values).fetchall()


def _mappings(connection: Connection, query: sa.ClauseElement) -> list[dict[str, Any]]:
    text, values = audience.as_sql(query)
    cursor = connection.execute(text, values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]
