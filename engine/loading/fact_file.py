"""The company's own facts, of `segments/facts.yaml`, and everything that is wrong with them.

A fact whose declaration has a slip stays in the catalogue as a doubtful one: what asks for it is not
told besides that there is no such fact.
"""

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from engine.loading.source import plain, read
from engine.loading.validation import build
from engine.model.chain import chain
from engine.model.clauses import CHANNELS
from engine.model.facts import BUILT_IN, Catalogue, Fact, Facts
from engine.problems import Fault, Problem, Refused, Say, did_you_mean

FACTS: Final = "facts.yaml"


def read_catalogue(folder: Path, campaigns: frozenset[str], problems: list[Problem]) -> Catalogue:
    """Return the facts that may be asked for; what is wrong with the company's own is added to `problems`."""
    path = folder / FACTS
    if not path.exists():
        return Catalogue(campaigns=campaigns)
    source, wrong = read(folder.parent, f"{folder.name}/{FACTS}")
    problems += wrong
    if source is None:
        return Catalogue(campaigns=campaigns)
    written, wrong = build(source, Facts)
    problems += wrong
    doubtful: set[str] = set()
    if written is None:
        written, doubtful = _without_slips(plain(source.root))
    declared: dict[str, Fact] = {}
    for name in written.facts:
        try:
            declared[name] = written.declared(name)
        except Refused as refused:
            problems.append(source.problem(Fault(refused.path, refused.what, refused.remedy, refused.of_key)))
            doubtful.add(name)
    declared |= {
        name: Fact(name, Say(name, name), doubtful=True, company=True)
        for name in doubtful
        if name not in BUILT_IN
    }
    facts = {**BUILT_IN, **declared}
    for fact in declared.values():
        problems += [source.problem(fault) for fault in _origin_faults(fact, facts)]
    return Catalogue(
        facts,
        tuple(written.brands),
        campaigns | frozenset(written.past_campaigns) if campaigns else campaigns,
        (*CHANNELS, *written.channels),
        frozenset(written.french_territories),
    )


def _without_slips(root: Any) -> tuple[Facts, set[str]]:
    """Return what of the file can be read, and the names of the facts that cannot."""
    if not isinstance(root, dict):
        return Facts(), set()
    doubtful: set[str] = set()
    kept = dict(root)
    try:
        Facts.model_validate(root)
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            key, *inside = entry["loc"]
            if key == "facts" and inside and isinstance(root["facts"], dict):
                doubtful.add(str(inside[0]))
            else:
                kept.pop(key, None)
    if doubtful and "facts" in kept:
        kept["facts"] = {name: said for name, said in root["facts"].items() if name not in doubtful}
    return Facts.model_validate(kept), doubtful


def _origin_faults(fact: Fact, facts: dict[str, Fact]) -> list[Fault]:
    """Return what a fact cannot be derived from: one that there is not, and, by whatever way, itself."""
    found = []
    for index, origin in enumerate(fact.derived_from):
        path = ("facts", fact.name, "derived_from", index)
        way = chain(origin, fact.name.__eq__, lambda name: facts[name].derived_from if name in facts else ())
        if origin not in facts:
            found.append(
                Fault(
                    path,
                    Say(f"unknown fact '{origin}'", f"donnée inconnue « {origin} »"),
                    did_you_mean(origin, facts),
                )
            )
        elif way:
            text = " → ".join((fact.name, *way))
            found.append(
                Fault(
                    path,
                    Say(
                        f"the fact is derived from itself: {text}",
                        f"la donnée est dérivée d'elle-même : {text}",
                    ),
                    Say("Name what it was computed from.", "Nommez ce dont elle a été calculée."),
                )
            )
    return found
