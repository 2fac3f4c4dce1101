"""A fact as PostgreSQL sees it: a column, an array, a key of `customer.facts`, or a row beside the customer.

Each test says when a clause is *true* or when it is *false*; where a fact is unknown, neither. So no
test relies on what NOT makes of NULL, and a negation can become an anti-join.
"""

import datetime as dt
import json
from decimal import Decimal
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from engine.model.clauses import Op
from engine.model.facts import Fact, Today, Type
from engine.store.base_as_of import TODAY, Base
from engine.store.tables import AFFILIATION, ALIGNMENT, CONTACT_POINT

Test: TypeAlias = sa.ColumnElement[bool]
Row: TypeAlias = sa.FromClause
"""The customer that is asked: the table, or what it was at a moment."""

_POINTS: Final = {
    "has_email": ("email",),
    "has_postal": ("postal",),
    "has_phone": ("phone_fixed", "phone_mobile"),
}
_USELESS: Final = ("invalid", "refused", "blocked")
_ARRAYS: Final = {"kind": "kinds", "restricted_brand": "restricted_brands"}
_OPERATORS: Final = {
    Op.AT_LEAST: ">=", Op.AT_MOST: "<=", Op.ABOVE: ">", Op.AFTER: ">", Op.BELOW: "<", Op.BEFORE: "<",
}  # fmt: skip
_OPPOSITE: Final = {">=": "<", "<=": ">", ">": "<=", "<": ">="}

Bound: TypeAlias = str | Decimal | bool | dt.date


def words(values: tuple[str, ...] | list[str]) -> sa.ColumnElement[Any]:
    """Return words as one bound array: the statement's text does not change with their number."""
    return sa.bindparam(None, list(values), type_=sa.ARRAY(sa.Text))


def one_of(column: sa.ColumnElement[Any], values: tuple[str, ...] | list[str]) -> Test:
    # One word is compared twice as fast without an array around it, and its share is in the statistics.
    return column == (sa.literal(values[0], sa.Text) if len(values) == 1 else sa.any_(words(values)))


def none_of(column: sa.ColumnElement[Any], values: tuple[str, ...] | list[str]) -> Test:
    """Return when a column is known and none of these; SQL leaves it unknown where the column is."""
    return column != (sa.literal(values[0], sa.Text) if len(values) == 1 else sa.all_(words(values)))


def is_one_of(
    fact: Fact, row: Row, values: tuple[Bound, ...], day: dt.date, *, truth: bool, base: Base = TODAY
) -> Test:
    """Return when the fact is, or is known not to be, one of these values."""
    texts = [str(value) for value in values]
    if fact.name in _ARRAYS:
        column: sa.ColumnElement[Any] = row.c[_ARRAYS[fact.name]]
        # To contain one word is to share it; for one, @> takes half the time of &&.
        shared = column.op("@>" if len(texts) == 1 else "&&", is_comparison=True)(words(texts))
        if truth:
            return shared
        return (
            sa.and_(sa.not_(shared), sa.not_(is_missing(fact, row)))
            if fact.may_be_missing
            else sa.not_(shared)
        )
    if fact.name in _POINTS:
        has = _has_point(_POINTS[fact.name], row, base)
        wanted = set(values)
        if wanted == {True, False}:
            return sa.true() if truth else sa.false()
        return has if (True in wanted) is truth else sa.not_(has)
    if fact.name in ("role", "territory"):
        beside = _beside(fact, row, texts, day, base)
        return beside if truth else sa.not_(beside)
    if not fact.company:
        column = row.c[fact.name]
        if fact.type is Type.BOOLEAN:
            tests = [column == sa.literal(value) for value in values]
            return sa.or_(*tests) if truth else sa.not_(sa.or_(*tests))
        return one_of(column, texts) if truth else none_of(column, texts)
    match fact.type:
        case Type.TEXT:
            column = _text(fact, row)
            return one_of(column, texts) if truth else none_of(column, texts)
        case Type.DATE:
            column = _day(fact, row)
            return one_of(column, texts) if truth else none_of(column, texts)
        case Type.NUMBER | Type.BOOLEAN:
            column = _json(fact, row)
            found = column == (_as_json(values[0]) if len(values) == 1 else sa.any_(_all_as_json(values)))
            kind = "number" if fact.type is Type.NUMBER else "boolean"
            return found if truth else sa.and_(sa.func.jsonb_typeof(column) == kind, sa.not_(found))


def is_missing(fact: Fact, row: Row) -> Test:
    """Return when the fact is unknown; never unknown itself."""
    if not fact.may_be_missing:
        return sa.false()
    if fact.name in _ARRAYS:
        return row.c[_ARRAYS[fact.name]] == words([])
    if not fact.company:
        return row.c[fact.name].is_(None)
    match fact.type:
        case Type.TEXT:
            return _text(fact, row).is_(None)
        case Type.DATE:
            return _day(fact, row).is_(None)
        case Type.NUMBER | Type.BOOLEAN:
            kind = "number" if fact.type is Type.NUMBER else "boolean"
            return sa.func.jsonb_typeof(_json(fact, row)).is_distinct_from(kind)


