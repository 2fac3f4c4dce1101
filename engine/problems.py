"""How we say what is wrong: in a file, with its place; in the world, with what is left to do.

Every sentence exists in English and in French. Both stand side by side where the problem is found,
so that whoever changes one sees the other; the door that shows it chooses the language.

A problem never names a person: ids, places and counts only. (Prefect stores the text of exceptions.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]

PathPart: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence in both languages.

    >>> str(Say("unknown key 'x'", "clé inconnue « x »"))
    "unknown key 'x'"
    """

    en: str
    fr: str

    def in_(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en

    def __str__(self) -> str:
        return self.en


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something stands in a file. Lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a path of a document; the loader knows the place of the path.

    `of_key` points at the key itself rather than at its value.
    """

    path: tuple[PathPart, ...]
    what: Say
    remedy: Say
    of_key: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file, where, and what to do."""

    span: Span
    what: Say
    remedy: Say
    excerpt: str | None = field(default=None, compare=False)  #: the line it stands on, if known

    def show(self, language: Language = "en") -> str:
        """Return the problem as people read it: place, words, the line, the way out."""
        lines = [f"{self.span}: {self.what.in_(language)}"]
        if self.excerpt is not None:
            number = str(self.span.line)
            margin = " " * len(number)
            lines += [
                f"  {margin} |",
                f"  {number} | {self.excerpt}",
                f"  {margin} | {' ' * (self.span.column - 1)}^",
            ]
        lines.append(f"    = {self.remedy.in_(language)}")
        return "\n".join(lines)


class Refused(ValueError):
    """A refusal in its own words, raised by the validators of what people write.

    `path` leads from the value that the validator was given to the part that is wrong; `of_key`: to
    its key.
    """

    def __init__(self, what: Say, remedy: Say, *path: PathPart, of_key: bool = False) -> None:
        super().__init__(str(what))
        self.what, self.remedy, self.path, self.of_key = what, remedy, path, of_key


class EngineError(Exception):
    """What failed, what was kept, what is yours to do. Each kind has its exit code."""

    exit_code = 1

    def __init__(self, what: Say, remedy: Say | None = None) -> None:
        super().__init__(str(what) if remedy is None else f"{what}\n{remedy}")
        self.what = what
        self.remedy = remedy

    def show(self, language: Language = "en") -> str:
        remedy = "" if self.remedy is None else "\n" + self.remedy.in_(language)
        return self.what.in_(language) + remedy


class UsageError(EngineError):
    """The command was asked for something that does not exist or does not fit."""

    exit_code = 2


class DeliveryError(UsageError):
    """A delivered file is not what its feed needs, or nothing of it could be loaded."""

    exit_code = 10


class FilesError(EngineError):
    """Files of the project are wrong; carries all their problems."""

    exit_code = 10

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.span))
        count = len(self.problems)
        what = Say(
            f"{count} problem{'s' * (count != 1)} in the files.",
            f"{count} problème{'s' * (count != 1)} dans les fichiers.",
        )
        super().__init__(what)

    def show(self, language: Language = "en") -> str:
        return "\n\n".join([*(problem.show(language) for problem in self.problems), self.what.in_(language)])


class DatabaseUnavailable(EngineError):
    """The database cannot be reached or used."""

    exit_code = 11


class ChannelUnavailable(EngineError):
    """A channel cannot take parcels now: all of it later. Nothing without a receipt went out."""

    exit_code = 12


class PrefectUnavailable(EngineError):
    """Prefect's server does not start or does not answer: flows cannot be driven now. What was committed is kept."""

    exit_code = 12


class SenderRefused(ChannelUnavailable):
    """A channel's other side refuses us, not a customer: trying again changes nothing before somebody looked."""


class GuardStopped(EngineError):
    """A guard of the plan (expected size, budget, approval, permit) stopped before any send."""

    exit_code = 13


class Mishap(EngineError):
    """An exception that is not ours, without its text: its kind, and where in our code it struck.

    A database or mail error repeats the row or address that it choked on, and Prefect keeps what it is told.
    """

    def __init__(self, error: BaseException) -> None:
        from traceback import extract_tb

        frames = extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/site-packages/" not in frame.filename] or frames[-1:]
        self.kind = f"{type(error).__module__}.{type(error).__qualname__}"
        self.places = tuple(
            f"{frame.filename.rsplit('/engine/', 1)[-1]}:{frame.lineno} in {frame.name}" for frame in ours
        )
        lines = "\n".join(f"  {place}" for place in self.places)
        super().__init__(
            Say(
                "This is a bug of Touchbase. What was committed is kept; what was not is undone.\n"
                f"{self.kind}\n{lines}",
                "C'est un défaut de Touchbase. Ce qui était validé est gardé ; le reste est annulé.\n"
                f"{self.kind}\n{lines}",
            ),
            Say(
                "Please report these lines; they hold no personal data.",
                "Merci de signaler ces lignes ; elles ne contiennent aucune donnée personnelle.",
            ),
        )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` is most likely a slip of, or `None`.

    >>> nearest("segmnt", ["segment", "except"]), nearest("2a", ["01", "2A"])
    ('segment', '2A')
    """
    from difflib import get_close_matches

    words = list(known)
    for one in words:  # two letters in the wrong size are further apart than a cutoff allows
        if one.casefold() == word.casefold():
            return one
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> Say:
    """Return the remedy for an unknown word: the nearest known one, and all that are known."""
    words = sorted(known)
    listed = ", ".join(words)
    close = nearest(word, words)
    if close is None:
        return Say(f"Known here: {listed}.", f"Connus ici : {listed}.")
    return Say(
        f"Did you mean '{close}'? Known here: {listed}.",
        f"Vouliez-vous dire « {close} » ? Connus ici : {listed}.",
    )
