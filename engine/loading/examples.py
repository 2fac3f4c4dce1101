"""The author's own test of a segment, run in memory: made-up customers, and whether they belong.

An example says facts, and what happened so many days ago: `ordered: {brand: HIVERNAX, units: 30, days_ago: 10}`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from engine.model.clauses import History, Path, Verb, walk
from engine.model.facts import Known, Today
from engine.model.predicate import HISTORY_KEYS
from engine.model.segment import AnySegment, Library, Segment
from engine.problems import Fault, Refused, Say, did_you_mean
from engine.rules.membership import (
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
    belongs,
    names_somebody,
)

_WORDS = {True: "yes", False: "no", None: "unknown"}


def example_faults(segment: Segment, library: Library) -> list[Fault]:
    """Return the examples that come out otherwise than their author says, and a segment without an edge."""
    on = _moment(segment)
    faults: list[Fault] = []
    if not names_somebody(segment.who, segment.of, library, on, segment.timezone):
        faults.append(
            Fault(
                ("who",),
                Say("it is true of customers of whom nothing is known: it has no edge",
                    "c'est vrai de clients dont on ne sait rien : le segment n'a pas de bord"),
                Say("Add a condition that says who they are: 'kind: prescriber'.",
                    "Ajoutez une condition qui dit qui ils sont : « kind: prescriber »."),
                of_key=True,
            )
        )  # fmt: skip
    for index, example in enumerate(segment.examples):
        path: Path = ("examples", index)
        wrong, known = _customer(segment, example, library, on, path)
        faults += wrong
        if wrong:
            continue
        answer = _WORDS[belongs(segment.segment, known, library, on)]
        said = {True: "yes", False: "no"}.get(example["belongs"], example["belongs"])
        if answer != said:
            faults.append(
                Fault(
                    (*path, "belongs"),
                    Say(f"this example says '{said}', the segment says '{answer}'",
                        f"cet exemple dit « {said} », le segment dit « {answer} »"),
                    Say("Correct the one that is wrong.", "Corrigez celui des deux qui se trompe."),
                )
            )  # fmt: skip
    return faults


def _moment(segment: Segment) -> dt.datetime:
    """Return a moment after every day that the segment names: examples must not change with the calendar."""
    days = [dt.date(2026, 1, 1)]
    for part in walk(segment.who):
        if isinstance(part, History):
            days += [moment for moment in (part.since, part.before) if isinstance(moment, dt.date)]
    latest = max(dt.date(day.year, day.month, day.day) for day in days)
    return dt.datetime(latest.year, latest.month, latest.day, 12, tzinfo=dt.UTC) + dt.timedelta(days=400)


def customer_of(
    segment: AnySegment, said: Mapping[str, Any], library: Library, on: dt.datetime, path: Path
) -> tuple[list[Fault], CustomerKnown]:
    """Return a made-up customer as a segment's examples write them, and what is wrong with the writing."""
    return _customer(segment, said, library, on, path)


def _customer(
    segment: AnySegment, example: Mapping[str, Any], library: Library, on: dt.datetime, path: Path
) -> tuple[list[Fault], CustomerKnown]:
    faults: list[Fault] = []
    facts: dict[str, Known] = {}
    past: dict[Verb, list[Mapping[str, Any]]] = {}
    answers: dict[str, bool] = {}
    for key, value in example.items():
        if key == "belongs":
            continue
        if key in ("in", "not_in"):
            named = [str(name) for name in (value if isinstance(value, list) else [value])]
            answers |= dict.fromkeys(named, key == "in")
            faults += [
                Fault(
                    (*path, key),
                    Say(f"there is no segment '{name}'", f"il n'y a pas de segment « {name} »"),
                    did_you_mean(name, library.segments),
                )
                for name in named
                if name not in library.segments
            ]
            continue
        if key in Verb.__members__.values():
            entries = value if isinstance(value, list) else [{} if value in (True, "yes") else value]
            if all(isinstance(entry, Mapping) for entry in entries):
                past[Verb(key)] = entries
                faults += [
                    fault for entry in entries for fault in _past_faults(Verb(key), entry, (*path, key))
                ]
            else:
                faults.append(_not_past(key, (*path, key)))
            continue
        fact = library.catalogue.facts.get(key)
        if fact is None:
            words = [*library.catalogue.facts, *(str(verb) for verb in Verb), "belongs", "in", "not_in"]
            faults.append(
                Fault(
                    (*path, key),
                    Say(f"unknown fact '{key}'", f"donnée inconnue « {key} »"),
                    did_you_mean(key, words),
                    of_key=True,
                )
            )
            continue
        try:
            read = [fact.read(entry) for entry in (value if isinstance(value, list) else [value])]
        except Refused as refused:
            faults.append(Fault((*path, key), refused.what, refused.remedy))
            continue
        if fact.several:
            facts[key] = tuple(str(entry) for entry in read)
        elif len(read) != 1:
            faults.append(
                Fault(
                    (*path, key),
                    Say(f"a customer has one '{key}'", f"un client a un seul « {key} »"),
                    Say("Write one value; without the line nobody knows it.", "Écrivez une valeur ; sans cette ligne, personne ne la connaît."),
                )
            )  # fmt: skip
        else:
            entry = read[0]
            facts[key] = on.date() + dt.timedelta(days=entry.days) if isinstance(entry, Today) else entry
    try:
        known = _with_past(segment, facts, past, answers, on)
    except (TypeError, ValueError, ArithmeticError):
        faults.append(_not_past(" / ".join(past), path))
        known = CustomerKnown(segment.of)
    return faults, known


