"""Caps are reserved by the planned touch itself: however many campaigns race for a customer, the cap holds."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from engine.rules.schedule import slot
from engine.store import database as store
from engine.store import enrolment, journey, ledger
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.store.bases import add, campaign, library, policy, rules
from tests.store.ledgers import NOW

RACING = 50
TWO_A_WEEK = {
    "caps": [{"name": "two-a-week", "max": 2, "per": "7 days", "channels": ["email"], "source": "MK-2026-02"}]
}


def test_fifty_campaigns_that_race_for_a_customer_never_pass_a_cap_of_two(
    database: Connection, database_url: str
) -> None:
    add(database, 1)
    house = policy(**TWO_A_WEEK)
    ledger.keep_definition(database, "d1", "race", {})
    runs = []
    for number in range(RACING):
        spec = campaign(campaign=f"campaign-{number:02}")
        run, _ = ledger.open_run(database, spec, slot(NOW.replace(tzinfo=None), "Europe/Paris"), "d1")
        enrolment.freeze(database, run, spec, library(), house, rules(), NOW)
        ledger.mark_frozen(database, run, NOW)
        runs.append((run, spec))
    start = Barrier(RACING)

    def race(number: int) -> None:
        run, spec = runs[number]
        with store.connected(database_url, purpose="race") as connection:
            start.wait(timeout=60)
            with connection.transaction():
                journey.take_turn(connection)
                journey.come_due(
                    connection, run, spec, "announce", Reach("email", "pepper"), library(), house, rules(), NOW, NOW
                )  # fmt: skip
                connection.execute("SELECT pg_sleep(0.1)")  # without the turn, others would plan meanwhile

    with ThreadPoolExecutor(RACING) as pool:
        list(pool.map(race, range(RACING)))  # a deadlock would raise here

    planned = {row[0] for row in database.execute("SELECT campaign FROM touch WHERE state = 'planned'")}
    lost = database.execute("SELECT reason, because FROM touch WHERE state = 'excluded'").fetchall()
    assert (len(planned), len(lost), {reason for reason, _ in lost}) == (2, RACING - 2, {"frequency_cap"})
    assert {because for _, because in lost} <= {f"two-a-week ({winner}, priority 50)" for winner in planned}
