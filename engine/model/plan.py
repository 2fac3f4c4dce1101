"""A plan: what a run will do, shown before it does it. What runs is what was shown, or it does not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a plan says of one step.

    The first steps are exact: they were carried out and rolled back. Of later ones it says whom the policy
    would let through today, of all enrolled: an upper bound, since their `if` is asked when they are due.
    """

    step: str
    channel: str
    is_exact: bool
    touched: int  #: would be touched
    excluded: Mapping[str, int]  #: by primary reason
    cost: Decimal
    does_not_compose: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One parcel as it would leave: what an author looks at before the send button."""

    step: str
    customer_id: int
    cell: str | None
    title: str
    text: str


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
    cost: Decimal
    budget: Decimal | None
    warnings: Sequence[str] = ()
    samples: Sequence[Sample] = field(default_factory=tuple)
    power: str | None = None  #: the smallest difference that such a campaign can show, in words

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
            "power": self.power,
            "warnings": list(self.warnings),
            "steps": [
                {
                    "step": step.step,
                    "channel": step.channel,
                    "exact": step.is_exact,
                    "touched": step.touched,
                    "excluded": dict(step.excluded),
                    "cost": str(step.cost),
                }
                for step in self.steps
            ],
        }
