"""Guards: what must hold before anything is sent. The plan says what would stop the run; the run stops for the same."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.model.campaign import AnyCampaign
from engine.model.plan import Broken, Plan
from engine.model.policy import Policy
from engine.problems import GuardStopped, Say

MEND: Final = Say(
    "Correct it where it comes from and load it again (what is invisible is taken out by a load), then plan again;"
    " 'touchbase customer NUMBER' shows what we hold.",
    "Corrigez à la source et rechargez (un chargement retire ce qui est invisible), puis refaites un plan ;"
    " « touchbase customer NUMÉRO » montre ce que nous avons.",
)
"""What to do where a customer's own words keep a parcel from composing."""


def of_size(campaign: AnyCampaign, size: int) -> list[Say]:
    """Return what stands against an audience of so many members, the held out included."""
    found: list[Say] = []
    expected, most = campaign.audience.expect, campaign.audience.max
    if expected is not None and not expected.low <= size <= expected.high:
        found.append(
            Say(
                f"The audience has {size:,} members; the campaign expects {expected.low:,} to {expected.high:,}.",
                f"L'audience compte {size:,} membres ; la campagne en attend {expected.low:,} à {expected.high:,}.",
            )
        )
    if most is not None and size > most:
        found.append(
            Say(
                f"The audience has {size:,} members; the campaign allows {most:,} at most.",
                f"L'audience compte {size:,} membres ; la campagne en permet {most:,} au plus.",
            )
        )
    return found


def of_cost(campaign: AnyCampaign, cost: Decimal) -> list[Say]:
    """Return what stands against a cost, in euros."""
    if campaign.budget is None or cost <= campaign.budget.max:
        return []
    most = campaign.budget.max
    return [
        Say(
            f"It would cost {cost:,.2f} EUR; the budget is {most:,.2f} EUR.",
            f"Le coût serait de {cost:,.2f} EUR ; le budget est de {most:,.2f} EUR.",
        )
    ]


def uncomposed(step: str, failed: int, broken: Sequence[Broken], *, most: int = 3) -> Say:
    """Return which parcels of a step do not compose and what they fail at; by the customers' numbers.

    >>> str(uncomposed("announce", 1, [Broken(3011, "customer.last_name: U+202E")]))
    "1 parcel of step 'announce' does not compose: #3011, customer.last_name: U+202E."
    """
    whom = "; ".join(f"#{one.customer_id}, {one.what}" for one in broken[:most])
    more = failed - min(most, len(broken))
    rest = (f"; and {more:,} more", f" ; et {more:,} autres") if more and whom else ("", "")
    many = failed != 1
    return Say(
        f"{failed:,} parcel{'s' * many} of step '{step}' {'do' if many else 'does'} not compose"
        + (f": {whom}{rest[0]}." if whom else "."),
        f"{failed:,} envoi{'s' * many} de l'étape « {step} » ne se compose{'nt' * many} pas"
        + (f" : {whom}{rest[1]}." if whom else "."),
    )


def of_composing(step: str, failed: int, broken: Sequence[Broken], policy: Policy) -> list[Say]:
    """Return what stands against a step of which so many parcels that come due together do not compose.

    Each step stands for itself, in a plan, where a run is bound to one, and when it comes due.
    """
    return [uncomposed(step, failed, broken)] if failed > policy.max_render_errors else []


def judged(plan: Plan, campaign: AnyCampaign, policy: Policy) -> Plan:
    """Return a plan with what a guard would stop it for, and with what its author should look at."""
    stops = [*of_size(campaign, plan.members), *of_cost(campaign, plan.cost)]
    warnings: list[Say] = []
    for step in plan.steps:
        broken = of_composing(step.step, step.does_not_compose, step.broken, policy)
        (stops if step.is_exact else warnings).extend(broken)
        full = [load for load in step.reps if load.utilisation > 1]
        if full:
            most = max(full, key=lambda load: load.utilisation)
            left = sum(load.asked - load.taken for load in full)
            share = f"{most.utilisation:.0%}" if most.capacity else "∞"
            warnings.append(
                Say(
                    f"Step '{step.step}' asks more of {len(full)} reps than they can do, of {most.code} {share} of it: "
                    f"{left:,} visits find no room.",
                    f"L'étape « {step.step} » demande à {len(full)} délégués plus qu'ils ne peuvent, à {most.code} {share} : "
                    f"{left:,} visites ne trouvent pas de place.",
                )
            )
    later = sum((step.cost for step in plan.steps), Decimal(0))
    if later != plan.cost:
        warnings += [
            Say(
                f"With its later steps, if nobody answers: {over.en}",
                f"Avec ses étapes suivantes, si personne ne répond : {over.fr}",
            )
            for over in of_cost(campaign, later)
        ]
    return replace(plan, stops=tuple(stops), warnings=tuple(warnings))


def hold(found: list[Say]) -> None:
    """Stop if anything stands against a run; the caller's transaction is undone.

    Raises:
        GuardStopped: something does.
    """
    if found:
        raise GuardStopped(
            Say(
                "\n".join(
                    [*(each.en for each in found), "Nothing was sent and nothing is kept of this run."]
                ),
                "\n".join(
                    [*(each.fr for each in found), "Rien n'est parti et rien n'est gardé de cette exécution."]
                ),
            ),
            Say(
                "Look at the plan; change the segment, or the campaign's guards if they are wrong.",
                "Regardez le plan ; changez le segment, ou les garde-fous de la campagne s'ils sont faux.",
            ),
        )
