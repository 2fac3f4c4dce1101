"""A sender's manners: throttles kept by all workers together, warm-up, back-off, and an alarm that pauses the run."""

import datetime as dt
from typing import Any

import pytest

from engine.actions.alarm import Alarm, pause
from engine.contract import Ending, Receipt
from engine.model.policy import Stops, Throttle
from engine.model.written import TouchId
from engine.store import ledger
from engine.store.database import Connection
from engine.store.ledger import Group
from tests.store.bases import policy
from tests.store.ledgers import LAW, NOW, Prepared, ready, states


def throttle(**more: Any) -> Throttle:
    return Throttle.model_validate({"name": "relay", "max": 5, "per": "365 days", "source": "test", **more})


def gated(database: Connection, prepared: Prepared, *throttles: Throttle, limit: int = 100) -> Group:
    return ledger.gate(
        database,
        prepared.run,
        "announce",
        law=LAW,
        worker="w1",
        limit=limit,
        now=NOW,
        permit=False,
        throttles=throttles,
    )


def addresses(database: Connection, domain: str, numbers: range) -> None:
    database.execute(
        "UPDATE contact_point SET value_norm = 'c' || customer_id || '@' || %s WHERE customer_id IN"
        " (SELECT customer_id FROM touch ORDER BY touch_id OFFSET %s LIMIT %s)",
        [domain, numbers.start, len(numbers)],
    )


def test_no_more_leave_in_a_window_than_its_throttle_allows(database: Connection) -> None:
    prepared = ready(database, 12)

    first, second = gated(database, prepared, throttle()), gated(database, prepared, throttle())

    assert (len(first.addressees), len(second.addressees), states(database)["ready"]) == (5, 0, 7)


def test_a_slow_domain_holds_up_only_itself(database: Connection) -> None:
    """Its mails stand first in line, and the others pass them."""
    prepared = ready(database, 10)
    addresses(database, "Orange.example", range(6))
    slow = throttle(domains=["orange.example"], max=2)

    groups = [gated(database, prepared, slow, limit=4) for _ in range(3)]

    gone = [one.customer.address or "" for group in groups for one in group.addressees]
    assert sum(address.endswith("@Orange.example") for address in gone) == 2
    assert len(gone) == 6 and states(database) == {"gated": 6, "ready": 4}


def test_a_window_that_is_over_makes_room_again(database: Connection) -> None:
    prepared = ready(database, 12)
    gated(database, prepared, throttle())
    database.execute("UPDATE pace SET since = since - interval '365 days'")

    assert len(gated(database, prepared, throttle()).addressees) == 5


def test_a_warm_up_lets_a_few_more_out_on_each_day(database: Connection) -> None:
    warm = throttle(max=100, warm_up={"from": NOW.date() - dt.timedelta(days=2), "start": 1, "grows": 2})

    assert len(gated(database, ready(database, 12), warm).addressees) == 4


def test_a_domain_in_two_throttles_is_refused() -> None:
    both = [{"name": name, "max": 1, "per": "1 h", "domains": ["orange.fr"], "source": "x"} for name in "ab"]

    with pytest.raises(ValueError, match="two throttles"):
        policy(throttles=both)


def test_each_further_not_now_doubles_the_wait(database: Connection) -> None:
    prepared = ready(database, 1)
    waits = []
    for _ in range(4):
        group = gated(database, prepared)
        later = [Receipt(group.addressees[0].touch, Ending.LATER, "not_now", "451 later")]
        ledger.settle(database, group.addressees, later, worker="w1", now=NOW)
        row = database.execute(
            "SELECT extract(epoch FROM next_try - clock_timestamp()) / 300 FROM touch"
        ).fetchone()
        assert row is not None
        waits.append(float(row[0]))
        database.execute("UPDATE touch SET next_try = NULL")

    assert all(0.85 * 2**n < wait < 1.15 * 2**n for n, wait in enumerate(waits))


def answers(ending: Ending, reason: str | None, count: int) -> list[Receipt]:
    return [Receipt(TouchId(number), ending, reason, enhanced="5.7.26") for number in range(count)]


def test_a_relay_that_refuses_us_three_times_pauses_the_run() -> None:
    alarm = Alarm(Stops())

    assert alarm.heard(answers(Ending.REFUSED, "policy_refused", 2)) is None
    assert alarm.heard(answers(Ending.REFUSED, "policy_refused", 1)) is not None


def test_an_accepted_mail_in_between_says_that_we_are_welcome() -> None:
    alarm = Alarm(Stops())
    alarm.heard(answers(Ending.REFUSED, "policy_refused", 2))
    alarm.heard(answers(Ending.ACCEPTED, None, 1))

    assert alarm.heard(answers(Ending.REFUSED, "policy_refused", 2)) is None


@pytest.mark.parametrize(("refused", "pauses"), [(10, False), (11, True)])
def test_a_share_of_refusals_above_the_threshold_pauses_the_run(refused: int, pauses: bool) -> None:
    alarm = Alarm(Stops())
    alarm.heard(answers(Ending.ACCEPTED, None, 100 - refused))

    assert (alarm.heard(answers(Ending.REFUSED, "address_refused", refused)) is not None) is pauses


def test_a_run_that_paused_itself_gates_nothing_and_says_why(database: Connection) -> None:
    prepared = ready(database, 2)

    assert pause(database, prepared.run, "11 of 100 mails were refused")

    row = ledger.one_run(database, prepared.run)
    assert (gated(database, prepared).stopped, row.because) == ("paused", "11 of 100 mails were refused")
    assert database.execute("SELECT actor, act FROM audit").fetchall() == [("engine", "pause")]
