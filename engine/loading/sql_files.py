"""A segment in SQL as a file: comments that say what it is, then one SELECT."""

import re
from pathlib import Path
from typing import Final

from engine.loading.project_files import bytes_of, not_utf8
from engine.loading.source import Source
from engine.loading.sql_grammar import slips
from engine.model.facts import Catalogue
from engine.model.segment import SqlSegment
from engine.model.written import NAME
from engine.problems import Problem, Say, Span, did_you_mean

_HEADER: Final = re.compile(r"^--[ \t]*(\w+)[ \t]*:[ \t]*(.*?)[ \t]*$")
KEYS: Final = ("of", "segment", "title")
LARGEST: Final = 64 * 1024  #: bytes


def read_sql(
    root: Path, name: str, catalogue: Catalogue
) -> tuple[SqlSegment | None, Source | None, list[Problem]]:
    """Return the segment that a `.sql` file of the project `root` says, its text, and what is wrong with it."""
    raw, wrong = bytes_of(root, name)
    if raw is None:
        return None, None, wrong
    wrong = not_utf8(raw, name)
    if wrong:
        return None, None, wrong
    text = raw.decode("utf-8-sig")
    source = Source(name, text, None)
    if len(raw) > LARGEST:
        return None, source, [_problem(source, 1, 1, Say("is larger than 64 kB", "dépasse 64 ko"),
                                       Say("Ask less at once.", "Demandez moins à la fois."))]  # fmt: skip
    if "\0" in text:  # the grammar would end there, and judge no more than what stands before
        place = text.index("\0")
        return None, source, [_problem(source, *_place(text, place + 1), Say("an invisible control character", "un caractère de contrôle invisible"),
                                       Say("Delete it.", "Supprimez-le."))]  # fmt: skip
    said, problems = _header(source)
    if problems:
        return None, source, problems
    segment = SqlSegment(said["segment"], said["of"], said["title"], text)  # type: ignore[arg-type]  # checked
    wrong = [
        _problem(source, *_place(text, slip.at), slip.what, slip.remedy) for slip in slips(text, catalogue)
    ]
    return segment, source, wrong


def _place(text: str, at: int) -> tuple[int, int]:
    """Return the line and column of an offset; without one, of the first line that is no comment."""
    if at <= 0:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith("--"):
                return number, 1
        return 1, 1
    before = text[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def _header(source: Source) -> tuple[dict[str, str], list[Problem]]:
    said: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(source.text.splitlines(), 1):
        if not line.startswith("--"):
            if line.strip():
                break
            continue
        match = _HEADER.match(line)
        if match is None:
            continue
        key, value = match[1], match[2]
        if key not in KEYS:
            problems.append(
                _problem(
                    source,
                    number,
                    1,
                    Say(f"unknown key '{key}'", f"clé inconnue « {key} »"),
                    did_you_mean(key, KEYS),
                )
            )
        elif key in said:
            problems.append(_problem(source, number, 1, Say(f"the key '{key}' is given twice", f"la clé « {key} » est donnée deux fois"),
                                     Say("Keep one of the two.", "Gardez-en une seule.")))  # fmt: skip
        elif key == "segment" and not re.fullmatch(NAME, value):
            problems.append(_problem(source, number, 1, Say(f"'{value}' is not a name", f"« {value} » n'est pas un nom"),
                                     Say("Use small letters, digits, '-' and '_'.", "Utilisez minuscules, chiffres, « - » et « _ ».")))  # fmt: skip
        elif key == "of" and value not in ("person", "organisation"):
            problems.append(_problem(source, number, 1, Say(f"'{value}' is not one of the known values", f"« {value} » n'est pas une valeur connue"),
                                     did_you_mean(value, ["person", "organisation"])))  # fmt: skip
        else:
            said[key] = value
    for key in KEYS:
        if key not in said and not problems:
            problems.append(_problem(source, 1, 1, Say(f"'{key}' is missing", f"« {key} » manque"),
                                     Say(f"Begin the file with '-- {key}: ...'.", f"Commencez le fichier par « -- {key}: ... ».")))  # fmt: skip
    return said, problems


def _problem(source: Source, line: int, column: int, what: Say, remedy: Say) -> Problem:
    span = Span(source.name, line, column)
    return Problem(span, what, remedy, source.excerpt(span))
