"""A plan: what a run will do, shown before it does it. What runs is what was shown, or it does not run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from engine.problems import Say

LENGTH_OF_ID: Final = 16
"""So many characters of its hash name a plan where people type it; what is signed is the whole."""


def plan_sha(definition_sha: str, slot: str, digest: str, who: Mapping[str, str]) -> str:
    """Return the hash of what a plan says of whom: its files, its slot, and every member's place.

    >>> len(plan_sha("d", "2026-03-03T09:30[Europe/Paris]", "a", {"cell:": "{1,2}"}))
    64
    """
    made = sha256(f"{definition_sha}:{slot}:{digest}".encode())
    for part in sorted(who):
        made.update(f":{part}={who[part]}".encode())
    return made.hexdigest()


@dataclass(frozen=True, slots=True)
class RepLoad:
    """What one step asks of one rep, within the step's window."""

    code: str
    asked: int  #: tasks that the step asks
    taken: int  #: tasks among them that find room
    capacity: int  #: visits that the rep can do
    already: int  #: visits that the field has planned, and tasks that are open

    @property
    def utilisation(self) -> float:
        """Return what would have to be done as a share of what can be: 1.19 is too much by 19 %."""
        return (self.already + self.asked) / self.capacity if self.capacity else float("inf")


@dataclass(frozen=True, slots=True)
class Broken:
    """One parcel that does not compose, and what it fails at, without the customer's data: 'customer.last_name: U+202E'."""

    customer_id: int
    what: str


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a plan says of one step.

    The first steps are exact: they were carried out and rolled back. Later ones were judged on the day they come
    due, as if every step before had gone out and nobody had answered; `at_most` is all whom the policy would then
    let through, whatever the step's `if` will say.
    """

    step: str
    channel: str
    is_exact: bool
    touched: int  #: would be touched; of later steps: if nobody answers
    at_most: int
    excluded: Mapping[str, int]  #: by primary reason
    cost: Decimal  #: of those touched
    does_not_compose: int = 0  #: beside `at_most`: all of both were tried
    due: dt.datetime | None = None  #: when it comes due; None: for nobody is it known
    reps: Sequence[RepLoad] = ()  #: what it asks of each rep, most first
    broken: Sequence[Broken] = ()  #: the first of those that do not compose


@dataclass(frozen=True, slots=True)
class Sample:
    """One parcel as it would leave: what an author looks at before the send button."""

    step: str
    customer_id: int
    cell: str | None
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One customer who stands elsewhere than the plan showed."""

    customer_id: int
    was: Sequence[str]  #: parts of the plan that they are no longer in: 'cell:discount', 'step:announce'
    now: Sequence[str]  #: parts that they are in now and were not
    reason: str | None  #: why they are excluded now


@dataclass(frozen=True, slots=True)
class Plan:
    """The binding preview of one campaign at one slot."""

    plan_id: str
    campaign: str
    title: str
    slot: str
    definition_sha: str
    audience_digest: str
    universe: int
    excluded: Mapping[str, int]  #: at enrolment, by primary reason
    held_out: int
    enrolled: Mapping[str, int]  #: by cell
    steps: Sequence[StepPlan]
    cost: Decimal  #: of the first steps
    budget: Decimal | None
    warnings: Sequence[Say] = ()
    samples: Sequence[Sample] = field(default_factory=tuple)
    power: Say | None = None  #: the smallest difference that such a campaign can show, in words
    of_run: Say | None = None  #: what has become of the run that the slot has already
    stops: Sequence[Say] = ()  #: what a guard would stop it for, before anything is sent
    drift: Decimal = Decimal(0)  #: the share of its members who may have joined or left when it runs
    after_a_stop: int = 0  #: mails of each worker that may still leave once a pause or a no has committed
    roles: Sequence[str] = ()  #: in each of which somebody has to agree before it runs
    files: Mapping[str, str] = field(
        default_factory=dict
    )  #: path -> SHA-256 of what the definition is made of

    @property
    def members(self) -> int:
        """Return how many were drawn: enrolled and held out."""
        return self.held_out + sum(self.enrolled.values())

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON takes it."""
        return {
            "campaign": self.campaign,
            "slot": self.slot,
            "definition": self.definition_sha,
            "digest": self.audience_digest,
            "universe": self.universe,
            "excluded": dict(self.excluded),
            "held_out": self.held_out,
            "enrolled": dict(self.enrolled),
            "cost": str(self.cost),
            "power": None if self.power is None else str(self.power),
            "warnings": [str(warning) for warning in self.warnings],
            "stops": [str(stop) for stop in self.stops],
            "drift": str(self.drift),
            "roles": list(self.roles),
            "files": dict(self.files),
            "steps": [
                {
                    "step": step.step,
                    "channel": step.channel,
                    "exact": step.is_exact,
                    "touched": step.touched,
                    "at_most": step.at_most,
                    "excluded": dict(step.excluded),
                    "cost": str(step.cost),
                    "does_not_compose": step.does_not_compose,
                    "broken": [asdict(one) for one in step.broken],
                    "due": None if step.due is None else step.due.isoformat(),
                    "reps": [asdict(load) for load in step.reps],
                }
                for step in self.steps
            ],
        }