def compares(fact: Fact, row: Row, op: Op, limit: Bound, *, truth: bool) -> Test:
    """Return when a comparison is true, or false; `like` folds A to Z only, as on every machine."""
    if op is Op.LIKE:
        column = _text(fact, row) if fact.company else row.c[fact.name]
        letters = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"}
        pattern = "".join(letters.get(letter, letter) for letter in str(limit))
        like = sa.collate(column, "C").ilike(sa.literal(pattern))
        return like if truth else sa.not_(like)
    sign = _OPERATORS[op] if truth else _OPPOSITE[_OPERATORS[op]]
    if fact.type is Type.DATE:
        return _day(fact, row).op(sign, is_comparison=True)(sa.literal(str(limit)))
    column = _json(fact, row)
    # jsonb is compared as it is, text and all: a value of the wrong type is unknown here, and never
    # an error that stops every campaign, as a cast would be.
    return sa.and_(
        column.op(sign, is_comparison=True)(_as_json(limit)), sa.func.jsonb_typeof(column) == "number"
    )


def on_day(value: str | Decimal | bool | dt.date | Today, day: dt.date) -> Bound:
    return day + dt.timedelta(days=value.days) if isinstance(value, Today) else value


def as_text(fact: Fact, row: Row, base: Base = TODAY) -> sa.ColumnElement[str]:
    """Return a fact as text, for strata and explanations; NULL where unknown."""
    if fact.name in _ARRAYS:
        return sa.func.array_to_string(row.c[_ARRAYS[fact.name]], ",")
    if fact.name in _POINTS:
        return sa.cast(_has_point(_POINTS[fact.name], row, base), sa.Text)
    if fact.name in ("role", "territory"):
        table, key, column = _BESIDE[fact.name]
        return (
            sa.select(sa.func.min(table.c[column])).where(table.c[key] == row.c.customer_id).scalar_subquery()
        )
    if fact.company:
        return _text(fact, row)
    column_: sa.ColumnElement[Any] = row.c[fact.name]
    return sa.cast(column_, sa.Text) if fact.type is not Type.TEXT else column_


def as_number(fact: Fact, row: Row) -> sa.ColumnElement[Decimal]:
    """Return a fact as a number; NULL where it is unknown or no number."""
    if not fact.company or fact.type is not Type.NUMBER:
        return sa.cast(sa.null(), sa.Numeric)
    column = _json(fact, row)
    return sa.case((sa.func.jsonb_typeof(column) == "number", sa.cast(_text(fact, row), sa.Numeric)))


_BESIDE: Final = {
    "role": (AFFILIATION, "person_id", "role"),
    "territory": (ALIGNMENT, "customer_id", "territory"),
}


def _beside(fact: Fact, row: Row, texts: list[str], day: dt.date, base: Base) -> Test:
    table, key, column = _BESIDE[fact.name]
    one = base.rows(table)
    tests = [one.c[key] == row.c.customer_id, one_of(one.c[column], texts)]
    if fact.name == "role":
        tests += [
            sa.or_(one.c.valid_from.is_(None), one.c.valid_from <= day),
            sa.or_(one.c.valid_to.is_(None), one.c.valid_to >= day),
        ]
    return sa.exists(sa.select(sa.literal_column("1", sa.Integer)).where(*tests))


def _has_point(types: tuple[str, ...], row: Row, base: Base) -> Test:
    point = base.rows(CONTACT_POINT)
    return sa.exists(
        sa.select(sa.literal_column("1", sa.Integer)).where(
            point.c.customer_id == row.c.customer_id,
            one_of(point.c.type, types),
            point.c.is_main,
            point.c.status != sa.all_(words(_USELESS)),
        )
    )


def _json(fact: Fact, row: Row) -> sa.ColumnElement[Any]:
    return row.c.facts.op("->", return_type=JSONB())(sa.literal(fact.name, sa.Text))


def _text(fact: Fact, row: Row) -> sa.ColumnElement[Any]:
    return row.c.facts.op("->>", return_type=sa.Text())(sa.literal(fact.name, sa.Text))


def _day(fact: Fact, row: Row) -> sa.ColumnElement[Any]:
    """Return a day as the text that it is stored as: ISO days sort as they follow each other."""
    text = _text(fact, row)
    whole = sa.case((text.regexp_match(r"^\d{4}-\d{2}-\d{2}$"), text))
    return sa.collate(whole, "C")


def _as_json(value: Bound) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(_in_json(value), sa.Text), JSONB)


def _all_as_json(values: tuple[Bound, ...]) -> sa.ColumnElement[Any]:
    # One array: a key is then looked up once a customer, and not once for each of the values.
    return sa.cast(words([_in_json(value) for value in values]), sa.ARRAY(JSONB))


def _in_json(value: Bound) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(str(value))
