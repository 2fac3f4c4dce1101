"""From a segment to the SQL that answers it: the one place where statements are composed.

A negation is pushed down to the clauses, which know how to be false: so `not: {touched: ...}` beside
other conditions is an anti-join, not a filter that asks row by row. Every value is bound; every
identifier comes from the catalogue.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString, assert_never
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import psycopg as dialect

from engine.model.clauses import (
    GONE,
    All,
    AnyOf,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Not,
    Predicate,
)
from engine.model.segment import AnySegment, Library, RunScope, Segment, SqlSegment
from engine.store import fact_columns
from engine.store.base_as_of import TODAY, Base
from engine.store.fact_columns import Row, Test
from engine.store.past import When, happened, happened_one_of, names_customers
from engine.store.tables import CUSTOMER

__all__ = [
    "RunScope",
    "as_sql",
    "customers",
    "fact_as_number",
    "fact_as_text",
    "leaving",
    "matching",
    "members",
]

_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own

Members = sa.Select[tuple[int]]


def members(
    name: str,
    library: Library,
    *,
    on: dt.datetime,
    as_of: dt.datetime | None = None,
    among: Sequence[int] | None = None,
) -> Members:
    """Return the query for the `customer_id` of everybody of a segment at a moment.

    Args:
        on: When it is asked: windows count back from here, and nothing later has happened.
        as_of: Ask the base as it stood then; `on` is that moment too.
        among: Ask these customers only.

    Raises:
        KeyError: no segment of that name.
    """
    row, tests = _asked(name, library, on, as_of, among)
    return sa.select(row.c.customer_id).where(*tests)


def customers(name: str, library: Library, *, on: dt.datetime) -> sa.Select[Any]:
    """Return the query for the customers themselves of everybody of a segment: all that the compiler knows of them.

    For who needs more of a customer than the number: reading them twice costs as much as the segment.
    """
    row, tests = _asked(name, library, on)
    return sa.select(row).where(*tests)


def _asked(
    name: str,
    library: Library,
    on: dt.datetime,
    as_of: dt.datetime | None = None,
    among: Sequence[int] | None = None,
) -> tuple[Row, list[Test]]:
    moment = (on if as_of is None else as_of).astimezone(dt.UTC)
    base = Base(None if as_of is None else moment, None if among is None else tuple(among))
    row: Row = base.customers()
    compiler = _Compiler(library, row, moment, None, base)
    return row, compiler.member(library.segments[name], truth=True)


def matching(who: Predicate, library: Library, scope: RunScope | None = None, *, on: dt.datetime) -> Members:
    """Return the query for everybody for whom a condition holds; in a run, its steps' names mean its own touches."""
    row = CUSTOMER.alias("c")
    compiler = _Compiler(library, row, on.astimezone(dt.UTC), scope)
    zone = ZoneInfo("Europe/Paris" if scope is None else scope.timezone)
    return sa.select(row.c.customer_id).where(*compiler.conditions(who, zone, truth=True))


def leaving(exits: All, library: Library, scope: RunScope, *, on: dt.datetime) -> Members:
    """Return the query for everybody for whom one of the exits holds: each entry of `exit:` lets people go."""
    return matching(AnyOf(exits.parts), library, scope, on=on)


def as_sql(query: sa.ClauseElement, *, prefix: str = "p") -> tuple[LiteralString, dict[str, Any]]:
    """Return a composed query as psycopg takes it: `%(name)s` and its values; names begin with `prefix`.

    >>> as_sql(sa.select(sa.literal(5)), prefix="q")[1]
    {'q_param_1': 5}
    """
    compiled = query.compile(dialect=_DIALECT)
    text = compiled.string
    values: dict[str, Any] = {}
    for name, value in (compiled.params or {}).items():
        text = text.replace(f"%({name})s", f"%({prefix}_{name})s")
        values[f"{prefix}_{name}"] = value
    return text, values


def fact_as_text(name: str, library: Library) -> str:
    """Return a fact of the customer aliased `c` as an SQL expression of type text; NULL where unknown."""
    return _inline(fact_columns.as_text(library.fact(name), CUSTOMER.alias("c")))


def fact_as_number(name: str, library: Library) -> str:
    """Return a fact of the customer aliased `c` as an SQL expression of type numeric; NULL where unknown."""
    return _inline(fact_columns.as_number(library.fact(name), CUSTOMER.alias("c")))


