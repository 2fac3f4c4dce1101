"""Who belongs to a segment: the slow, plainly right answer, in memory.

It decides each clause on its own, in three values: true, false, and unknown where a fact is missing.
It serves the examples in segment files, explains one customer, and convicts the compiler
(`engine.store.audience`) of its tricks: both must always agree.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never
from zoneinfo import ZoneInfo

from engine.model.clauses import (
    GONE,
    REACTIONS,
    RESPONSES,
    TOUCHED_STATES,
    VOID_ORDERS,
    All,
    AnyOf,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Moment,
    Not,
    Op,
    Predicate,
    Verb,
)
from engine.model.facts import KINDS, ORGANISATIONS, PERSONS, STORED_UNTOLD, Known, Today, Typed
from engine.model.segment import About, Library, RunScope, Segment, about


@dataclass(frozen=True, slots=True)
class PastTouch:
    """A row of the contact history, as far as segments ask of it."""

    channel: str
    state: str
    due_at: dt.datetime
    touched_at: dt.datetime | None = None
    campaign: str | None = None
    step: str | None = None
    run: int | None = None
    brand: str | None = None
    reason: str | None = None
    outcome: str | None = None
    outcome_at: dt.datetime | None = None
    direction: str = "out"


@dataclass(frozen=True, slots=True)
class PastResponse:
    type: str
    at: dt.datetime
    campaign: str | None = None
    step: str | None = None
    run: int | None = None
    channel: str | None = None
    brand: str | None = None
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PastLine:
    brand: str | None
    units: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PastOrder:
    status: str
    ordered_at: dt.datetime
    lines: tuple[PastLine, ...]


@dataclass(frozen=True, slots=True)
class PastMembership:
    """A row of a frozen audience."""

    run: int
    campaign: str
    enrolled_at: dt.datetime
    brand: str | None = None
    held_out: bool = False
    reason: str | None = None
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerKnown:
    """All that is known of one customer. A fact that `facts` lacks is unknown."""

    of: str
    facts: Mapping[str, Known] = field(default_factory=dict)
    touches: tuple[PastTouch, ...] = ()
    responses: tuple[PastResponse, ...] = ()
    orders: tuple[PastOrder, ...] = ()
    memberships: tuple[PastMembership, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)  #: of segments in SQL, by name


@dataclass(frozen=True, slots=True)
class Asking:
    """The moment, the place and the run for which a question is asked."""

    library: Library
    on: dt.datetime
    zone: ZoneInfo
    scope: RunScope | None = None

    def __post_init__(self) -> None:
        # Python counts days of a zone by its wall clock; 14 days are 336 hours, also in March.
        object.__setattr__(self, "on", self.on.astimezone(dt.UTC))


def belongs(name: str, known: CustomerKnown, library: Library, on: dt.datetime) -> bool | None:
    """Return whether a customer is of a segment at a moment; `None` where it cannot be known."""
    segment = library.segments[name]
    if known.of != segment.of or known.facts.get("status") in GONE:
        return False
    if not isinstance(segment, Segment):
        return known.answers.get(name)
    return holds(segment.who, known, Asking(library, on, ZoneInfo(segment.timezone)))


def holds(who: Predicate, known: CustomerKnown, asking: Asking) -> bool | None:
    """Return whether `who` is true of a customer; `None` where it cannot be known.

    What happened is always known: what the history does not hold did not happen.
    """
    match who:
        case All(parts=parts):
            answers = [holds(part, known, asking) for part in parts]
            return False if False in answers else None if None in answers else True
        case AnyOf(parts=parts):
            answers = [holds(part, known, asking) for part in parts]
            return True if True in answers else None if None in answers else False
        case Not(part=part):
            answer = holds(part, known, asking)
            return None if answer is None else not answer
        case InSegment(segment=name):
            return belongs(name, known, asking.library, asking.on)
        case Missing(fact=name):
            return value_of(name, known, asking) is None
        case Is(fact=name, values=values):
            fact, value = asking.library.fact(name), value_of(name, known, asking)
            wanted = [_on_that_day(fact.read(written), asking) for written in values]
            return None if value is None else any(word in wanted for word in _words(value))
        case IsNot(fact=name, values=values, path=path):
            answer = holds(Is(name, values, path), known, asking)
            return None if answer is None else not answer
        case Compare(fact=name, op=op, value=written):
            fact, value = asking.library.fact(name), value_of(name, known, asking)
            limit = _on_that_day(fact.read_limit(written), asking)
            return None if value is None else _compared(value, op, limit)
        case History():
            return _happened(who, known, asking)
        case _:
            assert_never(who)


def names_somebody(
    who: Predicate, of: str, library: Library, on: dt.datetime, timezone: str = "Europe/Paris"
) -> bool:
    """Return whether `who` says anything positive about the customers it means.

    A predicate that is true of a customer about whom nothing is known, such as "not visited since
    March", has no edge: it means everybody whom we happen to store. Such a segment writes to the
    whole base on the day a feed comes in empty. What the base holds of everybody whom nobody
    described ("has no e-mail address", "is active") is no edge either, nor is what holds whichever
    kind of customer it is. That a fact is known, and not so, is one: `department: {not_in: [974]}`.
    """
    asking = Asking(library, on, ZoneInfo(timezone))

    def holds_of(**facts: Known) -> bool:
        return holds(who, CustomerKnown(of, facts), asking) is True

    kinds = [kind for kind in KINDS if kind not in (ORGANISATIONS if of == "person" else PERSONS)]
    return not (
        holds_of()
        or holds_of(**STORED_UNTOLD)
        or all(holds_of(**{**STORED_UNTOLD, "kind": (kind,)}) for kind in kinds)
    )


def value_of(name: str, known: CustomerKnown, asking: Asking) -> Known | None:
    """Return what is known of a customer under a fact; `None` where nothing is."""
    value = known.facts.get(name)
    if value == () and asking.library.fact(name).may_be_missing:
        return None
    return value


def _words(value: Known) -> Iterable[Known]:
    return value if isinstance(value, tuple) else (value,)


def _on_that_day(value: Typed, asking: Asking) -> str | Decimal | bool | dt.date:
    if isinstance(value, Today):
        return asking.on.astimezone(asking.zone).date() + dt.timedelta(days=value.days)
    return value


def _compared(value: Known, op: Op, limit: str | Decimal | bool | dt.date) -> bool:
    match value, limit:
        case str(), str():
            pattern = "".join(
                {"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in _small(limit)
            )
            return re.fullmatch(pattern, _small(value), re.DOTALL) is not None
        case (Decimal(), Decimal()) | (dt.date(), dt.date()):
            match op:
                case Op.AT_LEAST:
                    return bool(value >= limit)  # type: ignore[operator]  # both sides are of one type
                case Op.AT_MOST:
                    return bool(value <= limit)  # type: ignore[operator]
                case Op.ABOVE | Op.AFTER:
                    return bool(value > limit)  # type: ignore[operator]
                case Op.BELOW | Op.BEFORE:
                    return bool(value < limit)  # type: ignore[operator]
    raise TypeError(f"{type(value).__name__} {op} {type(limit).__name__}")


def _small(text: str) -> str:
    """Return the text with the capitals A to Z made small: what the database does on every machine."""
    return "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in text)


# What happened.


@dataclass(frozen=True, slots=True)
class Found:
    """What a clause found in one customer's past: how often, how much, when last."""

    number: int = 0
    units: int = 0
    amount: Decimal = Decimal(0)
    last: dt.datetime | None = None


