"""What runs is what was shown, or it does not run."""

import datetime as dt

import pytest

from engine.actions.binding import Drifted
from engine.problems import GuardStopped
from engine.store import ledger
from engine.store.plans import paused_by_guard
from tests.plans.house import CAMPAIGN, DAY, NOW, SLOT, House, pharmacies

HOUR = dt.timedelta(hours=1)


def retire(house: House, count: int) -> list[int]:
    """Let so many pharmacies close that the plan would have written to; return their ids."""
    rows = house.connection.execute(
        "UPDATE customer SET status = 'inactive' WHERE customer_id IN (SELECT customer_id FROM contact_point"
        " WHERE type = 'email' ORDER BY customer_id LIMIT %s) RETURNING customer_id",
        [count],
    ).fetchall()
    return sorted(int(row[0]) for row in rows)


def test_who_left_since_the_plan_stops_the_run_and_is_named_to_the_operator(house: House) -> None:
    made = house.plan()
    gone = retire(house, 2)

    with pytest.raises(Drifted) as stopped:
        house.start(made.plan_id)

    assert [one.customer_id for one in stopped.value.moved] == gone
    assert {one.reason for one in stopped.value.moved} == {"inactive"}
    assert house.runs() == 0


def test_who_joined_since_the_plan_stops_the_run(house: House) -> None:
    made = house.plan()
    joined = pharmacies(house.connection, 1)

    with pytest.raises(Drifted) as stopped:
        house.start(made.plan_id)

    assert [(one.customer_id, one.was) for one in stopped.value.moved] == [(joined[0], ())]


def test_the_refusal_itself_counts_and_names_nobody(house: House) -> None:
    made = house.plan()
    gone = retire(house, 2)

    with pytest.raises(Drifted) as stopped:
        house.start(made.plan_id)

    assert "2 left, 0 joined" in str(stopped.value)
    assert not any(f"#{customer}" in str(stopped.value) for customer in gone)


def test_an_address_that_bounced_since_moves_its_customer_out_of_the_first_step(house: House) -> None:
    made = house.plan()
    enrolled = sorted(house_touched(house, made.plan_id))
    house.connection.execute(
        "UPDATE contact_point SET status = 'invalid' WHERE customer_id = %s AND type = 'email'", [enrolled[0]]
    )

    with pytest.raises(Drifted) as stopped:
        house.start(made.plan_id)

    assert [(one.customer_id, one.was, one.now) for one in stopped.value.moved] == [
        (enrolled[0], ("step:announce",), ())
    ]


def house_touched(house: House, plan: str) -> list[int]:
    row = house.connection.execute(
        "SELECT members FROM plan_part WHERE plan_id = %s AND part = 'step:announce'", [plan]
    ).fetchone()
    assert row is not None
    return list(row[0])


def test_what_the_file_allows_to_move_does_not_stop_the_run(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "  segment: pharmacies", "  segment: pharmacies\n  drift: 5%")
    made = house.plan()
    retire(house, 3)

    assert house.start(made.plan_id).is_new


def test_one_more_than_the_file_allows_stops_the_run(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "  segment: pharmacies", "  segment: pharmacies\n  drift: 5%")
    made = house.plan()
    retire(house, 4)

    with pytest.raises(Drifted):
        house.start(made.plan_id)


def test_a_step_that_came_due_between_plan_and_run_moved_nobody(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "at: day 0 09:30", "at: day 0 11:30")
    made = house.plan()

    started = house.start(made.plan_id, now=NOW + 2 * HOUR)

    assert started.advanced.new.keys() == {"announce"}


def test_who_left_stops_the_run_of_a_plan_before_its_steps_hour_too(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "at: day 0 09:30", "at: day 0 11:30")
    made = house.plan()
    gone = retire(house, 2)

    with pytest.raises(Drifted) as stopped:
        house.start(made.plan_id, now=NOW + 2 * HOUR)

    assert [one.customer_id for one in stopped.value.moved] == gone


def test_a_changed_template_stops_the_run_and_is_named(house: House) -> None:
    made = house.plan()
    house.change("templates/dermapharm/points.md", "Faire le point", "Faire un point")

    with pytest.raises(GuardStopped, match=r"templates/dermapharm/points\.md: changed") as stopped:
        house.start(made.plan_id)

    assert "announce" not in str(stopped.value) and house.runs() == 0


def test_a_plan_run_again_changes_nothing_whatever_the_base_says_by_then(house: House) -> None:
    made = house.plan()
    house.start(made.plan_id)
    before = house.touched("announce")
    retire(house, 5)

    again = house.start(made.plan_id)

    assert (again.is_new, house.touched("announce")) == (False, before)


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        ("  max: 50", "60 members; the campaign allows 50 at most"),
        ("  expect: 61..90", "60 members; the campaign expects 61 to 90"),
    ],
)
def test_an_audience_that_is_not_as_allowed_stops_before_anything_is_sent(
    house: House, guard: str, words: str
) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "  segment: pharmacies", f"  segment: pharmacies\n{guard}")

    with pytest.raises(GuardStopped, match=words) as stopped:
        house.start()

    assert (stopped.value.exit_code, house.runs()) == (13, 0)


def test_first_steps_over_the_budget_stop_before_anything_is_sent(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "goals:", "budget: {max: 0.50 EUR}\ngoals:")

    with pytest.raises(GuardStopped, match=r"budget is 0\.50 EUR"):
        house.start()

    assert house.runs() == 0


def test_the_plan_says_what_a_guard_would_stop_it_for(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "  segment: pharmacies", "  segment: pharmacies\n  max: 50")

    assert [str(stop) for stop in house.plan().stops] == [
        "The audience has 60 members; the campaign allows 50 at most."
    ]


def test_a_later_step_over_the_budget_pauses_the_run_and_goes_on_when_somebody_resumes_it(
    house: House,
) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "goals:", "budget: {max: 20 EUR}\ngoals:")
    run = house.start().run_id
    house.drain(run)

    paused = house.advance(run, NOW + 8 * DAY)
    by_a_guard = paused_by_guard(house.connection, CAMPAIGN, SLOT.name)
    ready_while_paused = house.states("visit").keys()
    ledger.switch(house.connection, run, "running", by="claire")
    house.advance(run, NOW + 8 * DAY)

    assert paused.paused_because is not None and "the budget is 20.00 EUR" in paused.paused_because
    assert by_a_guard and not paused_by_guard(house.connection, CAMPAIGN, SLOT.name)
    assert (ready_while_paused, house.states("visit").keys()) == ({"planned"}, {"ready"})
