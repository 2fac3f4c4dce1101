"""The base that the lines on segments, freezing and caps ask: a customer, ten touches and twenty responses each.

`bench/base.sql` makes it, set by set, in one database per size of the bench's own cluster; it is kept
until the schema or the statements change. BENCH_FOLDER says where the cluster stands.
"""

import datetime as dt
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from engine.store import embedded
from engine.store.database import Connection, bring_up_to_date, connected

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
"""The moment of asking: two years of history lie before it."""

CUSTOMERS = 1_000_000
STATEMENTS = Path(__file__).with_name("base.sql")
LATE = ("touch", "response", "member", "order_line")
"""Tables that are filled without their keys and indexes: those are built when the rows are there."""

HISTORY = ("touches", "responses", "members", "orders")
"""The parts of `base.sql` that a base of new customers lacks."""

SERVER = {
    "shared_buffers": "2GB",  # of a server that is PostgreSQL's own; the reference runs on the same
    "effective_cache_size": "8GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


def size() -> int:
    """Return how many customers BENCH_CUSTOMERS asks for."""
    return int(os.environ.get("BENCH_CUSTOMERS", CUSTOMERS))


@contextmanager
def standing(customers: int, *, history: bool = True) -> Iterator[Connection]:
    """Give a connection to a base of so many customers, made if it is not there as it should be.

    Without `history` nothing ever happened to them: such a base stands in a minute.
    """
    folder = Path(os.environ.get("BENCH_FOLDER", ".touchbase/bench")).resolve()
    url = _tuned(folder)
    name, mark = f"bench_base_{customers}{'' if history else '_new'}", _mark()
    try:
        with connected(url, purpose="bench") as connection:
            row = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            if row is None or row[0] != mark:
                name_ = sql.Identifier(name)
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name_))
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name_))
                with connected(_at(url, name), purpose="bench") as fresh:
                    _fill(fresh, customers, history)
                connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name_, sql.Literal(mark)))
        with connected(_at(url, name), purpose="bench") as base:
            yield base
    finally:
        embedded.stop(folder)


def _mark() -> str:
    """Return what the base depends on, as one hash: another one, and it is made again."""
    folder = files("engine.store") / "migrations"
    texts = [
        entry.read_bytes()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    ]
    return sha256(b"\0".join([*texts, STATEMENTS.read_bytes()])).hexdigest()


def _tuned(folder: Path) -> str:
    """Return the address of the cluster, which has the memory of a server of its own."""
    url = embedded.start(folder)
    with connected(url, purpose="bench") as connection:
        now = {
            str(name): str(value)
            for name, value in connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)", [list(SERVER)]
            )
        }
        if now == SERVER:
            return url
        for name, value in SERVER.items():
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
    embedded.stop(folder)
    return embedded.start(folder)


def _fill(connection: Connection, customers: int, history: bool) -> None:
    said = f"  base of {customers:,} customers"
    bring_up_to_date(connection)
    connection.execute(
        "SET synchronous_commit = off; SET work_mem = '512MB'; SET maintenance_work_mem = '1GB'"
    )
    connection.execute("SET session_replication_role = replica")  # foreign keys hold by construction
    later = [part for table in LATE for part in _put_off(connection, table)]
    parts = re.split(r"^-- name: (.+)$", STATEMENTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in HISTORY and not history:
            continue
        start = time.perf_counter()
        for one in re.split(r";\s*$", body, flags=re.MULTILINE):
            if re.sub(r"^--.*$", "", one, flags=re.MULTILINE).strip():
                connection.execute(one, {"customers": customers, "now": NOW}, prepare=False)
        _say(f"{said}: {name}", start)
    start = time.perf_counter()
    for statement in later:
        connection.execute(statement)
    _say(f"{said}: keys and indexes", start)
    start = time.perf_counter()
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")
    _say(f"{said}: vacuum", start)


def _put_off(connection: Connection, table: str) -> list[sql.Composed]:
    """Drop a table's keys and indexes; return the statements that make them again."""
    whole = sql.Identifier(table)
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')"
        " ORDER BY contype",
        [table],
    ).fetchall()
    plain = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid AND c.contype IN ('p', 'u'))",
        [table],
    ).fetchall()
    again = [sql.SQL("{}").format(sql.SQL(text)) for _, text in plain]
    for name, _ in plain:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    for name, text in keys:
        referring = connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conindid = (SELECT conindid FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass)",
            [name, table],
        ).fetchall()
        again.append(_added(whole, name, text))
        for other, foreign, meaning in referring:
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.Identifier(other), sql.Identifier(foreign)
                )
            )
            again.append(_added(sql.Identifier(other), foreign, meaning))
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(whole, sql.Identifier(name)))
    return again


def _added(table: sql.Identifier, name: str, meaning: str) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
        table, sql.Identifier(name), sql.SQL(meaning)
    )


def _say(what: str, start: float) -> None:
    print(f"{what}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def _at(url: str, name: str) -> str:
    return make_conninfo(url, dbname=name)
