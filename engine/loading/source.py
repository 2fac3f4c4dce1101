"""A YAML file, read safely, with the place of everything in it.

YAML 1.2: `no` is a word, `07:30` is text. Anchors, aliases, merge keys, tags, keys given twice and
documents that are too large or too deep are refused before anything is built: eight lines of nested
aliases become 43 million nodes when somebody walks them.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedKeyMap, CommentedKeySeq, CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.parser import RoundTripParser
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from engine.loading.project_files import bytes_of, not_utf8
from engine.problems import Fault, PathPart, Problem, Say, Span

LARGEST: Final = 512 * 1024  #: bytes
DEEPEST: Final = 40  #: nested lists and maps
MOST: Final = 50_000  #: scalars


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and what it says; `name` is the path as the author types it."""

    name: str
    text: str
    root: Any  #: ruamel's round-trip tree: it knows the line and column of each node

    def place(self, path: Sequence[PathPart], *, of_key: bool = False) -> Span:
        """Return where the value at `path` stands, or its key, or the nearest thing around it.

        A part that the document lacks is passed over: a key that is missing, the tag of a union.
        """
        node, line, column = self.root, 0, 0
        for part in path:
            if isinstance(node, CommentedMap) and part in node:
                line, column = node.lc.key(part)
                # A list begins below its key, and nothing stands nowhere: of both the key is shown.
                if not of_key and not isinstance(node[part], CommentedMap | CommentedSeq | None):
                    line, column = node.lc.value(part)
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line, column = node.lc.item(part)
            else:
                continue
            node = node[part]
        return Span(self.name, line + 1, column + 1)

    def excerpt(self, span: Span) -> str | None:
        lines = self.text.splitlines()
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None

    def problem(self, fault: Fault) -> Problem:
        span = self.place(fault.path, of_key=fault.of_key)
        return Problem(span, fault.what, fault.remedy, self.excerpt(span))


def read(root: Path, name: str) -> tuple[Source | None, list[Problem]]:
    """Return the document of a file of the project `root`, or the problems that keep it from being read."""
    start = Span(name)
    raw, wrong = bytes_of(root, name)
    if raw is None:
        return None, wrong
    if len(raw) > LARGEST:
        return None, [
            _problem(
                start,
                f"is larger than {LARGEST // 1024} kB",
                f"dépasse {LARGEST // 1024} ko",
                "Split it: one campaign or segment a file.",
                "Découpez-le : une campagne ou un segment par fichier.",
            )
        ]
    wrong = not_utf8(raw, name)
    return (None, wrong) if wrong else parse(raw.decode("utf-8-sig"), name)


def parse(text: str, name: str) -> tuple[Source | None, list[Problem]]:
    """Return the document that `text` says, or the problems that keep it from being read."""
    source, problems = _parsed(text, name)
    return source, list(problems)


# Milliseconds a line, and the same files again at each step of a run: whoever reads a tree leaves it as it is.
@lru_cache(maxsize=512)
def _parsed(text: str, name: str) -> tuple[Source | None, list[Problem]]:
    strange = next(
        (
            (number, match.start() + 1)
            for number, line in enumerate(text.splitlines(), 1)
            for match in _INVISIBLE.finditer(line)
        ),
        None,
    )
    if strange:
        span = Span(name, *strange)
        return None, [
            _problem(
                span,
                "an invisible control character",
                "un caractère de contrôle invisible",
                "Delete it: it can make the file read other than it is.",
                "Supprimez-le : il peut faire lire autre chose que ce qui est écrit.",
            )
        ]
    try:
        root = _yaml().load(text)
        source = Source(name, text, root)
        unspeakable = list(_unspeakable(source, root))
        if unspeakable:
            return None, unspeakable
    except _Refused as refused:
        return None, [Problem(Span(name, *refused.place), refused.what, refused.remedy)]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(name) if mark is None else Span(name, mark.line + 1, mark.column + 1)
        said = (error.problem or str(error)).strip().splitlines()[0]
        lines = text.splitlines()
        excerpt = lines[span.line - 1] if span.line <= len(lines) else None
        if "duplicate key" in said:
            key = said.split('"')[1] if '"' in said else "?"
            return None, [
                Problem(
                    span,
                    Say(f"the key '{key}' is given twice", f"la clé « {key} » est donnée deux fois"),
                    Say("Keep one of the two.", "Gardez-en une seule."),
                    excerpt,
                )
            ]
        return None, [
            Problem(
                span,
                Say(f"is not YAML: {said}", f"n'est pas du YAML : {_french_yaml(said)}"),
                Say(
                    "Check indentation, colons and quotes on this line and the one before.",
                    "Vérifiez l'indentation, les deux-points et les guillemets de cette ligne "
                    "et de la précédente.",
                ),
                excerpt,
            )
        ]
    except ReaderError as error:
        strange_letter = chr(error.character) if isinstance(error.character, int) else str(error.character)
        return None, [
            _problem(
                Span(name, *_line_and_column(text, max(0, text.find(strange_letter)))),
                "a character that YAML does not allow",
                "un caractère que YAML ne permet pas",
                "Delete it: it can make the file read other than it is.",
                "Supprimez-le : il peut faire lire autre chose que ce qui est écrit.",
            )
        ]
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:
        return None, [_impossible_value(text, name) or _no_yaml(name, error)]
    return source, []


