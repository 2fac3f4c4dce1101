"""What happened, as PostgreSQL answers it: one EXISTS or NOT EXISTS a clause, so that it can be a semi- or anti-join.

Counts and sums are grouped by customer inside the EXISTS. Whoever has nothing is in no group: where
a clause is true of them ("at most 2 mails"), its opposite is sought and must not exist.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.model.clauses import (
    ONCE,
    REACTIONS,
    RESPONSES,
    TOUCHED_STATES,
    VOID_ORDERS,
    Bounds,
    History,
    Moment,
    Verb,
)
from engine.model.segment import About, RunScope, about
from engine.store.base_as_of import TODAY, Base
from engine.store.fact_columns import Row, Test, none_of, one_of
from engine.store.tables import MEMBER, ORDER_LINE, ORDERS, RESPONSE, RUN, TOUCH


@dataclass(frozen=True, slots=True)
class When:
    """The moment of asking, where its days begin, and the run that asks."""

    on: dt.datetime  #: in UTC
    zone: ZoneInfo
    scope: RunScope | None = None
    base: Base = TODAY  #: as it stands, or as it stood at `on`

    @property
    def day(self) -> dt.date:
        return self.on.astimezone(self.zone).date()


def happened(clause: History, row: Row, when: When, *, truth: bool) -> Test:
    """Return when a clause is true of the customer in `row`, or false; it is never unknown."""
    if clause.verb is Verb.NO_RESPONSE:
        touched = replace(clause, verb=Verb.TOUCHED, types=())
        came = History(
            Verb.RESPONDED,
            clause.channels,
            clause.brands,
            clause.campaigns,
            clause.steps,
            clause.types or REACTIONS,
        )
        if truth:
            return sa.and_(happened(touched, row, when, truth=True), happened(came, row, when, truth=False))
        return sa.or_(happened(touched, row, when, truth=False), happened(came, row, when, truth=True))
    nothing = clause.admits_nothing()
    found = _among([_those(clause, when)], row)
    return found if truth is not nothing else sa.not_(found)


def happened_one_of(clauses: Sequence[History], row: Row, when: When) -> Test:
    """Return when one of several clauses is true, each of them of customers to whom something happened.

    Their customers are one set. An OR of EXISTS would be asked of each customer, and never side by
    side: 25 million units of the planner's cost beside 0.4 on a million customers.
    """
    return _among([_those(clause, when) for clause in clauses], row)


def names_customers(clause: History) -> bool:
    """Return whether a clause is true of the customers of some rows of the past, and of nobody else."""
    return clause.verb is not Verb.NO_RESPONSE and not clause.admits_nothing()


def _among(sets: Sequence[sa.Select[Any]], row: Row) -> Test:
    those = (sets[0] if len(sets) == 1 else sa.union(*sets)).subquery()
    one = sa.select(sa.literal_column("1", sa.Integer)).where(those.c.customer_id == row.c.customer_id)
    return sa.exists(one.correlate(row))


def _those(clause: History, when: When) -> sa.Select[Any]:
    """Return the customers of whom a clause is true or, where it is true of those without any row, false."""
    rows = _rows(clause, when)
    query = sa.select(rows.customer.label("customer_id")).select_from(rows.source).where(*rows.tests)
    tests = rows.bounds(clause)
    if not tests:  # once is enough, or none may be: the first row decides
        return query
    bounds = sa.and_(*tests)
    return query.group_by(rows.customer).having(sa.not_(bounds) if clause.admits_nothing() else bounds)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of the past that a clause counts, and what it counts in them."""

    source: sa.FromClause
    customer: sa.ColumnElement[Any]
    tests: Sequence[Test]
    number: sa.ColumnElement[Any]
    units: sa.ColumnElement[Any] | None = None
    amount: sa.ColumnElement[Any] | None = None

    def bounds(self, clause: History) -> list[Test]:
        """Return what must hold of a customer's group; nothing where one row decides."""
        plain = clause.units is None and clause.amount is None
        if plain and clause.times in (ONCE, Bounds(at_most=ONCE.at_least and ONCE.at_least - 1)):
            return []
        tests = _between(self.number, clause.times)
        if clause.units is not None:
            assert self.units is not None
            tests += _between(sa.func.coalesce(self.units, 0), clause.units)
        if clause.amount is not None:
            assert self.amount is not None
            tests += _between(sa.func.coalesce(self.amount, 0), clause.amount)
        return tests


