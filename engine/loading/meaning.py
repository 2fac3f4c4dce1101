"""What a predicate means, checked against what the company knows: facts, values, segments, names, the law."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from engine.model.clauses import (
    RESPONSE_TYPES,
    All,
    AnyOf,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Not,
    Op,
    Path,
    Predicate,
    Value,
    Verb,
    walk,
)
from engine.model.facts import ORGANISATIONS, PERSONS, Catalogue, Fact, Type
from engine.model.predicate import NESTING
from engine.model.reasons import Reason
from engine.model.segment import Library, Segment
from engine.model.zones import zones
from engine.problems import Fault, Refused, Say, did_you_mean

PRESCRIBERS: Final = frozenset({"prescriber"})


def segment_faults(segment: Segment, library: Library) -> list[Fault]:
    """Return what is wrong with a segment that reads well."""
    # A `between` is two comparisons: what is wrong with it is said once.
    faults = [*dict.fromkeys(_faults(segment.who, library, ("who",), of=segment.of))]
    faults += _never(segment.who, library.catalogue, ("who",), of=segment.of)
    if segment.timezone not in zones():
        faults.append(
            Fault(
                ("timezone",),
                Say(f"unknown time zone '{segment.timezone}'", f"fuseau inconnu « {segment.timezone} »"),
                did_you_mean(
                    segment.timezone, ["Europe/Paris", "Indian/Reunion", "America/Martinique", "UTC"]
                ),
            )
        )
    if segment.of == "person":
        faults += rx_faults(segment.who, library.catalogue, ("who",))
    return faults


def condition_faults(
    who: All,
    library: Library,
    *,
    campaign: str,
    steps: Sequence[str],
    campaigns: set[str],
    path: Path,
) -> list[Fault]:
    """Return what is wrong with a condition of a campaign; names of its steps mean this run's touches."""
    names = library.catalogue.campaigns | campaigns | {campaign}
    return [
        *dict.fromkeys(_faults(who, library, path, of=None, steps=tuple(steps), campaigns=frozenset(names))),
        *_never(who, library.catalogue, path, of=None),
        *rx_faults(who, library.catalogue, path),
    ]


def rx_faults(who: Predicate, catalogue: Catalogue, path: Path) -> list[Fault]:
    """Return where individual prescription data would decide about French prescribers (C-22).

    It may decide only where the predicate itself leaves them out.
    """
    if leaves_prescribers_out(who, catalogue):
        return []
    found = []
    for part in walk(who):
        if isinstance(part, Is | IsNot | Compare | Missing):
            fault = rx_fault(part.fact, catalogue, (*path, *part.path))
            if fault is not None:
                found.append(fault)
    return found


def rx_fault(fact: str, catalogue: Catalogue, path: Path) -> Fault | None:
    """Return the fault of using a fact for French prescribers, wherever it is used: as a sort key, a stratum, a variable."""
    way = catalogue.rx_roots(fact)
    if not way:
        return None
    text = " ← ".join(way)
    return Fault(
        path,
        Say(
            f"'{fact}' is individual prescription data ({text})",
            f"« {fact} » est une donnée de prescription individuelle ({text})",
        ),
        Say(
            "It must not be used for prescribers in France (CSP L.4113-7). Use facts of a group, or leave them out: 'kind: {not_in: [prescriber]}'.",
            "Interdite pour les prescripteurs en France (CSP L.4113-7). Utilisez des données agrégées, ou écartez-les : « kind: {not_in: [prescriber]} ».",
        ),
    )


def leaves_prescribers_out(who: Predicate, catalogue: Catalogue) -> bool:
    """Return whether a predicate says by itself that no French prescriber is meant."""
    parts = who.parts if isinstance(who, All) else (who,)
    for part in parts:
        match part:
            case All() if leaves_prescribers_out(part, catalogue):
                return True
            case IsNot(fact="kind", values=values) | Not(part=Is(fact="kind", values=values)) if (
                set(values) >= PRESCRIBERS
            ):
                return True
            case Is(fact="country", values=values) if not catalogue.french & set(values):
                return True
            case IsNot(fact="country", values=values) if catalogue.french <= set(values):
                return True
    return False


