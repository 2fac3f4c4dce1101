"""Touches that wait past their day, and windows that are counted in the customer's days: a cap holds all the same."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.model.policy import Policy
from engine.store import journey, ledger, places
from engine.store.database import Connection, connected
from engine.store.journey import Reach
from tests.store.bases import add, campaign, policy, rules
from tests.store.ledgers import NOW
from tests.store.road import Road

DAY = dt.timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")
MAIL = {"announce": {"channel": "email", "at": "day 0", "until": "day 30"}}
BY_DAY = [{"name": "by-day", "channels": ["email"], "between": ["07:00-20:00"], "source": "MK"}]


def at_most_one(per: str, **more: Any) -> Policy:
    return policy(caps=[{"name": "one", "max": 1, "per": per, "channels": ["email"], "source": "MK"}], **more)


def planned(connection: Connection, name: str, house: Policy, on: dt.datetime) -> Road:
    """Return a campaign whose mail came due at a moment, and is ready where nothing held it back."""
    road = Road(connection, campaign(campaign=name, steps=MAIL), house, start=on)
    road.due()
    connection.execute("UPDATE touch SET state = 'ready' WHERE state = 'planned'")
    return road


def leave(road: Road, house: Policy, on: dt.datetime) -> int:
    """Let what may leave of a run leave; return how many did."""
    step, run = road.spec.steps["announce"], road.run
    where = places.of_ready(road.connection, run, "announce")
    law = journey.judged_parameters(
        road.spec, step, Reach("email", "pepper"), house, rules(), on, where if house.hours else ()
    )
    group = ledger.gate(
        road.connection, run, "announce", law=law, worker="w1", limit=10, now=on, permit=False
    )
    road.connection.execute(
        "UPDATE touch SET state = 'accepted', touched_at = %s WHERE state = 'gated'", [on]
    )
    return len(group.addressees)


def told(connection: Connection, name: str) -> tuple[str, str | None, str | None]:
    row = connection.execute(
        "SELECT state, reason, because FROM touch WHERE campaign = %s", [name]
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_a_touch_that_waits_holds_its_place_in_the_cap(database: Connection) -> None:
    """The first waits behind a throttle for eight days: a second one must not find the week free."""
    add(database, 1)
    house = at_most_one("7 days")
    first = planned(database, "first", house, NOW)
    planned(database, "second", house, NOW + 8 * DAY)

    assert told(database, "second") == ("excluded", "frequency_cap", "one (first, priority 50)")
    assert leave(first, house, NOW + 8 * DAY) == 1


def test_a_touch_whose_window_is_over_holds_no_place(database: Connection) -> None:
    """A run that was paused and forgotten keeps nobody else's mail back for ever."""
    add(database, 1)
    house = at_most_one("7 days")
    planned(database, "forgotten", house, NOW)
    planned(database, "second", house, NOW + 31 * DAY)

    assert told(database, "second")[0] == "ready"


def test_a_visit_that_the_field_planned_long_ago_and_told_nobody_of_holds_no_place(
    database: Connection,
) -> None:
    (customer,) = add(database, 1)
    database.execute(
        "INSERT INTO touch (customer_id, channel, purpose, state, due_at, source, source_id)"
        " VALUES (%s, 'visit', 'promo_rx', 'planned', %s, 'sfa', 'v1')",
        [customer, NOW - 30 * DAY],
    )
    house = policy(
        gaps=[{"name": "after-a-visit", "no": "email", "within": "3 days", "after": "visit", "source": "MK"}]
    )
    planned(database, "first", house, NOW)

    assert told(database, "first")[0] == "ready"


def test_of_two_that_waited_one_leaves_and_the_other_is_told_for_whom(database: Connection) -> None:
    """Both were planned lawfully, eight days apart; then both wait until the same day."""
    add(database, 1)
    house = at_most_one("7 days")
    first, second = (planned(database, name, policy(), NOW) for name in ("first", "second"))

    left = [leave(road, house, NOW + 8 * DAY) for road in (first, second)]

    assert (left, told(database, "second")) == (
        [1, 0],
        ("excluded", "frequency_cap", "one (first, priority 50)"),
    )


def test_what_waits_gives_way_to_what_is_on_time(database: Connection) -> None:
    add(database, 1)
    house = at_most_one("7 days")
    waiting = planned(database, "waiting", policy(), NOW)
    on_time = planned(database, "on-time", policy(), NOW + 8 * DAY)

    left = [leave(road, house, NOW + 8 * DAY) for road in (waiting, on_time)]

    assert (left, told(database, "waiting")[1]) == ([0, 1], "frequency_cap")