def _french_yaml(said: str) -> str:
    for part, french in (
        ("'\\t'", "une tabulation ; YAML ne veut que des espaces"),
        ("mapping values are not allowed", "un deux-points de trop, ou un texte à mettre entre guillemets"),
        ("could not find expected ':'", "il manque un deux-points"),
        ("expected <block end>", "l'indentation ne suit pas celle des lignes du dessus"),
        ("expected ',' or", "il manque une virgule ou un crochet fermant"),
        ("unexpected end of stream", "un guillemet ou un crochet n'est pas fermé"),
        ("escape", "une barre oblique inverse que YAML ne connaît pas ; préférez les guillemets simples"),
        ("cannot start any token", "un signe qui ne peut commencer une valeur ; mettez-la entre guillemets"),
    ):
        if part in said:
            return french
    return "cette ligne ne se lit pas"


_INVISIBLE: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of writing."""


def _problem(span: Span, en: str, fr: str, remedy_en: str, remedy_fr: str) -> Problem:
    return Problem(span, Say(en, fr), Say(remedy_en, remedy_fr))


def _no_yaml(name: str, error: Exception) -> Problem:
    said = type(error).__name__
    return _problem(
        Span(name),
        f"is not YAML ({said})",
        f"n'est pas du YAML ({said})",
        "Check brackets and quotes.",
        "Vérifiez les crochets et les guillemets.",
    )


def _impossible_value(text: str, name: str) -> Problem | None:
    """Return which value is no letter, no date and no number though it looks like one: ruamel's own error has no place."""
    scanning = YAML(typ="rt", pure=True)
    scanning.get_constructor_parser(text)
    try:
        while scanning.scanner.check_token():
            scanning.scanner.get_token()
    except (ValueError, OverflowError):  # it has just read '\U', in double quotes; elsewhere that is text
        mark = scanning.reader.get_mark()
        letter = text[mark.index - 2 : mark.index + 8]
        return _problem(
            Span(name, mark.line + 1, mark.column - 1),
            f"there is no letter '{letter}'",
            f"il n'y a pas de lettre « {letter} »",
            "Write the letter itself.",
            "Écrivez la lettre elle-même.",
        )
    for node in _scalars(YAML(typ="rt", pure=True).compose(text)):
        if node.style or str(node.tag).rpartition(":")[2] not in ("timestamp", "int", "float"):
            continue
        try:
            YAML(typ="safe", pure=True).load(node.value)
        except (YAMLError, ValueError, OverflowError):
            mark = node.start_mark
            return _problem(
                Span(name, mark.line + 1, mark.column + 1),
                f"'{node.value[:60]}' is no date and no number",
                f"« {node.value[:60]} » n'est ni une date ni un nombre",
                "Write a day of the calendar: 2026-02-28; in quotes it is a text.",
                "Écrivez un jour du calendrier : 2026-02-28 ; entre guillemets, c'est un texte.",
            )
    return None


_NO_LETTER: Final = re.compile("[\0\ud800-\udfff]")


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def _scalars(node: Any) -> Iterator[ScalarNode]:
    match node:
        case ScalarNode():
            yield node
        case SequenceNode():
            for entry in node.value:
                yield from _scalars(entry)
        case MappingNode():
            for pair in node.value:
                for entry in pair:
                    yield from _scalars(entry)