def _between(number: sa.ColumnElement[Any], bounds: Bounds) -> list[Test]:
    tests: list[Test] = []
    if bounds.at_least is not None:
        tests.append(number >= _whole(bounds.at_least))
    if bounds.at_most is not None:
        tests.append(number <= _whole(bounds.at_most))
    if bounds.above is not None:
        tests.append(number > _whole(bounds.above))
    if bounds.below is not None:
        tests.append(number < _whole(bounds.below))
    return tests


def _whole(bound: Decimal) -> sa.ColumnElement[Any]:
    """Return a whole number as one: a count is then compared as it is, and not made a numeric for each customer."""
    whole = bound == bound.to_integral_value() and abs(bound) < 2**63
    return sa.literal(int(bound), sa.BigInteger) if whole else sa.literal(bound, sa.Numeric)


def _rows(clause: History, when: When) -> _Rows:
    meant = about(clause.campaigns, clause.steps, when.scope)
    match clause.verb:
        case Verb.TOUCHED:
            touch = when.base.rows(TOUCH)
            source, window = _windowed(touch, touch.c.customer_id, touch.c.touched_at, clause, when)
            tests = [
                one_of(touch.c.state, TOUCHED_STATES),
                touch.c.direction == "out",
                sa.or_(touch.c.outcome.is_distinct_from("withdrawn"), touch.c.outcome_at > when.on),
                *_narrowed(touch, clause.channels, clause.brands),
                *_means(touch, meant, when),
                *window,
            ]
            return _Rows(source, touch.c.customer_id, tests, sa.func.count())
        case Verb.VISITED | Verb.CALLED:
            touch = when.base.rows(TOUCH)
            at = sa.func.coalesce(touch.c.outcome_at, touch.c.touched_at)
            source, window = _windowed(touch, touch.c.customer_id, at, clause, when)
            tests = [
                touch.c.channel == ("visit" if clause.verb is Verb.VISITED else "call"),
                touch.c.outcome == "done",
                *_narrowed(touch, (), clause.brands),
                *_means(touch, meant, when),
                *window,
            ]
            return _Rows(source, touch.c.customer_id, tests, sa.func.count())
        case Verb.RESPONDED:
            response = when.base.rows(RESPONSE)
            source, window = _windowed(response, response.c.customer_id, response.c.at, clause, when)
            tests = [
                one_of(response.c.type, clause.types or RESPONSES),
                *_narrowed(response, clause.channels, clause.brands),
                *_means(response, meant, when),
                *window,
            ]
            return _Rows(
                source, response.c.customer_id, tests, sa.func.count(), amount=sa.func.sum(response.c.value)
            )
        case Verb.ORDERED:
            return _orders(clause, when)
        case Verb.EXCLUDED:
            return _exclusions(clause, meant, when)
        case Verb.ENROLLED:
            member, run = when.base.rows(MEMBER), RUN.alias()
            base = (
                member.join(run, run.c.run_id == member.c.run_id)
                if clause.brands or meant.campaigns
                else member
            )
            source, window = _windowed(base, member.c.customer_id, member.c.enrolled_at, clause, when)
            tests = [
                member.c.reason.is_(None),
                sa.not_(member.c.held_out),
                *([one_of(run.c.brand, clause.brands)] if clause.brands else []),
                *([one_of(run.c.campaign, meant.campaigns)] if meant.campaigns else []),
                *([one_of(member.c.cell, clause.cells)] if clause.cells else []),
                *window,
            ]
            return _Rows(source, member.c.customer_id, tests, sa.func.count())
        case Verb.NO_RESPONSE:
            raise AssertionError("asked as touched and not responded")
        case _:
            assert_never(clause.verb)


def _orders(clause: History, when: When) -> _Rows:
    orders = when.base.rows(ORDERS)
    line = when.base.rows(ORDER_LINE)
    by_line = bool(clause.brands) or clause.units is not None
    base: sa.FromClause = orders
    if clause.brands:
        base = orders.join(
            line, sa.and_(line.c.order_id == orders.c.order_id, one_of(line.c.brand, clause.brands))
        )
    elif by_line:
        base = orders.outerjoin(line, line.c.order_id == orders.c.order_id)
    source, window = _windowed(base, orders.c.customer_id, orders.c.ordered_at, clause, when)
    return _Rows(
        source,
        orders.c.customer_id,
        [none_of(orders.c.status, VOID_ORDERS), *window],
        sa.func.count(orders.c.order_id.distinct()) if by_line else sa.func.count(),
        units=sa.func.sum(line.c.units) if by_line else None,
        amount=sa.func.sum(line.c.amount_ht if by_line else orders.c.amount_ht),
    )


