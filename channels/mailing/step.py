"""What a campaign file may say about a letter."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from engine.model.campaign import Step
from engine.model.policy import Money
from engine.model.written import Written


class Presort(Written):
    """How many pieces make a bundle; what the contract with the post says."""

    per_postcode: int = Field(10, ge=1)
    per_department: int = Field(50, ge=1)


class MailingStep(Step):
    channel: Literal["mailing"]
    template: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*$",
        description="templates/<brand>/<name>.typ, named 'brand/name'",
    )
    cost: Money | None = Field(
        None, description="of one piece; the policy's if absent: 0.90 EUR", ge=Decimal(0)
    )
    post_after: int = Field(3, ge=0, le=30, description="working days between the batch and its posting")
    presort: Presort = Presort(per_postcode=10, per_department=50)
