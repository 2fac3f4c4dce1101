"""Another policy over the past, one plan beside another, and whom several campaigns want."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.actions.what_if import compare, overlap, policy_over_the_past
from engine.problems import UsageError
from engine.rules.counterfactual import Past, replay
from engine.store.database import Connection
from tests.plans.house import CAMPAIGN_FILE, DAY, NOW, House
from tests.store.bases import policy

WEEKLY = policy(caps=[{"name": "weekly", "max": 1, "per": "7 days", "channels": ["email"], "source": "s"}])


def mail(day: int, campaign: str | None = "hivernax", *, customer: int = 1, channel: str = "email") -> Past:
    return Past(customer, NOW + day * DAY, channel, "promo_rx", "HIVERNAX", campaign, 1, Decimal(80))


def held(touches: list[Past], house=WEEKLY, since: dt.datetime = NOW) -> dict[tuple[str, str], int]:  # type: ignore[no-untyped-def]
    return {key: found.touches for key, found in replay(touches, house, since).items()}


def test_what_is_held_back_makes_room_for_what_comes_later() -> None:
    assert held([mail(0), mail(3), mail(8)]) == {("hivernax", "weekly"): 1}


def test_what_went_out_before_the_period_stands_and_counts() -> None:
    assert held([mail(-3), mail(0)]) == {("hivernax", "weekly"): 1}


def test_a_contact_made_elsewhere_counts_and_is_never_held_back() -> None:
    assert held([mail(0), mail(1, None), mail(6)]) == {("hivernax", "weekly"): 1}


def test_one_customers_touches_are_nobody_elses() -> None:
    assert held([mail(0), mail(1, customer=2)]) == {}


def test_a_gap_holds_back_the_mail_after_the_visit_and_not_before() -> None:
    gap = policy(gaps=[{"name": "calm", "no": "email", "within": "3 days", "after": "visit", "source": "s"}])

    assert held([mail(0), mail(1, channel="visit"), mail(3), mail(5)], gap) == {("hivernax", "calm"): 1}


def test_the_recorded_history_is_played_with_what_came_back_to_it(database: Connection) -> None:
    for day in (-60, -58, -50, -2):
        database.execute(
            "WITH t AS (INSERT INTO touch (customer_id, channel, purpose, campaign, state, due_at, touched_at, source, source_id)"
            " VALUES (7, 'email', 'promo_rx', 'hivernax', 'accepted', %(at)s, %(at)s, 'old', %(at)s::text) RETURNING touch_id)"
            " INSERT INTO response (customer_id, touch_id, type, at, value, attribution, source, source_id)"
            " SELECT 7, touch_id, 'order', %(at)s, 80, 'direct_code', 'test', touch_id::text FROM t",
            {"at": NOW + day * DAY},
        )

    found = policy_over_the_past(database, WEEKLY, now=NOW, over=59 * DAY)

    (one,) = found.held.values()
    assert (found.touches, one.touches, one.responses, one.value, len(one.customers)) == (
        3,
        1,
        1,
        Decimal(80),
        1,
    )


def test_two_plans_show_what_changed_between_them(house: House) -> None:
    first = house.plan()
    house.connection.execute(
        "UPDATE customer SET status = 'retired' WHERE customer_id = (SELECT min(customer_id) FROM customer)"
    )
    second = house.plan()

    found = compare(house.connection, first.plan_id, second.plan_id)

    numbers = {str(one.what): (one.before, one.after) for one in found.numbers}
    assert numbers["excluded inactive"] == (0, 1) and numbers["universe"] == (60, 60)
    assert ("excluded", 1) in [(now, count) for _, now, count in found.moved]


def test_a_plan_that_nobody_made_cannot_be_compared(house: House) -> None:
    with pytest.raises(UsageError, match="no plan 'nothing'"):
        compare(house.connection, "nothing", house.plan().plan_id)


def test_an_overlap_counts_customers_and_names_first_who_chooses_first(house: House) -> None:
    house.write(
        "campaigns/restock.yaml",
        CAMPAIGN_FILE.replace("dermapharm-test", "restock") + "policy: {priority: 80}\n",
    )
    house.write(
        "segments/none.yaml", "segment: none\ntitle: Personne\nof: organisation\nwho:\n  - kind: hospital\n"
    )
    house.write(
        "campaigns/hospitals.yaml",
        CAMPAIGN_FILE.replace("dermapharm-test", "hospitals").replace("segment: pharmacies", "segment: none"),
    )

    (found,) = overlap(house.connection, house.project, [], now=NOW)

    assert (found.campaigns, found.customers) == (["restock", "dermapharm-test"], 60)


def test_whom_a_campaign_takes_out_is_wanted_by_the_others_alone(house: House) -> None:
    house.write(
        "campaigns/restock.yaml",
        CAMPAIGN_FILE.replace("dermapharm-test", "restock").replace(
            "  segment: pharmacies\n", "  segment: pharmacies\n  except: [pharmacies]\n"
        ),
    )

    assert overlap(house.connection, house.project, [], now=NOW) == []


def test_one_campaign_alone_cannot_overlap(house: House) -> None:
    with pytest.raises(UsageError, match="two campaigns"):
        overlap(house.connection, house.project, ["dermapharm-test"], now=NOW)