def _faults(
    who: Predicate,
    library: Library,
    path: Path,
    *,
    of: str | None,
    steps: tuple[str, ...] | None = None,
    campaigns: frozenset[str] | None = None,
) -> Iterator[Fault]:
    for part in walk(who):
        at = (*path, *_path(part))
        match part:
            case Is(fact=name, values=values) | IsNot(fact=name, values=values):
                fact = library.catalogue.facts.get(name)
                if fact is None:
                    yield _unknown_fact(name, library, at)
                    continue
                for index, value in enumerate(values):
                    yield from _value_fault(fact, value, (*at, index))
            case Compare(fact=name, op=op, value=value):
                fact = library.catalogue.facts.get(name)
                if fact is None:
                    yield _unknown_fact(name, library, at[:-1])
                elif not fact.fits(op):
                    yield Fault(
                        at,
                        Say(f"'{name}' is a {fact.type} and cannot be compared with '{at[-1]}'",
                            f"« {name} » est de type {fact.type} et ne se compare pas avec « {at[-1]} »"),
                        _what_fits(fact),
                        of_key=True,
                    )  # fmt: skip
                elif op != "like":
                    yield from _limit_fault(fact, value, at)
                elif not isinstance(value, str):
                    yield Fault(at, Say(f"'{value}' is not text", f"« {value} » n'est pas du texte"),
                                Say("Write it in quotes: like: \"SAINT-*\".", "Écrivez-le entre guillemets : like: \"SAINT-*\"."))  # fmt: skip
            case Missing(fact=name):
                fact = library.catalogue.facts.get(name)
                if fact is None:
                    yield _unknown_fact(name, library, at[:-1])
                elif not fact.may_be_missing:
                    yield Fault(
                        at,
                        Say(f"'{name}' is never missing", f"« {name} » ne manque jamais"),
                        Say("Delete this condition.", "Supprimez cette condition."),
                        of_key=True,
                    )
            case InSegment(segment=name):
                yield from _segment_fault(name, library, of, at)
            case History():
                yield from _history_faults(part, library.catalogue, at, steps, campaigns)


def _never(who: Predicate, catalogue: Catalogue, path: Path, *, of: str | None) -> list[Fault]:
    """Return why nobody can ever fit, or nothing: of alternatives each has to be empty, and what is negated is no matter."""
    parts = _together(who)
    found = [*_range_faults([part for part in parts if isinstance(part, Compare)], catalogue, path)]
    known = [one.fact for one in parts if isinstance(one, Is | IsNot | Compare)]
    for part in parts:
        match part:
            case Missing(fact=name) if name in known:
                found.append(_known_and_missing(name, (*path, *part.path)))
            case Is(fact="kind") if of is not None:
                found += _kind_faults(part, of, path)
            case AnyOf(parts=others):
                each = [_never(other, catalogue, path, of=of) for other in others]
                found += [fault for faults in each for fault in faults] if all(each) else []
    return found


def _known_and_missing(fact: str, path: Path) -> Fault:
    return Fault(
        path,
        Say(f"'{fact}' cannot be missing and compared at once: nobody fits",
            f"« {fact} » ne peut à la fois manquer et être comparé : personne ne convient"),
        Say(f"Write 'any:' with two conditions to mean one or the other: any: [{{{fact}: …}}, {{{fact}: {{missing: true}}}}].",
            f"Écrivez « any: » avec deux conditions pour l'un ou l'autre : any: [{{{fact}: …}}, {{{fact}: {{missing: true}}}}]."),
    )  # fmt: skip


def _together(who: Predicate) -> list[Predicate]:
    """Return the parts that must all hold."""
    return [inner for part in who.parts for inner in _together(part)] if isinstance(who, All) else [who]


def _range_faults(compared: Sequence[Compare], catalogue: Catalogue, path: Path) -> Iterator[Fault]:
    """Give the facts none of whose declared values fits all that is asked of it."""
    for name in dict.fromkeys(one.fact for one in compared):
        asked = [one for one in compared if one.fact == name]
        fact = catalogue.facts.get(name)
        if fact is None or fact.type is not Type.NUMBER or not fact.values:
            continue
        numbers = [value for value in fact.values if isinstance(value, Decimal)]
        if any(all(_holds(number, one) for one in asked) for number in numbers):
            continue
        listed = ", ".join(str(number) for number in numbers)
        yield Fault(
            (*path, *asked[0].path),
            Say(f"no value of '{fact.name}' is in this range: nobody fits",
                f"aucune valeur de « {fact.name} » n'est dans cet intervalle : personne ne convient"),
            Say(f"Its values are {listed}.", f"Ses valeurs sont {listed}."),
        )  # fmt: skip


