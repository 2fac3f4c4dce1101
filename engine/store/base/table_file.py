"""A delivered file as it is: how it is encoded, what parts its columns, and what its header says."""

import codecs
import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final
from unicodedata import category

from engine.problems import DeliveryError, Problem, Say, Span, UsageError

_SAMPLE: Final = 1 << 20
_CHUNK: Final = 1 << 18
DELIMITERS: Final = (";", ",", "\t", "|")

#: Beyond this, a record is a quote that was opened and never closed.
_LONGEST_FIELD: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TableFile:
    """What was found out about a file of rows and columns."""

    path: Path
    encoding: str  #: utf-8, windows-1252 (which contains Latin-1), utf-16
    delimiter: str
    quote: str  #: '"', or a control character where the file quotes nothing
    header: tuple[str, ...]  #: as written; empty for a file without one
    body: int  #: bytes before the first row

    @property
    def name(self) -> str:
        return self.path.name

    def misread(self) -> "TableFile":
        """Return the same file read as windows-1252: what a byte that is no UTF-8 means."""
        return replace(self, encoding="windows-1252")


def opened(path: Path) -> IO[bytes]:
    """Open a file, or the file within a .gz."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def examined(path: Path, *, has_header: bool = True) -> TableFile:
    """Return what a file's first megabyte says about it.

    Raises:
        UsageError: it is not there, or cannot be read.
        DeliveryError: it holds no rows, or is no text.
    """
    try:
        with opened(path) as file:
            start = file.read(_SAMPLE)
    except OSError as error:
        raise UsageError(
            Say(
                f"{path} cannot be read: {error.strerror or 'not a gzip file'}. Nothing was loaded.",
                f"{path} est illisible : {error.strerror or 'pas un fichier gzip'}. Rien n'a été chargé.",
            ),
            Say("Check the path and who may read it.", "Vérifiez le chemin et les droits de lecture."),
        ) from None
    encoding, skipped = _encoding(start)
    text = start[skipped:].decode(encoding, errors="replace").lstrip("\x00")
    if start[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise DeliveryError(
            Say(f"{path} is a spreadsheet, not a text file. Nothing was loaded.",
                f"{path} est un classeur, pas un fichier texte. Rien n'a été chargé."),
            Say("Save it as 'CSV UTF-8' and load that.", "Enregistrez-le en « CSV UTF-8 » et chargez celui-là."),
        )  # fmt: skip
    if not text.strip():
        raise DeliveryError(
            Say(f"{path} is empty. Nothing was loaded.", f"{path} est vide. Rien n'a été chargé."),
            Say("Ask for the delivery again.", "Redemandez la livraison."),
        )
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=lambda mark: (_parts(first, mark), -DELIMITERS.index(mark)))
    quote = '"' if delimiter in ";," or f'{delimiter}"' in text or text.startswith('"') else "\x01"
    if not has_header:
        return TableFile(path, encoding, delimiter, quote, (), skipped)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    header = tuple(cell.strip() for cell in next(reader, []))
    if any(category(letter) == "Cc" and letter not in "\t\r\n" for cell in header for letter in cell):
        raise DeliveryError(
            Say(f"{path} is not a text file: there are control characters in its first line. Nothing was loaded.",
                f"{path} n'est pas un fichier texte : sa première ligne contient des caractères de contrôle. Rien n'a été chargé."),
            Say("Ask for the delivery as CSV in UTF-8.", "Demandez la livraison en CSV, en UTF-8."),
        )  # fmt: skip
    length = sum(len(line) for line in text.splitlines(keepends=True)[: reader.line_num])
    return TableFile(
        path,
        encoding,
        delimiter,
        quote,
        header,
        skipped + len(text[:length].encode(encoding, errors="replace")),
    )


def _encoding(start: bytes) -> tuple[str, int]:
    """Return how bytes are to be read, and how many of them only say so."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16-le" if start.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"), 2
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(start)  # a letter cut in two at the sample's end is no fault
    except UnicodeDecodeError:
        return "windows-1252", 0
    return "utf-8", 0


def _parts(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter), []))


def blocks(file: TableFile, digest: "hashlib._Hash") -> Iterator[bytes]:
    """Yield the rows' bytes as PostgreSQL may read them, and tell `digest` every byte of the file."""
    decode = codecs.getincrementaldecoder(file.encoding)() if file.encoding.startswith("utf-16") else None
    with opened(file.path) as source:
        digest.update(source.read(file.body))
        while block := source.read(_CHUNK):
            digest.update(block)
            yield decode.decode(block).encode() if decode else block


def records(file: TableFile) -> Iterator[tuple[int, list[str] | Problem]]:
    """Yield each row's own line and its cells, or what is wrong with it: the slow, patient way.

    Lines that are no UTF-8 are read as windows-1252, each for itself: deliveries are glued together.
    """
    csv.field_size_limit(_LONGEST_FIELD)

    def lines() -> Iterator[str]:
        with opened(file.path) as source:
            source.read(file.body)
            for raw in source:
                try:
                    yield raw.decode("utf-8" if file.encoding == "utf-8" else file.encoding).replace(
                        "\x00", ""
                    )
                except UnicodeDecodeError:
                    yield raw.decode("windows-1252", errors="replace").replace("\x00", "")

    before = 1 if file.header else 0
    reader = csv.reader(lines(), delimiter=file.delimiter, quotechar=file.quote)
    line = before + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield (
                line,
                _fault(
                    file, line, Say("a quote opens and never closes", "un guillemet s'ouvre sans se fermer")
                ),
            )
            line = before + reader.line_num + 1
            continue
        if cells:
            yield line, cells
        line = before + reader.line_num + 1


def _fault(file: TableFile, line: int, what: Say) -> Problem:
    return Problem(
        Span(file.name, line),
        what,
        Say(
            "Correct the line in the source system and send it again.",
            "Corrigez la ligne à la source et renvoyez-la.",
        ),
    )
