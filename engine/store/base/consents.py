"""What a customer's words add up to: consent events resolved into today's answers and into guards."""

import datetime as dt
from collections.abc import Sequence

from engine.store.database import Connection, run
from engine.store.statements import statement


def resolve(connection: Connection, customers: Sequence[int] | None, *, now: dt.datetime) -> int:
    """Bring answers and guards of `customers` up to date, `None` for all; return how many questions are answered.

    Call it in the transaction that wrote the events: an objection and its guard become true together.
    """
    with connection.transaction():
        given = {"customers": None if customers is None else list(customers), "now": now}
        answers = run(connection, statement("consents", "answers"), given).rowcount
        run(connection, statement("consents", "lifted"), given)
        first = connection.execute("SELECT NOT EXISTS (SELECT FROM consent)").fetchone() == (True,)
        if first:
            run(connection, statement("consents", "answered_first"))
        else:
            run(connection, statement("consents", "outdated"), given)
            run(connection, statement("consents", "answered"))
        for name in ("stops", "guards_made", "guards_locked", "guards_set"):
            run(connection, statement("consents", name))
        connection.execute("DROP TABLE answer, lifted, stop")
        return answers
