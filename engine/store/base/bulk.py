"""Filling tables from nothing: their keys and indexes are taken off, and built again from all rows at once.

An index that grows row by row, and a foreign key that is asked row by row, cost more than building
it over all rows at once. All of it happens in the caller's transaction: whoever looks meanwhile
waits, and if anything fails the tables are as they were.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from psycopg import sql

from engine.store.database import Connection

#: Rising ids are appended to the right edge of their index, which costs next to nothing, and other
#: tables' foreign keys hang on them: these stay.
_KEPT: Final = frozenset(
    {"customer_pkey", "consent_event_pkey", "orders_pkey", "touch_pkey", "response_pkey"}
)

_CONSTRAINTS: Final = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE contype IN ('f', 'u', 'p')
   AND (conrelid = ANY (%(tables)s::regclass[]) OR (%(whole)s AND contype = 'f' AND confrelid = ANY (%(tables)s::regclass[])))
 ORDER BY contype = 'f', conname
"""
_INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
  FROM pg_index i
 WHERE indrelid = ANY (%(tables)s::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('u', 'p'))
 ORDER BY 1
"""


@contextmanager
def bare(connection: Connection, tables: Sequence[str], *, whole: bool = False) -> Iterator[None]:
    """Fill `tables` without their indexes and keys, which stand again, checked, when the block ends.

    Call inside a transaction.

    Args:
        whole: Also take off the keys that other tables point at, and what points: it locks those too,
            and pays only where nothing is looked up by a key meanwhile.
    """
    named = {"tables": list(tables), "whole": whole}
    constraints = [
        (str(table), str(name), str(definition))
        for table, name, definition in connection.execute(_CONSTRAINTS, named)
        if whole or name not in _KEPT
    ]
    indexes = [(str(name), str(definition)) for name, definition in connection.execute(_INDEXES, named)]
    for table, name, _ in reversed(constraints):  # foreign keys first: they hang on the unique ones
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
        )
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for table, name, definition in constraints:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                sql.Identifier(table), sql.Identifier(name), _as_written(definition)
            )
        )
    for _, definition in indexes:
        connection.execute(_as_written(definition))


def _as_written(definition: str) -> sql.SQL:
    """Return what the catalogue says of our own key or index, to be executed again."""
    return sql.SQL(definition)
