"""The press: letters are set in bundles, each by a process of its own, and bound as one PDF.

typst keeps what it has laid out as long as its process lives: more than a megabyte a letter, so that one
batch of five thousand would take 7 GB. A process that ends gives everything back, and several of them
use every core. A few letters are not worth a process; they are set here.
"""

import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

BUNDLE: Final = 250
"""Letters that one process sets, at most: about 450 MB."""

ALONE: Final = 40
"""So many are set without a process, which takes half a second to begin."""

AT_ONCE: Final = 4
"""Processes at the same time, at most; never more than there are cores."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Letters one behind the other, as one PDF/A-2b."""

    pdf: bytes
    starts: tuple[int, ...]  #: first page of each piece, from 1
    pages: int


class Jam(Exception):
    """What typst had against it; its words name keys and functions of the template, never a value."""

    def __init__(self, message: str, diagnostic: str, trace: Sequence[str], hints: Sequence[str]) -> None:
        super().__init__(message)
        self.message, self.diagnostic, self.trace, self.hints = message, diagnostic, trace, hints


def pressed(main: Path, pieces: Sequence[Mapping[str, Any]], fixed: Mapping[str, str], at: int) -> Bundle:
    """Return all pieces set by the typst file `main`, in their order.

    Args:
        main: Reads `pieces` and `fixed` from `sys.inputs`; tells `<map>` where pieces begin.
        at: Seconds since 1970; the PDF's date.

    Raises:
        Jam: typst says no.
    """
    if len(pieces) <= ALONE:
        return _set(main, pieces, fixed, at)
    bundles = _bundles(pieces)
    with ThreadPoolExecutor(min(AT_ONCE, os.cpu_count() or 1, len(bundles))) as threads:
        made = [threads.submit(_set_apart, main, bundle, fixed, at) for bundle in bundles]
        try:
            return _bound([one.result() for one in made])
        finally:
            for one in made:  # after a jam the others need not begin
                one.cancel()


def _bundles(pieces: Sequence[T]) -> list[Sequence[T]]:
    """Return the pieces in bundles of a size, an even number of them, so that two cores end together.

    The same on every machine, so that a batch is the same bytes everywhere.

    >>> [len(bundle) for bundle in _bundles(range(608))]
    [152, 152, 152, 152]
    """
    number = 2 * math.ceil(len(pieces) / (2 * BUNDLE))
    size = math.ceil(len(pieces) / number)
    return [pieces[first : first + size] for first in range(0, len(pieces), size)]


def _set(main: Path, pieces: Sequence[Mapping[str, Any]], fixed: Mapping[str, str], at: int) -> Bundle:
    import typst  # 80 MB of it; only the process that prints pays

    try:
        compiler = typst.Compiler(
            main,
            root=main.parent,
            ignore_system_fonts=True,  # else the same letter looks different on another machine
            package_path=main.parent / "none",
            package_cache_path=main.parent / "none",
            sys_inputs={**fixed, "pieces": json.dumps(list(pieces), ensure_ascii=False)},
        )
        # No tags: they help whoever listens to a PDF, and these are printed; they cost as much
        # again as setting the letters. PDF/A-2b does not ask for them.
        pdf = compiler.compile(format="pdf", pdf_standards=["a-2b"], timestamp=at, pdf_tags=False)
        [found] = json.loads(compiler.query("<map>", field="value"))  # laid out already: no cost
    except typst.TypstError as error:
        trace = [str(line) for line in (error.trace or ())]
        raise Jam(error.message, error.diagnostic or "", trace, list(error.hints or ())) from None
    assert isinstance(pdf, bytes)  # one PDF, not one file a page
    return Bundle(pdf, tuple(found["starts"]), found["last"])


def _set_apart(main: Path, pieces: Sequence[Mapping[str, Any]], fixed: Mapping[str, str], at: int) -> Bundle:
    """Do what `_set` does in a process of its own; this thread waits for it."""
    order = json.dumps({"main": str(main), "pieces": list(pieces), "fixed": dict(fixed), "at": at})
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        input=order.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    head, _, pdf = done.stdout.partition(b"\n")
    told = json.loads(head)
    if "jam" in told:
        raise Jam(**told["jam"])
    return Bundle(pdf, tuple(told["starts"]), told["pages"])


def _bound(bundles: Sequence[Bundle]) -> Bundle:
    """Return several bundles as one; what the first says of itself (title, colours, standard) goes for all."""
    if len(bundles) == 1:
        return bundles[0]
    import pikepdf

    starts: list[int] = []
    pages = 0
    for bundle in bundles:
        starts += [pages + start for start in bundle.starts]
        pages += bundle.pages
    opened = [pikepdf.open(io.BytesIO(bundle.pdf)) for bundle in bundles]
    whole = opened[0]
    for other in opened[1:]:
        whole.pages.extend(other.pages)
    said = whole.Root.Metadata.read_bytes()
    first = f"<xmpTPg:NPages>{bundles[0].pages}<".encode()
    whole.Root.Metadata.write(said.replace(first, f"<xmpTPg:NPages>{pages}<".encode()))
    out = io.BytesIO()
    whole.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for one in opened:
        one.close()
    return Bundle(out.getvalue(), tuple(starts), pages)


def _main() -> None:
    """Set one bundle: an order as JSON comes in; a line of JSON and the PDF go out."""
    order = json.load(sys.stdin.buffer)
    try:
        made = _set(Path(order["main"]), order["pieces"], order["fixed"], order["at"])
    except Jam as jam:
        told: dict[str, Any] = {
            "jam": {
                "message": jam.message,
                "diagnostic": jam.diagnostic,
                "trace": list(jam.trace),
                "hints": list(jam.hints),
            }
        }
        pdf = b""
    else:
        told, pdf = {"starts": made.starts, "pages": made.pages}, made.pdf
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + pdf)


if __name__ == "__main__":
    _main()
