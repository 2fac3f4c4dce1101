"""Steps that come due: for everybody at once, held back for one reason, never late, never twice."""

import datetime as dt
from typing import Any

import pytest

from engine.store import journey
from engine.store.database import Connection
from engine.store.journey import MaterialLimits
from tests.store.bases import add, campaign, give_consent, library, policy
from tests.store.road import NOW, Road

DAY = dt.timedelta(days=1)


TWO_STEPS = {
    "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
    "reminder": {"channel": "email", "after": "announce + 5 days", "until": "announce + 9 days"},
}


def test_a_step_is_planned_for_every_enrolled_member(database: Connection) -> None:
    add(database, 5)

    assert Road(database, campaign()).due() == {"planned": 5}


def test_a_second_look_at_the_same_moment_plans_nobody_twice(database: Connection) -> None:
    add(database, 5)
    road = Road(database, campaign())
    road.due()

    assert road.due() == {}


def test_the_held_out_have_no_touch(database: Connection) -> None:
    add(database, 200)
    road = Road(database, campaign(holdout={"share": "20%"}))
    road.due()

    assert database.execute(
        "SELECT count(*) FROM touch t JOIN member m USING (run_id, customer_id) WHERE m.held_out"
    ).fetchone() == (0,)


def test_a_later_step_waits_for_its_day(database: Connection) -> None:
    add(database, 3)
    road = Road(database, campaign(steps=TWO_STEPS))
    road.due()
    road.accept()

    assert (road.due("reminder", NOW + 4 * DAY), road.due("reminder", NOW + 5 * DAY)) == ({}, {"planned": 3})


def test_a_step_that_was_not_asked_in_time_expires_once_and_is_never_late(database: Connection) -> None:
    add(database, 3)
    road = Road(database, campaign(steps=TWO_STEPS))
    road.due()
    road.accept()

    assert (road.due("reminder", NOW + 20 * DAY), road.due("reminder", NOW + 21 * DAY)) == (
        {"expired": 3},
        {},
    )


def test_a_letter_may_follow_the_mail_that_was_withheld(database: Connection) -> None:
    add(database, 2)
    add(database, 3, consent=False)
    road = Road(
        database,
        campaign(
            steps={
                "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
                "letter": {
                    "channel": "mailing",
                    "after": "announce + 12 days",
                    "until": "announce + 20 days",
                    "if": [{"excluded": {"step": "announce", "because": "no_consent"}}],
                },
            }
        ),
    )
    road.due()
    road.accept()

    assert road.due("letter", NOW + 12 * DAY) == {"planned": 3}


def test_three_working_days_after_a_thursday_is_a_tuesday(database: Connection) -> None:
    add(database, 1)
    steps = {
        "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
        "visit": {"channel": "visit", "after": "announce + 3 working days", "until": "announce + 30 days"},
    }
    road = Road(database, campaign(steps=steps))
    road.due()
    thursday = dt.datetime(2026, 3, 5, 9, 0, tzinfo=dt.UTC)
    road.accept(on=thursday)

    tuesday = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
    assert (road.due("visit", tuesday - dt.timedelta(minutes=1)), road.due("visit", tuesday)) == (
        {},
        {"planned": 1},
    )


@pytest.mark.parametrize(("department", "day"), [("44", 3), ("67", 7), ("971", 7), (None, 3)], ids=str)
def test_working_days_after_a_step_are_those_of_the_customers_region(
    database: Connection, department: str | None, day: int
) -> None:
    """Good Friday is a holiday in Strasbourg and on Guadeloupe; Easter Monday everywhere."""
    add(database, 1, department=department)
    steps = {
        "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
        "visit": {"channel": "visit", "after": "announce + 1 working days", "until": "announce + 5 working days"},
    }  # fmt: skip
    road = Road(database, campaign(steps=steps))
    road.due()
    road.accept(on=dt.datetime(2026, 4, 2, 9, 0, tzinfo=dt.UTC))  # a Thursday

    due = dt.datetime(2026, 4, day, 9, 0, tzinfo=dt.UTC)
    assert (road.due("visit", due - dt.timedelta(minutes=1)), road.due("visit", due)) == ({}, {"planned": 1})


