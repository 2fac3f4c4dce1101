"""From a file into `load_stage`: one COPY of everything, and the patient way only where that one stumbles."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import sql

from engine.problems import DeliveryError, Problem, Say, nearest
from engine.store.base.feeds import Feed, spelled
from engine.store.base.table_file import TableFile, blocks, records
from engine.store.database import Connection

#: COPY's word for a row with too many or too few columns, and for bytes that are no letters.
_STUMBLES: Final = (
    psycopg.errors.BadCopyFileFormat,
    psycopg.errors.CharacterNotInRepertoire,
    psycopg.errors.UntranslatableCharacter,
)
_ENCODINGS: Final = {"utf-8": "UTF8", "windows-1252": "WIN1252", "utf-16-le": "UTF8", "utf-16-be": "UTF8"}


_SHOWN: Final = 40  #: headers
_LONG: Final = 40  #: characters of one


@dataclass(frozen=True, slots=True)
class Rejected:
    """One line, or one value of it, that was not loaded."""

    line: int
    column: str | None
    what: Say
    remedy: Say
    whole_line: bool = True  #: False: the line was loaded without this value
    is_kept: bool = False  #: nothing was left out; somebody should look at it


@dataclass(frozen=True, slots=True)
class Staged:
    """What stands in `load_stage`."""

    sha256: str
    lines: int
    ignored: tuple[str, ...]  #: columns of the file that we do not know
    facts: tuple[str, ...]  #: columns that become facts of the company's own
    rejected: list[Rejected] = field(default_factory=list)
    were_numbered: bool = False  #: lines are rows of the file, not yet places in it
    columns: frozenset[str] = frozenset()  #: ours that the file has; the others are NULL in every line


def mapped(file: TableFile, feed: Feed) -> tuple[list[str], list[str], list[str]]:
    """Return the stage's column for each column of the file, those that we ignore, and the facts.

    Raises:
        DeliveryError: a column that the feed needs is not there, or stands there twice.
    """
    headers = list(file.header or feed.positions)
    names: list[str] = []
    ignored: list[str] = []
    for place, header in enumerate(headers):
        known = feed.column(header)
        if known is None and header.lower().startswith(("fact:", "fait:")):
            known = "fact:" + header.split(":", 1)[1].strip()
        if known is None or known in names:
            ignored.append(header if known is None else f"{header} (×2)")
            known = f"ignored_{place}"
        names.append(known)
    missing = [group for group in feed.needs if not any(name in names for name in group)]
    if missing:
        raise DeliveryError(_unfit(file, feed, headers, missing), _wanted(feed, headers, missing))
    return names, ignored, [name for name in names if name.startswith("fact:")]


def _unfit(file: TableFile, feed: Feed, headers: Sequence[str], missing: Sequence[tuple[str, ...]]) -> Say:
    lacking = ", ".join("/".join(group) for group in missing)
    return Say(
        f"{file.name}: the header does not fit {feed.name}: no column {lacking} among {_told(headers)}. Nothing was loaded.",
        f"{file.name} : l'en-tête ne convient pas à {feed.name} : pas de colonne {lacking} parmi {_told(headers)}. "
        "Rien n'a été chargé.",
    )


def _told(headers: Sequence[str]) -> str:
    """Return headers as a terminal may show them: the first ones, and of each the beginning."""
    shown = [header if len(header) <= _LONG else f"{header[:_LONG]}…" for header in headers[:_SHOWN]]
    return ", ".join([*shown, *(["…"] if len(headers) > _SHOWN else [])])


def _wanted(feed: Feed, headers: Sequence[str], missing: Sequence[tuple[str, ...]]) -> Say:
    close: list[str] = []
    for group in missing:
        for name in group:
            known = [spelled(word) for word in (name, *feed.columns.get(name, ()))]
            close += [f"'{header}' ≈ {name}" for header in headers if nearest(spelled(header), known)]
    accepted = "; ".join(
        f"{name}: {', '.join((name, *feed.columns.get(name, ())))}" for group in missing for name in group
    )
    guess_en = f"Near: {', '.join(close)}. " if close else ""
    guess_fr = f"Proches : {', '.join(close)}. " if close else ""
    return Say(f"{guess_en}Headers understood: {accepted}.", f"{guess_fr}En-têtes compris : {accepted}.")


def stage(connection: Connection, file: TableFile, feed: Feed) -> Staged:
    """Bring a file's rows into the unlogged table `load_stage`, all of them as text, with their lines.

    Call inside a transaction; the table goes with it, or is dropped by whoever took it up.
    """
    names, ignored, facts = mapped(file, feed)
    for attempt in (file, *([file.misread()] if file.encoding == "utf-8" else [])):
        try:
            with connection.transaction():
                _create(connection, feed, names)
                digest = hashlib.sha256()
                cursor = connection.cursor()
                breaks, last = 0, b""
                with cursor.copy(_copy(attempt, names)) as copy:
                    for block in blocks(attempt, digest):
                        copy.write(block)
                        breaks, last = breaks + block.count(b"\n"), block[-1:]
                lines = cursor.rowcount
                # Where there are as many rows as lines, no cell has a line break in it: a row's number is its line's.
                is_broken = breaks + (last not in (b"\n", b"")) != lines
                return Staged(
                    digest.hexdigest(), lines, tuple(ignored), tuple(facts), [], is_broken, frozenset(names)
                )
        except psycopg.errors.BadCopyFileFormat:
            break
        except _STUMBLES:
            continue
    return _patiently(connection, file, feed, names, ignored, facts)


def _create(connection: Connection, feed: Feed, names: Sequence[str]) -> None:
    columns = [*feed.columns, *(name for name in names if name not in feed.columns)]
    connection.execute(
        sql.SQL("CREATE UNLOGGED TABLE load_stage (line integer GENERATED ALWAYS AS IDENTITY (START 2 CACHE 1000), {})").format(
            sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
        )
    )  # fmt: skip


def _copy(file: TableFile, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(
        "COPY load_stage ({}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {}, ENCODING {})"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Literal(file.delimiter), sql.Literal(file.quote), sql.Literal(_ENCODINGS[file.encoding]),
    )  # fmt: skip


def _patiently(
    connection: Connection,
    file: TableFile,
    feed: Feed,
    names: list[str],
    ignored: list[str],
    facts: list[str],
) -> Staged:
    """Stage what can be read, and say of each other line why it cannot."""
    rejected: list[Rejected] = []
    _create(connection, feed, names)
    connection.execute("ALTER TABLE load_stage ALTER COLUMN line DROP IDENTITY")
    lines = 0
    statement = sql.SQL("COPY load_stage (line, {}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor().copy(statement) as copy:
        for line, cells in records(file):
            lines += 1
            if isinstance(cells, Problem):
                rejected.append(Rejected(line, None, cells.what, cells.remedy))
            elif len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
                rejected.append(Rejected(line, None, *_wrong_width(len(cells), len(names))))
            else:
                copy.write_row([line, *(cell if cell else None for cell in cells[: len(names)])])
    digest = hashlib.sha256()
    for _ in blocks(file, digest):
        pass
    return Staged(digest.hexdigest(), lines, tuple(ignored), tuple(facts), rejected, columns=frozenset(names))


def _wrong_width(found: int, wanted: int) -> tuple[Say, Say]:
    return (
        Say(
            f"{found} columns where the header has {wanted}",
            f"{found} colonnes là où l'en-tête en a {wanted}",
        ),
        Say(
            "A delimiter within a text? Put the text in quotes at the source and send the line again.",
            "Un séparateur dans un texte ? Mettez le texte entre guillemets à la source et renvoyez la ligne.",
        ),
    )


def stage_rows(
    connection: Connection, feed: Feed, names: list[str], rows: Sequence[tuple[str | None, ...]]
) -> Staged:
    """Stage rows that did not come as lines: a table of reference written as JSON."""
    _create(connection, feed, names)
    digest = hashlib.sha256()
    statement = sql.SQL("COPY load_stage ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            digest.update(repr(row).encode())
            copy.write_row(row)
    return Staged(digest.hexdigest(), len(rows), (), (), columns=frozenset(names))
