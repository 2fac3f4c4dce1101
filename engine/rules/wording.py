"""A clause in words, in both languages: what `touchbase segment explain` reads aloud."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from engine.model.clauses import (
    ONCE,
    All,
    AnyOf,
    Bounds,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Moment,
    Not,
    Op,
    Predicate,
    Value,
    Verb,
)
from engine.model.facts import Catalogue, Fact, Known, Today, Type
from engine.model.reasons import as_clause
from engine.model.written import spoken
from engine.problems import Language, Say
from engine.rules.membership import Found

_OPS: Final = {
    Op.AT_LEAST: Say("at least", "au moins"),
    Op.AT_MOST: Say("at most", "au plus"),
    Op.ABOVE: Say("above", "plus de"),
    Op.BELOW: Say("below", "moins de"),
    Op.BEFORE: Say("before", "avant"),
    Op.AFTER: Say("after", "après"),
    Op.LIKE: Say("like", "comme"),
}
_VERBS: Final = {
    Verb.TOUCHED: Say("was touched", "a été touché"),
    Verb.VISITED: Say("was visited by a representative", "a été visité par un délégué"),
    Verb.CALLED: Say("was spoken to on the phone", "a été joint au téléphone"),
    Verb.RESPONDED: Say("responded", "a répondu"),
    Verb.NO_RESPONSE: Say("was touched and did not respond", "a été touché et n'a pas répondu"),
    Verb.ORDERED: Say("ordered", "a commandé"),
    Verb.EXCLUDED: Say("was left out", "a été écarté"),
    Verb.ENROLLED: Say("was enrolled", "a été inscrit"),
}


def in_words(who: Predicate, catalogue: Catalogue) -> Say:
    """Return what a clause asks; of one with parts, how they belong together."""
    match who:
        case Is(fact=name, values=values):
            return _is(catalogue.facts[name], _typed(catalogue.facts[name], values))
        case IsNot(fact=name, values=values):
            return _is_not(catalogue.facts[name], _typed(catalogue.facts[name], values))
        case Compare(fact=name, op=op, value=value):
            label = catalogue.facts[name].label
            return Say(
                f"{label.en} is {_OPS[op].en} {_plain(value)}", f"{label.fr} : {_OPS[op].fr} {_plain(value)}"
            )
        case Missing(fact=name):
            label = catalogue.facts[name].label
            return Say(f"{label.en} is unknown", f"{label.fr} : inconnu")
        case All():
            return Say("all of these:", "tout ceci :")
        case AnyOf():
            return Say("at least one of these:", "au moins l'un de ceci :")
        case Not():
            return Say("not this:", "pas ceci :")
        case InSegment(segment=name):
            return Say(f"is of the segment '{name}':", f"fait partie du segment « {name} » :")
        case History():
            return _past(who)
        case _:
            assert_never(who)


def _typed(fact: Fact, values: Sequence[Value]) -> list[object]:
    """Return values in the fact's type; `today` stays a word."""
    typed = [fact.read(value) for value in values]
    return [value if isinstance(read, Today) else read for value, read in zip(values, typed, strict=True)]


def _is(fact: Fact, values: Sequence[object]) -> Say:
    if fact.type is Type.BOOLEAN:  # its label is a sentence: "has an e-mail address"
        return Say(f"{fact.label.en}: {_or(values).en}", f"{fact.label.fr} : {_or(values).fr}")
    return Say(f"{fact.label.en} is {_or(values).en}", f"{fact.label.fr} : {_or(values).fr}")


def _is_not(fact: Fact, values: Sequence[object]) -> Say:
    rest = [value for value in (True, False) if value not in values]
    if fact.type is Type.BOOLEAN and rest:
        return _is(fact, rest)
    if not fact.may_be_missing:  # whoever has none of its words is known to have none
        return Say(f"{fact.label.en} is not {_or(values).en}", f"{fact.label.fr} : pas {_or(values).fr}")
    return Say(
        f"{fact.label.en} is known, and not {_or(values).en}",
        f"{fact.label.fr} : connu, et pas {_or(values).fr}",
    )


