"""Take a rep's report of one visit: kept once, and the history knows it at once."""

import datetime as dt

from engine.problems import Say, UsageError
from engine.store import fieldwork, responses
from engine.store.database import Connection
from engine.store.fieldwork import VisitReport

SOURCE = "inbox"


def report_visit(connection: Connection, report: VisitReport, *, now: dt.datetime) -> bool:
    """Keep a report; return whether it is new. The task and its touch follow, and the response is there.

    Raises:
        UsageError: the task is not this rep's, or there is none; from outside the two look alike.
    """
    with connection.transaction():
        owner = connection.execute(
            "SELECT code FROM visit_task JOIN rep USING (rep_id) WHERE task_id = %(task)s FOR UPDATE OF visit_task",
            {"task": report.task_id},
        ).fetchone()
        (who,) = fieldwork.recognise(connection, SOURCE, [report])
        if owner is None or owner[0] != report.rep or who.rep_id is None or who.customer_id is None:
            raise UsageError(
                Say("There is no such task in this inbox.", "Cette tâche n'est pas dans cette liste."),
                Say("Go back to the list.", "Revenez à la liste."),
            )
        kept = fieldwork.add_reports(connection, SOURCE, [(report, who)], now)
        responses.collect_visit_reports(connection, now)
    return kept > 0
