"""What a campaign file may say about a visit."""

from datetime import timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from engine.model.campaign import Step
from engine.model.policy import Money
from engine.model.written import Duration, Written
from engine.problems import Refused, Say

TaskType: TypeAlias = Literal[
    "visit_f2f",
    "remote_visit",
    "group_meeting",
    "phone_detail",
    "obtain_agreement",
    "collect_consent",
    "deliver_document",
    "order_taking",
]
RepType: TypeAlias = Literal["PCR", "PHARMA", "HOSP"]

TIERS: Final = {"A": 100, "B": 60, "C": 30, "D": 10}


class Priority(Written):
    """How urgent a task is, by a fact of the customer: the highest value makes 100."""

    by: str = Field(description="a fact: potential")
    highest: int = Field(5, gt=0, description="the fact's highest value")

    def of(self, value: object) -> int:
        """Return a priority from 1 to 100; a customer without the fact stands in the middle.

        >>> [Priority(by="potential").of(value) for value in (5, 1, "A", None)]
        [100, 20, 100, 50]
        """
        match value:
            case bool():
                return 100 if value else 1
            case int() | float():
                return max(1, min(100, round(100 * value / self.highest)))
            case str() if value.upper() in TIERS:
                return TIERS[value.upper()]
            case _:
                return 50


class SwitchTo(Written):
    switch_to: Literal["call", "email", "mailing", "remote_visit"]


Overflow: TypeAlias = Literal["defer", "reassign", "drop"] | SwitchTo


class Task(Written):
    type: TaskType = "visit_f2f"
    reps: RepType = Field(description="which kind of rep: PCR, PHARMA, HOSP")
    talking_points: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*$",
        description="templates/<brand>/<name>.md, named 'brand/name'",
    )
    priority: Annotated[int, Field(ge=1, le=100)] | Priority = 50
    within: Duration = Field(
        timedelta(days=14), description="how long the rep has, where the step has no 'until'"
    )
    overflow: list[Overflow] = Field(
        ["defer"], description="what happens where the reps have no room, in this order"
    )

    @field_validator("within")
    @classmethod
    def _a_day(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1):
            raise Refused(
                Say("a rep has less than a day", "le délégué a moins d'un jour"),
                Say("Write a day or more: 14 days.", "Écrivez un jour ou plus : 14 days."),
            )
        return value


class VisitStep(Step):
    channel: Literal["visit"]
    task: Task
    cost: Money | None = Field(None, description="of one visit; the policy's if absent: 55.00 EUR")