def _happened(clause: History, known: CustomerKnown, asking: Asking) -> bool:
    came = found(clause, known, asking)
    if clause.verb is Verb.NO_RESPONSE:
        return came.number > 0 and not _happened(answered(clause), known, asking)
    return (
        clause.times.admit(came.number)
        and (clause.units is None or clause.units.admit(came.units))
        and (clause.amount is None or clause.amount.admit(came.amount))
    )


def answered(clause: History) -> History:
    """Return what ends the silence that a `no_response` asks for."""
    return replace(
        clause, verb=Verb.RESPONDED, types=clause.types or REACTIONS, within=None, since=None, before=None
    )


def found(clause: History, known: CustomerKnown, asking: Asking) -> Found:
    """Return what a clause finds in a customer's past; of `no_response`, the touches that were to be answered."""
    meant = about(clause.campaigns, clause.steps, asking.scope)
    window = _Window(clause, known, asking)
    match clause.verb:
        case Verb.TOUCHED | Verb.NO_RESPONSE:
            return _times(touch.touched_at for touch in _touches(clause, known, meant, window))
        case Verb.VISITED | Verb.CALLED:
            channel = "visit" if clause.verb is Verb.VISITED else "call"
            return _times(
                touch.outcome_at or touch.touched_at
                for touch in known.touches
                if touch.channel == channel
                and touch.outcome == "done"
                and _fits(clause.brands, touch.brand)
                and _means(meant, touch.campaign, touch.step, touch.run, asking)
                and window.holds(touch.outcome_at or touch.touched_at)
            )
        case Verb.RESPONDED:
            came = [
                response
                for response in known.responses
                if response.type in (clause.types or RESPONSES)
                and _fits(clause.channels, response.channel)
                and _fits(clause.brands, response.brand)
                and _means(meant, response.campaign, response.step, response.run, asking)
                and window.holds(response.at)
            ]
            amount = sum((response.value or Decimal(0) for response in came), Decimal(0))
            return replace(_times(response.at for response in came), amount=amount)
        case Verb.ORDERED:
            return _orders(clause, known, window)
        case Verb.EXCLUDED:
            withheld = [
                touch.due_at
                for touch in known.touches
                if touch.state == "excluded"
                and _fits(clause.channels, touch.channel)
                and _fits(clause.brands, touch.brand)
                and _fits(clause.reasons, touch.reason)
                and _means(meant, touch.campaign, touch.step, touch.run, asking)
                and window.holds(touch.due_at)
            ]
            if clause.steps or meant.own_steps or clause.channels:
                return _times(withheld)
            left_out = [
                member.enrolled_at
                for member in known.memberships
                if member.reason is not None
                and _fits(clause.brands, member.brand)
                and _fits(clause.reasons, member.reason)
                and _fits(meant.campaigns, member.campaign)
                and window.holds(member.enrolled_at)
            ]
            return _times([*withheld, *left_out])
        case Verb.ENROLLED:
            return _times(
                member.enrolled_at
                for member in known.memberships
                if member.reason is None
                and not member.held_out
                and _fits(clause.brands, member.brand)
                and _fits(clause.cells, member.cell)
                and _fits(meant.campaigns, member.campaign)
                and window.holds(member.enrolled_at)
            )
        case _:
            assert_never(clause.verb)