def _inline(expression: sa.ColumnElement[Any]) -> str:
    # Only names of the catalogue are in it, which are small letters, digits, '-' and '_'.
    return expression.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}).string.replace(
        "%%", "%"
    )


@dataclass(frozen=True, slots=True)
class _Compiler:
    library: Library
    row: Row
    on: dt.datetime
    scope: RunScope | None
    base: Base = TODAY
    standing: str | None = None  #: of what the customer is known to be, once a segment around has asked

    def member(self, segment: Segment | SqlSegment, *, truth: bool) -> list[Test]:
        """Return when the customer is of a segment, or is known not to be."""
        row, stands = self.row, []
        if self.standing != segment.of:
            stands = [row.c.of == segment.of]
            if not (truth and _names_a_status(segment)):
                stands.append(fact_columns.none_of(row.c.status, GONE))
        if isinstance(segment, SqlSegment):
            inside = [self.answered(segment)]
            outside = sa.not_(inside[0])
        else:
            within, zone = replace(self, standing=segment.of), ZoneInfo(segment.timezone)
            if truth:
                return [*stands, *within.conditions(segment.who, zone, truth=True)]
            inside, outside = [], sa.and_(*within.conditions(segment.who, zone, truth=False))
        if truth:
            return [*stands, *inside]
        return [sa.or_(sa.not_(sa.and_(*stands)), outside)] if stands else [outside]

    def answered(self, segment: SqlSegment) -> Test:
        """Return whether a segment in SQL, which a role of its own has answered, holds the customer.

        The function raises where no answer for this moment was stored: an empty set would let
        everybody through an `except`.
        """
        given = sa.func.sql_segment_answer(segment.key, self.on, self.base.moment is not None)
        answer = given.table_valued(sa.column("customer_id", sa.BigInteger), name="answered").render_derived()
        return sa.exists(
            sa.select(sa.literal_column("1", sa.Integer)).where(
                answer.c.customer_id == self.row.c.customer_id
            )
        )

    def conditions(self, who: Predicate, zone: ZoneInfo, *, truth: bool) -> list[Test]:
        if isinstance(who, All) and truth:
            return [self.test(part, zone, truth=True) for part in who.parts]
        return [self.test(who, zone, truth=truth)]

    def test(self, who: Predicate, zone: ZoneInfo, *, truth: bool) -> Test:
        """Return when a predicate is true, or when it is false; the rest is unknown."""
        when = When(self.on, zone, self.scope, self.base)
        match who:
            case All(parts=parts) | AnyOf(parts=parts) if isinstance(who, All) is truth:
                return sa.and_(*(self.test(part, zone, truth=truth) for part in parts))
            case All(parts=parts) | AnyOf(parts=parts):
                past = [
                    part for part in parts if truth and isinstance(part, History) and names_customers(part)
                ]
                if len(past) < 2:
                    past = []
                tests = [self.test(part, zone, truth=truth) for part in parts if part not in past]
                return sa.or_(*tests, *([happened_one_of(past, self.row, when)] if past else []))
            case Not(part=part):
                return self.test(part, zone, truth=not truth)
            case InSegment(segment=name):
                return sa.and_(*self.member(self.library.segments[name], truth=truth))
            case Missing(fact=name):
                missing = fact_columns.is_missing(self.library.fact(name), self.row)
                return missing if truth else sa.not_(missing)
            case Is(fact=name, values=values) | IsNot(fact=name, values=values):
                fact = self.library.fact(name)
                typed = tuple(fact_columns.on_day(fact.read(value), when.day) for value in values)
                return fact_columns.is_one_of(
                    fact, self.row, typed, when.day, truth=truth is isinstance(who, Is), base=self.base
                )
            case Compare(fact=name, op=op, value=value):
                fact = self.library.fact(name)
                limit = fact_columns.on_day(fact.read_limit(value), when.day)
                return fact_columns.compares(fact, self.row, op, limit, truth=truth)
            case History():
                return happened(who, self.row, when, truth=truth)
            case _:
                assert_never(who)


def _names_a_status(segment: AnySegment) -> bool:
    """Return whether a segment asks for customers of some status: none of those that it may name is gone."""
    return (
        isinstance(segment, Segment)
        and isinstance(segment.who, All)
        and any(
            isinstance(part, Is) and part.fact == "status" and not set(part.values) & set(GONE)
            for part in segment.who.parts
        )
    )
