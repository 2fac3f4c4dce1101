"""What a campaign means, checked against what the company knows: brands, moments that can never come, cells, facts.

Names of segments, steps and senders are the matter of `engine.loading.campaign_names`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from engine.content import headers
from engine.model.campaign import AnyCampaign, Schedule, Step
from engine.model.facts import Catalogue
from engine.model.moments import Delay
from engine.model.policy import Policy
from engine.model.segment import Library
from engine.problems import Fault, PathPart, Say, did_you_mean
from engine.rules.schedule import Fixed, earliest, latest, moment, slot, slots_between

STARTS: Final = 60
"""So many starts of a recurring campaign are tried before a step is said to be impossible at all of them."""

OFTEN: Final = 24
"""Starts in a day above which the author is asked whether they are meant."""

_DAY: Final = dt.timedelta(days=1)
_LONG: Final = dt.timedelta(days=366 * 5)


def campaign_faults(campaign: AnyCampaign, library: Library) -> list[Fault]:
    """Return what is wrong with a campaign's brands, moments, cells and tasks."""
    return [
        *_brand_faults(campaign, library.catalogue),
        *_time_faults(campaign),
        *_other_kind_faults(campaign, library),
        *_offer_faults(campaign),
        *_task_faults(campaign, library),
    ]


def policy_faults(policy: Policy, catalogue: Catalogue) -> list[Fault]:
    """Return the addresses of a policy that no mail can have, and the names that mean nothing: such a rule would never be kept."""
    found = list(_sender_faults(policy))
    for index, season in enumerate(policy.seasons):
        found += _unknown_brands(season.brands, catalogue, ("seasons", index, "brands"))
        known = [str(value) for value in catalogue.facts["department"].values]
        for key, names in (
            ("departments", season.departments or []),
            ("except", season.except_departments),
        ):
            what = Say("unknown department", "département inconnu")
            found += _unknown(names, known, ("seasons", index, key), what)
    channels = catalogue.channels
    channel = Say("unknown channel", "canal inconnu")
    for index, cap in enumerate(policy.caps):
        found += _unknown(cap.channels, channels, ("caps", index, "channels"), channel)
    for index, hours in enumerate(policy.hours):
        found += _unknown(hours.channels, channels, ("hours", index, "channels"), channel)
    for index, gap in enumerate(policy.gaps):
        for key, name in (("no", gap.no), ("after", gap.after)):
            if name not in channels:
                found.append(_unknown_fault(name, channels, ("gaps", index, key), channel))
    return found


def _sender_faults(policy: Policy) -> Iterator[Fault]:
    """Give what of the company's own addresses and names cannot stand in a mail: the rule is that of the mail's header."""
    addresses: list[tuple[tuple[PathPart, ...], str]] = [
        *((("senders", name, "address"), sender.address) for name, sender in policy.senders.items()),
        *((("senders", name, "reply_to"), sender.reply_to) for name, sender in policy.senders.items() if sender.reply_to is not None),
        *((("seeds", place), address) for place, address in enumerate(policy.seeds)),
        *((("proof_addresses", place), address) for place, address in enumerate(policy.proof_addresses)),
    ]  # fmt: skip
    for path, address in addresses:
        if not headers.is_address(address):
            yield Fault(
                path,
                Say(f"'{address}' is not an address", f"« {address} » n'est pas une adresse"),
                Say("Write name@company.example, without accents.", "Écrivez nom@entreprise.example, sans accents."),
            )  # fmt: skip
    for name, sender in policy.senders.items():
        try:
            headers.checked("From", sender.name)
        except headers.UnfitHeader:
            yield Fault(
                ("senders", name, "name"),
                Say("cannot stand in the header of a mail: a control character, or too long",
                    "ne peut figurer dans l'en-tête d'un courriel : caractère de contrôle, ou trop long"),
                Say("Write the name on one line.", "Écrivez le nom sur une ligne."),
            )  # fmt: skip