def _unspeakable(source: Source, node: Any, path: tuple[PathPart, ...] = ()) -> Iterator[Problem]:
    """Give what no database and no model can hold: keys that are lists, letters that are none."""
    match node:
        case CommentedMap():
            for key, value in node.items():
                if isinstance(key, tuple | CommentedKeyMap | CommentedKeySeq):
                    yield source.problem(
                        Fault(
                            (*path, key),  # type: ignore[arg-type]  # found by what it is
                            Say("a key is a word", "une clé est un mot"),
                            Say("Write 'key: value'; brackets stand behind the colon.",
                                "Écrivez « clé: valeur » ; les crochets viennent après les deux-points."),
                            of_key=True,
                        )
                    )  # fmt: skip
                else:
                    yield from _unspeakable(source, key, (*path, key))
                    yield from _unspeakable(source, value, (*path, key))
        case CommentedSeq():
            for index, value in enumerate(node):
                yield from _unspeakable(source, value, (*path, index))
        case str() if _NO_LETTER.search(node):
            yield source.problem(
                Fault(
                    path,
                    Say("a letter that is none (\\0, \\uD800 …)", "un caractère qui n'en est pas un (\\0, \\uD800 …)"),
                    Say("Delete it: no database can hold it.", "Supprimez-le : aucune base ne peut le contenir."),
                )
            )  # fmt: skip


class _Refused(Exception):
    """What our files may not say, at the event that says it."""

    def __init__(self, event: Event, what: Say, remedy: Say) -> None:
        super().__init__(what.en)
        self.place = (event.start_mark.line + 1, event.start_mark.column + 1)
        self.what, self.remedy = what, remedy


class _Guarded(RoundTripParser):
    """Asks each event before anything is built of it."""

    depth = scalars = documents = 0

    def get_event(self) -> Any:
        event = super().get_event()
        refused = self._refused(event)
        if refused:
            raise _Refused(event, *refused)
        return event

    def _refused(self, event: Event) -> tuple[Say, Say] | None:
        if getattr(event, "anchor", None):
            return (
                Say("anchors and aliases are not allowed", "les ancres et les alias ne sont pas permis"),
                Say("Write the value out in each place.", "Écrivez la valeur à chaque endroit."),
            )
        match event:
            case ScalarEvent(tag=tag) | SequenceStartEvent(tag=tag) | MappingStartEvent(tag=tag) if tag:
                return (
                    Say(f"the tag '{tag}' is not allowed", f"le type « {tag} » n'est pas permis"),
                    Say("Remove it: what a value is follows from its key.",
                        "Supprimez-le : le type d'une valeur découle de sa clé."),
                )  # fmt: skip
            case ScalarEvent(value="<<", style=None | ""):
                return (
                    Say("merge keys ('<<') are not allowed", "les clés de fusion (« << ») ne sont pas permises"),
                    Say("Write the keys out.", "Écrivez les clés."),
                )  # fmt: skip
            case DocumentStartEvent() if event.version or event.tags:
                return (
                    Say("directives ('%YAML', '%TAG') are not allowed",
                        "les directives (« %YAML », « %TAG ») ne sont pas permises"),
                    Say("Delete the line: every file is YAML 1.2, and 'no' a word.",
                        "Supprimez la ligne : tout fichier est en YAML 1.2, et « no » un mot."),
                )  # fmt: skip
            case DocumentStartEvent():
                self.documents += 1
            case ScalarEvent():
                self.scalars += 1
            case SequenceStartEvent() | MappingStartEvent():
                self.depth += 1
            case SequenceEndEvent() | MappingEndEvent():
                self.depth -= 1
        if self.documents > 1:
            return (
                Say("a second document starts here", "un second document commence ici"),
                Say("One document a file: move it to a file of its own.",
                    "Un document par fichier : mettez-le dans son propre fichier."),
            )  # fmt: skip
        if self.depth > DEEPEST or self.scalars > MOST:
            return (
                Say("is nested too deep or holds too much", "est trop imbriqué ou trop volumineux"),
                Say("Split it into several files.", "Découpez-le en plusieurs fichiers."),
            )
        return None


def _yaml() -> YAML:
    """Return ruamel's reader that keeps places, as we let it read."""
    yaml = YAML(typ="rt", pure=True)
    yaml.allow_duplicate_keys = False
    yaml.Parser = _Guarded
    yaml.Scanner = Scanner  # the round trip's own gathers comments, for those who write the file again
    return yaml


def plain(node: Any) -> Any:
    """Return the tree without ruamel's own types, as pydantic takes it."""
    match node:
        case CommentedMap():
            return {str(key): plain(value) for key, value in node.items()}
        case CommentedSeq():
            return [plain(value) for value in node]
        case bool() | None:
            return node
        case dt.datetime():
            return dt.datetime(
                node.year,
                node.month,
                node.day,
                node.hour,
                node.minute,
                node.second,
                node.microsecond,
                node.tzinfo,
            )
        case int():
            return int(node)
        case float():
            return float(node)
        case str():
            return str(node)
        case _:
            return node
