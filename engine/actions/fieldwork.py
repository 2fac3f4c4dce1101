"""Fieldwork: the reps' tasks out as files, their reports in."""

import csv
import datetime as dt
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from engine.content.task_files import ZONE, RepTask, csv_of, ics_of
from engine.problems import DeliveryError, Say, UsageError, nearest
from engine.store import fieldwork, post, responses
from engine.store.database import Connection
from engine.store.fieldwork import VisitReport
from engine.store.post import Reject

OUTCOMES: Final = ("seen", "absent", "refused", "rescheduled", "left_site", "not_seen_other")
COLUMNS: Final = ("source_id", "rep", "visited_at", "outcome")
"""What a file of visit reports must have; `task_id`, or `scheme` and `number`, says whom. The rest is kept as detail."""
_WHOM: Final = ("task_id", "scheme", "number")

SHOWN: Final = ".shown.json"

RECALL: Final = dt.timedelta(days=60)
"""How long a calendar goes on saying that a task was taken back."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What lies in the reps' files."""

    reps: int  #: those who have files
    tasks: int  #: open ones
    withdrawn: int  #: shown as cancelled


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of reports or returns."""

    lines: int
    new: int
    known: int  #: delivered before; nothing changed
    rejected: tuple[Reject, ...]


def export_tasks(
    connection: Connection, folder: Path, *, now: dt.datetime, link: str | None = None
) -> Exported:
    """Write `<folder>/visits/<rep>.csv` and `.ics` for every rep with tasks; each file is whole or the old one.

    A rep whose tasks are those of the last time keeps the files as they are; one who has none any more, none of them
    (a calendar without entries is none: RFC 5545 section 3.6). Tasks that are long overdue end here. Of two at once,
    the second waits and leaves what is true last.
    """
    fieldwork.expire_tasks(connection, now)
    with connection.transaction():
        tasks = fieldwork.tasks_for_export(connection, now - RECALL)
        own = {rep: list(group) for rep, group in groupby(tasks, key=lambda task: task.rep)}
        _write_all(folder / "visits", own, link)
    off = sum(task.status not in ("open", "scheduled") for task in tasks)
    return Exported(len(own), len(tasks) - off, off)


def _write_all(target: Path, own: Mapping[str, Sequence[RepTask]], link: str | None) -> None:
    target.mkdir(parents=True, exist_ok=True)
    before, shown = _shown(target / SHOWN), {}
    for rep, mine in sorted(own.items()):
        name = mine[0].rep_name
        file = re.sub(r"[^A-Za-z0-9_-]", "_", rep)  # a code is the world's word, a file name is ours
        shown[file] = sha256(repr((name, link, mine)).encode()).hexdigest()
        if before.get(file) == shown[file] and (target / f"{file}.ics").exists():
            continue
        _write(target / f"{file}.csv", csv_of(mine))
        _write(target / f"{file}.ics", ics_of(name, mine, link=link))
    for path in target.glob("*.ics"):
        if path.stem not in shown:
            path.unlink()
            path.with_suffix(".csv").unlink(missing_ok=True)
    if not shown:
        (target / SHOWN).unlink(missing_ok=True)
    elif shown != before:
        _write(target / SHOWN, json.dumps(shown).encode())


def _shown(path: Path) -> dict[str, str]:
    """Return what the files showed the last time, as a hash of each; nothing where that cannot be told."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def record_visit_reports(
    connection: Connection,
    reports: Sequence[VisitReport],
    *,
    source: str,
    now: dt.datetime,
    first_line: int = 1,
) -> Recorded:
    """Keep what reps report: the report, its touch's outcome, its task, its response. Again changes nothing.

    A report of a task or customer that nobody knows is rejected; the others are kept. Its line is its
    place in `reports`, counted from `first_line`.
    """
    rejects: list[Reject] = []
    found = []
    known = 0
    with connection.transaction():
        for place, (report, who) in enumerate(
            zip(reports, fieldwork.recognise(connection, source, reports), strict=True)
        ):
            if who.is_known:
                known += 1
            elif who.rep_id is None:
                rejects.append(
                    Reject(first_line + place, "rep", "unknown rep", "Load the rep first, or mend the code.")
                )
            elif who.customer_id is None:
                rejects.append(
                    Reject(first_line + place, "task_id", "unknown task and customer",
                           "Give a task of ours, or scheme and number of a customer: RPPS, FINESS.")
                )  # fmt: skip
            elif report.visited_at > now + dt.timedelta(days=1):
                rejects.append(
                    Reject(
                        first_line + place,
                        "visited_at",
                        "lies in the future",
                        "Report a visit after it took place.",
                    )
                )
            else:
                found.append((report, who))
        new = fieldwork.add_reports(connection, source, found, now)
        responses.collect_visit_reports(connection, now)
    return Recorded(len(reports), new, known + len(found) - new, tuple(rejects))


