"""Segments in SQL, answered by a role that can do nothing else, on a connection of its own.

The parser has refused what is not one SELECT over the views. Here nothing relies on it: the query
stands in brackets, in one statement of the extended protocol, in a read-only transaction of a session
that `touchbase_segment` logged in to; it may read the views and call none of the functions that sleep,
lock, set or write. A second connection ends it from outside when its time is over.
"""

import datetime as dt
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from engine.model.clauses import InSegment, Predicate, walk
from engine.model.segment import Library, SqlSegment
from engine.problems import Say
from engine.store.database import Connection, run
from engine.store.segment_role import SqlSegmentFailed, log_in
from engine.store.statements import statement

LIMIT: Final = dt.timedelta(seconds=30)
_TIMEOUT: str | None = None  #: milliseconds instead of the limit, where a test shows what the watchdog is for


def answer(
    connection: Connection,
    library: Library,
    names: Iterable[str],
    *,
    on: dt.datetime,
    as_of: dt.datetime | None = None,
    limit: dt.timedelta = LIMIT,
) -> int:
    """Ask all segments in SQL that these segments reach, for one moment; return how many were asked.

    Their answers are stored where `audience.members` finds them; call it first, with the same moment. An answer
    that was stored before is never used: like a segment in words, the query reads the base of this moment, and
    the facts that the law hides now.
    It connects on its own and commits: whatever transaction the caller is in, the views hide what they
    must before the question is put.

    Raises:
        SqlSegmentFailed: the query failed or took too long, or the database cannot hold its role.
    """
    asked = [segment for segment in library.reached(names) if isinstance(segment, SqlSegment)]
    if not asked:
        return 0
    moment = (on if as_of is None else as_of).astimezone(dt.UTC)
    with psycopg.connect(_address(connection, "touchbase segments"), autocommit=True) as own:
        run(own, statement("sandbox", "restrict_facts"), {"facts": sorted(library.catalogue.rx_facts())})
        run(own, statement("sandbox", "forget_old_answers"))
        for segment in asked:
            key = {"key": segment.key, "at": moment, "past": as_of is not None}
            found = ask(own, segment.query, at=moment, of_the_past=as_of is not None, limit=limit)
            with own.transaction():
                _store(own, found, key)
    return len(asked)


def answer_condition(connection: Connection, who: Predicate, library: Library, *, on: dt.datetime) -> int:
    """Ask all segments in SQL that a condition reaches; see `answer`."""
    names = [part.segment for part in walk(who) if isinstance(part, InSegment)]
    return answer(connection, library, names, on=on)


def ask(
    connection: Connection,
    query: str,
    *,
    at: dt.datetime,
    of_the_past: bool = False,
    limit: dt.timedelta = LIMIT,
) -> Iterator[int]:
    """Give the customers that a query gives, each once, as they come; run as the role that can do nothing else.

    Raises:
        SqlSegmentFailed: the query failed, took too long, or its role does not hold or cannot log in.
    """
    return _asked(connection, log_in(connection, _settings(at, of_the_past, limit)), query, limit)


def plan_of(
    connection: Connection, segment: SqlSegment, *, on: dt.datetime, as_of: dt.datetime | None = None
) -> list[str]:
    """Return how PostgreSQL would go about a segment in SQL, as its role."""
    moment = (on if as_of is None else as_of).astimezone(dt.UTC)
    with log_in(connection, _settings(moment, as_of is not None, LIMIT)) as own:
        own.read_only = True
        text = f"EXPLAIN SELECT * FROM (\n{_bare(segment.query)}\n) AS q"
        return [str(row[0]) for row in own.execute(text)]  # judged text, in brackets


def _settings(at: dt.datetime, of_the_past: bool, limit: dt.timedelta) -> dict[str, str]:
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": _TIMEOUT or str(int(limit.total_seconds() * 1000)),
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": str(int(abs(limit.total_seconds()) * 2000)),
        "timezone": "UTC",
        "jit": "off",
        "touchbase.asked_at": at.isoformat(),
        "touchbase.as_of": "yes" if of_the_past else "no",
    }


def _asked(connection: Connection, session: Connection, query: str, limit: dt.timedelta) -> Iterator[int]:
    try:
        with session as own:
            own.read_only = True
            watchdog = _Watchdog(connection, own.info.backend_pid, limit + dt.timedelta(seconds=2))
            try:
                # Brackets: a statement that is no question does not parse. binary: the extended
                # protocol, which takes one statement, whatever the text says.
                text = f"SELECT DISTINCT q.customer_id::bigint FROM (\n{_bare(query)}\n) AS q WHERE q.customer_id IS NOT NULL"
                with own.cursor() as cursor:
                    for row in cursor.stream(text, binary=True):  # judged text, in brackets
                        yield int(row[0])
            finally:
                watchdog.rest()
    except psycopg.Error as error:
        reason = (error.diag.message_primary or "the connection ended")[:200]
        raise SqlSegmentFailed(
            Say(f"The segment in SQL gave no answer: {reason}.", f"Le segment SQL n'a pas répondu : {reason}."),
            Say("Nothing that needs it was done. Correct its query, or ask less at once.",
                "Rien de ce qui en dépend n'a été fait. Corrigez sa requête, ou demandez-en moins."),
        ) from None  # fmt: skip


class _Watchdog:
    """Ends a session from outside: a statement that changed its own timeout would not end by itself."""

    def __init__(self, connection: Connection, pid: int, limit: dt.timedelta) -> None:
        # Connected beforehand: when it is needed, the server may have no connection left.
        self._own = psycopg.connect(
            _address(connection, "touchbase watchdog"),
            autocommit=True,
            connect_timeout=10,
        )
        self._timer = threading.Timer(limit.total_seconds(), self._end, [pid])
        self._timer.daemon = True
        self._timer.start()

    def _end(self, pid: int) -> None:
        self._own.execute(statement("sandbox", "terminate"), {"pid": pid})

    def rest(self) -> None:
        self._timer.cancel()
        self._timer.join()
        self._own.close()


def _address(connection: Connection, name: str) -> str:
    """Return how to reach the database that `connection` is of, in a session of its own."""
    return make_conninfo(
        connection.info.dsn,
        password=connection.info.password or None,
        application_name=name,
        options="-c timezone=UTC -c jit=off",
    )


def _bare(query: str) -> str:
    """Return the query without the semicolon that may end it: inside brackets it would not parse."""
    return query.rstrip().removesuffix(";")


def _store(connection: Connection, found: Iterable[int], key: dict[str, Any]) -> None:
    run(connection, statement("sandbox", "remember_asked"), key)
    run(connection, statement("sandbox", "forget_answer"), key)
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY sql_segment_answered (key, asked_at, as_of, customer_id) FROM STDIN") as copy,
    ):
        for customer in found:
            copy.write_row((key["key"], key["at"], key["past"], customer))
