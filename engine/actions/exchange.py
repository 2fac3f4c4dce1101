"""Files that tell of our own tasks and pieces: visit reports and returned letters, reported as any delivery is."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from engine.actions.columns import EXCHANGES, columns
from engine.actions.fieldwork import load_visit_reports
from engine.actions.load import LoadReport, load, write_rejects
from engine.actions.returns import returns
from engine.problems import Language, Say
from engine.store.base.staging import Rejected
from engine.store.database import Connection
from engine.store.post import Reject

FRENCH: Final[Mapping[str, str]] = {
    "is empty": "est vide",
    "unknown outcome": "résultat inconnu",
    "is no date": "n'est pas une date",
    "says nobody": "ne désigne personne",
    "unknown rep": "délégué inconnu",
    "unknown task and customer": "tâche et client inconnus",
    "lies in the future": "date du futur",
    "unknown piece": "pli inconnu",
    "is no date, or in the future": "n'est pas une date, ou est du futur",
    "unknown reason": "motif inconnu",
    "Fill it in.": "Remplissez-la.",
    "Write 2026-11-23 or 2026-11-23T14:30.": "Écrivez 2026-11-23 ou 2026-11-23T14:30.",
    "Write 2026-11-23.": "Écrivez 2026-11-23.",
    "Give task_id, or scheme and number.": "Donnez task_id, ou scheme et number.",
    "Load the rep first, or mend the code.": "Chargez d'abord le délégué, ou corrigez le code.",
    "Give a task of ours, or scheme and number of a customer: RPPS, FINESS.": "Donnez une tâche à nous, ou scheme et number d'un client : RPPS, FINESS.",
    "Report a visit after it took place.": "Rendez compte d'une visite après qu'elle a eu lieu.",
    "Read the code on the letter again; it is not one of ours.": "Relisez le code sur le pli ; il n'est pas de nous.",
}
"""The words of both readers in French; what lists the known words is the same in both languages."""


def deliver(
    connection: Connection,
    path: Path,
    feed: str,
    *,
    on: dt.date,
    now: dt.datetime,
    rejects_folder: Path,
    source: str | None = None,
    plan: bool = False,
    language: Language = "en",
) -> LoadReport:
    """Load a file of whatever feed; see `load` and `load_exchange`."""
    columns(feed)  # an unknown feed is told with all that are known
    if feed in EXCHANGES:
        return load_exchange(
            connection, path, feed, now=now, rejects_folder=rejects_folder, plan=plan, language=language
        )
    return load(
        connection, path, feed, on=on, now=now, rejects_folder=rejects_folder, source=source, plan=plan,
        language=language,
    )  # fmt: skip


def load_exchange(
    connection: Connection,
    path: Path,
    feed: str,
    *,
    now: dt.datetime,
    rejects_folder: Path,
    plan: bool = False,
    language: Language = "en",
) -> LoadReport:
    """Record a file of visit reports or of returned letters, in one transaction. Again changes nothing.

    Args:
        feed: One of `EXCHANGES`.
        plan: Do it all, report, and take it back.

    Raises:
        UsageError: the file cannot be read or lacks columns.
    """
    assert feed in EXCHANGES
    with connection.transaction(force_rollback=plan):
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('touchbase load'))"
        )  # deliveries take turns
        if feed == "visits":
            reports = load_visit_reports(connection, path, now=now)
            lines, rejects = reports.lines, reports.rejected
            counts = {"created": reports.new, "changed": 0, "unchanged": reports.known}
        else:
            scans = returns(connection, path, now=now)
            lines, rejects = scans.lines, scans.rejected
            counts = {
                "created": scans.touches, "changed": 0, "unchanged": scans.known, "addresses_doubted": scans.addresses,
                "customers_who_said_no": scans.refused, "to_check": scans.to_check,
            }  # fmt: skip
        row = connection.execute("SELECT max(batch_id) FROM import_batch").fetchone()
        assert row is not None  # the readers keep one
        batch = int(row[0])
    rejected = list(_rejected(rejects))
    counts |= {"rejected": len({one.line for one in rejected})}
    written = None if plan or not rejected else write_rejects(rejects_folder, path, batch, rejected, language)
    return LoadReport(feed, path.name, plan, lines, counts, (), (), tuple(rejected), written, None if plan else batch)  # fmt: skip


def _rejected(rejects: Iterable[Reject]) -> Iterable[Rejected]:
    for one in rejects:
        yield Rejected(
            one.line,
            one.column,
            Say(one.reason, FRENCH.get(one.reason, one.reason)),
            Say(one.remedy, FRENCH.get(one.remedy, one.remedy)),
        )
