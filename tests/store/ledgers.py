"""A small base and a run with ready touches, put there by plain SQL: what the ledger's tests start from."""

import datetime as dt
from dataclasses import dataclass

from engine.contract import Ending, Receipt
from engine.model.written import RunId
from engine.store import journey, ledger
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.store.bases import campaign, give_consent, policy, rules

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
LAW = journey.judged_parameters(
    campaign(), campaign().steps["announce"], Reach("email", "pepper"), policy(), rules(), NOW
)


@dataclass(frozen=True)
class Prepared:
    run: RunId
    touches: list[int]


def people(connection: Connection, count: int) -> list[int]:
    """Add prescribers with a main e-mail address and a guard row; return their ids."""
    rows = connection.execute(
        """INSERT INTO customer (of, kinds, title, first_name, last_name, sort_name, source)
           SELECT 'person', ARRAY['prescriber'], 'DR', 'Claire', 'Morel ' || n, 'MOREL ' || n, 'test'
             FROM generate_series(1, %s) AS n RETURNING customer_id""",
        [count],
    ).fetchall()
    ids = [int(row[0]) for row in rows]
    connection.execute("INSERT INTO contact_guard (customer_id) SELECT unnest(%s::bigint[])", [ids])
    connection.execute(
        """INSERT INTO contact_point (customer_id, type, value_norm, source)
           SELECT id, 'email', 'claire.morel.' || id || '@example.org', 'test' FROM unnest(%s::bigint[]) AS id""",
        [ids],
    )
    give_consent(connection, ids)
    return ids


def ready(connection: Connection, count: int, *, channel: str = "email") -> Prepared:
    """Return a running run with `count` touches that may leave."""
    ids = people(connection, count)
    connection.execute(
        "INSERT INTO definition (sha, campaign, files) VALUES ('d1', 'hivernax-2026', '{}') ON CONFLICT DO NOTHING"
    )
    row = connection.execute(
        """INSERT INTO run (campaign, purpose, slot, slot_at, definition_sha, frozen_at)
           VALUES ('hivernax-2026', 'promo_rx', '2026-03-03T09:30[Europe/Paris]', %s, 'd1', %s) RETURNING run_id""",
        [NOW, NOW],
    ).fetchone()
    assert row is not None
    run = RunId(row[0])
    connection.execute("INSERT INTO run_switch (run_id) VALUES (%s)", [run])
    rows = connection.execute(
        """INSERT INTO touch (customer_id, run_id, campaign, step, channel, purpose, state, due_at, not_after)
           SELECT id, %s, 'hivernax-2026', 'announce', %s, 'promo_rx', 'ready', %s, %s FROM unnest(%s::bigint[]) AS id
           RETURNING touch_id""",
        [run, channel, NOW, NOW + dt.timedelta(days=3), ids],
    ).fetchall()
    return Prepared(run, [int(row[0]) for row in rows])


def gate(
    connection: Connection, run: RunId, *, worker: str = "w1", limit: int = 100, permit: bool = False
) -> ledger.Group:
    return ledger.gate(
        connection,
        run,
        "announce",
        law=LAW,
        worker=worker,
        limit=limit,
        now=NOW,
        permit=permit,
    )


def accept(connection: Connection, group: ledger.Group) -> int:
    receipts = [Receipt(addressee.touch, Ending.ACCEPTED, reply="250 ok") for addressee in group.addressees]
    return ledger.settle(connection, group.addressees, receipts, worker="w1", now=NOW)


def states(connection: Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT state, count(*) FROM touch GROUP BY 1"))