def _holds(number: Decimal, one: Compare) -> bool:
    if isinstance(one.value, bool) or not isinstance(one.value, int | Decimal):
        return True  # told as no number
    match one.op:
        case Op.AT_LEAST:
            return number >= one.value
        case Op.AT_MOST:
            return number <= one.value
        case Op.ABOVE:
            return number > one.value
        case Op.BELOW:
            return number < one.value
        case _:
            return True


def _kind_faults(asked: Is, of: str, path: Path) -> Iterator[Fault]:
    """Give the kinds asked for, where no customer of this segment can be any of them."""
    strange = ORGANISATIONS if of == "person" else PERSONS
    other = "organisation" if of == "person" else "person"
    if not strange.issuperset(asked.values):
        return
    for index, value in enumerate(asked.values):
        yield Fault(
            (*path, *asked.path, index),
            Say(f"no {of} is a '{value}': nobody fits", f"aucun client de type {of} n'est « {value} » : personne ne convient"),
            Say(f"Ask for another kind, or write 'of: {other}'.", f"Demandez un autre type, ou écrivez « of: {other} »."),
        )  # fmt: skip


def _path(part: Predicate) -> Path:
    return part.path


def _unknown_fact(name: str, library: Library, path: Path) -> Fault:
    words = [*library.catalogue.facts, *(str(verb) for verb in Verb), *NESTING]
    return Fault(
        path,
        Say(f"unknown fact '{name}'", f"donnée inconnue « {name} »"),
        did_you_mean(name, words),
        of_key=True,
    )


def _value_fault(fact: Fact, value: Value, path: Path) -> Iterator[Fault]:
    try:
        fact.read(value)
    except Refused as refused:
        yield Fault(path, refused.what, refused.remedy)


def _limit_fault(fact: Fact, value: Value, path: Path) -> Iterator[Fault]:
    try:
        fact.read_limit(value)
    except Refused as refused:
        yield Fault(path, refused.what, refused.remedy)


def _what_fits(fact: Fact) -> Say:
    match fact.type:
        case "number":
            words = "at_least, at_most, above, below, between"
        case "date":
            words = "before, after, at_least, at_most, between"
        case "text" if not fact.several:
            words = "like, not, not_in"
        case _:
            words = "not, not_in"
    return Say(
        f"It can be compared with {words}, or be equal.", f"Il se compare avec {words}, ou par égalité."
    )


def unreadable(name: str, library: Library, path: Path) -> Fault:
    """Return the fault of naming a segment whose file cannot be read."""
    file = library.files[name][0]
    return Fault(
        path,
        Say(f"the segment '{name}' cannot be read", f"le segment « {name} » ne peut être lu"),
        Say(f"Correct what is wrong with {file}.", f"Corrigez ce qui ne va pas dans {file}."),
    )


def _segment_fault(name: str, library: Library, of: str | None, path: Path) -> Iterator[Fault]:
    other = library.segments.get(name)
    if other is None and name in library.files:
        yield unreadable(name, library, path)
    elif other is None:
        yield Fault(
            path,
            Say(f"there is no segment '{name}'", f"il n'y a pas de segment « {name} »"),
            did_you_mean(name, library.segments),
        )
    elif of is not None and other.of != of:
        yield Fault(
            path,
            Say(f"'{name}' is a segment of {other.of}s, this one is of {of}s: nobody is in both",
                f"« {name} » est un segment de type {other.of}, celui-ci de type {of} : personne n'est dans les deux"),
            Say(f"Name a segment with 'of: {of}'.", f"Nommez un segment avec « of: {of} »."),
        )  # fmt: skip


