"""What a predicate is made of: frozen clauses, each with its place in the file it was written in.

A predicate is true, false or unknown of a customer (`engine.rules.membership` says exactly when).
Values stand here as they were written; the catalogue of facts gives them their type.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from engine.problems import PathPart

Value: TypeAlias = str | int | Decimal | bool | dt.date | dt.datetime
Path: TypeAlias = tuple[PathPart, ...]


YEARS: Final = range(1900, 2200)
"""The years in which a day may lie: a slip of the hand is no day of anybody's history."""


class Op(StrEnum):
    """How a fact is compared; `before` and `after` are for dates, `like` for text (`*` and `?`)."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    BEFORE = "before"
    AFTER = "after"
    LIKE = "like"


@dataclass(frozen=True, slots=True)
class Is:
    """The fact has one of these values; one that holds several has at least one of them."""

    fact: str
    values: tuple[Value, ...]
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class IsNot:
    """The fact is known, and is none of these values."""

    fact: str
    values: tuple[Value, ...]
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    fact: str
    op: Op
    value: Value
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Missing:
    """The fact is unknown; the one question that an unknown fact answers."""

    fact: str
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class All:
    parts: "tuple[Predicate, ...]"
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Predicate, ...]"
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    part: "Predicate"
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class InSegment:
    """The customer is of another segment."""

    segment: str
    path: Path = field(default=(), compare=False)


class Verb(StrEnum):
    """What may have happened between us and a customer."""

    TOUCHED = "touched"  #: something of ours left for them, or may have
    VISITED = "visited"  #: a representative saw them
    CALLED = "called"  #: they were spoken to on the phone
    RESPONDED = "responded"  #: something came back from them
    NO_RESPONSE = "no_response"  #: touched, and nothing came back to it
    ORDERED = "ordered"  #: an order that stands
    EXCLUDED = "excluded"  #: we left them out, with a reason
    ENROLLED = "enrolled"  #: a member of a run, neither held out nor excluded


Moment: TypeAlias = str | dt.date | dt.datetime
"""A day, a local date and time, or the name of a step of the same campaign."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number must lie between; `above` and `below` leave the edge out."""

    at_least: Decimal | None = None
    at_most: Decimal | None = None
    above: Decimal | None = None
    below: Decimal | None = None

    def admit(self, number: Decimal | int) -> bool:
        return (
            (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )


ONCE: Final = Bounds(at_least=Decimal(1))


@dataclass(frozen=True, slots=True)
class History:
    """Something happened so often, so much, in a window of time that ends with the moment of asking.

    An empty tuple stands for: whichever.
    """

    verb: Verb
    channels: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()  #: `campaign:` or `to:`; in a campaign's own conditions also its steps
    steps: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  #: `with:`, of responses
    reasons: tuple[str, ...] = ()  #: `because:`, of exclusions: the primary one
    cells: tuple[str, ...] = ()
    within: dt.timedelta | None = None
    since: Moment | None = None
    before: Moment | None = None
    times: Bounds = ONCE
    units: Bounds | None = None
    amount: Bounds | None = None
    path: Path = field(default=(), compare=False)
    within_as_written: str | None = field(default=None, compare=False, repr=False)  #: `24 months`, for people

    def admits_nothing(self) -> bool:
        """Return whether it is true of somebody to whom nothing of the kind happened."""
        return all(bounds is None or bounds.admit(0) for bounds in (self.times, self.units, self.amount))


Predicate: TypeAlias = Is | IsNot | Compare | Missing | All | AnyOf | Not | InSegment | History


def walk(who: Predicate) -> "list[Predicate]":
    """Return a predicate and all its parts, from the outside in."""
    match who:
        case All(parts=parts) | AnyOf(parts=parts):
            return [who, *(inner for part in parts for inner in walk(part))]
        case Not(part=part):
            return [who, *walk(part)]
        case _:
            return [who]


RESPONSE_TYPES: Final = (
    "open", "click", "reply", "form", "registration", "attendance", "order", "visit_outcome", "call_outcome",
    "info_request", "coupon", "unsubscribe", "complaint", "open_machine", "click_suspect",
)  # fmt: skip
RESPONSES: Final = RESPONSE_TYPES[:11]
"""What counts as a response where `with:` does not say: what a person did, and did for something."""

REACTIONS: Final = RESPONSE_TYPES[:13]
"""What ends a silence (`no_response`): a refusal is an answer too; what a machine opened is none."""

CHANNELS: Final = (
    "call",
    "congress",
    "email",
    "mailing",
    "order_desk",
    "remote_visit",
    "sms",
    "visit",
    "web",
)
"""Our own channels, and those of contacts made elsewhere that the history imports."""

TOUCHED_STATES: Final = ("accepted", "gated", "unknown")
"""The states in which a touch left, or may have left."""

VOID_ORDERS: Final = ("draft", "rejected", "cancelled", "returned")
"""The states of an order that does not stand."""

GONE: Final = ("merged", "erased")
"""The states of a record that no longer stands for anybody; no segment has it."""
