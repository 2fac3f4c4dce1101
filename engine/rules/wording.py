"""A clause in words, in both languages: what `touchbase segment explain` reads aloud."""

import datetime as dt
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
    Verb,
)
from engine.model.facts import Catalogue, Known
from engine.model.written import spoken
from engine.problems import Say
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
            label = catalogue.facts[name].label
            return Say(f"{label.en} is {_or(values).en}", f"{label.fr} : {_or(values).fr}")
        case IsNot(fact=name, values=values):
            label = catalogue.facts[name].label
            return Say(
                f"{label.en} is known, and not {_or(values).en}",
                f"{label.fr} : connu, et pas {_or(values).fr}",
            )
        case Compare(fact=name, op=op, value=value):
            label = catalogue.facts[name].label
            return Say(f"{label.en} is {_OPS[op].en} {value}", f"{label.fr} : {_OPS[op].fr} {value}")
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


def own_past(clause: History, came: Found, zone: ZoneInfo) -> Say:
    """Return what the clause found in the customer's past, with its last day in the segment's zone."""
    if not came.number:
        return Say("never", "jamais")
    en, fr = ("once", "une fois") if came.number == 1 else (f"{came.number} times", f"{came.number} fois")
    if came.last is not None:
        day = f"{came.last.astimezone(zone):%Y-%m-%d %H:%M}"
        en, fr = (
            (f"{en}, on {day}", f"{fr}, le {day}")
            if came.number == 1
            else (f"{en}, last on {day}", f"{fr}, la dernière le {day}")
        )
    if clause.units is not None:
        en, fr = f"{en}, {came.units} units", f"{fr}, {came.units} unités"
    if clause.amount is not None:
        en, fr = f"{en}, {came.amount:f} EUR", f"{fr}, {came.amount:f} EUR"
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
        (clause.reasons, "because", "car"),
        (clause.cells, "in the cell", "dans la cellule"),
    ):
        if words:
            add(f"{english} {_or(words).en}", f"{french} {_or(words).fr}")
    if clause.times != ONCE and clause.times != Bounds():
        bound = _bounds(clause.times)
        add(f"{bound.en} times", f"{bound.fr} fois")
    if clause.units is not None:
        bound = _bounds(clause.units)
        add(f"{bound.en} units", f"{bound.fr} unités")
    if clause.amount is not None:
        bound = _bounds(clause.amount)
        add(f"for {bound.en} EUR", f"pour {bound.fr} EUR")
    if clause.within is not None:
        add(f"in the last {spoken(clause.within)}", f"dans les {_last(clause.within)}")
    if clause.since is not None:
        add(f"since {_moment(clause.since)}", f"depuis {_moment(clause.since)}")
    if clause.before is not None:
        add(f"before {_moment(clause.before)}", f"avant {_moment(clause.before)}")
    return Say(en, fr)


def _bounds(bounds: Bounds) -> Say:
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
    words = [_plain(value) for value in values]
    if len(words) > 8:
        words = [*words[:7], f"… ({len(words)})"]
        return Say(", ".join(words), ", ".join(words))
    if len(words) == 1:
        return Say(words[0], words[0])
    head, tail = ", ".join(words[:-1]), words[-1]
    return Say(f"{head} or {tail}", f"{head} ou {tail}")


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _moment(moment: Moment) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, dt.datetime) else str(moment)


def _last(length: dt.timedelta) -> str:
    count, unit = spoken(length).split()
    last = {
        "d": "derniers jours",
        "h": "dernières heures",
        "m": "dernières minutes",
        "s": "dernières secondes",
    }
    return f"{count} {last[unit[0]]}"
