"""Who is left alone: by default, by the campaign, by the company; sticky, whatever a share becomes."""

import datetime as dt

import pytest
from pydantic import ValidationError

from engine.model.campaign import AnyCampaign
from engine.model.policy import Policy
from engine.rules.schedule import slot
from engine.store import enrolment, ledger
from engine.store.database import Connection
from tests.store.bases import add, campaign, library, policy, rules
from tests.store.road import Road

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)


def frozen(connection: Connection, spec: AnyCampaign, house: Policy, on: dt.datetime = NOW) -> int:
    ledger.keep_definition(connection, "d1", spec.campaign, {})
    run, _ = ledger.open_run(connection, spec, slot(on.replace(tzinfo=None), "Europe/Paris"), "d1")
    enrolment.freeze(connection, run, spec, library(), house, rules(), on)
    ledger.mark_frozen(connection, run, on)
    return int(run)


def held_out(connection: Connection, run: int) -> set[int]:
    return {
        int(row[0])
        for row in connection.execute(
            "SELECT customer_id FROM member WHERE run_id = %s AND (held_out OR 'holdout_global' = ANY (reasons))",
            [run],
        )
    }


def weekly(**more: object) -> AnyCampaign:
    written = campaign(reentry="always", **more).model_dump(by_alias=True, exclude_unset=True)
    if "holdout" not in more:
        del written["holdout"]
    return type(campaign()).model_validate(written)


def test_a_campaign_that_says_nothing_holds_out_the_companys_share(database: Connection) -> None:
    add(database, 1000)

    run = frozen(database, weekly(), policy(holdout="20%"))

    assert 160 < len(held_out(database, run)) < 240


def test_a_company_cannot_hold_out_nobody_in_silence() -> None:
    with pytest.raises(ValidationError, match="holds nobody out"):
        policy(holdout="0%")


@pytest.mark.parametrize(("before", "after"), [("20%", "5%"), ("5%", "20%")])
def test_a_changed_share_moves_nobody_out_of_control(database: Connection, before: str, after: str) -> None:
    add(database, 300)
    first = frozen(database, weekly(holdout={"share": before}), policy())

    second = frozen(database, weekly(holdout={"share": after}), policy(), NOW + dt.timedelta(days=7))

    assert held_out(database, first) and held_out(database, first) <= held_out(database, second)


def test_a_changed_share_moves_nobody_out_of_control_in_strata_either(database: Connection) -> None:
    for region in ("Bretagne", "Corse", "Normandie"):
        add(database, 40, region=region)
    holdout = {"share": "30%", "stratify": ["region"]}
    first = frozen(database, weekly(holdout=holdout), policy())

    second = frozen(
        database, weekly(holdout={**holdout, "share": "10%"}), policy(), NOW + dt.timedelta(days=7)
    )

    assert held_out(database, first) <= held_out(database, second)


def test_the_universal_holdout_is_the_same_for_every_promotional_campaign(database: Connection) -> None:
    add(database, 1000)
    house = policy(universal_holdout="5%")
    other = {"campaign": "dermapharm-direct-2026", "holdout": {"share": "0%", "because": "essai"}}
    mine = {"holdout": {"share": "0%", "because": "essai"}}

    one, two = frozen(database, weekly(**mine), house), frozen(database, weekly(**other), house)

    assert 25 < len(held_out(database, one)) < 80 and held_out(database, one) == held_out(database, two)


def test_the_universal_holdout_rotates_with_the_quarter(database: Connection) -> None:
    add(database, 1000)
    house = policy(universal_holdout="5%")
    none = {"holdout": {"share": "0%", "because": "essai"}}
    winter = held_out(database, frozen(database, weekly(**none), house))

    spring = held_out(database, frozen(database, weekly(**none), house, NOW + dt.timedelta(days=30)))

    assert len(winter & spring) < len(winter) / 2


def test_a_smaller_universal_share_takes_nobody_back_within_its_period(database: Connection) -> None:
    add(database, 1000)
    none = {"holdout": {"share": "0%", "because": "essai"}}
    first = held_out(database, frozen(database, weekly(**none), policy(universal_holdout="5%")))

    later = NOW + dt.timedelta(days=7)
    second = held_out(database, frozen(database, weekly(**none), policy(universal_holdout="1%"), later))

    assert second == first


def test_a_safety_letter_knows_no_universal_holdout(database: Connection) -> None:
    add(database, 200)
    none = {"holdout": {"share": "0%", "because": "essai"}}

    run = frozen(database, weekly(purpose="safety", **none), policy(universal_holdout="100%"))

    assert held_out(database, run) == set()


def test_a_step_of_an_older_run_leaves_the_universal_holdout_of_today_alone(database: Connection) -> None:
    add(database, 20)
    road = Road(database, campaign(), policy())
    road.policy = policy(universal_holdout="100%")
    road.due()

    assert road.reasons() == {"holdout_global": 20}


def test_whoever_must_not_be_reached_anyway_is_not_said_to_be_held_out(database: Connection) -> None:
    add(database, 1, status="retired")
    run = frozen(database, weekly(), policy(universal_holdout="100%"))

    assert database.execute("SELECT reason, reasons FROM member WHERE run_id = %s", [run]).fetchone() == (
        "inactive",
        ["inactive", "holdout_global"],
    )


def test_a_sample_is_drawn_by_a_stable_hash(database: Connection) -> None:
    add(database, 400)
    spec = {"audience": {"segment": "prescribers", "sample": "10%"}}
    none = {"holdout": {"share": "0%", "because": "essai"}}
    first, second = frozen(database, weekly(**spec, **none), policy()), frozen(
        database, weekly(**spec, **none), policy(), NOW + dt.timedelta(days=7)
    )  # fmt: skip

    def drawn(run: int) -> set[int]:
        return {
            int(row[0])
            for row in database.execute(
                "SELECT customer_id FROM member WHERE run_id = %s AND reason IS NULL", [run]
            )
        }

    assert 20 < len(drawn(first)) < 65 and drawn(first) == drawn(second)


@pytest.mark.parametrize("single", ["household", "site"])
def test_one_customer_stands_for_all_of_a_household_or_a_site(database: Connection, single: str) -> None:
    ids = add(database, 3)
    alone = add(database, 1)
    hospital = add(database, 1, of="organisation", kinds=["hospital"])
    database.execute(
        "INSERT INTO contact_point (customer_id, type, value_norm, source) SELECT id, 'postal', '12 RUE DU PORT|44000 NANTES', 'test'"
        " FROM unnest(%s::bigint[]) AS id",
        [ids],
    )
    database.execute(
        "INSERT INTO affiliation (person_id, organisation_id, is_primary, source) SELECT id, %s, true, 'test' FROM unnest(%s::bigint[]) AS id",
        [hospital[0], ids],
    )
    run = frozen(
        database,
        weekly(
            audience={"segment": "prescribers", "one_per": single},
            holdout={"share": "0%", "because": "essai"},
        ),
        policy(),
    )

    kept = {
        int(row[0])
        for row in database.execute(
            "SELECT customer_id FROM member WHERE run_id = %s AND reason IS NULL", [run]
        )
    }
    assert (len(kept & set(ids)), kept & set(alone)) == (1, set(alone))