def test_a_window_may_end_by_working_days_where_the_delay_counts_all(database: Connection) -> None:
    add(database, 1, department="67")
    steps = {
        "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
        "visit": {"channel": "visit", "after": "announce + 1 days", "until": "announce + 1 working days"},
    }
    road = Road(database, campaign(steps=steps))
    road.due()
    road.accept(on=dt.datetime(2026, 4, 2, 9, 0, tzinfo=dt.UTC))
    road.due("visit", dt.datetime(2026, 4, 3, 9, 0, tzinfo=dt.UTC))

    end = dt.datetime(2026, 4, 7, 9, 0, tzinfo=dt.UTC)
    assert database.execute("SELECT not_after FROM touch WHERE step = 'visit'").fetchone() == (end,)


def _bounce(connection: Connection, ids: list[int]) -> None:
    connection.execute("UPDATE contact_point SET status = 'invalid' WHERE customer_id = ANY (%s)", [ids])


def _remove_address(connection: Connection, ids: list[int]) -> None:
    connection.execute("DELETE FROM contact_point WHERE customer_id = ANY (%s)", [ids])


def _secure_mailbox(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        "UPDATE contact_point SET value_norm = 'dr.morel@loire.mssante.fr' WHERE customer_id = ANY (%s)",
        [ids],
    )


def _secretariat(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        "UPDATE contact_point SET usage = 'professional_generic' WHERE customer_id = ANY (%s)", [ids]
    )


def _guard(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        "UPDATE contact_guard SET blocked = '{email:promo_rx}' WHERE customer_id = ANY (%s)", [ids]
    )


def _suppress(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        """INSERT INTO suppression (fingerprint, reason, source, from_at)
           SELECT fingerprint('pepper', type, value_norm), 'objection', 'test', %s FROM contact_point
            WHERE customer_id = ANY (%s)""",
        [NOW - DAY, ids],
    )


def _hold(connection: Connection, ids: list[int]) -> None:
    connection.execute(
        "INSERT INTO customer_hold (customer_id, kind, from_at, source) SELECT id, 'stock', %s, 'logistique'"
        " FROM unnest(%s::bigint[]) AS id",
        [NOW - DAY, ids],
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_bounce, "invalid_contact_point"),
        (_remove_address, "no_contact_point"),
        (_secure_mailbox, "mss_address"),
        (_secretariat, "shared_mailbox"),
        (_guard, "opted_out"),
        (_suppress, "opted_out"),
        (_hold, "stock_hold"),
    ],
)
def test_what_stands_against_a_touch_withholds_it_with_its_word(
    database: Connection, spoil: object, reason: str
) -> None:
    add(database, 2)
    spoil(database, add(database, 1))  # type: ignore[operator]
    road = Road(database, campaign())

    road.due()

    assert road.reasons() == {reason: 1}


def test_c01_a_promotional_mail_needs_consent(database: Connection) -> None:
    add(database, 2, consent=False)
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"no_consent": 2}


def test_c02_a_commercial_mail_needs_the_notice(database: Connection) -> None:
    ids = add(database, 3, consent=False, kinds=["pharmacist"])
    database.execute(
        "UPDATE contact_point SET notice_given_at = %s WHERE customer_id = %s", [NOW - DAY, ids[0]]
    )
    database.execute(
        "UPDATE contact_point SET notice_given_at = %s, usage = 'personal' WHERE customer_id = %s",
        [NOW - DAY, ids[1]],
    )
    library_of_pharmacists = campaign(purpose="commercial", audience={"segment": "pharmacists"})
    road = Road(database, library_of_pharmacists)
    road.due()

    assert road.reasons() == {"no_consent": 1, "no_notice": 1}


