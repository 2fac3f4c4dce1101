"""Rules of conduct by their ids, as the field meets them; docs/rules.md is their table."""

import datetime as dt

import pytest

from engine.model.reasons import PRECEDENCE
from engine.store import fieldwork
from engine.store.database import Connection
from tests.store.bases import add, campaign, give_consent, policy
from tests.store.road import Road

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
VISIT = {"steps": {"visit": {"channel": "visit", "at": "day 0", "until": "day 20"}}}
LETTER = {"steps": {"letter": {"channel": "mailing", "at": "day 0", "until": "day 20"}}}


def history(
    connection: Connection, customer: int, channel: str, *days: int, brand: str = "HIVERNAX", state: str = "accepted"
) -> None:  # fmt: skip
    """Add contacts of a customer, so many days before now (or after it, if negative)."""
    connection.execute(
        "INSERT INTO touch (customer_id, channel, brand, purpose, state, due_at, touched_at, source, source_id)"
        " SELECT %s, %s, %s, 'promo_rx', %s, at, CASE WHEN %s = 'accepted' THEN at END, 'sfa', %s || ' ' || at"
        " FROM unnest(%s::timestamptz[]) AS at",
        [customer, channel, brand, state, state, str(customer), [NOW - day * DAY for day in days]],
    )


def reps(connection: Connection, customers: list[int], **columns: object) -> None:
    """Align customers with one rep for physicians."""
    connection.execute(
        "INSERT INTO territory (territory, name) VALUES ('FR-W-01', 'Nantes') ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type, promotional, brands)"
        " VALUES ('PCR-01', 'Jean', 'Petit', 'jean.petit@example.org', 'PCR', %s, %s)",
        [columns.get("promotional", True), columns.get("brands", [])],
    )
    connection.execute("INSERT INTO rep_assignment (rep_id, territory) SELECT rep_id, 'FR-W-01' FROM rep")
    connection.execute(
        "INSERT INTO alignment (customer_id, rep_type, territory) SELECT unnest(%s::bigint[]), 'PCR', 'FR-W-01'",
        [customers],
    )


def test_c09_no_named_promotion_goes_to_a_secretariat(database: Connection) -> None:
    ids = add(database, 1)
    database.execute(
        "UPDATE contact_point SET usage = 'professional_generic' WHERE customer_id = ANY (%s)", [ids]
    )
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"shared_mailbox": 1}


def test_c09_of_three_who_share_a_mailbox_one_gets_the_mail(database: Connection) -> None:
    ids = add(database, 3)
    database.execute(
        "UPDATE contact_point SET value_norm = 'cabinet@example.org', shared_with = 3 WHERE customer_id = ANY (%s)", [ids]
    )  # fmt: skip
    road = Road(database, campaign())

    assert (road.due(), road.reasons()) == ({"planned": 1, "excluded": 2}, {"shared_mailbox": 2})


def _share_a_mailbox(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        "UPDATE contact_point SET value_norm = 'cabinet@example.org', shared_with = 2 WHERE customer_id = ANY (%s)",
        [ids],
    )


def test_c09_who_may_not_be_written_to_keeps_a_mailbox_from_nobody(database: Connection) -> None:
    first, second = add(database, 2)
    _share_a_mailbox(database, [first, second])
    give_consent(database, [first], opt="opt_out", purpose="*")
    road = Road(database, campaign())

    assert (road.due(), road.reasons()) == ({"planned": 1, "excluded": 1}, {"opted_out": 1})


def test_c09_a_mailbox_that_a_step_has_reached_gets_no_second_mail_another_day(database: Connection) -> None:
    ids = add(database, 2)
    _share_a_mailbox(database, ids)
    steps = {
        "visit": {"channel": "visit", "at": "day 0", "until": "day 20"},
        "letter": {"channel": "email", "after": "visit + 3 days", "until": "visit + 9 days"},
    }
    road = Road(database, campaign(steps=steps))
    road.due("visit")
    for customer, days in zip(ids, (0, 1), strict=True):
        database.execute(
            "UPDATE touch SET state = 'accepted', touched_at = %s WHERE customer_id = %s",
            [NOW + days * DAY, customer],
        )
    road.due("letter", NOW + 3 * DAY)

    assert (road.due("letter", NOW + 4 * DAY), road.reasons("letter")) == (
        {"excluded": 1},
        {"shared_mailbox": 1},
    )


@pytest.mark.parametrize(
    "address", ["dr.morel@loire.mssante.fr", "claire.morel@medecin.mssante.fr", "accueil@chu.mssante.fr"]
)
def test_c10_a_secure_care_mailbox_is_never_used(database: Connection, address: str) -> None:
    ids = add(database, 1)
    database.execute("UPDATE contact_point SET value_norm = %s WHERE customer_id = ANY (%s)", [address, ids])
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"mss_address": 1}


