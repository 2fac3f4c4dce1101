"""Take a rep's report of one visit from their own inbox."""

import datetime as dt

from engine.actions.fieldwork import record_visit_reports
from engine.problems import Say, UsageError
from engine.store.database import Connection
from engine.store.fieldwork import VisitReport

SOURCE = "inbox"


def report_visit(connection: Connection, report: VisitReport, *, now: dt.datetime) -> bool:
    """Keep a report; return whether it is new. The task, its touch and the responses follow.

    Raises:
        UsageError: the task is not this rep's, or there is none; from outside the two look alike.
    """
    with connection.transaction():
        owner = connection.execute(
            "SELECT code FROM visit_task JOIN rep USING (rep_id) WHERE task_id = %(task)s FOR UPDATE OF visit_task",
            {"task": report.task_id},
        ).fetchone()
        if owner is None or owner[0] != report.rep:
            raise UsageError(
                Say("There is no such task in this inbox.", "Cette tâche n'est pas dans cette liste."),
                Say("Go back to the list.", "Revenez à la liste."),
            )
        return record_visit_reports(connection, [report], source=SOURCE, now=now).new > 0
