"""Quiet hours, working days and seasons: asked when a step is planned, and again at the gate."""

import datetime as dt

from engine.model.policy import Policy
from engine.store import journey, ledger, places
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.store.bases import add, campaign, policy, rules
from tests.store.ledgers import NOW as PREPARED
from tests.store.ledgers import ready
from tests.store.road import Road

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)  # a Tuesday: 9:30 in Nantes, 4:30 in Fort-de-France
BY_DAY = {
    "hours": [{"name": "mails-by-day", "channels": ["email"], "between": ["07:00-20:00"], "source": "MK"}]
}
FLU = {
    "seasons": [
        {"name": "flu", "brands": ["HIVERNAX"], "except": ["974"], "opens": "2026-03-05", "closes": "2026-05-31", "source": "DGS"},
        {"name": "flu-reunion", "brands": ["HIVERNAX"], "departments": ["974"], "opens": "2026-05-12", "closes": "2026-10-31", "source": "DGS"},
    ]
}  # fmt: skip


def due_in(connection: Connection) -> dict[str, dt.datetime]:
    """Return when the touch of each département is due."""
    return dict(
        connection.execute(
            "SELECT coalesce(department, ''), due_at FROM touch JOIN customer USING (customer_id) WHERE state IN ('planned','ready')"
        ).fetchall()
    )


def test_where_it_is_night_a_planned_mail_waits_for_the_morning(database: Connection) -> None:
    add(database, 1, department="44")
    add(database, 1, department="972")
    Road(database, campaign(), policy(**BY_DAY)).due()

    assert due_in(database) == {"44": NOW, "972": dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC)}


def test_a_recorded_zone_counts_where_the_department_is_unknown(database: Connection) -> None:
    add(database, 1, timezone="America/Montreal")
    Road(database, campaign(), policy(**BY_DAY)).due()

    assert due_in(database) == {"": dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)}


def test_a_window_that_ends_before_the_place_opens_expires_at_once(database: Connection) -> None:
    add(database, 1, department="972")
    steps = {"announce": {"channel": "email", "at": "day 0", "until": "day 0 11:00"}}

    assert Road(database, campaign(steps=steps), policy(**BY_DAY)).due() == {"expired": 1}


def test_c39_a_safety_letter_waits_for_no_morning(database: Connection) -> None:
    add(database, 1, department="972")
    everything = {"hours": [{**BY_DAY["hours"][0], "purposes": "all"}]}
    Road(database, campaign(purpose="safety"), policy(**everything)).due()

    assert due_in(database) == {"972": NOW}


def test_c71_before_the_season_a_touch_waits_and_outside_of_it_it_is_withheld(database: Connection) -> None:
    add(database, 1, department="44")
    add(database, 1, department="974")
    road = Road(database, campaign(), policy(**FLU))
    road.due()

    midnight = dt.datetime(2026, 3, 4, 23, tzinfo=dt.UTC)
    assert (due_in(database), road.reasons()) == ({"44": midnight}, {"calendar_gate": 1})


def test_c71_a_brand_without_a_season_knows_no_gate(database: Connection) -> None:
    add(database, 2, department="974")
    road = Road(database, campaign(brand="DERMAPHARM"), policy(**FLU))

    assert road.due() == {"planned": 2}


def _gated(connection: Connection, run: int, house: Policy, now: dt.datetime) -> int:
    spec = campaign()
    step = spec.steps["announce"]
    where = places.of_ready(connection, run, "announce")
    law = journey.judged_parameters(spec, step, Reach("email", "pepper"), house, rules(), now, where)
    group = ledger.gate(
        connection, run, "announce", law=law, worker="w1", limit=100, now=now, permit=False  # type: ignore[arg-type]
    )  # fmt: skip
    return len(group.addressees)


def test_what_was_planned_by_day_does_not_pass_the_gate_by_night(database: Connection) -> None:
    prepared = ready(database, 3)
    night = dt.datetime(2026, 3, 3, 19, tzinfo=dt.UTC)  # 20:00 in Paris

    passed = _gated(database, prepared.run, policy(**BY_DAY), night)

    assert (passed, due_in(database)) == (0, {"": dt.datetime(2026, 3, 4, 6, tzinfo=dt.UTC)})


def test_what_waited_for_the_morning_passes_the_gate_then(database: Connection) -> None:
    prepared = ready(database, 3)
    night = dt.datetime(2026, 3, 3, 19, tzinfo=dt.UTC)
    _gated(database, prepared.run, policy(**BY_DAY), night)

    assert _gated(database, prepared.run, policy(**BY_DAY), night + dt.timedelta(hours=11)) == 3


def test_the_gate_lets_open_places_pass_and_keeps_the_others(database: Connection) -> None:
    prepared = ready(database, 3)
    database.execute(
        "UPDATE customer SET department = '972' WHERE customer_id = (SELECT min(customer_id) FROM customer)"
    )

    assert _gated(database, prepared.run, policy(**BY_DAY), PREPARED) == 2


def test_c71_the_end_of_a_season_is_met_at_the_gate(database: Connection) -> None:
    prepared = ready(database, 1)
    over = {
        "seasons": [
            {
                "name": "flu",
                "brands": ["HIVERNAX"],
                "opens": "2025-10-14",
                "closes": "2026-03-02",
                "source": "DGS",
            }
        ]
    }

    _gated(database, prepared.run, policy(**over), PREPARED)

    assert database.execute("SELECT state, reason FROM touch").fetchone() == ("excluded", "calendar_gate")


def test_a_brand_of_which_every_box_has_run_out_is_held(database: Connection) -> None:
    add(database, 1)
    database.execute("INSERT INTO brand (brand, name) VALUES ('HIVERNAX', 'Hivernax')")
    database.execute(
        "INSERT INTO product (cis, brand, denomination) VALUES ('60001', 'HIVERNAX', 'HIVERNAX')"
    )
    database.execute(
        "INSERT INTO presentation (cip13, cis, label, stock_status) VALUES ('3400900000011', '60001', '1 seringue', 'out'), ('3400900000028', '60001', '10 seringues', 'out')"
    )
    road = Road(database, campaign())
    road.due()

    assert road.reasons() == {"stock_hold": 1}


def test_a_brand_of_which_one_box_is_left_is_not_held(database: Connection) -> None:
    add(database, 1)
    database.execute("INSERT INTO brand (brand, name) VALUES ('HIVERNAX', 'Hivernax')")
    database.execute(
        "INSERT INTO product (cis, brand, denomination) VALUES ('60001', 'HIVERNAX', 'HIVERNAX')"
    )
    database.execute(
        "INSERT INTO presentation (cip13, cis, label, stock_status) VALUES ('3400900000011', '60001', '1 seringue', 'out'), ('3400900000028', '60001', '10 seringues', 'low')"
    )

    assert Road(database, campaign()).due() == {"planned": 1}