def time_remarks(campaign: AnyCampaign) -> list[Fault]:
    """Return what is not wrong with a campaign's calendar and may not be what its author means."""
    schedule = campaign.schedule
    found: list[Fault] = []
    start = schedule.start
    if start is not None and schedule.every is None:
        zone = ZoneInfo(schedule.timezone)
        there = slot(start, schedule.timezone).at.astimezone(zone).replace(tzinfo=None)
        if there != start:
            found.append(
                Fault(
                    ("schedule", "start"),
                    Say(f"{start:%H:%M} does not exist on {start:%Y-%m-%d} in {zone.key}: clocks go forward",
                        f"{start:%H:%M} n'existe pas le {start:%Y-%m-%d} à {zone.key} : les horloges avancent"),
                    Say(f"The campaign starts at {there:%H:%M}. Write that hour if you mean it.",
                        f"La campagne part à {there:%H:%M}. Écrivez cette heure si c'est ce que vous voulez."),
                )
            )  # fmt: skip
        elif start.replace(tzinfo=zone).utcoffset() != start.replace(tzinfo=zone, fold=1).utcoffset():
            found.append(
                Fault(
                    ("schedule", "start"),
                    Say(f"{start:%H:%M} comes twice on {start:%Y-%m-%d} in {zone.key}: clocks go back",
                        f"{start:%H:%M} vient deux fois le {start:%Y-%m-%d} à {zone.key} : les horloges reculent"),
                    Say("The campaign starts the first time, once.", "La campagne part la première fois, une seule fois."),
                )
            )  # fmt: skip
    if schedule.every is not None:
        first = start or dt.datetime(2026, 3, 3)  # noqa: DTZ001 - local by meaning
        since = slot(first, schedule.timezone).at
        most = max(_starts_in_a_day(schedule, since + days * _DAY) for days in range(7))
        if most > OFTEN:
            found.append(
                Fault(
                    ("schedule", "every"),
                    Say(f"starts {most:,} times a day", f"part {most} fois par jour"),
                    Say("Each start is a run of its own. The cron fields are minute hour day month weekday: '30 9 * * TUE' is once a week.",
                        "Chaque départ est un tour à part. Les champs cron sont minute heure jour mois jour-de-semaine : « 30 9 * * TUE » est une fois par semaine."),
                )
            )  # fmt: skip
    return found


def past_remark(campaign: AnyCampaign, now: dt.datetime) -> Say | None:
    """Return that a campaign's only start lies years back or ahead: a slip in the year, most likely."""
    schedule = campaign.schedule
    if schedule.every is not None or schedule.start is None:
        return None
    start = slot(schedule.start, schedule.timezone).at
    if start < now - _LONG:
        return Say(
            f"The start {schedule.start:%Y-%m-%d} is more than five years past: is the year right?",
            f"Le départ {schedule.start:%Y-%m-%d} remonte à plus de cinq ans : l'année est-elle juste ?",
        )
    if start > now + _LONG:
        return Say(
            f"The start {schedule.start:%Y-%m-%d} is more than five years ahead: is the year right?",
            f"Le départ {schedule.start:%Y-%m-%d} est dans plus de cinq ans : l'année est-elle juste ?",
        )
    return None


def _starts_in_a_day(schedule: Schedule, since: dt.datetime) -> int:
    return sum(1 for _ in slots_between(schedule, since, since + _DAY))


def _brand_faults(campaign: AnyCampaign, catalogue: Catalogue) -> Iterator[Fault]:
    if campaign.brand is not None:
        yield from _unknown_brands([campaign.brand], catalogue, ("brand",), single=True)
    for name, goal in campaign.goals.items():
        if goal.brand is not None:
            yield from _unknown_brands([goal.brand], catalogue, ("goals", name, "brand"), single=True)


def _unknown_brands(
    given: Iterable[str], catalogue: Catalogue, path: tuple[PathPart, ...], *, single: bool = False
) -> Iterator[Fault]:
    if not catalogue.brands:  # a house that declared none: any may be named
        return
    for index, brand in enumerate(given):
        if brand not in catalogue.brands:
            at = path if single else (*path, index)
            yield _unknown_fault(brand, catalogue.brands, at, Say("unknown brand", "marque inconnue"))


def _unknown(
    given: Iterable[str], known: Iterable[str], path: tuple[PathPart, ...], what: Say
) -> list[Fault]:
    words = list(known)
    return [
        _unknown_fault(name, words, (*path, index), what)
        for index, name in enumerate(given)
        if name not in words
    ]


def _unknown_fault(name: str, known: Iterable[str], path: tuple[PathPart, ...], what: Say) -> Fault:
    return Fault(path, Say(f"{what.en} '{name}'", f"{what.fr} « {name} »"), did_you_mean(name, known))


def _time_faults(campaign: AnyCampaign) -> Iterator[Fault]:
    schedule = campaign.schedule
    if schedule.end is not None and schedule.start is not None and schedule.end < schedule.start.date():
        yield Fault(
            ("schedule", "end"),
            Say(f"the campaign ends on {schedule.end}, before it starts", f"la campagne finit le {schedule.end}, avant de commencer"),
            Say("Write a day on or after its start.", "Écrivez un jour à partir de son départ."),
        )  # fmt: skip
        return
    enrolments = _enrolments(schedule)
    if not enrolments:
        yield Fault(
            ("schedule", "every"),
            Say(f"'{schedule.every}' never comes in the campaign's time", f"« {schedule.every} » ne vient jamais pendant la campagne"),
            Say("Correct 'every', 'start' or 'end'.", "Corrigez « every », « start » ou « end »."),
        )  # fmt: skip
        return
    named = {when.step for step in campaign.steps.values() for when in (step.after, step.until) if isinstance(when, Delay)}  # fmt: skip
    if not named <= set(campaign.steps):  # told as names that mean nothing
        return
    for name, step in campaign.steps.items():
        yield from _moment_faults(campaign, name, step, enrolments)