def _past_faults(verb: Verb, entry: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    """Give what an example says of something that happened which no such thing has: it would be passed over."""
    known = ("days_ago", *(key for key in HISTORY_KEYS[verb] if key not in _ASKED_ONLY))
    for key, value in entry.items():
        if key not in known:
            yield Fault(
                (*path, key),
                Say(f"unknown key '{key}'", f"clé inconnue « {key} »"),
                did_you_mean(str(key), known),
                of_key=True,
            )
        elif isinstance(value, list | Mapping):
            yield Fault(
                (*path, key),
                Say(f"what happened has one '{key}'", f"ce qui s'est passé n'a qu'un « {key} »"),
                Say("Write one value; what happened twice is a list of two.", "Écrivez une valeur ; ce qui s'est passé deux fois est une liste de deux."),
            )  # fmt: skip


_ASKED_ONLY: Final = ("within", "since", "before", "at_least", "at_most")
"""What narrows a question and is nothing that an event has."""


def _not_past(key: str, path: Path) -> Fault:
    return Fault(
        path,
        Say(f"'{key}' does not say what happened", f"« {key} » ne dit pas ce qui s'est passé"),
        Say("Write, for instance, {brand: HIVERNAX, units: 30, days_ago: 10}.", "Écrivez, par exemple, {brand: HIVERNAX, units: 30, days_ago: 10}."),
    )  # fmt: skip


def _with_past(
    segment: AnySegment,
    facts: Mapping[str, Known],
    past: Mapping[Verb, list[Mapping[str, Any]]],
    answers: Mapping[str, bool],
    on: dt.datetime,
) -> CustomerKnown:
    def each(verb: Verb) -> Iterator[tuple[Mapping[str, Any], dt.datetime]]:
        for entry in past.get(verb, []):
            yield entry, on - dt.timedelta(days=float(entry.get("days_ago", 1)))

    def touch(entry: Mapping[str, Any], at: dt.datetime, channel: str, **more: Any) -> PastTouch:
        return PastTouch(
            str(entry.get("channel", channel)), more.pop("state", "accepted"), at, at, entry.get("campaign", entry.get("to")),
            entry.get("step"), None, entry.get("brand"), **more,
        )  # fmt: skip

    return CustomerKnown(
        segment.of,
        facts,
        touches=(
            *(touch(entry, at, "email") for entry, at in each(Verb.TOUCHED)),
            *(touch(entry, at, "email") for entry, at in each(Verb.NO_RESPONSE)),
            *(touch(entry, at, "visit", outcome="done") for entry, at in each(Verb.VISITED)),
            *(touch(entry, at, "call", outcome="done") for entry, at in each(Verb.CALLED)),
            *(touch(entry, at, "email", state="excluded", reason=entry.get("because")) for entry, at in each(Verb.EXCLUDED)),
        ),
        responses=tuple(
            PastResponse(str(entry.get("with", "click")), at, entry.get("to"), entry.get("step"), None, entry.get("channel"),
                         entry.get("brand"), Decimal(str(entry.get("amount", 0))))
            for entry, at in each(Verb.RESPONDED)
        ),
        orders=tuple(
            PastOrder("accepted", at, (PastLine(entry.get("brand"), int(entry.get("units", 1)), Decimal(str(entry.get("amount", 0)))),))
            for entry, at in each(Verb.ORDERED)
        ),
        memberships=tuple(
            PastMembership(0, str(entry.get("campaign", "")), at, entry.get("brand"), cell=entry.get("cell"))
            for entry, at in each(Verb.ENROLLED)
        ),
        answers=answers,
    )  # fmt: skip