def in_one_line(who: Predicate, catalogue: Catalogue) -> Say:
    """Return what a clause asks, its parts and all."""
    match who:
        case All(parts=parts) | AnyOf(parts=parts):
            inner = [in_one_line(part, catalogue) for part in parts]
        case Not(part=part):
            inner = [in_one_line(part, catalogue)]
        case InSegment(segment=name):
            return Say(f"is of the segment '{name}'", f"fait partie du segment « {name} »")
        case _:
            return in_words(who, catalogue)
    outer = in_words(who, catalogue)
    return Say(
        f"{outer.en} {'; '.join(say.en for say in inner)}",
        f"{outer.fr} {' ; '.join(say.fr for say in inner)}",
    )


def own_value(value: Known | None) -> Say:
    """Return what is known of the customer under the fact that is asked."""
    if value is None:
        return Say("nothing is known", "rien n'est connu")
    if value == ():
        return Say("none", "aucun")
    if isinstance(value, tuple):
        return Say(", ".join(value), ", ".join(value))
    if isinstance(value, bool):
        return Say("yes", "oui") if value else Say("no", "non")
    text = _plain(value)
    return Say(text, text)


def own_silence(touched: Found, answer: Found, zone: ZoneInfo) -> Say:
    """Return how often a customer was touched and what came back: both decide about a `no_response`."""
    if not touched.number:
        return Say("never touched", "jamais touché")
    touches, responses = _often(touched, zone), _often(answer, zone)
    if not answer.number:
        return Say(f"touched {touches.en}; no response", f"touché {touches.fr} ; aucune réponse")
    return Say(
        f"touched {touches.en}; responded {responses.en}", f"touché {touches.fr} ; a répondu {responses.fr}"
    )


def own_past(clause: History, came: Found, zone: ZoneInfo) -> Say:
    """Return what the clause found in the customer's past, with its last day in the segment's zone."""
    if not came.number:
        return Say("never", "jamais")
    en, fr = _often(came, zone).en, _often(came, zone).fr
    if clause.units is not None:
        one = came.units == 1
        en, fr = (
            f"{en}, {came.units} {'unit' if one else 'units'}",
            f"{fr}, {came.units} {'unité' if one else 'unités'}",
        )
    if clause.amount is not None:
        en, fr = f"{en}, {came.amount:f} EUR", f"{fr}, {came.amount:f} EUR"
    return Say(en, fr)


def _often(came: Found, zone: ZoneInfo) -> Say:
    """Return how often, and on which day last."""
    en, fr = ("once", "une fois") if came.number == 1 else (f"{came.number} times", f"{came.number} fois")
    if came.last is not None:
        day = f"{came.last.astimezone(zone):%Y-%m-%d %H:%M}"
        en, fr = (
            (f"{en}, on {day}", f"{fr}, le {day}")
            if came.number == 1
            else (f"{en}, last on {day}", f"{fr}, la dernière le {day}")
        )
    return Say(en, fr)


def _past(clause: History) -> Say:
    en, fr = _VERBS[clause.verb].en, _VERBS[clause.verb].fr

    def add(english: str, french: str) -> None:
        nonlocal en, fr
        en, fr = f"{en} {english}", f"{fr} {french}"

    for words, english, french in (
        (clause.channels, "by", "par"),
        (clause.brands, "for", "pour"),
        (clause.campaigns, "in", "dans"),
        (clause.steps, "at the step", "à l'étape"),
        (clause.types, "with", "par"),
        (clause.cells, "in the cell", "dans la cellule"),
    ):
        if words:
            add(f"{english} {_or(words).en}", f"{french} {_or(words).fr}")
    if clause.reasons:
        why = [as_clause(reason) for reason in clause.reasons]
        add(f"because {' or '.join(say.en for say in why)}", f"car {' ou '.join(say.fr for say in why)}")
    if clause.times != ONCE and clause.times != Bounds():
        bound = _bounds(clause.times)
        add(f"{bound.en} {'time' if _one(clause.times) else 'times'}", f"{bound.fr} fois")
    if clause.units is not None:
        bound = _bounds(clause.units)
        one = _one(clause.units)
        add(f"{bound.en} {'unit' if one else 'units'}", f"{bound.fr} {'unité' if one else 'unités'}")
    if clause.amount is not None:
        bound = _bounds(clause.amount)
        add(f"for {bound.en} EUR", f"pour {bound.fr} EUR")
    if clause.within is not None:
        last = _last(clause.within_as_written or spoken(clause.within))
        add(f"in {last.en}", f"dans {last.fr}")
    if clause.since is not None:
        add(f"since {_moment(clause.since)}", f"depuis {_moment(clause.since)}")
    if clause.before is not None:
        add(f"before {_moment(clause.before)}", f"avant {_moment(clause.before)}")
    return Say(en, fr)


