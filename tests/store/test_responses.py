"""What comes back counts once, and a no holds from the moment it is said."""

import datetime as dt
from dataclasses import replace

import pytest

from engine.actions.collect import Collected, collect
from engine.model.written import CustomerId, TouchId
from engine.store import responses
from engine.store.database import Connection
from engine.store.responses import Hit, TouchOfToken
from engine.testing.small_run import CAMPAIGN, START, SmallRun, definition

LATER = START + dt.timedelta(days=70)
PURPOSES = ["promo_rx", "commercial"]


@pytest.fixture
def small(database: Connection) -> SmallRun:
    return SmallRun(database)


def scalar(database: Connection, text: str, *values: object) -> object:
    row = database.execute(text, values).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def hit(small: SmallRun, number: int, kind: str = "click", *, minutes: float = 60) -> Hit:
    touch = TouchId(small.touches[number, "announce"])
    return Hit(
        touch, CustomerId(small.customer(number)), kind, START + dt.timedelta(minutes=minutes), "order-page"
    )


def touch_of(database: Connection, small: SmallRun, number: int) -> TouchOfToken:
    touch = TouchId(small.touches[number, "announce"])
    found = responses.touch_of_token(database, touch, CustomerId(small.customer(number)))
    assert found is not None
    return found


def test_the_same_hit_twice_counts_once(database: Connection, small: SmallRun) -> None:
    kept = responses.record_hits(database, [hit(small, 2)], LATER)
    again = responses.record_hits(database, [hit(small, 2)], LATER)

    assert (kept, again) == (1, 0)


def test_a_click_seconds_after_the_mail_left_is_a_scanners(database: Connection, small: SmallRun) -> None:
    responses.record_hits(database, [hit(small, 2, minutes=10.02)], LATER)

    touch = small.touches[2, "announce"]
    assert scalar(database, "SELECT type FROM response WHERE touch_id = %s", touch) == "click_suspect"


def test_an_open_seconds_after_the_mail_left_is_a_machines(database: Connection, small: SmallRun) -> None:
    responses.record_hits(database, [replace(hit(small, 2, minutes=10.02), type="open")], LATER)

    touch = small.touches[2, "announce"]
    assert scalar(database, "SELECT type FROM response WHERE touch_id = %s", touch) == "open_machine"


def test_a_hit_with_another_customers_touch_is_dropped(database: Connection, small: SmallRun) -> None:
    foreign = Hit(TouchId(small.touches[1, "announce"]), CustomerId(small.customer(2)), "click", LATER)

    assert responses.record_hits(database, [foreign], LATER) == 0


def test_a_click_proves_that_an_unsure_mail_arrived(database: Connection, small: SmallRun) -> None:
    responses.record_hits(database, [hit(small, 6)], LATER)

    touch = small.touches[6, "announce"]
    assert scalar(database, "SELECT state FROM touch WHERE touch_id = %s", touch) == "accepted"


def test_a_no_stops_what_has_not_left(database: Connection, small: SmallRun) -> None:
    waiting = small.touch(1, "letter", "email", "ready", None)

    responses.stop_contact(database, touch_of(database, small, 1), PURPOSES, at=LATER, proof="one-click")

    state = database.execute("SELECT state, reason FROM touch WHERE touch_id = %s", [waiting]).fetchone()
    assert state == ("excluded", "opted_out")


def test_a_no_by_mail_does_not_stop_the_visit(database: Connection, small: SmallRun) -> None:
    responses.stop_contact(database, touch_of(database, small, 5), PURPOSES, at=LATER, proof="one-click")

    assert (
        scalar(database, "SELECT state FROM touch WHERE touch_id = %s", small.touches[5, "visit"]) == "ready"
    )


