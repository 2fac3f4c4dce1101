"""Who has to agree before a campaign may run, and what exactly an agreement says."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from engine.model.campaign import Purpose
from engine.model.written import Name, Written
from engine.problems import Refused, Say


class ApprovalRule(Written):
    """The `approval` of `campaigns/policy.yaml`: which campaigns need it, and whose."""

    required_for: list[Purpose] | Literal["promo", "all", "nobody"] = "promo"
    because: str | None = Field(None, description="why nobody has to agree; needed with 'nobody'")
    roles: dict[Name, list[Name]] = Field(
        {}, description="who may agree in each role; one of each role has to"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.required_for == "nobody":
            if not self.because:
                raise Refused(
                    Say(
                        "nobody has to agree, and nothing says why",
                        "personne n'a à valider, et rien ne dit pourquoi",
                    ),
                    Say(
                        "Write 'because:', or 'required_for: promo'.",
                        "Écrivez « because: », ou « required_for: promo ».",
                    ),
                    "required_for",
                )
        elif not self.roles:
            raise Refused(
                Say(
                    "somebody has to agree, and no role may",
                    "il faut une validation, et aucun rôle ne peut la donner",
                ),
                Say(
                    "Write 'roles: {regulatory: [claire-morel]}'.",
                    "Écrivez « roles: {regulatory: [claire-morel]} ».",
                ),
                "roles",
                of_key=True,
            )
        for role, people in self.roles.items():
            if not people:
                raise Refused(
                    Say(f"nobody has the role '{role}'", f"personne n'a le rôle « {role} »"),
                    Say(
                        "Name one person or more, or take the role out.",
                        "Nommez une personne au moins, ou retirez le rôle.",
                    ),
                    "roles",
                    role,
                )
        return self

    def roles_of(self, person: str) -> list[str]:
        """Return the roles in which a person may agree."""
        return [role for role, people in self.roles.items() if person in people]


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's agreement, in one role, to exactly these bytes."""

    campaign: str
    definition_sha: str  #: campaign, segments, policy, templates, material cards
    plan_sha: (
        str | None
    )  #: of the whole plan, its members included; None: any slot, within the campaign's guards
    role: str
    by: str
    at: dt.datetime  #: aware, whole seconds
    comment: str | None = None

    def statement(self) -> bytes:
        """Return what is signed: every word of it, each on its line.

        >>> at = dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.UTC)
        >>> print(Approval("hivernax-2026", "ab12", None, "regulatory", "claire-morel", at).statement().decode())
        touchbase approval 1
        campaign hivernax-2026
        definition ab12
        plan any
        role regulatory
        by claire-morel
        at 2026-03-02T16:00:00+00:00
        comment
        """
        lines = [
            "touchbase approval 1",
            f"campaign {self.campaign}",
            f"definition {self.definition_sha}",
            f"plan {self.plan_sha or 'any'}",
            f"role {self.role}",
            f"by {self.by}",
            f"at {self.at.astimezone(dt.UTC).isoformat()}",
            f"comment {' '.join((self.comment or '').split())}".rstrip(),
        ]
        return "\n".join(lines).encode()


@dataclass(frozen=True, slots=True)
class Signed:
    """An agreement as the database keeps it, and what is to be thought of it."""

    approval_id: int
    approval: Approval
    plan_id: str | None
    signature: bytes
    withdrawn_at: dt.datetime | None
    void: Say | None = None  #: why it counts for nothing; None: it stands


def missing_roles(rule: ApprovalRule, found: Sequence[Signed]) -> list[str]:
    """Return the roles of which nobody has agreed, by agreements that stand."""
    given = {one.approval.role for one in found if one.void is None}
    return [role for role in rule.roles if role not in given]


Keys = Mapping[str, bytes]
"""Everybody's public key, by name: 32 bytes each."""
