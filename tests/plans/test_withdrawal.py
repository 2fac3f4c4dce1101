"""A material that was withdrawn, has ended or that nobody approved does not go out; what is in flight is held."""

import threading

import psycopg
import pytest

from engine.actions.explain import explain
from engine.actions.withdraw import Withdrawn, withdraw
from engine.model.written import RunId
from engine.problems import UsageError
from engine.store import ledger
from tests.plans.house import DAY, NOW, House

LETTER, ANNOUNCE = "26/02/DMP/COM/009", "26/02/DMP/COM/007"


def gone(house: House, material: str = "dermapharm/announce") -> Withdrawn:
    return withdraw(
        house.connection,
        house.project,
        material,
        house.channels,
        by="affaires-reglementaires",
        because="posologie fausse",
        now=NOW,
    )


def test_c37_what_is_ready_never_leaves(house: House) -> None:
    run = house.start().run_id
    ready = house.states("announce")["ready"]

    done = gone(house)
    house.drain(run)

    assert (done.runs, done.touches) == (1, ready)
    assert house.states("announce").keys() == {"material_withdrawn", "no_contact_point"}


def test_what_was_planned_after_it_is_withheld(house: House) -> None:
    gone(house)
    run = house.start().run_id

    assert "material_withdrawn" in house.states("announce") and house.drain(run).settled == 0


def test_a_touch_that_was_made_ready_meanwhile_is_stopped_in_the_gate(house: House) -> None:
    """Planning and withdrawal may cross; the gate is behind both."""
    run = house.start().run_id
    house.connection.execute(
        "INSERT INTO withdrawal (reference, by, because) VALUES (%s, 'claire', 'essai')", [ANNOUNCE]
    )
    before = len(house.touched("announce"))

    group = _gated(house, run)

    assert before > 0 and group.addressees == ()
    assert house.states("announce").keys() == {"material_withdrawn", "no_contact_point"}


def _gated(house: House, run: RunId) -> ledger.Group:
    from engine.actions.pinned import pinned
    from engine.store import journey
    from tests.plans.house import CAMPAIGN, PEPPER

    sha = house.connection.execute("SELECT definition_sha FROM run").fetchone()
    assert sha is not None
    definition = pinned(house.connection, sha[0], CAMPAIGN, house.channels)
    channel = house.channels["email"]
    law = journey.judged_parameters(
        definition.campaign,
        definition.campaign.steps["announce"],
        definition.reach("announce", channel, PEPPER),
        definition.policy,
        definition.rules,
        NOW,
    )
    return ledger.gate(
        house.connection, run, "announce", law=law, worker="w1", limit=100, now=NOW, permit=False
    )


def test_a_withdrawal_waits_for_the_gate_that_is_under_way(house: House, database_url: str) -> None:
    run = house.start().run_id
    with psycopg.connect(database_url) as gate, psycopg.connect(database_url, autocommit=True) as other:
        gate.execute("SELECT state FROM run_switch WHERE run_id = %s FOR SHARE", [run])
        second = House(other, house.root)
        worker = threading.Thread(target=gone, args=(second,))
        worker.start()
        worker.join(timeout=0.5)
        waited = worker.is_alive()
        gate.commit()
        worker.join(timeout=20)

    assert waited and not worker.is_alive()


def test_c37_open_tasks_that_hand_the_material_over_come_back_from_the_rep(house: House) -> None:
    run = house.start().run_id
    house.drain(run)
    house.advance(run, NOW + 8 * DAY)
    house.drain(run, NOW + 8 * DAY)
    tasks = house.states("visit")["accepted"]

    done = gone(house, LETTER)  # the talking points name it among what is shown

    rows = house.connection.execute("SELECT status, count(*) FROM visit_task GROUP BY 1").fetchall()
    assert rows == [("withdrawn", tasks)] and done.tasks == tasks


def test_the_history_of_who_would_have_received_it_says_why(house: House) -> None:
    house.start()
    customer = min(house.touched("announce"))
    gone(house)

    story = "\n".join(map(str, explain(house.connection, "dermapharm-test", customer)))
    assert "a material that was withdrawn" in story
    assert f"{ANNOUNCE}: posologie fausse" in story


@pytest.mark.parametrize("name", [ANNOUNCE, "dermapharm-announce", "dermapharm/announce"])
def test_a_material_is_known_by_reference_name_and_template(house: House, name: str) -> None:
    assert gone(house, name).reference == ANNOUNCE


def test_a_slip_in_the_name_withdraws_nothing(house: House) -> None:
    with pytest.raises(UsageError, match=ANNOUNCE):
        gone(house, "26/02/DMP/COM/077")

    assert house.connection.execute("SELECT count(*) FROM withdrawal").fetchone() == (0,)


def test_withdrawn_twice_is_withdrawn_once(house: House) -> None:
    gone(house)

    assert not gone(house).is_new


def test_who_withdrew_it_and_why_stands_in_the_audit_trail(house: House) -> None:
    gone(house)

    row = house.connection.execute("SELECT actor, act, about, detail ->> 'because' FROM audit").fetchone()
    assert row == ("affaires-reglementaires", "withdraw", ANNOUNCE, "posologie fausse")


def test_c38_a_material_that_nobody_approved_is_not_sent(house: House) -> None:
    house.change(
        "templates/dermapharm/announce.yaml", "approved: {by: affaires-reglementaires, on: 2026-02-16}", ""
    )
    run = house.start().run_id

    assert "material_not_approved" in house.states("announce") and house.drain(run).settled == 0


def test_c30_a_visa_that_ended_between_planning_and_sending_stops_the_mail(house: House) -> None:
    house.change(
        "templates/dermapharm/announce.yaml",
        "audience:",
        "visa: {type: PM, granted: 2025-03-04, expires: 2026-03-03}\naudience:",
    )
    run = house.start().run_id
    planned = house.states("announce")["ready"]
    house.drain(run, NOW + DAY)

    assert house.states("announce")["material_expired"] == planned > 0


def test_c36_a_customer_of_another_country_is_outside_the_materials_audience(house: House) -> None:
    abroad = house.connection.execute(
        "UPDATE customer SET country = 'BE' WHERE customer_id = (SELECT min(customer_id) FROM customer) RETURNING 1"
    ).rowcount
    house.change(
        "campaigns/dermapharm-test.yaml", "holdout: {share: 20%}", "holdout: {share: 0%, because: essai}"
    )
    house.start()

    assert house.states("announce")["audience_mismatch"] == abroad


def test_a_customer_whom_finance_holds_since_the_planning_is_stopped_in_the_gate(house: House) -> None:
    run = house.start().run_id
    held = min(house.touched("announce"))
    house.connection.execute("UPDATE customer SET credit_status = 'blocked' WHERE customer_id = %s", [held])
    house.drain(run)

    assert house.states("announce")["finance_hold"] == 1
