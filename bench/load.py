"""Loading a delivery of customers with all checks and the merge, beside a bare COPY of the same file.

Both start from nothing and are taken back. The reference table is unindexed, logged, and all text.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from engine.actions.generate import generate
from engine.actions.load import load
from engine.store import embedded
from engine.store.database import Connection, bring_up_to_date, connected

ON = dt.date(2026, 3, 3)
DELIVERY = """
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


@contextmanager
def line() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give both sides, for a delivery of BENCH_CUSTOMERS customers (200,000 if not said)."""
    customers = int(os.environ.get("BENCH_CUSTOMERS", "200000"))
    folder = Path(".touchbase/bench").resolve()
    url = embedded.start(folder)
    try:
        with tempfile.TemporaryDirectory() as scratch, connected(url, purpose="bench") as connection:
            delivery = Path(scratch) / "customers.csv"
            _fresh(connection, "bench_source")
            with connected(_at(url, "bench_source")) as source:
                bring_up_to_date(source)
                generate(source, customers, 2026, on=ON, touches_per_customer=0, responses_per_customer=0)
                with delivery.open("wb") as file, source.cursor().copy(DELIVERY) as copy:
                    for block in copy:
                        file.write(block)
            _fresh(connection, "bench_load")
            connection.execute("DROP DATABASE bench_source")
            with connected(_at(url, "bench_load")) as target:
                bring_up_to_date(target)
                columns = delivery.open(encoding="utf-8").readline().strip().replace('"', "").split(";")

                def ours() -> None:
                    with target.transaction(force_rollback=True):
                        found = load(
                            target, delivery, "customers", on=ON, rejects_folder=Path(scratch) / "rejects"
                        )
                        assert found.counts["created"] == customers, found.counts

                def reference() -> None:
                    with target.transaction(force_rollback=True):
                        target.execute(
                            sql.SQL("CREATE TABLE bare ({})").format(
                                sql.SQL(", ").join(
                                    sql.SQL("{} text").format(sql.Identifier(name)) for name in columns
                                )
                            )
                        )
                        with (
                            delivery.open("rb") as file,
                            target.cursor().copy(
                                "COPY bare FROM STDIN (FORMAT csv, HEADER, DELIMITER ';')"
                            ) as copy,
                        ):
                            while block := file.read(1 << 18):
                                copy.write(block)

                yield ours, reference
            connection.execute("DROP DATABASE bench_load")
    finally:
        embedded.stop(folder)


def _fresh(connection: Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _at(url: str, name: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return make_conninfo(**{**conninfo_to_dict(url), "dbname": name})