def load_visit_reports(connection: Connection, file: Path, *, now: dt.datetime) -> Recorded:
    """Record the visit reports of a CSV file (';' or ','); keep its trail and the lines not taken.

    Raises:
        UsageError: the file cannot be read.
        DeliveryError: it lacks columns.
    """
    content, rows = read_table(file, COLUMNS)
    reports: list[VisitReport] = []
    places: list[int] = []
    rejects: list[Reject] = []
    for line, row in rows:
        report = _report(line, row)
        if isinstance(report, Reject):
            rejects.append(report)
        else:
            reports.append(report)
            places.append(line)
    with connection.transaction():
        done = record_visit_reports(connection, reports, source="visits", now=now, first_line=0)
        rejects += [
            Reject(places[reject.line], reject.column, reject.reason, reject.remedy)
            for reject in done.rejected
        ]
        rejects.sort(key=lambda reject: reject.line)
        counts = {"lines": len(rows), "created": done.new, "unchanged": done.known, "rejected": len(rejects)}
        post.keep_batch(connection, "visits", file.name, sha256(content).hexdigest(), counts, rejects)
    return Recorded(len(rows), done.new, done.known, tuple(rejects))


def _report(line: int, row: dict[str, str]) -> VisitReport | Reject:
    for column in COLUMNS:
        if not row.get(column):
            return Reject(line, column, "is empty", "Fill it in.")
    if row["outcome"] not in OUTCOMES:
        close = nearest(row["outcome"], OUTCOMES)
        hint = f"Did you mean '{close}'? " if close else ""
        return Reject(line, "outcome", "unknown outcome", f"{hint}Known: {', '.join(OUTCOMES)}.")
    at = moment(row["visited_at"])
    if at is None:
        return Reject(line, "visited_at", "is no date", "Write 2026-11-23 or 2026-11-23T14:30.")
    if not row.get("task_id") and not (row.get("scheme") and row.get("number")):
        return Reject(line, "task_id", "says nobody", "Give task_id, or scheme and number.")
    whom = (row["scheme"].upper(), row["number"]) if row.get("scheme") and row.get("number") else None
    detail = {name: value for name, value in row.items() if value and name and name not in (*COLUMNS, *_WHOM)}
    return VisitReport(
        row["source_id"], row["rep"], row["outcome"], at, row.get("task_id") or None, whom, detail
    )


def moment(text: str, zone: ZoneInfo = ZONE) -> dt.datetime | None:
    """Return the moment of an ISO text; local to `zone` if it names no zone; noon where it names no hour."""
    try:
        if len(text) == 10:
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(12), zone)
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def read_table(file: Path, columns: Sequence[str]) -> tuple[bytes, list[tuple[int, dict[str, str]]]]:
    """Return a CSV file's bytes, and its rows with their lines.

    Raises:
        UsageError: the file cannot be read.
        DeliveryError: it is not UTF-8, or lacks one of `columns`.
    """
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            Say(f"{file.name} cannot be read: {error.strerror}. Nothing was changed.",
                f"{file.name} ne peut pas être lu : {error.strerror}. Rien n'a été modifié."),
        ) from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise DeliveryError(
            Say(f"{file.name} is not UTF-8 (byte {error.start}). Nothing was changed.",
                f"{file.name} n'est pas en UTF-8 (octet {error.start}). Rien n'a été modifié."),
            Say("Save it as UTF-8.", "Enregistrez-le en UTF-8."),
        ) from None  # fmt: skip
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    lacking = [column for column in columns if column not in (reader.fieldnames or ())]
    if lacking:
        raise DeliveryError(
            Say(f"{file.name} has no column '{lacking[0]}'. Nothing was changed.",
                f"{file.name} n'a pas de colonne « {lacking[0]} ». Rien n'a été modifié."),
            Say(f"Its first line names the columns: {';'.join(columns)}.",
                f"Sa première ligne nomme les colonnes : {';'.join(columns)}."),
        )  # fmt: skip
    rows = []
    for row in reader:
        clean = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        rows.append((reader.line_num, clean))
    return content, rows


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