def test_a_distance_is_kept_by_what_waited_too(database: Connection) -> None:
    (customer,) = add(database, 1)
    house = policy(
        gaps=[{"name": "after-a-visit", "no": "email", "within": "3 days", "after": "visit", "source": "MK"}]
    )
    waiting = planned(database, "waiting", house, NOW)
    database.execute(
        "INSERT INTO touch (customer_id, channel, purpose, state, due_at, touched_at, source, source_id)"
        " VALUES (%s, 'visit', 'promo_rx', 'accepted', %s, %s, 'sfa', 'v1')",
        [customer, NOW + 4 * DAY, NOW + 4 * DAY],
    )

    assert (leave(waiting, house, NOW + 5 * DAY), told(database, "waiting")) == (
        0,
        ("excluded", "min_gap", "after-a-visit"),
    )


def test_a_mail_that_must_wait_for_the_morning_is_asked_for_the_morning(database: Connection) -> None:
    add(database, 1)
    house = at_most_one("10 h", hours=BY_DAY)
    night = dt.datetime(2026, 3, 3, 20, 0, tzinfo=dt.UTC)
    waiting = planned(database, "waiting", policy(), night)
    planned(database, "of-the-morning", policy(), night + dt.timedelta(hours=18))

    assert (leave(waiting, house, night), told(database, "waiting")[1]) == (0, "frequency_cap")


def test_what_waited_and_breaks_nothing_leaves(database: Connection) -> None:
    add(database, 3)
    house = at_most_one("7 days")
    waiting = planned(database, "waiting", house, NOW)

    assert leave(waiting, house, NOW + 8 * DAY) == 3


def test_of_two_that_leave_late_at_the_same_time_the_second_sees_the_first(
    database: Connection, database_url: str
) -> None:
    add(database, 1)
    house = at_most_one("7 days")
    first, second = (planned(database, name, policy(), NOW) for name in ("first", "second"))
    with connected(database_url, purpose="another gate") as other, ThreadPoolExecutor(1) as hand:
        second.connection = other
        with database.transaction():
            left = leave(first, house, NOW + 8 * DAY)
            meanwhile = hand.submit(leave, second, house, NOW + 8 * DAY)
            with pytest.raises(TimeoutError):
                meanwhile.result(0.3)

        assert (left, meanwhile.result(10)) == (1, 0)
    assert told(database, "second")[1] == "frequency_cap"


def _sent(connection: Connection, at: dt.datetime) -> None:
    connection.execute(
        "INSERT INTO touch (customer_id, channel, purpose, state, due_at, touched_at, source, source_id)"
        " SELECT customer_id, 'email', 'promo_rx', 'accepted', %s, %s, 'history', 'h1' FROM customer",
        [at, at],
    )


@pytest.mark.parametrize(
    ("per", "department", "hours", "state"),
    [
        ("1 day", "44", 23, "ready"),  # noon to noon, over the night in which clocks go forward
        ("1 day", "44", 22.9, "excluded"),
        ("1 day", "972", 23, "excluded"),  # Martinique puts no clock forward
        ("1 day", "972", 24, "ready"),
        ("23 h", "44", 23, "ready"),
        ("25 h", "44", 24, "excluded"),  # hours are hours
        ("25 h", "44", 25, "ready"),
    ],
)
def test_a_windows_days_are_those_of_the_customers_clock(
    database: Connection, per: str, department: str, hours: float, state: str
) -> None:
    add(database, 1, department=department)
    noon = dt.datetime(2026, 3, 28, 12, 0, tzinfo=PARIS).astimezone(dt.UTC)
    _sent(database, noon)
    planned(database, "next", at_most_one(per), noon + dt.timedelta(hours=hours))

    assert told(database, "next")[0] == state


@pytest.mark.parametrize(("hours", "state"), [(24, "excluded"), (25, "ready")])
def test_the_day_on_which_clocks_go_back_has_25_hours(database: Connection, hours: int, state: str) -> None:
    add(database, 1, department="44")
    noon = dt.datetime(2026, 10, 24, 12, 0, tzinfo=PARIS).astimezone(dt.UTC)
    _sent(database, noon)
    gap = {"name": "a-day", "no": "email", "within": "1 day", "after": "email", "source": "MK"}
    planned(database, "next", policy(gaps=[gap]), noon + dt.timedelta(hours=hours))

    assert told(database, "next")[0] == state