def test_c05_consent_without_proof_is_not_enough(database: Connection) -> None:
    give_consent(database, add(database, 1, consent=False), proof=False)
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"consent_no_proof": 1}


@pytest.mark.parametrize(
    ("consent", "reasons"),
    [
        ({"proof": False}, ["no_notice", "consent_no_proof"]),
        ({"until": NOW}, ["no_notice", "consent_expired"]),
        ({"opt": "opt_in_pending"}, ["no_notice"]),
        ({}, None),
    ],
    ids=["not proven", "over", "not confirmed", "proven"],
)
def test_c05_only_a_proven_consent_stands_in_for_the_notice(
    database: Connection, consent: dict[str, Any], reasons: list[str] | None
) -> None:
    ids = add(database, 1, consent=False, kinds=["pharmacist"])
    give_consent(database, ids, purpose="commercial", **consent)
    Road(database, campaign(purpose="commercial", audience={"segment": "pharmacists"})).due()

    assert database.execute("SELECT reasons FROM touch").fetchall() == [(reasons,)]


def test_c06_consent_ends_to_the_second(database: Connection) -> None:
    give_consent(database, add(database, 1, consent=False), until=NOW)
    give_consent(database, add(database, 1, consent=False), until=NOW + dt.timedelta(seconds=1))
    road = Road(database, campaign())

    assert (road.due(), road.reasons()) == ({"excluded": 1, "planned": 1}, {"consent_expired": 1})


def test_c07_one_no_beats_a_yes(database: Connection) -> None:
    ids = add(database, 1)
    give_consent(database, ids, opt="opt_out", purpose="*")
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"opted_out": 1}


def test_consent_given_for_another_address_is_none(database: Connection) -> None:
    give_consent(database, add(database, 1, consent=False), address="autre@example.org")
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"no_consent": 1}


def test_c36_who_is_outside_the_materials_audience_is_left_out(database: Connection) -> None:
    add(database, 1, specialty_group="CARDIO")
    add(database, 1, specialty_group="GP")
    add(database, 1)
    road = Road(database, campaign(), material=MaterialLimits(specialties=("CARDIO",)))
    road.due()

    assert road.reasons() == {"audience_mismatch": 2}


def test_c30_nothing_leaves_under_a_visa_that_has_expired(database: Connection) -> None:
    add(database, 1)
    road = Road(
        database,
        campaign(),
        material=MaterialLimits(valid_from=dt.date(2024, 1, 1), valid_to=dt.date(2026, 3, 2)),
    )
    road.due()

    assert road.reasons() == {"material_expired": 1}


WEEKLY = {
    "caps": [{"name": "one-a-week", "max": 1, "per": "7 days", "channels": ["email"], "source": "MK-2026-02"}]
}


def test_a_cap_counts_what_was_sent_within_its_window_and_no_more(database: Connection) -> None:
    ids = add(database, 3)
    for customer, days in zip(ids, (6, 7, 8), strict=True):
        database.execute(
            "INSERT INTO touch (customer_id, channel, purpose, state, due_at, touched_at, source, source_id)"
            " VALUES (%s, 'email', 'promo_otc', 'accepted', %s, %s, 'history', %s)",
            [customer, NOW - days * DAY, NOW - days * DAY, str(customer)],
        )
    road = Road(database, campaign(), policy(**WEEKLY))

    assert (road.due(), road.reasons()) == ({"planned": 2, "excluded": 1}, {"frequency_cap": 1})


def test_who_comes_second_is_told_the_rule_and_the_campaign_that_was_first(database: Connection) -> None:
    add(database, 1)
    Road(database, campaign(campaign="dermapharm-direct-2026"), policy(**WEEKLY)).due()
    Road(database, campaign(), policy(**WEEKLY)).due()

    assert database.execute("SELECT because FROM touch WHERE state = 'excluded'").fetchone() == (
        "one-a-week (dermapharm-direct-2026, priority 50)",
    )


