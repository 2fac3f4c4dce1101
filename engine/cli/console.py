"""How the command speaks: sentences in the reader's language, tables that a terminal and a pipe can read."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from engine.problems import Language, Say


@cache
def language() -> Language:
    """Return the language of TOUCHBASE_LANG, English if it says nothing."""
    from engine.app import language as chosen
    from engine.problems import UsageError

    try:
        return chosen()
    except UsageError:  # told where settings are read; until then somebody must be spoken to
        return "en"


def say(text: Say | str = "") -> None:
    """Print one answer."""
    print(in_words(text), flush=True)


def complain(text: Say | str) -> None:
    """Print what went wrong, where errors go."""
    print(in_words(text), file=sys.stderr, flush=True)


def in_words(text: Say | str) -> str:
    return text.in_(language()) if isinstance(text, Say) else text


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Give what shows how far something is, on one line of a terminal; where nobody watches, it shows nothing."""
    watched = sys.stderr.isatty()

    def told(what: str, done: int) -> None:
        if watched:
            sys.stderr.write(f"\r\033[K  {what}: {count(done)}")
            sys.stderr.flush()

    yield told
    if watched:
        sys.stderr.write("\r\033[K")


def heading(text: Say | str) -> None:
    words = in_words(text)
    print(f"\n{words}\n{'─' * len(words)}", flush=True)


def count(number: int) -> str:
    """Return a count as people read it: 12,408 or 12 408.

    >>> count(7)
    '7'
    """
    grouped = f"{number:,}"
    return grouped.replace(",", "\u202f") if language() == "fr" else grouped


def table(titles: Sequence[Say | str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under titles; numbers stand to the right."""
    body = [list(row) for row in rows]
    shown = [
        [count(cell) if isinstance(cell, int) and not isinstance(cell, bool) else _cell(cell) for cell in row]
        for row in body
    ]
    heads = [in_words(title) for title in titles]
    widths = [max([len(head), *(len(row[column]) for row in shown)]) for column, head in enumerate(heads)]
    right = [
        all(isinstance(row[column], int | float) for row in body) and bool(body)
        for column in range(len(heads))
    ]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    print(line(heads))
    print(line(["─" * width for width in widths]))
    for row in shown:
        print(line(row))
    sys.stdout.flush()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Say):
        return in_words(value)
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "fr": ("non", "oui")}[language()][value]
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value)
