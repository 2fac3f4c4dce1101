"""What the ledger promises: nobody twice, nobody forgotten, no gate after a stop."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.contract import Ending, Receipt
from engine.model.touch import MOVES, TouchState
from engine.store import ledger
from engine.store.database import Connection, connected
from tests.store.ledgers import LAW, NOW, accept, gate, ready, states


def test_a_touch_that_is_gated_is_given_to_nobody_else(database: Connection) -> None:
    prepared = ready(database, 10)

    first, second = (
        gate(database, prepared.run, worker="w1", limit=6),
        gate(database, prepared.run, worker="w2", limit=6),
    )

    taken = [addressee.touch for group in (first, second) for addressee in group.addressees]
    assert sorted(taken) == sorted(prepared.touches)


def test_eight_workers_at_once_share_the_touches_without_a_double(
    database: Connection, database_url: str
) -> None:
    prepared = ready(database, 400)

    def work(number: int) -> list[int]:
        mine: list[int] = []
        with connected(database_url) as connection:
            while group := gate(connection, prepared.run, worker=f"w{number}", limit=7).addressees:
                mine += [addressee.touch for addressee in group]
        return mine

    with ThreadPoolExecutor(8) as pool:
        taken = [touch for mine in pool.map(work, range(8)) for touch in mine]

    # Workers may each find the others' rows locked and stop early: what they took, they took once.
    assert len(taken) == len(set(taken))
    with connected(database_url) as connection:
        left = gate(connection, prepared.run, limit=400).addressees
    assert sorted(taken + [addressee.touch for addressee in left]) == sorted(prepared.touches)


def test_a_blocked_guard_excludes_instead_of_sending(database: Connection) -> None:
    prepared = ready(database, 3)
    database.execute(
        "UPDATE contact_guard SET blocked = '{email}' WHERE customer_id = (SELECT min(customer_id) FROM touch)"
    )

    group = gate(database, prepared.run)

    assert (len(group.addressees), states(database)) == (2, {"gated": 2, "excluded": 1})


def test_a_customer_without_a_guard_row_is_not_written_to(database: Connection) -> None:
    prepared = ready(database, 2)
    database.execute("DELETE FROM contact_guard WHERE customer_id = (SELECT min(customer_id) FROM touch)")

    assert len(gate(database, prepared.run).addressees) == 1


def test_an_unsubscribe_under_way_is_neither_waited_for_nor_overtaken(
    database: Connection, database_url: str
) -> None:
    prepared = ready(database, 2)
    with connected(database_url) as other, other.transaction():
        other.execute(
            "UPDATE contact_guard SET blocked = '{*}' WHERE customer_id = (SELECT min(customer_id) FROM touch)"
        )
        during = gate(database, prepared.run)
    after = gate(database, prepared.run)

    assert (len(during.addressees), len(after.addressees), states(database)) == (
        1,
        0,
        {"gated": 1, "excluded": 1},
    )


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_run_that_was_stopped_gates_nothing(database: Connection, state: str) -> None:
    prepared = ready(database, 2)
    ledger.switch(database, prepared.run, state, by="marketing")

    group = gate(database, prepared.run)

    assert (group.addressees, group.stopped) == ((), state)


def test_a_system_that_was_never_armed_gates_nothing(database: Connection) -> None:
    prepared = ready(database, 1)

    assert gate(database, prepared.run, permit=True).stopped == "disarmed"


def test_an_armed_system_gates(database: Connection) -> None:
    prepared = ready(database, 1)
    ledger.arm(database, "operator")

    assert len(gate(database, prepared.run, permit=True).addressees) == 1


def test_a_copy_of_an_armed_database_on_another_system_gates_nothing(database: Connection) -> None:
    prepared = ready(database, 1)
    ledger.arm(database, "operator")
    database.execute("UPDATE send_permit SET system_identifier = 'another system'")

    assert gate(database, prepared.run, permit=True).stopped == "disarmed"


def test_a_worker_that_wakes_up_after_another_took_over_moves_nothing(database: Connection) -> None:
    prepared = ready(database, 1, channel="visit")
    late = gate(database, prepared.run, worker="late")
    database.execute("UPDATE touch SET lease_until = clock_timestamp() - interval '1 s'")
    ledger.reap(database, ["visit"], NOW)
    accept(database, gate(database, prepared.run, worker="next"))

    refusal = [Receipt(late.addressees[0].touch, Ending.REFUSED, "invalid_contact_point")]
    moved = ledger.settle(database, late.addressees, refusal, worker="late", now=NOW)

    assert (moved, states(database)) == (0, {"accepted": 1})


def test_a_lease_that_ends_leaves_unknown_where_a_repeat_is_not_safe(database: Connection) -> None:
    prepared = ready(database, 2)
    gate(database, prepared.run, limit=1)
    database.execute(
        "UPDATE touch SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'gated'"
    )

    ledger.reap(database, ["visit", "mailing"], NOW)

    assert states(database) == {"unknown": 1, "ready": 1}


def test_a_late_reply_resolves_what_nobody_knew(database: Connection) -> None:
    prepared = ready(database, 1)
    group = gate(database, prepared.run)
    database.execute("UPDATE touch SET lease_until = clock_timestamp() - interval '1 s'")
    ledger.reap(database, [], NOW)

    accept(database, group)

    assert states(database) == {"accepted": 1}


def test_a_no_for_now_waits_for_its_next_try(database: Connection) -> None:
    prepared = ready(database, 1)
    group = gate(database, prepared.run)
    later = [
        Receipt(
            group.addressees[0].touch, Ending.LATER, reply="451 greylisted", retry_in=dt.timedelta(minutes=5)
        )
    ]
    ledger.settle(database, group.addressees, later, worker="w1", now=NOW)

    assert (gate(database, prepared.run).addressees, states(database)) == ((), {"ready": 1})


def test_a_touch_that_crashed_its_worker_three_times_is_parked(database: Connection) -> None:
    prepared = ready(database, 1, channel="visit")
    for _ in range(3):
        gate(database, prepared.run)
        database.execute("UPDATE touch SET lease_until = clock_timestamp() - interval '1 s'")
        ledger.reap(database, ["visit"], NOW)

    assert (gate(database, prepared.run).addressees, states(database)) == ((), {"parked": 1})


def test_nothing_leaves_after_its_window(database: Connection) -> None:
    prepared = ready(database, 1)
    late = NOW + dt.timedelta(days=3)

    group = ledger.gate(
        database,
        prepared.run,
        "announce",
        law=LAW,
        worker="w1",
        limit=10,
        now=late,
        permit=False,
    )

    assert group.addressees == ()


def test_a_run_with_an_open_touch_does_not_close(database: Connection) -> None:
    prepared = ready(database, 2)
    accept(database, gate(database, prepared.run, limit=1))

    assert not ledger.close(database, prepared.run, NOW)


def test_a_run_closes_when_nothing_is_open(database: Connection) -> None:
    prepared = ready(database, 2)
    accept(database, gate(database, prepared.run))

    assert ledger.close(database, prepared.run, NOW)


def test_every_ending_leaves_its_trail(database: Connection) -> None:
    prepared = ready(database, 3)
    accept(database, gate(database, prepared.run))

    row = database.execute("SELECT count(*), min(phase), min(reply) FROM attempt").fetchone()

    assert row == (3, "accepted", "250 ok")


def test_the_same_step_is_never_planned_twice_for_a_customer(database: Connection) -> None:
    import psycopg

    ready(database, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(
            "INSERT INTO touch (customer_id, run_id, campaign, step, channel, state, due_at) "
            "SELECT customer_id, run_id, campaign, step, channel, 'ready', due_at FROM touch"
        )


def test_the_audit_trail_shows_a_row_that_was_changed(database: Connection) -> None:
    ledger.arm(database, "operator")
    ledger.disarm(database, "operator")
    database.execute(
        "UPDATE audit SET actor = 'somebody else' WHERE audit_id = (SELECT min(audit_id) FROM audit)"
    )

    broken = database.execute(
        """SELECT count(*) FROM (SELECT hash, encode(sha256(convert_to(coalesce(previous, '') || actor || act || about || detail::text, 'UTF8')), 'hex') AS again
             FROM audit) AS a WHERE hash <> again"""
    ).fetchone()

    assert broken == (1,)


def test_no_state_that_ends_a_touch_leads_on() -> None:
    assert not MOVES[TouchState.ACCEPTED] and not MOVES[TouchState.EXCLUDED]
