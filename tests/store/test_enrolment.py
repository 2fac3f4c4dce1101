"""Freezing an audience: one row each, the holdout before the channels, one primary reason."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.model.campaign import AnyCampaign
from engine.model.written import RunId
from engine.rules.allocation import cell_of, is_held_out
from engine.rules.schedule import slot
from engine.store import database as store
from engine.store import enrolment, ledger
from engine.store.database import Connection
from tests.store.bases import add, campaign, library, policy, rules, share

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)


def frozen(
    connection: Connection, spec: AnyCampaign, on: dt.datetime = NOW
) -> tuple[RunId, enrolment.Waterfall]:
    ledger.keep_definition(connection, "d1", spec.campaign, {})
    run, _ = ledger.open_run(connection, spec, slot(on.replace(tzinfo=None), "Europe/Paris"), "d1")
    enrolment.freeze(connection, run, spec, library(), policy(), rules(), on)
    ledger.mark_frozen(connection, run, on)
    return run, enrolment.waterfall(connection, run)


def test_a_slot_opens_one_run_however_often_it_is_triggered(database: Connection) -> None:
    ledger.keep_definition(database, "d1", "hivernax-2026", {})
    spec, due = campaign(), slot(NOW.replace(tzinfo=None), "Europe/Paris")

    opened = [ledger.open_run(database, spec, due, "d1") for _ in range(3)]

    assert [is_new for _, is_new in opened] == [True, False, False] and len({run for run, _ in opened}) == 1


def test_everybody_in_the_segment_gets_exactly_one_row(database: Connection) -> None:
    add(database, 7)
    add(database, 2, kinds=["pharmacist"])

    _, fall = frozen(database, campaign())

    assert (fall.universe, fall.enrolled) == (7, {"all": 7})


def test_freezing_again_adds_nobody(database: Connection) -> None:
    add(database, 3)
    run, before = frozen(database, campaign())
    add(database, 2)

    added = enrolment.freeze(database, run, campaign(), library(), policy(), rules(), NOW)

    # New customers of the segment would be added by a bare repeat; the run's frozen_at is what keeps them out.
    assert (added, before.universe) == (2, 3)


def test_of_two_who_freeze_a_run_at_once_one_adds_its_members(
    database: Connection, database_url: str
) -> None:
    add(database, 3)
    ledger.keep_definition(database, "d1", "hivernax-2026", {})
    run, _ = ledger.open_run(database, campaign(), slot(NOW.replace(tzinfo=None), "Europe/Paris"), "d1")

    def freeze(_: int) -> int:
        with store.connected(database_url, purpose="race") as connection, connection.transaction():
            added = enrolment.freeze(connection, run, campaign(), library(), policy(), rules(), NOW)
            connection.execute("SELECT pg_sleep(0.2)")  # uncommitted while the other one comes
            return added

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(freeze, range(2))) == [0, 3]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"status": "retired"}, "inactive"),
        ({"status": "deceased"}, "deceased"),
        ({"restricted_brands": ["HIVERNAX"]}, "restricted_brand"),
    ],
)
def test_who_must_not_be_reached_is_excluded_with_the_reason(
    database: Connection, columns: dict[str, object], reason: str
) -> None:
    add(database, 2)
    add(database, 1, **columns)

    _, fall = frozen(database, campaign())

    assert fall.excluded == {reason: 1}


def test_a_kind_that_the_purpose_must_not_address_is_excluded(database: Connection) -> None:
    """C-70."""
    add(database, 1)
    add(database, 2, kinds=["prescriber"])

    _, fall = frozen(database, campaign(purpose="commercial"))

    assert fall.excluded == {"kind_not_allowed": 3}


def test_the_first_reason_in_the_order_of_precedence_is_the_primary_one(database: Connection) -> None:
    add(database, 1, status="deceased", restricted_brands=["HIVERNAX"])

    run, _ = frozen(database, campaign())

    assert database.execute("SELECT reason, reasons FROM member WHERE run_id = %s", [run]).fetchone() == (
        "deceased",
        ["deceased", "restricted_brand"],
    )


def test_a_segment_that_is_taken_out_shows_as_excluded(database: Connection) -> None:
    add(database, 3)
    add(database, 2, town="NANTES")

    _, fall = frozen(database, campaign(audience={"segment": "prescribers", "except": ["in-nantes"]}))

    assert fall.excluded == {"in_excepted_segment": 2}


def test_postgresql_draws_holdout_and_cells_as_the_reference_does(database: Connection) -> None:
    ids = add(database, 400)
    spec = campaign(holdout={"share": "20%"}, cells={"a": {"share": "30%"}, "b": {"share": "70%"}})

    run, _ = frozen(database, spec)

    drawn = {
        row[0]: (row[1], row[2])
        for row in database.execute("SELECT customer_id, held_out, cell FROM member WHERE run_id = %s", [run])
    }
    assert drawn == {
        id: (
            is_held_out("hivernax-2026", share(20), id),
            cell_of("hivernax-2026", {"a": share(30), "b": share(70)}, id),
        )
        for id in ids
    }


def test_strata_are_held_out_alike_to_one_customer(database: Connection) -> None:
    add(database, 200, region="Bretagne")
    add(database, 57, region="Corse")

    run, _ = frozen(database, campaign(holdout={"share": "15%", "stratify": ["region"]}))

    rows = database.execute(
        "SELECT stratum, count(*) FILTER (WHERE held_out) FROM member WHERE run_id = %s GROUP BY 1", [run]
    )
    held = {row[0]: row[1] for row in rows}
    assert held["Bretagne"] == 30 and held["Corse"] in (8, 9)


def test_the_holdout_is_drawn_before_any_channel_is_asked(database: Connection) -> None:
    add(database, 200, consent=False)  # nobody can be written to, and still a fifth is set aside

    _, fall = frozen(database, campaign(holdout={"share": "20%"}))

    assert fall.held_out > 20


def test_who_was_held_out_once_stays_so_in_the_next_run_with_a_smaller_share(database: Connection) -> None:
    add(database, 100)
    first, _ = frozen(database, campaign(holdout={"share": "30%"}, reentry="always"))
    second, _ = frozen(
        database, campaign(holdout={"share": "5%"}, reentry="always"), NOW + dt.timedelta(days=30)
    )

    escaped = database.execute(
        "SELECT count(*) FROM member a JOIN member b USING (customer_id) WHERE a.run_id = %s AND b.run_id = %s"
        " AND a.held_out AND NOT b.held_out",
        [first, second],
    ).fetchone()

    assert escaped == (0,)


def test_who_came_once_does_not_come_again_where_reentry_is_never(database: Connection) -> None:
    add(database, 5)
    frozen(database, campaign())
    add(database, 2)

    _, fall = frozen(database, campaign(), NOW + dt.timedelta(days=30))

    assert (fall.excluded, fall.enrolled) == ({"not_again": 5}, {"all": 2})


def test_who_came_ninety_one_days_ago_comes_again_after_ninety(database: Connection) -> None:
    add(database, 5)
    frozen(database, campaign(reentry="after 90 days"))

    _, fall = frozen(database, campaign(reentry="after 90 days"), NOW + dt.timedelta(days=91))

    assert fall.enrolled == {"all": 5}


def test_only_the_highest_are_kept_and_ties_fall_by_the_draw(database: Connection) -> None:
    best = add(database, 4, facts='{"potential": 5}')
    add(database, 6, facts='{"potential": 2}')

    run, fall = frozen(
        database, campaign(audience={"segment": "prescribers", "top": {"n": 7, "by": "potential"}})
    )

    kept = {
        row[0]
        for row in database.execute(
            "SELECT customer_id FROM member WHERE run_id = %s AND reason IS NULL", [run]
        )
    }
    assert (fall.excluded, set(best) <= kept) == ({"not_among_top": 3}, True)


def test_one_customer_stands_for_all_of_a_mailbox(database: Connection) -> None:
    ids = add(database, 3)
    database.execute(
        "UPDATE contact_point SET value_norm = 'secretariat@example.org' WHERE customer_id = ANY (%s)",
        [ids[:2]],
    )

    _, fall = frozen(database, campaign(audience={"segment": "prescribers", "one_per": "mailbox"}))

    assert fall.excluded == {"one_per": 1}


def test_the_parts_of_every_run_add_up_to_its_universe(database: Connection) -> None:
    add(database, 50)
    add(database, 5, status="retired")
    spec = campaign(
        holdout={"share": "20%"},
        cells={"a": {"share": "50%"}, "b": {"share": "50%"}},
        audience={"segment": "prescribers", "sample": "60%"},
    )

    _, fall = frozen(database, spec)

    assert sum(fall.excluded.values()) + fall.held_out + sum(fall.enrolled.values()) == fall.universe == 55


def test_two_freezes_of_the_same_base_have_the_same_digest(database: Connection) -> None:
    add(database, 60)
    spec = campaign(holdout={"share": "20%"}, reentry="always")
    with database.transaction(force_rollback=True):
        run, _ = frozen(database, spec)
        rehearsed = enrolment.digest(database, run)
    run, _ = frozen(database, spec)

    assert enrolment.digest(database, run) == rehearsed