def _history_faults(
    clause: History,
    catalogue: Catalogue,
    path: Path,
    steps: tuple[str, ...] | None,
    campaigns: frozenset[str] | None,
) -> Iterator[Fault]:
    own = steps or ()
    known_campaigns = catalogue.campaigns if campaigns is None else campaigns
    to = "to" if clause.verb in (Verb.RESPONDED, Verb.NO_RESPONSE) else "campaign"
    yield from _names(
        "channel", clause.channels, catalogue.channels, path, Say("unknown channel", "canal inconnu")
    )
    if catalogue.brands:
        yield from _names(
            "brand", clause.brands, catalogue.brands, path, Say("unknown brand", "marque inconnue")
        )
    yield from _names("with", clause.types, RESPONSE_TYPES, path, Say("unknown response", "réponse inconnue"))
    yield from _names(
        "because",
        clause.reasons,
        [str(reason) for reason in Reason],
        path,
        Say("unknown reason", "motif inconnu"),
    )
    if known_campaigns or steps is not None:
        yield from _names(to, clause.campaigns, [*own, *sorted(known_campaigns)], path,
                          Say("unknown campaign", "campagne inconnue") if steps is None else Say("unknown step or campaign", "étape ou campagne inconnue"))  # fmt: skip
    if clause.steps and not clause.campaigns and steps is None:
        yield Fault(
            (*path, "step"),
            Say("a step of which campaign?", "une étape de quelle campagne ?"),
            Say(f"Add '{to}:' with the campaign's name.", f"Ajoutez « {to}: » avec le nom de la campagne."),
        )
    if clause.steps and not clause.campaigns and steps is not None:
        yield from _names("step", clause.steps, own, path, Say("there is no step", "il n'y a pas d'étape"))
    if clause.steps and set(clause.campaigns) & set(own):
        yield Fault(
            (*path, "step"),
            Say(f"both '{to}' and 'step' name a step", f"« {to} » et « step » nomment tous deux une étape"),
            Say("Keep one of the two.", "Gardez l'un des deux."),
        )
    yield from _part_faults(clause, catalogue, path, own)
    if clause.within is not None and isinstance(clause.before, dt.date):
        yield Fault(
            (*path, "before"),
            Say("'within' moves on with the days and 'before' stays: soon nobody fits, for ever",
                "« within » avance avec les jours et « before » reste : bientôt personne ne convient, pour toujours"),
            Say("Write 'since:' with a day in place of 'within'.", "Écrivez « since: » avec un jour au lieu de « within »."),
        )  # fmt: skip
    for key, moment in (("since", clause.since), ("before", clause.before)):
        if not isinstance(moment, str):
            continue
        if steps is None:
            yield Fault(
                (*path, key),
                Say(f"'{moment}' is not a day", f"« {moment} » n'est pas un jour"),
                Say("A window is counted back with 'within: 90 days'.", "Une période se compte en arrière avec « within: 90 days ».")
                if moment.startswith("today")
                else Say("Write a day: 2026-03-02. Only a campaign has steps.", "Écrivez un jour : 2026-03-02. Seule une campagne a des étapes."),
            )  # fmt: skip
        elif moment not in own:
            yield Fault(
                (*path, key),
                Say(f"there is no step '{moment}'", f"il n'y a pas d'étape « {moment} »"),
                did_you_mean(moment, own),
            )


def _part_faults(clause: History, catalogue: Catalogue, path: Path, own: tuple[str, ...]) -> Iterator[Fault]:
    """Give the steps and cells that the campaigns of a clause do not have; of campaigns without a file nobody knows."""
    named = [name for name in clause.campaigns if name not in own]
    for key, given, known, what in (
        ("step", clause.steps, catalogue.steps, Say("there is no step", "il n'y a pas d'étape")),
        ("cell", clause.cells, catalogue.cells, Say("there is no cell", "il n'y a pas de cellule")),
    ):
        # A cell's name alone means that of whichever campaign; a step's alone, one of this campaign.
        asked = named or (list(known) if key == "cell" else [])
        if not asked or not all(name in known for name in asked):
            continue
        parts = {part for name in asked for part in known[name]}
        for index, name in enumerate(given):
            if name not in parts:
                yield Fault(
                    (*path, key, index),
                    Say(f"{what.en} '{name}' in {', '.join(asked)}", f"{what.fr} « {name} » dans {', '.join(asked)}"),
                    did_you_mean(name, parts) if parts else Say("Take it out: there are none.", "Retirez-la : il n'y en a aucune."),
                )  # fmt: skip


def _names(key: str, given: Sequence[str], known: Sequence[str], path: Path, what: Say) -> Iterator[Fault]:
    for index, name in enumerate(given):
        if name not in known:
            yield Fault(
                (*path, key, index),
                Say(f"{what.en} '{name}'", f"{what.fr} « {name} »"),
                did_you_mean(name, known),
            )
