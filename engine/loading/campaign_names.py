"""What a campaign names, looked up: segments, facts, steps, senders, what its conditions speak of.

What the rest of it means (brands, moments, offers) is the matter of `engine.loading.campaign_meaning`.
"""

from typing import Final

from engine.loading.meaning import condition_faults, unreadable
from engine.model.campaign import AnyCampaign, Step
from engine.model.policy import Policy
from engine.model.segment import Library
from engine.problems import Fault, Say, did_you_mean

MUST_ARRIVE: Final = ("safety", "service")
"""Purposes for which a second copy is better than none."""


def name_faults(
    campaign: AnyCampaign, library: Library, policy: Policy | None, names: set[str]
) -> list[Fault]:
    """Return the names in a campaign that nothing bears, and steps that wait for each other."""
    found: list[Fault] = []
    segments = library.segments
    for path, segment in [
        (("audience", "segment"), campaign.audience.segment),
        *((("audience", "except", index), name) for index, name in enumerate(campaign.audience.except_)),
    ]:
        if segment not in segments and segment in library.files:
            found.append(unreadable(segment, library, path))
        elif segment not in segments:
            found.append(
                Fault(
                    path,
                    Say(f"there is no segment '{segment}'", f"il n'y a pas de segment « {segment} »"),
                    did_you_mean(segment, segments),
                )
            )
    for index, fact in enumerate(campaign.holdout.stratify):
        if not library.has_fact(fact):
            found.append(
                Fault(
                    ("holdout", "stratify", index),
                    Say(f"unknown fact '{fact}'", f"donnée inconnue « {fact} »"),
                    did_you_mean(fact, library.fact_names()),
                )
            )
    top = campaign.audience.top
    if top is not None and not library.has_fact(top.by):
        found.append(
            Fault(
                ("audience", "top", "by"),
                Say(f"unknown fact '{top.by}'", f"donnée inconnue « {top.by} »"),
                did_you_mean(top.by, library.fact_names()),
            )
        )
    for name, step in campaign.steps.items():
        for key, moment in (("after", step.after), ("until", step.until)):
            before = getattr(moment, "step", None)
            if before is None:
                continue
            others = [other for other in campaign.steps if other != name]
            if before not in others:
                found.append(
                    Fault(
                        ("steps", name, key),
                        Say(f"there is no other step '{before}'", f"il n'y a pas d'autre étape « {before} »"),
                        did_you_mean(before, others),
                    )
                )
        if step.if_ is not None:
            found += condition_faults(
                step.if_,
                library,
                campaign=campaign.campaign,
                steps=list(campaign.steps),
                campaigns=names,
                path=("steps", name, "if"),
            )
        found += _taken_over(campaign, name, step)
        sender = getattr(step, "from_", None)
        if sender is not None and policy is not None and sender != "rep" and sender not in policy.senders:
            found.append(
                Fault(
                    ("steps", name, "from"),
                    Say(f"there is no sender '{sender}'", f"il n'y a pas d'expéditeur « {sender} »"),
                    did_you_mean(sender, [*policy.senders, "rep"]),
                )
            )
        if getattr(step, "unknown", None) == "resend_once" and campaign.purpose not in MUST_ARRIVE:
            found.append(
                Fault(
                    ("steps", name, "unknown"),
                    Say(
                        f"a mail for '{campaign.purpose}' must not arrive twice",
                        f"un e-mail « {campaign.purpose} » ne doit pas arriver deux fois",
                    ),
                    Say(
                        f"'resend_once' is for {', '.join(MUST_ARRIVE)}. Write assume_sent or manual.",
                        f"« resend_once » est pour {', '.join(MUST_ARRIVE)}. Écrivez assume_sent ou manual.",
                    ),
                )
            )
    found += _circles(campaign)
    if campaign.exit is not None:
        found += condition_faults(
            campaign.exit,
            library,
            campaign=campaign.campaign,
            steps=list(campaign.steps),
            campaigns=names,
            path=("exit",),
        )
    return found


def _taken_over(campaign: AnyCampaign, name: str, step: Step) -> list[Fault]:
    """Return the ways out of a full diary that lead nowhere: no step takes over by that channel."""
    found: list[Fault] = []
    for index, act in enumerate(getattr(getattr(step, "task", None), "overflow", [])):
        channel = getattr(act, "switch_to", None)
        others = [other for key, other in campaign.steps.items() if key != name and other.channel == channel]
        if channel is not None and not others:
            found.append(
                Fault(
                    ("steps", name, "task", "overflow", index),
                    Say(
                        f"no step of the campaign takes over by '{channel}'",
                        f"aucune étape de la campagne ne prend le relais par « {channel} »",
                    ),
                    Say(
                        f"Add a step of that channel with 'if: [{{excluded: {{step: {name}, because: capacity}}}}]'.",
                        f"Ajoutez une étape de ce canal avec « if: [{{excluded: {{step: {name}, because: capacity}}}}] ».",
                    ),
                )
            )
    return found


def _circles(campaign: AnyCampaign) -> list[Fault]:
    for name in campaign.steps:
        seen, step = [name], campaign.steps[name]
        while step.after is not None and step.after.step in campaign.steps:
            seen.append(step.after.step)
            if step.after.step == name:
                way = " → ".join(seen)
                return [
                    Fault(
                        ("steps", name, "after"),
                        Say(f"the steps wait for each other: {way}", f"les étapes s'attendent : {way}"),
                        Say(
                            "Let one of them come due on a day: 'at: day 0 09:30'.",
                            "Que l'une vienne un jour fixe : « at: day 0 09:30 ».",
                        ),
                    )
                ]
            if len(seen) > len(campaign.steps):
                break
            step = campaign.steps[step.after.step]
    return []