def test_a_no_stands_in_guard_consent_and_events(database: Connection, small: SmallRun) -> None:
    responses.stop_contact(database, touch_of(database, small, 1), PURPOSES, at=LATER, proof="one-click")

    customer = small.customer(1)
    guard = scalar(database, "SELECT blocked FROM contact_guard WHERE customer_id = %s", customer)
    assert guard == ["email:commercial", "email:promo_rx"]
    said = database.execute(
        "SELECT purpose, opt, opt_out_cause, proof_type FROM consent_event WHERE customer_id = %s ORDER BY 1",
        [customer],
    ).fetchall()
    assert said == [
        ("commercial", "opt_out", "unsubscribed", "web_form"),
        ("promo_rx", "opt_out", "unsubscribed", "web_form"),
    ]
    assert (
        scalar(database, "SELECT count(*) FROM consent WHERE customer_id = %s AND opt = 'opt_out'", customer)
        == 2
    )


def test_a_no_said_twice_is_one_no(database: Connection, small: SmallRun) -> None:
    touch = touch_of(database, small, 1)
    responses.stop_contact(database, touch, PURPOSES, at=LATER, proof="one-click")

    again = responses.stop_contact(
        database, touch, PURPOSES, at=LATER + dt.timedelta(days=1), proof="one-click"
    )

    assert not again
    assert scalar(database, "SELECT count(*) FROM response WHERE type = 'unsubscribe'") == 1


def test_a_no_after_a_later_yes_counts_again(database: Connection, small: SmallRun) -> None:
    touch, day = touch_of(database, small, 1), dt.timedelta(days=1)
    responses.stop_contact(database, touch, PURPOSES, at=LATER, proof="page")
    responses.allow_contact(database, touch, PURPOSES, at=LATER + day, proof="page")

    responses.stop_contact(database, touch, PURPOSES, at=LATER + 2 * day, proof="page")

    assert responses.blocked_purposes(database, touch.customer, "email") == set(PURPOSES)
    assert (
        scalar(database, "SELECT DISTINCT opt FROM consent WHERE customer_id = %s", touch.customer)
        == "opt_out"
    )


def test_a_yes_does_not_lift_what_law_blocked(database: Connection, small: SmallRun) -> None:
    touch = touch_of(database, small, 1)
    database.execute("UPDATE contact_guard SET blocked = '{*}' WHERE customer_id = %s", [touch.customer])

    responses.allow_contact(database, touch, PURPOSES, at=LATER, proof="page")

    assert responses.blocked_purposes(database, touch.customer, "email") == {"*"}


def test_collecting_twice_finds_nothing_new(database: Connection, small: SmallRun) -> None:
    first = collect(database, definition, now=LATER)
    again = collect(database, definition, now=LATER)

    assert (first, again) == (Collected(2, 0, 0), Collected(0, 0, 0))


def test_a_code_says_more_than_a_window(database: Connection, small: SmallRun) -> None:
    collect(database, definition, now=LATER)

    known = database.execute(
        "SELECT customer_id, attribution, value FROM response WHERE type = 'order'"
    ).fetchall()
    assert sorted(known) == [
        (small.customer(1), "direct_code", 350),
        (small.customer(2), "window", 200),
    ]


def test_an_order_answers_the_last_touch_before_it(database: Connection, small: SmallRun) -> None:
    collect(database, definition, now=LATER)

    step = scalar(
        database, "SELECT step FROM response WHERE type = 'order' AND customer_id = %s", small.customer(2)
    )
    assert step == "visit"


def test_a_cancelled_order_is_no_response_any_more(database: Connection, small: SmallRun) -> None:
    collect(database, definition, now=LATER)
    database.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = %s", [small.orders[1]])

    assert collect(database, definition, now=LATER).changed_orders == 1
    assert scalar(database, "SELECT count(*) FROM response WHERE type = 'order'") == 1


def test_a_visit_report_answers_its_touch(database: Connection, small: SmallRun) -> None:
    database.execute(
        "INSERT INTO visit_report (touch_id, rep_id, customer_id, outcome, visited_at, source, source_id)"
        " VALUES (%s, %s, %s, 'seen', %s, 'web', '1')",
        [small.touches[2, "visit"], small.rep, small.customer(2), START + dt.timedelta(days=9)],
    )

    assert collect(database, definition, now=LATER).visit_reports == 1
    kept = database.execute(
        "SELECT campaign, step, label FROM response WHERE type = 'visit_outcome'"
    ).fetchone()
    assert kept == (CAMPAIGN.campaign, "visit", "seen")
