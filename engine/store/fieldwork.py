"""Tasks of the reps, and what the reps report."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg.types.json import Jsonb

from engine.content.task_files import RepTask
from engine.store.database import Connection, run
from engine.store.statements import statement

PATIENCE: Final = 14
"""Days for which a task that is late stays in the rep's list."""


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What a rep says of one visit. With a task, or of a customer by number: ('RPPS', '10003...')."""

    source_id: str
    rep: str  #: the rep's code
    outcome: str  #: seen absent refused rescheduled left_site not_seen_other
    visited_at: dt.datetime  #: aware
    task_id: str | None = None
    customer: tuple[str, str] | None = None  #: scheme and number
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom a report is about; `None` where nobody is known by that name."""

    rep_id: int | None
    touch_id: int | None
    customer_id: int | None
    is_known: bool  #: this very report came before


def tasks_for_export(connection: Connection, since: dt.datetime) -> list[RepTask]:
    """Return all open tasks, and those taken back since a moment, in the order of reps and days.

    Whoever asks is alone with them, and with the files made of them, until the end of its transaction.
    """
    run(connection, statement("fieldwork", "hold_files"))
    rows = run(connection, statement("fieldwork", "tasks_for_export"), {"since": since})
    return [
        RepTask(code, f"{first} {last}", task, type_, start, due, priority, why, content, status, at, sequence,
                changed, campaign or "", brand)
        for code, first, last, task, type_, start, due, priority, why, content, status, at, sequence, changed,
        campaign, brand in rows
    ]  # fmt: skip


def expire_tasks(connection: Connection, now: dt.datetime) -> None:
    """End the tasks that are late by more than `PATIENCE` days; their touches become not done."""
    run(connection, statement("fieldwork", "expire_tasks"), {"now": now, "patience": PATIENCE})


def recognise(connection: Connection, source: str, reports: Sequence[VisitReport]) -> list[Recognised]:
    """Return whom each report is about, in their order."""
    numbers = [report.customer or (None, None) for report in reports]
    rows = run(
        connection,
        statement("fieldwork", "recognise"),
        {
            "source": source,
            "places": list(range(len(reports))),
            "source_ids": [report.source_id for report in reports],
            "tasks": [report.task_id for report in reports],
            "reps": [report.rep for report in reports],
            "schemes": [scheme for scheme, _ in numbers],
            "values": [value for _, value in numbers],
        },
    )
    return [Recognised(rep, touch, customer, known) for _, rep, touch, customer, known in rows]


def add_reports(
    connection: Connection, source: str, found: Sequence[tuple[VisitReport, Recognised]], now: dt.datetime
) -> int:
    """Keep recognised reports, and let touches and tasks follow; return how many are new."""
    if not found:
        return 0
    touches = sorted({who.touch_id for _, who in found if who.touch_id is not None})
    with connection.transaction():
        row = run(
            connection,
            statement("fieldwork", "add_reports"),
            {
                "source": source,
                "source_ids": [report.source_id for report, _ in found],
                "touches": [who.touch_id for _, who in found],
                "reps": [who.rep_id for _, who in found],
                "customers": [who.customer_id for _, who in found],
                "outcomes": [report.outcome for report, _ in found],
                "ats": [report.visited_at for report, _ in found],
                "details": [Jsonb(dict(report.detail)) for report, _ in found],
            },
        ).fetchone()
        run(connection, statement("fieldwork", "settle_visits"), {"touches": touches, "now": now})
    return 0 if row is None else int(row[0])