def _exclusions(clause: History, meant: About, when: When) -> _Rows:
    """Return the touches withheld and, where no step or channel is named, the members left out."""
    touch = when.base.rows(TOUCH)
    withheld = sa.select(touch.c.customer_id, touch.c.due_at.label("at")).where(
        touch.c.state == "excluded",
        *_narrowed(touch, clause.channels, clause.brands),
        *([one_of(touch.c.reason, clause.reasons)] if clause.reasons else []),
        *_means(touch, meant, when),
    )
    every: sa.FromClause = withheld.subquery()
    if not (clause.steps or meant.own_steps or clause.channels):
        member, run = when.base.rows(MEMBER), RUN.alias()
        base = (
            member.join(run, run.c.run_id == member.c.run_id) if clause.brands or meant.campaigns else member
        )
        left_out = (
            sa.select(member.c.customer_id, member.c.enrolled_at.label("at"))
            .select_from(base)
            .where(
                member.c.reason.is_not(None),
                *([one_of(member.c.reason, clause.reasons)] if clause.reasons else []),
                *([one_of(run.c.brand, clause.brands)] if clause.brands else []),
                *([one_of(run.c.campaign, meant.campaigns)] if meant.campaigns else []),
            )
        )
        every = sa.union_all(withheld, left_out).subquery()
    source, window = _windowed(every, every.c.customer_id, every.c.at, clause, when)
    return _Rows(source, every.c.customer_id, window, sa.func.count())


def _narrowed(table: sa.FromClause, channels: tuple[str, ...], brands: tuple[str, ...]) -> list[Test]:
    return [
        *([one_of(table.c.channel, channels)] if channels else []),
        *([one_of(table.c.brand, brands)] if brands else []),
    ]


def _means(table: sa.FromClause, meant: About, when: When) -> list[Test]:
    own: Test | None = None
    if meant.own_steps and when.scope is not None:
        own = sa.and_(table.c.run_id == when.scope.run_id, one_of(table.c.step, meant.own_steps))
        if not meant.campaigns:
            return [own]
    tests = [
        *([one_of(table.c.campaign, meant.campaigns)] if meant.campaigns else []),
        *([one_of(table.c.step, meant.steps)] if meant.steps else []),
    ]
    return tests if own is None else [sa.or_(own, sa.and_(*tests))]


def _windowed(
    source: sa.FromClause,
    customer: sa.ColumnElement[Any],
    at: sa.ColumnElement[Any],
    clause: History,
    when: When,
) -> tuple[sa.FromClause, list[Test]]:
    """Return the rows' source, joined with what their window hangs on, and when a row lies in it."""
    tests: list[Test] = [at <= when.on]
    if clause.within is not None:
        tests.append(at > when.on - clause.within)
    if clause.since is not None:
        if isinstance(clause.since, str):
            came = _step_came(clause.since, when)
            source = source.join(came, came.c.customer_id == customer)
            tests.append(at >= came.c.at)
        else:
            tests.append(at >= _instant(clause.since, when))
    if clause.before is not None:
        if isinstance(clause.before, str):
            came = _step_came(clause.before, when)
            source = source.outerjoin(came, came.c.customer_id == customer)
            tests.append(sa.or_(came.c.at.is_(None), at < came.c.at))
        else:
            tests.append(at < _instant(clause.before, when))
    return source, tests


def _step_came(step: str, when: When) -> sa.Subquery:
    """Return when a step of the asking run came to each member: its touch, or what became of it."""
    touch = when.base.rows(TOUCH)
    run = None if when.scope is None else when.scope.run_id
    return (
        sa.select(
            touch.c.customer_id, sa.func.min(sa.func.coalesce(touch.c.touched_at, touch.c.due_at)).label("at")
        )
        .where(touch.c.run_id == sa.literal(run, sa.BigInteger), touch.c.step == step)
        .group_by(touch.c.customer_id)
        .subquery()
    )


def _instant(moment: Moment, when: When) -> dt.datetime:
    if isinstance(moment, dt.datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=when.zone)
    assert isinstance(moment, dt.date)
    return dt.datetime(moment.year, moment.month, moment.day, tzinfo=when.zone)
