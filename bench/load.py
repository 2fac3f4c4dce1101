"""Loading a delivery of customers with all checks and the merge, beside a bare COPY of the same file.

Everything is taken back after each round. `load`, `load_again` and `load_change` have the bare COPY into
one unindexed, logged table of texts for reference. `load_floor` has what storage alone costs: the rows
that a load makes, copied in binary into the same tables, their keys and indexes built when the rows are
there; `load_storage` sets that floor beside the bare COPY.
"""

import csv
import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg import sql

from bench import base
from engine.actions.generate import generate
from engine.actions.load import load
from engine.store import embedded
from engine.store.base.bulk import bare
from engine.store.base.customers import TABLES
from engine.store.database import Connection, bring_up_to_date, connected

ON: Final = dt.date(2026, 3, 3)
DELIVERY: Final = """
COPY (SELECT 'C' || c.customer_id AS id, c.kinds[1] AS kind, r.value AS rpps, f.value AS finess, civility, title, last_name, first_name,
             org_name, profession, specialty, practice_mode, sector, category, street, postcode, town, e.value_norm AS email,
             '0' || substr(t.value_norm, 4) AS phone, '0' || substr(m.value_norm, 4) AS mobile, c.facts->>'potential' AS "fact:potential",
             c.source_date
        FROM customer c
        LEFT JOIN identifier r ON r.customer_id = c.customer_id AND r.scheme = 'RPPS'
        LEFT JOIN identifier f ON f.customer_id = c.customer_id AND f.scheme = 'FINESS'
        LEFT JOIN contact_point e ON e.customer_id = c.customer_id AND e.type = 'email'
        LEFT JOIN contact_point t ON t.customer_id = c.customer_id AND t.type = 'phone_fixed'
        LEFT JOIN contact_point m ON m.customer_id = c.customer_id AND m.type = 'phone_mobile'
       ORDER BY c.customer_id) TO STDOUT (FORMAT csv, HEADER, DELIMITER ';')
"""
CHANGED: Final = 100  #: one line in so many says another street in `load_change`

Sides = tuple[Callable[[], object], Callable[[], object]]


@contextmanager
def lines() -> Iterator[Mapping[str, Sides]]:
    """Give the lines, for a delivery of BENCH_CUSTOMERS customers (200,000 if not said).

    BENCH_DELIVERY names a file to use instead of a generated one.
    """
    folder = Path(os.environ.get("BENCH_FOLDER", ".touchbase/bench")).resolve()
    url = base._tuned(folder)
    try:
        with tempfile.TemporaryDirectory() as scratch_name, connected(url, purpose="bench") as admin:
            scratch = Path(scratch_name)
            delivery = _delivery(admin, url, scratch)
            with delivery.open(encoding="utf-8") as file:
                customers = sum(1 for _ in file) - 1
            _fresh(admin, "bench_load")
            _fresh(admin, "bench_known")
            with connected(_at(url, "bench_load")) as empty, connected(_at(url, "bench_known")) as known:
                bring_up_to_date(empty)
                bring_up_to_date(known)
                _load(known, delivery, scratch, created=customers)
                copies = _rows(known, scratch)
                changed = _changed(delivery, scratch)

                def bare_copy() -> None:
                    _copied(empty, delivery)

                def floor() -> None:
                    with empty.transaction(force_rollback=True), bare(empty, TABLES):
                        for table, path in copies.items():
                            _filled(
                                empty,
                                path,
                                sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table)),
                            )

                def first() -> None:
                    with empty.transaction(force_rollback=True):
                        _load(empty, delivery, scratch, created=customers)

                def again() -> None:
                    with known.transaction(force_rollback=True):
                        _load(known, delivery, scratch, unchanged=customers)

                def change() -> None:
                    with known.transaction(force_rollback=True):
                        _load(known, changed, scratch, changed=-(-customers // CHANGED))

                yield {
                    "load": (first, bare_copy),
                    "load_floor": (first, floor),
                    "load_storage": (floor, bare_copy),
                    "load_again": (again, bare_copy),
                    "load_change": (change, bare_copy),
                }
            admin.execute("DROP DATABASE bench_load")
            admin.execute("DROP DATABASE bench_known")
    finally:
        embedded.stop(folder)


def _delivery(admin: Connection, url: str, scratch: Path) -> Path:
    given = os.environ.get("BENCH_DELIVERY")
    if given:
        return Path(given)
    path = scratch / "customers.csv"
    _fresh(admin, "bench_source")
    with connected(_at(url, "bench_source")) as source:
        bring_up_to_date(source)
        generate(
            source,
            int(os.environ.get("BENCH_CUSTOMERS", "200000")),
            2026,
            on=ON,
            touches_per_customer=0,
            responses_per_customer=0,
        )
        with path.open("wb") as file, source.cursor().copy(DELIVERY) as copy:
            for block in copy:
                file.write(block)
    admin.execute("DROP DATABASE bench_source")
    return path


def _changed(delivery: Path, scratch: Path) -> Path:
    """Return the same delivery with another street in each hundredth line."""
    path = scratch / "changed.csv"
    with (
        delivery.open(encoding="utf-8", newline="") as given,
        path.open("w", encoding="utf-8", newline="") as written,
    ):
        rows = csv.reader(given, delimiter=";")
        table = csv.writer(written, delimiter=";")
        header = next(rows)
        street = header.index("street")
        table.writerow(header)
        for number, row in enumerate(rows):
            if number % CHANGED == 0:
                row[street] = f"{number % 97 + 1} rue du Déménagement"
            table.writerow(row)
    return path


def _load(connection: Connection, delivery: Path, scratch: Path, **counts: int) -> None:
    found = load(connection, delivery, "customers", on=ON, rejects_folder=scratch / "rejects").counts
    assert {name: found[name] for name in counts} == counts, found


def _rows(connection: Connection, scratch: Path) -> dict[str, Path]:
    """Return where the rows stand that a load made, as COPY writes them in binary."""
    copies = {table: scratch / f"{table}.copy" for table in TABLES}
    for table, path in copies.items():
        with (
            path.open("wb") as file,
            connection.cursor().copy(
                sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
            ) as copy,
        ):
            for block in copy:
                file.write(block)
    return copies


def _copied(connection: Connection, delivery: Path) -> None:
    """Copy the file's bytes into one unindexed table, and take it back."""
    with delivery.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file, delimiter=";"))
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("CREATE TABLE bare ({})").format(
                sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
            )
        )
        _filled(connection, delivery, sql.SQL("COPY bare FROM STDIN (FORMAT csv, HEADER, DELIMITER ';')"))


def _filled(connection: Connection, path: Path, statement: sql.SQL | sql.Composed) -> None:
    with path.open("rb") as file, connection.cursor().copy(statement) as copy:
        while block := file.read(1 << 18):
            copy.write(block)


def _fresh(connection: Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _at(url: str, name: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(url, dbname=name)
