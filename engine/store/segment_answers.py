"""What is asked about a segment: how many, some of them, who came and went, and all that is known of one customer.

Each answer is one statement over the composed query of `engine.store.audience`; segments in SQL are
answered beforehand by their own role.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.model.clauses import All, Predicate
from engine.model.facts import Fact
from engine.model.segment import Library, Segment
from engine.store import audience, fact_columns, sql_segments
from engine.store.base_as_of import TODAY, Base
from engine.store.database import Connection, run
from engine.store.statements import statement
from engine.store.tables import (
    AFFILIATION,
)

LOOKS: Final = (1024, 4096)  #: so many customers a sample looks at before it looks at everybody
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

    def members(self, name: str, among: Sequence[int] | None = None) -> audience.Members:
        return audience.members(name, self.library, on=self.on, as_of=self.as_of, among=among)


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
    return int(rows(connection, query)[0][0])


def sample(connection: Connection, asked: Asked, name: str, size: int) -> list[int]:
    """Return some of a segment, always the same, spread over the whole base.

    It looks at a thousand customers by their number, then at four thousand, and at everybody only where
    members are rarer than that: an ordinary segment of a million answers in milliseconds. Of more candidates,
    their list costs at each probe of an index what it saves.
    """
    bounds = run(connection, statement("segments", "numbers")).fetchone()
    if bounds is None or bounds[0] is None:
        return []
    low, high = int(bounds[0]), int(bounds[1])
    for looked in LOOKS:
        if looked >= (high - low + 1) // 4:
            break
        candidates = spread(low, high, looked)
        found = {int(row[0]) for row in rows(connection, asked.members(name, among=candidates))}
        if len(found) >= size:
            return [candidate for candidate in candidates if candidate in found][:size]
    members = asked.members(name)
    everybody = members.subquery("member")
    order = sa.func.hashint8(everybody.c.customer_id)
    query = sa.select(everybody.c.customer_id).order_by(order, everybody.c.customer_id).limit(size)
    return [int(row[0]) for row in rows(connection, query)]


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
    return {int(found[0]): tuple(found[1:]) for found in rows(connection, query)}


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
    number, strangers, some, *because = rows(connection, sa.select(*columns).select_from(gone))[0]
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
    row = rows(connection, sa.select(*numbers, both.scalar_subquery()))[0]
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


def rows(connection: Connection, query: sa.ClauseElement) -> list[tuple[Any, ...]]:
    """Return what a composed query answers."""
    text, values = audience.as_sql(query)
    return connection.execute(text, values).fetchall()
