"""Explain: the whole story of one customer in one campaign, in words."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from engine.loading.timetable import timetable
from engine.model.campaign import AnyCampaign
from engine.model.reasons import as_clause
from engine.problems import Say, UsageError
from engine.rules.schedule import latest
from engine.store import ledger
from engine.store.database import Connection, run
from engine.store.statements import statement

_STATES: dict[str, Say] = {
    "planned": Say("is planned", "est prévue"),
    "ready": Say("is ready to leave", "est prête à partir"),
    "gated": Say("is leaving", "est en train de partir"),
    "accepted": Say("went out", "est partie"),
    "refused": Say("was refused", "a été refusée"),
    "unknown": Say(
        "may have gone out; nobody knows, so it is not sent again",
        "est peut-être partie ; nul ne le sait, elle ne repart donc pas",
    ),
    "excluded": Say("was withheld", "a été retenue"),
    "expired": Say(
        "was not out in time and is dropped, never late",
        "n'est pas partie à temps et tombe, jamais en retard",
    ),
    "cancelled": Say("was cancelled", "a été annulée"),
    "render_failed": Say("does not compose for this customer", "ne se compose pas pour ce client"),
    "parked": Say(
        "crashed its worker three times and waits for somebody to look",
        "a fait tomber son processus trois fois et attend qu'on regarde",
    ),
}

_OUTCOMES: dict[str, Say] = {
    "dsn_ok": Say("delivered", "remise"),
    "bounced_soft": Say(
        "came back: mailbox full or unreachable for now",
        "revenue : boîte pleine ou injoignable pour l'instant",
    ),
    "bounced_hard": Say("came back: the address does not exist", "revenue : l'adresse n'existe pas"),
    "complained": Say("marked as unwanted by the customer", "signalée indésirable par le client"),
    "done": Say("done", "faite"),
    "not_done": Say("not done", "non faite"),
    "returned": Say("returned by the post", "renvoyée par la poste"),
    "withdrawn": Say("withdrawn", "retirée"),
}


def explain(
    connection: Connection,
    campaign: str,
    customer: int,
    *,
    zone: str = "Europe/Paris",
    until: dt.datetime | None = None,
) -> list[Say]:
    """Return the story as sentences, oldest first, then what has not come due; times are local to `zone`.

    With `until`, the story ends at that moment: what came later is not told, and what left later was planned.

    Raises:
        UsageError: no such customer, or the campaign was never planned nor run.
    """
    arguments = {"campaign": campaign, "customer": customer, "until": until or "infinity"}

    def asked(name: str) -> list[tuple[Any, ...]]:
        return run(connection, statement("explain", name), arguments).fetchall()

    if not asked("customer_is_known"):
        raise UsageError(Say(f"There is no customer {customer}.", f"Il n'y a pas de client {customer}."))
    members = asked("members")
    if not members and until is not None and asked("has_runs"):
        raise UsageError(
            Say(
                f"The campaign '{campaign}' had not run by {_at(until, zone)}.",
                f"La campagne « {campaign} » n'avait pas été lancée le {_at(until, zone)}.",
            )
        )
    if not members:
        return [_planned(campaign, asked("plan_of"), zone)]
    touches, attempts, responses = asked("touches"), asked("attempts"), asked("responses")
    agreed, waiting = asked("agreed"), asked("waiting")
    story: list[Say] = []
    for (
        run_id,
        slot,
        cell,
        held_out,
        reason,
        reasons,
        stratum,
        enrolled,
        left,
        plan,
        sha,
        frozen,
        closed,
    ) in members:
        story.append(_membership(slot, cell, held_out, reason, reasons, stratum, enrolled, zone))
        if plan is not None:
            story.append(_authority(plan, [row[1:] for row in agreed if row[0] == run_id]))
        own = [touch for touch in touches if touch[0] == run_id]
        told = [(touch[9] or touch[8], 0, _touch_told(touch, attempts, zone)) for touch in own]
        told += [(one[2], 1, [_response(one, zone)]) for one in responses if one[0] == run_id]
        if left is not None:
            told.append((left, 2, [_left(left, zone)]))
        for _, _, sentences in sorted(told, key=lambda each: each[:2]):
            story += sentences
        if enrolled is not None and reason is None and not held_out and left is None:
            steps = timetable(ledger.definition(connection, sha), campaign)
            rooms = {step: since for run, step, since in waiting if run == run_id}
            story += _not_due(steps, {str(touch[2]) for touch in own}, rooms, frozen, closed, zone)
    return story


def _planned(campaign: str, found: list[tuple[Any, ...]], zone: str) -> Say:
    """Return where a plan puts a customer of a campaign that has not run."""
    if not found:
        raise UsageError(
            Say(
                f"The campaign '{campaign}' has not run yet.",
                f"La campagne « {campaign} » n'a pas encore été lancée.",
            ),
            Say(
                f"See 'touchbase plan {campaign}' for who would be reached.",
                f"Voyez « touchbase plan {campaign} » pour savoir qui serait touché.",
            ),
        )
    ((plan, slot, made, parts),) = found
    steps = ", ".join(part.removeprefix("step:") for part in parts if part.startswith("step:"))
    cells = [part.removeprefix("cell:") for part in parts if part.startswith("cell:")]
    if cells:
        cell = (f" in cell '{cells[0]}'", f" dans la cellule « {cells[0]} »") if cells[0] else ("", "")
        where = Say(
            f"would be enrolled{cell[0]}"
            + (f" and reached at once by: {steps}" if steps else " and not reached at once"),
            f"serait inscrit{cell[1]}"
            + (f" et touché d'emblée par : {steps}" if steps else " et non touché d'emblée"),
        )
    elif "held out" in parts:
        where = Say(
            "would be held out by the draw and left alone",
            "serait mis de côté par tirage et laissé tranquille",
        )
    elif left_out := [part.removeprefix("excluded:") for part in parts if part.startswith("excluded:")]:
        words = because(left_out[0].split())
        where = Say(
            f"would be left out at enrolment, because {words.en} [{left_out[0]}]",
            f"serait écarté à l'inscription, car {words.fr} [{left_out[0]}]",
        )
    else:
        where = Say("is not in the segment", "n'est pas dans le segment")
    return Say(
        f"Not run yet. By plan {plan} of {_at(made, zone)} for {slot}, this customer {where.en}.",
        f"Pas encore lancée. Selon le plan {plan} du {_at(made, zone)} pour {slot}, ce client {where.fr}.",
    )


def _authority(plan: str, agreed: list[tuple[Any, ...]]) -> Say:
    who_en = "; ".join(f"approved by {by} ({role}) on {at:%Y-%m-%d}" for role, by, at in agreed)
    who_fr = "; ".join(f"validé par {by} ({role}) le {at:%Y-%m-%d}" for role, by, at in agreed)
    return Say(
        f"  By plan {plan}" + (f", {who_en}." if agreed else "."),
        f"  Selon le plan {plan}" + (f", {who_fr}." if agreed else "."),
    )


def _touch_told(touch: tuple[Any, ...], attempts: list[tuple[Any, ...]], zone: str) -> list[Say]:
    return [_touch(touch, zone), *(_attempt(attempt, zone) for attempt in attempts if attempt[0] == touch[1])]


def _left(at: dt.datetime, zone: str) -> Say:
    return Say(
        f"  {_at(at, zone)}: left the campaign, because an exit of it held; nothing more was planned.",
        f"  {_at(at, zone)} : a quitté la campagne, une condition de sortie étant remplie ; plus rien n'a été prévu.",
    )


def _not_due(
    campaign: AnyCampaign,
    done: set[str],
    rooms: Mapping[str, dt.datetime],
    frozen: dt.datetime,
    closed: dt.datetime | None,
    zone: str,
) -> list[Say]:
    """Return what has not come due for an enrolled customer, step by step, and why."""
    story = []
    ends = latest(campaign, frozen)
    for name, step in campaign.steps.items():
        if name in done:
            continue
        if name in rooms:
            story.append(
                Say(
                    f"  {step.channel} '{name}' waits for room of the rep since {_at(rooms[name], zone)}.",
                    f"  {step.channel} « {name} » attend une place chez le délégué depuis le {_at(rooms[name], zone)}.",
                )
            )
        elif closed is not None:
            story.append(
                Say(
                    f"  {step.channel} '{name}' never came due: its condition did not hold for this customer.",
                    f"  {step.channel} « {name} » n'est jamais venue : sa condition n'était pas remplie pour ce client.",
                )
            )
        else:
            story.append(
                Say(
                    f"  {step.channel} '{name}' has not come due; it can until {_at(ends[name], zone)}, if its condition holds then.",
                    f"  {step.channel} « {name} » n'est pas encore venue ; elle le peut jusqu'au {_at(ends[name], zone)}, si sa condition est remplie.",
                )
            )
    return story


def because(reasons: Iterable[str] | None) -> Say:
    """Return reasons as clauses that can stand after 'because', the primary one first."""
    words = [as_clause(reason) for reason in reasons or ()]
    return Say("; also ".join(word.en for word in words), " ; aussi ".join(word.fr for word in words))


def _membership(
    slot: str,
    cell: str | None,
    held_out: bool | None,
    reason: str | None,
    reasons: list[str] | None,
    stratum: str | None,
    enrolled_at: dt.datetime | None,
    zone: str,
) -> Say:
    if enrolled_at is None:
        return Say(
            f"Run {slot}: not in the segment on that day.", f"Exécution {slot} : hors du segment ce jour-là."
        )
    if reason is not None:
        words = because(reasons)
        return Say(
            f"Run {slot}: left out at enrolment, because {words.en}.",
            f"Exécution {slot} : écarté à l'inscription, car {words.fr}.",
        )
    if held_out:
        return Say(
            f"Run {slot}: held out by the draw and left alone, so that the report can say what the campaign changed.",
            f"Exécution {slot} : mis de côté par tirage et laissé tranquille, pour que le bilan dise ce que la campagne a changé.",
        )
    where = f" in cell '{cell}'" if cell else "", f" dans la cellule « {cell} »" if cell else ""
    group = (f" (stratum {stratum})", f" (strate {stratum})") if stratum else ("", "")
    return Say(
        f"Run {slot}: enrolled{where[0]} on {_at(enrolled_at, zone)}{group[0]}.",
        f"Exécution {slot} : inscrit{where[1]} le {_at(enrolled_at, zone)}{group[1]}.",
    )


def _touch(touch: tuple[object, ...], zone: str) -> Say:
    _, _, step, channel, state, reason, reasons, rule, due_at, touched_at, outcome, outcome_at = touch
    moment = _at(touched_at or due_at, zone)
    words = _STATES[str(state)]
    en, fr = f"  {moment}: {channel} '{step}' {words.en}", f"  {moment} : {channel} « {step} » {words.fr}"
    if state == "render_failed":  # the state says it already; what it fails at is known since the plan
        what = "" if rule is None else str(rule)
        return Say(f"{en}: {what}." if what else f"{en}.", f"{fr} : {what}." if what else f"{fr}.")
    if reason is not None:
        why = because(reasons if isinstance(reasons, list) else [str(reason)])
        en, fr = f"{en}, because {why.en}", f"{fr}, car {why.fr}"
    if rule is not None:
        kept = _kept_back(str(rule))
        en, fr = f"{en}{kept.en}", f"{fr}{kept.fr}"
    if outcome is not None:
        news = _OUTCOMES.get(str(outcome), Say(str(outcome), str(outcome)))
        en, fr = f"{en}; {_at(outcome_at, zone)}: {news.en}", f"{fr} ; {_at(outcome_at, zone)} : {news.fr}"
    return Say(f"{en}.", f"{fr}.")


def _kept_back(rule: str) -> Say:
    """Return in words which rule of the policy held a touch back, and for whom.

    >>> str(_kept_back("one-a-week (restock, priority 80)"))
    '; kept back for restock, priority 80 [one-a-week]'
    """
    name, _, winner = rule.partition(" (")
    if not winner:
        return Say(f" [{name}]", f" [{name}]")
    en = winner.removesuffix(")")
    fr = en.replace(", priority ", ", priorité ")
    return Say(f"; kept back for {en} [{name}]", f" ; gardé pour {fr} [{name}]")


def _attempt(attempt: tuple[object, ...], zone: str) -> Say:
    _, phase, at, reply, enhanced = attempt
    said = " ".join(str(part) for part in (enhanced, reply) if part)
    tail = f": {said}" if said else ""
    return Say(f"    {_at(at, zone)} attempt → {phase}{tail}", f"    {_at(at, zone)} essai → {phase}{tail}")


def _response(response: tuple[object, ...], zone: str) -> Say:
    _, kind, at, label, value, attribution = response
    what = " ".join(str(part) for part in (label, f"({value} EUR)" if value is not None else None) if part)
    known = {
        "direct_code": Say("known by its code", "reconnue par son code"),
        "token": Say("known by its link", "reconnue par son lien"),
        "window": Say("inferred by time", "déduite du moment"),
        "none": Say("not attributed", "non attribuée"),
    }[str(attribution)]
    return Say(
        f"  {_at(at, zone)}: response '{kind}' {what} — {known.en}.",
        f"  {_at(at, zone)} : réponse « {kind} » {what} — {known.fr}.",
    )


def _at(moment: object, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if isinstance(moment, dt.datetime) else "?"