def _one(bounds: Bounds) -> bool:
    """Return whether the number that is named last is one."""
    named = (bounds.at_least, bounds.above, bounds.at_most, bounds.below)
    return [number for number in named if number is not None][-1:] == [1]


def _bounds(bounds: Bounds) -> Say:
    if bounds.at_least is not None and bounds == Bounds(at_least=bounds.at_least, at_most=bounds.at_least):
        number = _plain(bounds.at_least)
        return Say(f"exactly {number}", f"exactement {number}")
    parts = [
        (_OPS[op], number)
        for op, number in (
            (Op.AT_LEAST, bounds.at_least),
            (Op.ABOVE, bounds.above),
            (Op.AT_MOST, bounds.at_most),
            (Op.BELOW, bounds.below),
        )
        if number is not None
    ]
    return Say(
        " and ".join(f"{say.en} {_plain(number)}" for say, number in parts),
        " et ".join(f"{say.fr} {_plain(number)}" for say, number in parts),
    )


def _or(values: Sequence[object]) -> Say:
    if len(values) > 8:
        values = [*values[:7], f"… ({len(values)})"]
        return Say(
            ", ".join(_plain(value) for value in values), ", ".join(_plain(value, "fr") for value in values)
        )
    return Say(
        _joined([_plain(value) for value in values], "or"),
        _joined([_plain(value, "fr") for value in values], "ou"),
    )


def _joined(words: Sequence[str], conjunction: str) -> str:
    return f" {conjunction} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _plain(value: object, language: Language = "en") -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, bool):
        return (Say("yes", "oui") if value else Say("no", "non")).in_(language)
    return str(value)


def _moment(moment: Moment) -> str:
    """Return a moment as a file writes it; one with an offset keeps it."""
    if isinstance(moment, dt.datetime):
        return moment.isoformat(sep=" ", timespec="seconds" if moment.second else "minutes")
    return str(moment)


_UNITS: Final = {  # English for one and several; French alike, with its article and its last
    "d": ("day", "days", "le dernier jour", "derniers jours"),
    "w": ("week", "weeks", "la dernière semaine", "dernières semaines"),
    "mo": ("month", "months", "le dernier mois", "derniers mois"),
    "y": ("year", "years", "la dernière année", "dernières années"),
    "h": ("hour", "hours", "la dernière heure", "dernières heures"),
    "mi": ("minute", "minutes", "la dernière minute", "dernières minutes"),
    "s": ("second", "seconds", "la dernière seconde", "dernières secondes"),
}


def _last(length: str) -> Say:
    """Return a duration, as a file writes it, as the time that has just passed.

    >>> _last("24 months").fr, _last("1 week").en
    ('les 24 derniers mois', 'the last week')
    """
    count, unit = re.findall(r"\d+|[a-z]+", length)
    one, several, la_derniere, dernieres = _UNITS.get(unit[:2]) or _UNITS[unit[0]]
    if int(count) == 1:
        return Say(f"the last {one}", la_derniere)
    return Say(f"the last {int(count)} {several}", f"les {int(count)} {dernieres}")
