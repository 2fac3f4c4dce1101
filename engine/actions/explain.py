"""Explain: the whole story of one customer in one campaign, in words."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from engine.model.reasons import SENTENCES, Reason
from engine.problems import Say, UsageError
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


def explain(connection: Connection, campaign: str, customer: int, *, zone: str = "Europe/Paris") -> list[Say]:
    """Return the story as sentences, oldest first; times are local to `zone`.

    Raises:
        UsageError: no such customer, or the campaign never ran.
    """
    arguments = {"campaign": campaign, "customer": customer}
    known = run(connection, statement("explain", "customer_is_known"), arguments).fetchone()
    if known is None:
        raise UsageError(Say(f"There is no customer {customer}.", f"Il n'y a pas de client {customer}."))
    members = run(connection, statement("explain", "members"), arguments).fetchall()
    if not members:
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
    touches = run(connection, statement("explain", "touches"), arguments).fetchall()
    attempts = run(connection, statement("explain", "attempts"), arguments).fetchall()
    responses = run(connection, statement("explain", "responses"), arguments).fetchall()
    story: list[Say] = []
    for run_id, slot, cell, held_out, reason, reasons, stratum, enrolled_at, left_at in members:
        story.append(_membership(slot, cell, held_out, reason, reasons, stratum, enrolled_at, zone))
        for touch in touches:
            if touch[0] == run_id:
                story.append(_touch(touch, zone))
                story += [_attempt(attempt, zone) for attempt in attempts if attempt[0] == touch[1]]
        if left_at is not None:
            story.append(
                Say(
                    f"  {_at(left_at, zone)}: left the campaign, because an exit of it held; nothing more was planned.",
                    f"  {_at(left_at, zone)} : a quitté la campagne, une condition de sortie étant remplie ; plus rien n'a été prévu.",
                )
            )
        story += [_response(response, zone) for response in responses if response[0] == run_id]
    return story


def because(reasons: Iterable[str] | None) -> Say:
    """Return reasons in words, the primary one first."""
    words = [
        SENTENCES[Reason(reason)] if reason in Reason._value2member_map_ else Say(reason, reason)
        for reason in reasons or ()
    ]
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
            f"Run {slot}: not in the segment on that day.", f"Lancement {slot} : hors du segment ce jour-là."
        )
    if reason is not None:
        words = because(reasons)
        return Say(
            f"Run {slot}: left out at enrolment, because this customer {words.en}.",
            f"Lancement {slot} : écarté à l'inscription, car ce client {words.fr}.",
        )
    if held_out:
        return Say(
            f"Run {slot}: held out by the draw and left alone, so that the report can say what the campaign changed.",
            f"Lancement {slot} : mis de côté par tirage et laissé tranquille, pour que le bilan dise ce que la campagne a changé.",
        )
    where = f" in cell '{cell}'" if cell else "", f" dans la cellule « {cell} »" if cell else ""
    group = (f" (stratum {stratum})", f" (strate {stratum})") if stratum else ("", "")
    return Say(
        f"Run {slot}: enrolled{where[0]} on {_at(enrolled_at, zone)}{group[0]}.",
        f"Lancement {slot} : inscrit{where[1]} le {_at(enrolled_at, zone)}{group[1]}.",
    )


def _touch(touch: tuple[object, ...], zone: str) -> Say:
    _, _, step, channel, state, reason, reasons, rule, due_at, touched_at, outcome, outcome_at = touch
    moment = _at(touched_at or due_at, zone)
    words = _STATES[str(state)]
    en, fr = f"  {moment}: {channel} '{step}' {words.en}", f"  {moment} : {channel} « {step} » {words.fr}"
    if reason is not None:
        why = because(reasons if isinstance(reasons, list) else [str(reason)])
        en, fr = f"{en}, because this customer {why.en}", f"{fr}, car ce client {why.fr}"
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