def _enrolments(schedule: Schedule) -> list[dt.datetime]:
    """Return moments at which members are enrolled: the only start, or the first ones."""
    first = schedule.start or dt.datetime(2026, 1, 1)  # noqa: DTZ001 - local by meaning
    since = slot(first, schedule.timezone).at
    if schedule.every is None:
        return [since]
    until = since + 5 * _LONG
    return [one.at for one in islice(slots_between(schedule, since - dt.timedelta(seconds=1), until), STARTS)]


def _moment_faults(
    campaign: AnyCampaign, name: str, step: Step, enrolments: list[dt.datetime]
) -> Iterator[Fault]:
    """Give why a step comes due for nobody: its time to leave is over before it comes, or the campaign is."""
    if step.until is not None and all(_over_before(campaign, name, step, start) for start in enrolments):
        yield Fault(
            ("steps", name, "until"),
            Say("the step may no longer leave when it comes due: nobody gets it",
                "l'étape ne peut plus partir quand elle vient : personne ne la reçoit"),
            Say("Let 'until' be later than 'at' or 'after'.", "Que « until » soit plus tard que « at » ou « after »."),
        )  # fmt: skip
    elif campaign.schedule.end is not None:
        after_end = dt.datetime.combine(campaign.schedule.end + _DAY, dt.time())
        end = slot(after_end, campaign.schedule.timezone).at
        if all(earliest(campaign, name, start) >= end for start in enrolments):
            key = "after" if step.after is not None else "at"
            yield Fault(
                ("steps", name, key),
                Say(f"the step comes due after the campaign's end ({campaign.schedule.end}): nobody gets it",
                    f"l'étape vient après la fin de la campagne ({campaign.schedule.end}) : personne ne la reçoit"),
                Say("Move the step forward, or the end back.", "Avancez l'étape, ou reculez la fin."),
            )  # fmt: skip


def _over_before(campaign: AnyCampaign, name: str, step: Step, enrolled: dt.datetime) -> bool:
    assert step.until is not None
    first = earliest(campaign, name, enrolled)
    until = moment(step.until, enrolled, campaign.schedule.timezone)
    if isinstance(until, Fixed):
        return until.at < first or (step.after is None and until.at == first)
    reach = until.delay * 7 / 5 + 9 * _DAY if until.working_days else until.delay
    waited = _waited_since(campaign, name, until.step)
    if waited is not None:
        return waited > reach
    return latest(campaign, enrolled)[until.step] + reach < first


def _waited_since(campaign: AnyCampaign, name: str, origin: str) -> dt.timedelta | None:
    """Return how long after another step's touch a step comes due at the least; `None`: it does not count from it."""
    waited, seen = dt.timedelta(0), {name}
    step: Step = campaign.steps[name]
    while step.after is not None and step.after.step in campaign.steps:
        waited += step.after.delay
        if step.after.step == origin:
            return waited
        if step.after.step in seen:
            return None
        seen.add(step.after.step)
        step = campaign.steps[step.after.step]
    return None


def _other_kind_faults(campaign: AnyCampaign, library: Library) -> Iterator[Fault]:
    audience = library.segments.get(campaign.audience.segment)
    for index, name in enumerate(campaign.audience.except_):
        other = library.segments.get(name)
        if audience is not None and other is not None and other.of != audience.of:
            yield Fault(
                ("audience", "except", index),
                Say(f"'{name}' is a segment of {other.of}s, the audience is of {audience.of}s: it takes nobody out",
                    f"« {name} » est un segment de type {other.of}, l'audience de type {audience.of} : il ne retire personne"),
                Say(f"Name a segment with 'of: {audience.of}'.", f"Nommez un segment avec « of: {audience.of} »."),
            )  # fmt: skip


def _offer_faults(campaign: AnyCampaign) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name, cell in campaign.cells.items():
        code = None if cell.offer is None else cell.offer.code
        if code is None:
            continue
        if code in first:
            yield Fault(
                ("cells", name, "offer", "code"),
                Say(f"the cell '{first[code]}' has the code '{code}' already: an order would not tell which offer it answers",
                    f"la cellule « {first[code]} » a déjà le code « {code} » : une commande ne dirait pas à quelle offre elle répond"),
                Say("Give each cell a code of its own.", "Donnez à chaque cellule son propre code."),
            )  # fmt: skip
        first.setdefault(code, name)


def _task_faults(campaign: AnyCampaign, library: Library) -> Iterator[Fault]:
    for name, step in campaign.steps.items():
        by = getattr(getattr(getattr(step, "task", None), "priority", None), "by", None)
        if by is not None and not library.has_fact(by):
            yield Fault(
                ("steps", name, "task", "priority", "by"),
                Say(f"unknown fact '{by}'", f"donnée inconnue « {by} »"),
                did_you_mean(by, library.fact_names()),
            )
