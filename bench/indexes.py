"""`python -m bench.indexes`: what each key and index of the large tables costs an insert, in microseconds a row.

Measured on the standing base, one index at a time: all the others are dropped in a transaction that
is taken back. Customers come in no order, as touches and answers do. It is the processor's time of
the server's process, which what else the machine does changes little.
"""

from typing import Final, LiteralString

import psutil
from psycopg import sql

from bench import base
from engine.store.database import Connection

ROWS: Final = 50_000
NEW: Final[dict[str, LiteralString]] = {
    "identifier": "INSERT INTO identifier (scheme, value, customer_id, source)"
    " SELECT 'RPPS', lpad((99700000000 + customer_id)::text, 11, '0') || 'n', customer_id, 'new' FROM drawn",
    "contact_point": "INSERT INTO contact_point (customer_id, type, value_norm, is_main, source)"
    " SELECT customer_id, 'web_id', 'new-' || customer_id || '@cabinet.example.org', true, 'new' FROM drawn",
    "consent_event": "INSERT INTO consent_event (customer_id, channel, purpose, opt, captured_at, source, source_id)"
    " SELECT customer_id, 'email', 'promo_otc', 'opt_in', %(now)s, 'new', customer_id::text FROM drawn",
    "touch": "INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, cell, state, due_at)"
    " SELECT customer_id, 1000, 'hivernax-2026', 'announce', 'email', 'HIVERNAX', 'promo_otc', 'a', 'planned', %(now)s FROM drawn",
    "response": "INSERT INTO response (customer_id, run_id, campaign, step, channel, brand, type, at, attribution, source, source_id)"
    " SELECT customer_id, 1000, 'hivernax-2026', 'announce', 'email', 'HIVERNAX', 'open', %(now)s::timestamptz + n * interval '20 ms', 'token', 'new', customer_id::text FROM drawn",
    "member": "INSERT INTO member (run_id, customer_id, cell, held_out, enrolled_at) SELECT 1000, customer_id, 'a', false, %(now)s FROM drawn",
    "orders": "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status, amount_ht)"
    " SELECT 'new', customer_id::text, customer_id, 'web', %(now)s, 'submitted', 120 FROM drawn",
}


def main() -> None:
    with base.standing(base.size()) as connection:
        connection.execute("SET session_replication_role = replica")  # the foreign keys are another question
        connection.execute(
            "CREATE TEMP TABLE drawn AS SELECT customer_id, row_number() OVER (ORDER BY draw(7, customer_id, 1000000)) AS n"
            " FROM customer ORDER BY n LIMIT %s",
            [ROWS],
        )
        for table, insert in NEW.items():
            names = _indexes(connection, table)
            bare = _cost(connection, insert, table, drop=names)
            print(f"{table} | no index | {bare:.2f}")
            for name in names:
                alone = _cost(connection, insert, table, drop=[other for other in names if other != name])
                print(f"{table} | {name} | +{alone - bare:.2f}", flush=True)
            connection.execute(sql.SQL("VACUUM {}").format(sql.Identifier(table)))


def _indexes(connection: Connection, table: str) -> list[str]:
    found = connection.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass ORDER BY 1", [table]
    )
    return [str(row[0]) for row in found]


def _cost(connection: Connection, insert: LiteralString, table: str, *, drop: list[str]) -> float:
    """Return the least of three tries, in microseconds a row: what is more than it is somebody else's work."""
    server = psutil.Process(connection.info.backend_pid)
    tries = []
    for _ in range(3):
        with connection.transaction(force_rollback=True):
            for name in drop:
                key = connection.execute(
                    "SELECT 1 FROM pg_constraint WHERE conname = %s AND contype IN ('p', 'u')", [name]
                ).fetchone()
                text = "ALTER TABLE {} DROP CONSTRAINT {} CASCADE" if key else "DROP INDEX {1}"
                connection.execute(sql.SQL(text).format(sql.Identifier(table), sql.Identifier(name)))
            start = server.cpu_times()
            connection.execute(insert, {"now": base.NOW}, prepare=False)
            end = server.cpu_times()
            tries.append(end.user + end.system - start.user - start.system)
    return min(tries) / ROWS * 1e6


if __name__ == "__main__":
    main()