def _times(moments: Iterable[dt.datetime | None]) -> Found:
    days = [moment for moment in moments if moment is not None]
    return Found(len(days), last=max(days, default=None))


def _touches(clause: History, known: CustomerKnown, meant: About, window: "_Window") -> list[PastTouch]:
    return [
        touch
        for touch in known.touches
        if touch.state in TOUCHED_STATES
        and touch.direction == "out"
        and not (
            touch.outcome == "withdrawn"
            and (touch.outcome_at is None or touch.outcome_at <= window.asking.on)
        )
        and _fits(clause.channels, touch.channel)
        and _fits(clause.brands, touch.brand)
        and _means(meant, touch.campaign, touch.step, touch.run, window.asking)
        and window.holds(touch.touched_at)
    ]


def _orders(clause: History, known: CustomerKnown, window: "_Window") -> Found:
    days, units, amount = [], 0, Decimal(0)
    for order in known.orders:
        if order.status in VOID_ORDERS or not window.holds(order.ordered_at):
            continue
        lines = [line for line in order.lines if _fits(clause.brands, line.brand)]
        if clause.brands and not lines:
            continue
        days.append(order.ordered_at)
        units += sum(line.units for line in lines)
        amount += sum((line.amount for line in lines), Decimal(0))
    return replace(_times(days), units=units, amount=amount)


def _fits(wanted: tuple[str, ...], value: str | None) -> bool:
    return not wanted or value in wanted


def _means(meant: About, campaign: str | None, step: str | None, run: int | None, asking: Asking) -> bool:
    if (
        meant.own_steps
        and asking.scope is not None
        and run == asking.scope.run_id
        and step in meant.own_steps
    ):
        return True
    if meant.own_steps and not meant.campaigns:
        return False
    return _fits(meant.campaigns, campaign) and _fits(meant.steps, step)


@dataclass(frozen=True, slots=True)
class _Window:
    """The window of a clause: it ends with the moment of asking, and leaves out its first instant if counted back."""

    clause: History
    known: CustomerKnown
    asking: Asking

    def holds(self, at: dt.datetime | None) -> bool:
        clause, asking = self.clause, self.asking
        if at is None or at > asking.on:
            return False
        if clause.within is not None and at <= asking.on - clause.within:
            return False
        if clause.since is not None:
            start = self._moment(clause.since)
            if start is None or at < start:  # since a step that has not come, nothing has happened
                return False
        if clause.before is not None:
            end = self._moment(clause.before)
            if end is not None and at >= end:  # before a step that has not come, everything has
                return False
        return True

    def _moment(self, moment: Moment) -> dt.datetime | None:
        """Return the instant that a file's moment means: a day begins at midnight of the file's zone."""
        if isinstance(moment, dt.datetime):
            return moment if moment.tzinfo else moment.replace(tzinfo=self.asking.zone)
        if isinstance(moment, dt.date):
            return dt.datetime(moment.year, moment.month, moment.day, tzinfo=self.asking.zone)
        scope = self.asking.scope
        came = [
            touch.touched_at or touch.due_at
            for touch in self.known.touches
            if scope is not None and touch.run == scope.run_id and touch.step == moment
        ]
        return min(came, default=None)
