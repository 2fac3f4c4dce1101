"""Databases of the suite's own server: each test has one as the migrations leave it.

A fresh one is a copy of three hundred files between two checkpoints; one that a test has used is emptied in a fifth of
the time. It is used again only if it is then, by its own catalogue, what a fresh one is; else it is dropped.
"""

import os
from dataclasses import dataclass, field
from itertools import count
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.store import database as store

SHAPE: Final[LiteralString] = """
SELECT md5(string_agg(concat_ws(' ', what, name, detail), '|' ORDER BY what, name, detail)) FROM (
    SELECT 'table', relname::text, concat(relkind, relacl) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, concat(atttypid, attnotnull) FROM pg_attribute
               WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT 'function', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'constraint', conname, concat(contype, convalidated) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'setting', datname, setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase
               WHERE datname = current_database()
    UNION ALL SELECT 'migration', name, '' FROM migration
    UNION ALL SELECT 'department', d::text, '' FROM department AS d
    UNION ALL SELECT 'turn', t::text, '' FROM planning_turn AS t) AS parts(what, name, detail)
"""
"""What a test may have changed besides rows, and the rows that migrations bring."""

WRITTEN: Final[LiteralString] = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
   AND relname <> ALL (ARRAY['migration', 'department', 'planning_turn'])
"""


@dataclass
class Databases:
    """The databases of one server that nobody uses at the moment."""

    server: str
    free: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _shape: str = ""

    def address(self, name: str) -> str:
        return make_conninfo(**{**conninfo_to_dict(self.server), "dbname": name})

    def take(self) -> str:
        """Return the name of a database that is as the migrations leave it."""
        if self.free:
            return self.free.pop()
        if not self._shape:
            self._make_template()
        name = f"tb_{os.getpid()}_{next(self._numbers)}"
        self._do("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self._template)
        return name

    def give_back(self, name: str) -> None:
        """End all connections to a database and empty it, or drop it if that does not make it a fresh one."""
        self._end_connections(name)
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            written = [row[0] for row in connection.execute(WRITTEN)]
            if written:
                tables = sql.SQL(", ").join(sql.Identifier(table) for table in written)
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
            is_fresh = _shape(connection) == self._shape
        if is_fresh:
            self.free.append(name)
        else:
            self._do("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop what is left: the server may be somebody's own."""
        for name in self.free:
            self._do("DROP DATABASE {} WITH (FORCE)", name)
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._template)

    @property
    def _template(self) -> str:
        return f"tb_template_{os.getpid()}"

    def _make_template(self) -> None:
        self._do("CREATE DATABASE {}", self._template)
        with store.connected(self.address(self._template)) as connection:
            store.bring_up_to_date(connection)
            self._shape = _shape(connection)

    def _do(self, words: LiteralString, *names: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute(sql.SQL(words).format(*map(sql.Identifier, names)))

    def _end_connections(self, name: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                [name],
            )


def _shape(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    row = connection.execute(SHAPE).fetchone()
    assert row is not None
    return str(row[0])
