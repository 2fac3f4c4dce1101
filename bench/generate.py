"""Making a base of made-up customers with all its keys and indexes, beside a bare COPY of the same rows.

The reference copies the rows of all tables into logged copies without a key or an index, with
nothing to draw or to look up: what any way of filling PostgreSQL pays at least.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from engine.actions.generate import generate
from engine.store import embedded
from engine.store.base.generation import HISTORY, PEOPLE, SMALL
from engine.store.database import Connection, bring_up_to_date, connected

ON = dt.date(2026, 3, 3)
TABLES = (*SMALL, *PEOPLE, *HISTORY)
BLOCK = 1 << 18


@contextmanager
def line() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give both sides, for BENCH_CUSTOMERS customers (100,000 if not said) with their two years of history."""
    customers = int(os.environ.get("BENCH_CUSTOMERS", "100000"))
    folder = Path(".touchbase/bench").resolve()
    url = embedded.start(folder)
    name = sql.Identifier("bench_generate")
    try:
        with tempfile.TemporaryDirectory() as scratch, connected(url, purpose="bench") as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            server.execute(sql.SQL("CREATE DATABASE {}").format(name))
            with connected(make_conninfo(url, dbname="bench_generate")) as base:
                bring_up_to_date(base)
                generate(base, customers, 2026, on=ON)
                _keep(base, Path(scratch))

                def ours() -> None:
                    base.execute(
                        "TRUNCATE customer, customer_version, rep, territory, brand, touch, response CASCADE"
                    )
                    generate(base, customers, 2026, on=ON)

                yield ours, lambda: _copied(base, Path(scratch))
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
    finally:
        embedded.stop(folder)


def _keep(base: Connection, scratch: Path) -> None:
    for table in TABLES:
        text = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
        with (scratch / table).open("wb") as file, base.cursor().copy(text) as copy:
            for block in copy:
                file.write(block)


def _copied(base: Connection, scratch: Path) -> None:
    with base.transaction(force_rollback=True):
        for table in TABLES:
            bare = sql.Identifier(f"bare_{table}")
            base.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(bare, sql.Identifier(table)))
            text = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(bare)
            with (scratch / table).open("rb") as file, base.cursor().copy(text) as copy:
                while block := file.read(BLOCK):
                    copy.write(block)