def test_a_touch_that_is_only_planned_already_counts(database: Connection) -> None:
    add(database, 4)
    Road(database, campaign(campaign="dermapharm-direct-2026"), policy(**WEEKLY)).due()
    second = Road(database, campaign(), policy(**WEEKLY))
    second.due()

    assert second.reasons() == {"frequency_cap": 4}


def test_no_mail_goes_out_within_three_days_of_a_visit(database: Connection) -> None:
    ids = add(database, 2)
    for customer, days in zip(ids, (2, 4), strict=True):
        database.execute(
            "INSERT INTO touch (customer_id, channel, purpose, state, outcome, outcome_at, due_at, touched_at, source, source_id)"
            " VALUES (%s, 'visit', 'promo_rx', 'accepted', 'done', %s, %s, %s, 'sfa', %s)",
            [customer, NOW - days * DAY, NOW - days * DAY, NOW - days * DAY, str(customer)],
        )
    gap = {
        "gaps": [
            {"name": "visit-then-mail", "no": "email", "within": "3 days", "after": "visit", "source": "MK"}
        ]
    }
    road = Road(database, campaign(), policy(**gap))
    road.due()

    assert road.reasons() == {"min_gap": 1}


def test_c39_a_safety_letter_reaches_who_opted_out_and_was_capped(database: Connection) -> None:
    ids = add(database, 2, consent=False)
    _guard(database, ids)
    road = Road(database, campaign(purpose="safety"), policy(**WEEKLY))

    assert road.due() == {"planned": 2}


def test_who_has_no_rep_has_no_visit(database: Connection) -> None:
    covered = add(database, 1)
    add(database, 1)
    database.execute("INSERT INTO territory (territory, name) VALUES ('FR-W-01', 'Nantes')")
    database.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type) VALUES ('PCR-01', 'Jean', 'Petit', 'jean.petit@example.org', 'PCR')"
    )
    database.execute("INSERT INTO rep_assignment (rep_id, territory) SELECT rep_id, 'FR-W-01' FROM rep")
    database.execute(
        "INSERT INTO alignment (customer_id, rep_type, territory) VALUES (%s, 'PCR', 'FR-W-01')", covered
    )
    road = Road(database, campaign(steps={"visit": {"channel": "visit"}}), rep_type="PCR")

    assert (road.due("visit"), road.reasons("visit")) == ({"planned": 1, "excluded": 1}, {"no_rep": 1})


def test_an_order_lets_a_member_go_and_cancels_what_was_planned(database: Connection) -> None:
    ids = add(database, 2)
    road = Road(database, campaign(steps=TWO_STEPS, exit=[{"ordered": {"since": "announce"}}]))
    road.due()
    road.accept()
    road.due("reminder", NOW + 5 * DAY)
    database.execute(
        "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status) VALUES ('erp', 'C1', %s, 'web', %s, 'accepted')",
        [ids[0], NOW + 2 * DAY],
    )

    left = journey.leave(database, road.run, road.spec, library(), NOW + 6 * DAY)

    states = dict(
        database.execute("SELECT state, count(*) FROM touch WHERE step = 'reminder' GROUP BY 1").fetchall()
    )
    assert (left, states) == (1, {"planned": 1, "cancelled": 1})


def test_every_touch_of_a_run_belongs_to_an_enrolled_member(database: Connection) -> None:
    add(database, 60)
    add(database, 5, status="retired")
    road = Road(database, campaign(holdout={"share": "20%"}))
    road.due()

    strangers = database.execute("""SELECT count(*) FROM touch t LEFT JOIN member m USING (run_id, customer_id)
                                     WHERE m.customer_id IS NULL OR m.held_out OR m.reason IS NOT NULL""").fetchone()

    assert strangers == (0,)