def test_c11_an_objection_survives_erasure_and_a_new_import_of_the_address(database: Connection) -> None:
    (old,) = add(database, 1)
    database.execute(
        "INSERT INTO suppression (fingerprint, reason, source, from_at)"
        " SELECT fingerprint('pepper', type, value_norm), 'erasure', 'test', %s FROM contact_point",
        [NOW - 30 * DAY],
    )
    database.execute(
        "UPDATE contact_point SET value_norm = value_norm || '.gone' WHERE customer_id = %s", [old]
    )
    (new,) = add(database, 1)
    database.execute(
        "UPDATE contact_point SET value_norm = %s WHERE customer_id = %s",
        [f"claire.morel.{old}@example.org", new],
    )
    road = Road(database, campaign())
    road.due()

    assert database.execute("SELECT customer_id, reason FROM touch WHERE state = 'excluded'").fetchall() == [
        (new, "opted_out")
    ]


FOUR_A_YEAR = {
    "caps": [{"name": "four-visits-a-year", "max": 4, "per": "365 days", "channels": ["visit"], "brands": "same", "source": "VM-2026-03"}]
}  # fmt: skip


def test_c41_the_fifth_visit_of_a_year_is_withheld(database: Connection) -> None:
    often, seldom = add(database, 2)
    history(database, often, "visit", 30, 90, 180, 364)
    history(database, seldom, "visit", 30, 90, 180)
    road = Road(database, campaign(**VISIT), policy(**FOUR_A_YEAR))

    assert (road.due("visit"), road.reasons("visit")) == ({"planned": 1, "excluded": 1}, {"visit_cap": 1})


def test_c42_a_visit_of_366_days_ago_counts_no_more(database: Connection) -> None:
    history(database, add(database, 1)[0], "visit", 30, 90, 180, 366)

    assert Road(database, campaign(**VISIT), policy(**FOUR_A_YEAR)).due("visit") == {"planned": 1}


def test_c41_visits_for_another_brand_do_not_count_where_the_cap_is_the_brands(database: Connection) -> None:
    history(database, add(database, 1)[0], "visit", 30, 90, 180, 200, brand="DERMAPHARM")

    assert Road(database, campaign(**VISIT), policy(**FOUR_A_YEAR)).due("visit") == {"planned": 1}


def test_c41_a_visit_that_the_field_has_planned_counts_as_one(database: Connection) -> None:
    (customer,) = add(database, 1)
    history(database, customer, "visit", 30, 90, 180)
    history(database, customer, "visit", -6, state="planned")
    road = Road(database, campaign(**VISIT), policy(**FOUR_A_YEAR))
    road.due("visit")

    assert road.reasons("visit") == {"visit_cap": 1}


def test_c40_a_visit_and_a_call_share_the_cap_that_names_both(database: Connection) -> None:
    (customer,) = add(database, 1)
    history(database, customer, "visit", 10)
    history(database, customer, "call", 5)
    both = {
        "caps": [
            {
                "name": "canvassing",
                "max": 2,
                "per": "30 days",
                "channels": ["visit", "call"],
                "source": "charte",
            }
        ]
    }
    road = Road(database, campaign(**VISIT), policy(**both))
    road.due("visit")

    assert road.reasons("visit") == {"visit_cap": 1}


def test_a_visit_that_the_field_has_planned_keeps_another_at_its_distance(database: Connection) -> None:
    near, far = add(database, 2)
    history(database, near, "visit", -20, state="planned")
    history(database, far, "visit", -22, state="planned")
    gap = {
        "gaps": [
            {"name": "three-weeks", "no": "visit", "within": "21 days", "after": "visit", "source": "VM"}
        ]
    }
    road = Road(database, campaign(**VISIT), policy(**gap))

    assert (road.due("visit"), road.reasons("visit")) == ({"planned": 1, "excluded": 1}, {"min_gap": 1})


@pytest.mark.parametrize(
    ("reported", "due"),
    [(False, {"planned": 1}), (True, {"excluded": 1})],
    ids=["nobody came", "the rep was refused"],
)
def test_a_visit_that_nobody_made_starts_no_gap_when_its_task_expires(
    database: Connection, reported: bool, due: dict[str, int]
) -> None:
    (customer,) = add(database, 1)
    reps(database, [customer])
    history(database, customer, "visit", 60)
    database.execute(
        "INSERT INTO visit_task (touch_id, task_id, rep_id, customer_id, type, not_before, due_on, priority, reason, content, changed_at)"
        " SELECT touch_id, 'TB-1', rep.rep_id, customer_id, 'order_taking', %s, %s, 50, '', '{}', %s FROM touch, rep",
        [NOW - 60 * DAY, NOW - 17 * DAY, NOW],
    )
    if reported:
        database.execute(
            "INSERT INTO visit_report (touch_id, rep_id, customer_id, outcome, visited_at, source, source_id)"
            " SELECT touch_id, rep.rep_id, customer_id, 'refused', %s, 'web', 'r1' FROM touch, rep",
            [NOW - DAY],
        )
        database.execute("UPDATE touch SET outcome = 'not_done', outcome_at = %s", [NOW - DAY])
    fieldwork.expire_tasks(database, NOW)
    gap = [{"name": "three-weeks", "no": "visit", "within": "21 days", "after": "visit", "source": "VM"}]

    assert Road(database, campaign(**VISIT), policy(gaps=gap), rep_type="PCR").due("visit") == due


