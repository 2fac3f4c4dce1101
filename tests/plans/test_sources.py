"""A base that cannot be trusted today stops campaigns before anything is sent."""

import datetime as dt

import pytest

from engine.problems import GuardStopped
from engine.rules.schedule import slot
from tests.plans.house import DAY, NOW, House

FRESH = 'feeds:\n  - {feed: consents, at_most: 36 h, source: "DPO-2026"}\n'
WHOLE = 'feeds:\n  - {feed: pharmacies, shrunk_by: 20%, source: "DSI-2026"}\n'


def delivered(house: House, feed: str, at: dt.datetime, lines: int = 1000) -> None:
    house.connection.execute(
        "INSERT INTO import_batch (feed, file, sha256, counts, at) VALUES (%s, 'x.csv', '', jsonb_build_object('lines', %s::integer), %s)",
        [feed, lines, at],
    )


def asks(house: House, what: str) -> None:
    house.change("campaigns/policy.yaml", "costs:", what + "costs:")


def test_a_delivery_that_is_too_old_stops_a_run_before_anything_is_kept(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW - dt.timedelta(hours=37))

    with pytest.raises(GuardStopped, match="'consents' is 37 h old; the policy allows 36 h") as stopped:
        house.start()

    assert (stopped.value.exit_code, house.runs()) == (13, 0)


def test_a_fresh_delivery_lets_it_run(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW - dt.timedelta(hours=35))

    assert house.start().is_new


def test_a_feed_that_was_never_delivered_stops_a_run(house: House) -> None:
    asks(house, FRESH)

    with pytest.raises(GuardStopped, match="never delivered"):
        house.start()


def test_a_delivery_that_was_taken_back_is_none(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW)
    house.connection.execute("UPDATE import_batch SET undone_at = at")

    with pytest.raises(GuardStopped, match="never delivered"):
        house.start()


@pytest.mark.parametrize(("lines", "stops"), [(799, True), (800, False)])
def test_a_delivery_that_lost_too_much_stops_a_run(house: House, lines: int, stops: bool) -> None:
    asks(house, WHOLE)
    delivered(house, "pharmacies", NOW - 2 * DAY, 1000)
    delivered(house, "pharmacies", NOW - DAY, lines)

    assert any("799 lines" in str(stop) for stop in house.plan().stops) == stops


def test_a_later_step_waits_for_the_delivery_and_goes_on_when_it_came(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW)
    run = house.start().run_id
    house.drain(run)
    with pytest.raises(GuardStopped, match="the run goes on"):
        house.advance(run, NOW + 8 * DAY)
    delivered(house, "consents", NOW + 8 * DAY)

    assert house.advance(run, NOW + 8 * DAY).new["visit"]["planned"] > 0


@pytest.mark.parametrize(("allowed", "stops"), [("60%", False), ("30%", True)])
def test_an_audience_that_shrank_too_much_stops_the_next_run(house: House, allowed: str, stops: bool) -> None:
    house.change("campaigns/policy.yaml", "costs:", f"audience_shrunk_by: {allowed}\ncosts:")
    house.change(
        "campaigns/dermapharm-test.yaml",
        "schedule: {start: 2026-03-03 09:30}",
        "schedule: {every: '30 9 * * TUE'}",
    )
    house.start()
    house.connection.execute("UPDATE customer SET kinds = '{press}' WHERE customer_id % 2 = 0")
    week_later = slot(dt.datetime(2026, 3, 10, 9, 30), "Europe/Paris")  # noqa: DTZ001 - local by meaning

    if stops:
        with pytest.raises(GuardStopped, match="30 customers, in the run before 60"):
            house.start(at=week_later, now=NOW + 7 * DAY)
    else:
        assert house.start(at=week_later, now=NOW + 7 * DAY).is_new


def test_what_is_ready_waits_at_the_gate_once_a_delivery_has_grown_too_old(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW - dt.timedelta(hours=35))
    run = house.start().run_id

    late = house.drain(run, NOW + dt.timedelta(hours=2))

    states = house.states("announce")
    assert (late.stopped, late.settled, states["ready"] > 0, "accepted" in states) == (
        "stale",
        0,
        True,
        False,
    )


def test_what_waited_leaves_when_the_delivery_has_come(house: House) -> None:
    asks(house, FRESH)
    delivered(house, "consents", NOW - dt.timedelta(hours=35))
    run = house.start().run_id
    house.drain(run, NOW + dt.timedelta(hours=2))
    delivered(house, "consents", NOW + dt.timedelta(hours=3))

    assert house.drain(run, NOW + dt.timedelta(hours=4)).settled > 0


@pytest.mark.parametrize(("days", "told"), [(91, True), (89, False)])
def test_a_fact_that_decides_and_is_older_than_facts_yaml_relies_on_it_is_told_by_the_plan(
    house: House, days: int, told: bool
) -> None:
    house.connection.execute(
        "INSERT INTO import_batch (feed, file, sha256, counts, at) VALUES ('pharmacies', 'x.csv', '', %s, %s)",
        ['{"lines": 10, "facts": ["rfm_tier"]}', NOW - dt.timedelta(days=days)],
    )

    house.change(
        "segments/pharmacies.yaml",
        "  - kind: pharmacy\n",
        "  - kind: pharmacy\n  - any: [{rfm_tier: 1}, {kind: pharmacy}]\n",
    )

    said = [str(warning) for warning in house.plan().warnings]

    assert any("The fact 'rfm_tier' was last delivered on" in warning for warning in said) is told
