"""The files of `segments/`, all of them: the library they make, and everything that is wrong with them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from engine.loading.examples import example_faults
from engine.loading.fact_file import FACTS, read_catalogue
from engine.loading.meaning import segment_faults
from engine.loading.project_files import bytes_of
from engine.loading.segment_schema import campaign_schema, json_schema
from engine.loading.source import Source, plain, read
from engine.loading.sql_files import read_sql
from engine.loading.validation import build
from engine.model.chain import chain
from engine.model.clauses import Compare, Is, IsNot, Missing, walk
from engine.model.segment import AnySegment, Library, Segment
from engine.problems import Fault, Problem, Say

__all__ = ["campaign_schema", "from_texts", "json_schema", "load"]

_SEGMENT: Final = re.compile(r"^(?:--[ \t]*)?segment:[ \t]*([a-z0-9][a-z0-9_-]*)", re.MULTILINE)
_CAMPAIGN: Final = re.compile(r"^campaign:[ \t]*([a-z0-9][a-z0-9_-]*)", re.MULTILINE)


def load(folder: Path, *, campaigns: frozenset[str] | None = None) -> tuple[Library, list[Problem]]:
    """Return the segments and facts of a folder, and all that is wrong with its files.

    `campaigns` are the names that segments may use, and those of the files beside the folder if absent;
    with none, any name will do. What is wrong stays out of the library, or keeps its place in it if only its meaning is at fault:
    a campaign that names it is then not told that it does not exist.
    """
    problems: list[Problem] = []
    segments: dict[str, AnySegment] = {}
    sources: dict[str, Source] = {}
    files: dict[str, list[str]] = {}
    names = _campaign_names(folder.parent / "campaigns") if campaigns is None else campaigns
    catalogue = read_catalogue(folder, names, problems)
    if campaigns is None:
        steps, cells = _parts_of_campaigns(folder.parent / "campaigns")
        catalogue = replace(catalogue, steps=steps, cells=cells)
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.sql")]):
        if path.name == FACTS:
            continue
        name = f"{folder.name}/{path.name}"
        segment: AnySegment | None
        if path.suffix == ".sql":
            segment, source, wrong = read_sql(folder.parent, name, catalogue)
        else:
            source, wrong = read(folder.parent, name)
            segment = None
            if source is not None:
                segment, more = build(source, Segment)
                wrong = [*wrong, *more]
        problems += wrong
        said = _name_in(folder.parent, name) if segment is None else segment.segment
        if said is not None:
            files.setdefault(said, []).append(name)
        if segment is None or source is None:
            continue
        if segment.segment in segments:
            problems.append(source.problem(_twice(segment.segment, sources[segment.segment].name)))
            continue
        segments[segment.segment], sources[segment.segment] = segment, source
    library = Library(segments, catalogue, {said: tuple(found) for said, found in files.items()})
    circles = _circles(library)
    for name, segment in segments.items():
        if not isinstance(segment, Segment):
            continue
        faults = [*segment_faults(segment, library), *circles.get(name, [])]
        whole = not any(other in circles for other in [name, *(s.segment for s in library.reached([name]))])
        if not faults and whole and _reads_well(segment, library):
            faults = example_faults(segment, library)
        problems += [sources[name].problem(fault) for fault in faults]
    return library, sorted(problems, key=lambda problem: problem.span)


def from_texts(files: Mapping[str, str]) -> tuple[Library, list[Problem]]:
    """Return the library of a stored definition (path -> text), read exactly as the files it was made of."""
    with TemporaryDirectory(prefix="touchbase-definition-") as kept:
        root = Path(kept)
        for name, text in files.items():
            if name.startswith("segments/"):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        # Which other campaigns there were is not part of the definition, and was checked when it was made.
        return load(root / "segments", campaigns=frozenset())


def _reads_well(segment: Segment, library: Library) -> bool:
    """Return whether everything that a segment names can be asked of an example."""
    reached = library.reached([segment.segment])
    if any(
        name not in library.segments
        for one in reached
        if isinstance(one, Segment)
        for name in one.mentioned()
    ):
        return False
    asked = [part for one in reached if isinstance(one, Segment) for part in walk(one.who)]
    if any(
        library.fact(part.fact).doubtful
        for part in asked
        if isinstance(part, Is | IsNot | Compare | Missing) and library.has_fact(part.fact)
    ):
        return False
    return all(
        not segment_faults(other, library)
        for other in reached
        if isinstance(other, Segment) and other is not segment
    )


def _name_in(root: Path, name: str) -> str | None:
    """Return which segment a file that cannot be read as one would have been."""
    raw, _ = bytes_of(root, name)
    said = _SEGMENT.search((raw or b"").decode("utf-8-sig", errors="replace"))
    return None if said is None else said[1]


def _twice(name: str, other: str) -> Fault:
    return Fault(
        ("segment",),
        Say(f"the segment '{name}' is already in {other}", f"le segment « {name} » est déjà dans {other}"),
        Say("Give each segment a name of its own.", "Donnez à chaque segment son propre nom."),
    )


def _campaign_names(folder: Path) -> frozenset[str]:
    """Return the names of the campaigns beside the segments, without reading more of their files than that."""
    names = set()
    for path in folder.glob("*.yaml"):
        raw, _ = bytes_of(
            folder.parent, f"{folder.name}/{path.name}"
        )  # whoever reads campaigns tells what is wrong
        names |= set(_CAMPAIGN.findall((raw or b"").decode("utf-8-sig", errors="replace")))
    return frozenset(names)


def _parts_of_campaigns(folder: Path) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the steps and the cells of the campaigns beside the segments, by the campaign's name."""
    steps: dict[str, frozenset[str]] = {}
    cells: dict[str, frozenset[str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        source, _ = read(
            folder.parent, f"{folder.name}/{path.name}"
        )  # whoever reads campaigns tells what is wrong
        said = None if source is None else plain(source.root)
        if isinstance(said, dict) and isinstance(said.get("campaign"), str):
            for key, parts in (("steps", steps), ("cells", cells)):
                written = said.get(key)
                parts[said["campaign"]] = frozenset(written if isinstance(written, dict) else ())
    return steps, cells


def _circles(library: Library) -> dict[str, list[Fault]]:
    """Return the segments that ask themselves, by whatever way, each with its way."""
    found: dict[str, list[Fault]] = {}
    for name in library.segments:
        way = next(
            (
                way
                for other in _mentioned(name, library)
                if (way := chain(other, name.__eq__, partial(_mentioned, library=library)))
            ),
            (),
        )
        if way:
            text = " → ".join((name, *way))
            found[name] = [
                Fault(
                    ("who",),
                    Say(f"the segment asks itself: {text}", f"le segment se demande lui-même : {text}"),
                    Say(
                        "Take one of these 'in' or 'not_in' out.", "Retirez l'un de ces « in » ou « not_in »."
                    ),
                    of_key=True,
                )
            ]
    return found


def _mentioned(name: str, library: Library) -> list[str]:
    """Return the segments that a segment asks for, in the order of their names."""
    segment = library.segments.get(name)
    return sorted(segment.mentioned()) if isinstance(segment, Segment) else []