def test_c50_a_rep_without_the_brand_is_not_sent(database: Connection) -> None:
    reps(database, add(database, 1), brands=["DERMAPHARM"])
    road = Road(database, campaign(**VISIT), rep_type="PCR")
    road.due("visit")

    assert road.reasons("visit") == {"no_rep": 1}


def test_c48_a_rep_who_may_not_promote_has_no_promotional_visit(database: Connection) -> None:
    reps(database, add(database, 1), promotional=False)
    road = Road(database, campaign(**VISIT), rep_type="PCR")
    road.due("visit")

    assert road.reasons("visit") == {"no_rep": 1}


@pytest.mark.parametrize(("channel", "due"), [("call", {"excluded": 1}), ("mailing", {"planned": 1})])
def test_c81_who_wants_no_calls_gets_none(database: Connection, channel: str, due: dict[str, int]) -> None:
    add(database, 1, do_not_call=True)
    steps = {"steps": {"call": {"channel": channel, "at": "day 0", "until": "day 20"}}}

    assert Road(database, campaign(**steps)).due("call") == due


def test_c83_the_ninth_letter_of_a_year_is_withheld(database: Connection) -> None:
    (customer,) = add(database, 1)
    history(database, customer, "mailing", *range(10, 90, 10))
    cap = {
        "caps": [
            {
                "name": "eight-letters-a-year",
                "max": 8,
                "per": "365 days",
                "channels": ["mailing"],
                "source": "PMCPA",
            }
        ]
    }
    road = Road(database, campaign(**LETTER), policy(**cap))
    road.due("letter")

    assert road.reasons("letter") == {"frequency_cap": 1}


def test_c83_mails_are_no_letters(database: Connection) -> None:
    (customer,) = add(database, 1)
    history(database, customer, "email", *range(10, 90, 10))
    cap = {
        "caps": [
            {
                "name": "eight-letters-a-year",
                "max": 8,
                "per": "365 days",
                "channels": ["mailing"],
                "source": "PMCPA",
            }
        ]
    }

    assert Road(database, campaign(**LETTER), policy(**cap)).due("letter") == {"planned": 1}


def test_finance_holds_a_commercial_touch_and_no_other(database: Connection) -> None:
    ids = add(database, 2, kinds=["pharmacist", "prescriber"])
    database.execute("UPDATE contact_point SET notice_given_at = %s", [NOW - DAY])
    road = Road(database, campaign(purpose="commercial", audience={"segment": "pharmacists"}))
    other = Road(database, campaign(campaign="other"))
    database.execute("UPDATE customer SET credit_status = 'dunning' WHERE customer_id = %s", [ids[0]])
    database.execute(
        "INSERT INTO customer_hold (customer_id, kind, from_at, to_at, source) VALUES (%s, 'finance', %s, %s, 'erp')",
        [ids[1], NOW - DAY, NOW + DAY],
    )
    road.due()
    other.due()

    assert (road.reasons(), other.reasons()) == ({"finance_hold": 2}, {})


def test_a_hold_that_has_ended_holds_nobody(database: Connection) -> None:
    (customer,) = add(database, 1)
    database.execute(
        "INSERT INTO customer_hold (customer_id, kind, from_at, to_at, source) VALUES (%s, 'stock', %s, %s, 'logistique')",
        [customer, NOW - 9 * DAY, NOW],
    )

    assert Road(database, campaign()).due() == {"planned": 1}


def test_the_primary_reason_is_the_first_in_the_order_that_is_written_down(database: Connection) -> None:
    (customer,) = add(database, 1, consent=False)
    road = Road(database, campaign(), policy(**FOUR_A_YEAR))
    database.execute("UPDATE contact_point SET status = 'invalid' WHERE customer_id = %s", [customer])
    database.execute(
        "UPDATE customer SET restricted_brands = '{HIVERNAX}' WHERE customer_id = %s", [customer]
    )
    database.execute(
        "INSERT INTO customer_hold (customer_id, kind, from_at, source) VALUES (%s, 'stock', %s, 'logistique')",
        [customer, NOW - DAY],
    )
    road.due()

    row = database.execute("SELECT reason, reasons FROM touch").fetchone()
    assert row is not None
    reasons = [str(reason) for reason in row[1]]
    assert reasons == sorted(reasons, key=[str(reason) for reason in PRECEDENCE].index) and len(reasons) == 4
    assert row[0] == reasons[0] == "no_consent"
