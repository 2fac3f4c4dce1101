"""Reps take what they can do by the end of a step's window; the rest waits for room or is withheld."""

import datetime as dt

import pytest

from channels.visit.step import VisitStep
from engine.model.campaign import AnyCampaign, Campaign
from engine.store import conservation, journey, workload
from engine.store.database import Connection
from tests.store.bases import add, campaign
from tests.store.road import Road

NOVEMBER = dt.datetime(2026, 11, 2, 8, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def visits(*overflow: object, until: str = "day 28", priority: object = 50, **more: object) -> AnyCampaign:
    """Return a campaign of visits that starts on 2 November 2026."""
    written = campaign().model_dump(by_alias=True, exclude_unset=True)
    task = {
        "reps": "PCR",
        "talking_points": "hivernax/points",
        "priority": priority,
        "overflow": list(overflow),
    }
    return Campaign[VisitStep].model_validate(
        {
            **written,
            "schedule": {"start": "2026-11-02T09:30:00"},
            "steps": {"visit": {"channel": "visit", "at": "day 0", "until": until, "task": task}},
            **more,
        }
    )


def rep(connection: Connection, customers: list[int], code: str = "PCR-01", **columns: object) -> int:
    connection.execute("INSERT INTO territory (territory, name) VALUES (%s, 'Nantes')", [code])
    row = connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type, daily_capacity, holiday_set)"
        " VALUES (%s, 'Jean', 'Petit', 'jean.petit@example.org', 'PCR', %s, %s) RETURNING rep_id",
        [code, columns.get("daily", 6), columns.get("region", "FR")],
    ).fetchone()
    assert row is not None
    connection.execute("INSERT INTO rep_assignment (rep_id, territory) VALUES (%s, %s)", [row[0], code])
    connection.execute(
        "INSERT INTO alignment (customer_id, rep_type, territory) SELECT id, 'PCR', %s FROM unnest(%s::bigint[]) AS id",
        [code, customers],
    )
    return int(row[0])


def road(connection: Connection, spec: AnyCampaign) -> Road:
    return Road(connection, spec, rep_type="PCR", start=NOVEMBER)


def off(connection: Connection, who: int, *days: int, planned: int = 0, fraction: float = 1) -> None:
    connection.execute(
        "INSERT INTO rep_calendar (rep_id, day, fraction_off, planned_visits) SELECT %s, make_date(2026, 11, d), %s, %s FROM unnest(%s::integer[]) AS d",
        [who, fraction, planned, list(days)],
    )


def test_the_known_example_schedules_54_of_70_and_withholds_16(database: Connection) -> None:
    """Domain 6.2: 20 working days, five of leave, one of meeting; 30 visits are planned already."""
    who = rep(database, add(database, 70))
    off(database, who, 16, 17, 18, 19, 20, 24)
    off(database, who, 3, 4, 5, 6, 9, 10, planned=5, fraction=0)
    november = road(database, visits("drop"))

    counts = november.due("visit")
    (load,) = workload.loads(
        database, november.run, "visit", november.spec.steps["visit"], "Europe/Paris", NOVEMBER
    )

    assert (counts, november.reasons("visit")) == ({"planned": 54, "excluded": 16}, {"capacity": 16})
    assert (load.asked, load.taken, load.capacity, load.already, f"{load.utilisation:.0%}") == (
        70,
        54,
        84,
        30,
        "119%",
    )


def test_who_finds_no_room_waits_where_the_step_defers(database: Connection) -> None:
    rep(database, add(database, 9))
    day = road(database, visits("defer", until="day 0 20:00"))

    assert day.due("visit") == {"planned": 6}
    assert database.execute("SELECT count(*) FROM waiting_for_room").fetchone() == (3,)


def test_who_waited_is_planned_when_room_comes(database: Connection) -> None:
    rep(database, add(database, 9))
    two_days = road(database, visits("defer", until="day 0 20:00"))
    two_days.due("visit")
    database.execute(
        "UPDATE touch SET state = 'cancelled' WHERE customer_id <= (SELECT min(customer_id) + 1 FROM customer)"
    )

    assert two_days.due("visit", NOVEMBER + dt.timedelta(hours=1)) == {"planned": 2}


def test_who_waited_in_vain_is_withheld_for_want_of_room_when_the_window_ends(database: Connection) -> None:
    rep(database, add(database, 9))
    day = road(database, visits("defer", "drop", until="day 0 20:00"))
    day.due("visit")

    assert day.due("visit", NOVEMBER + 2 * DAY) == {"excluded": 3}
    assert (day.reasons("visit"), conservation.breaches(database, day.run)) == ({"capacity": 3}, [])


def test_what_was_never_asked_in_time_expires_and_is_no_want_of_room(database: Connection) -> None:
    rep(database, add(database, 9))

    assert road(database, visits("defer", until="day 0 20:00")).due("visit", NOVEMBER + 2 * DAY) == {
        "expired": 9
    }


def test_the_most_important_find_room_first(database: Connection) -> None:
    low, high = add(database, 6, facts='{"potential": 2}'), add(database, 6, facts='{"potential": 5}')
    rep(database, low + high)
    road(database, visits("drop", until="day 0 20:00", priority={"by": "potential"})).due("visit")

    taken = {int(row[0]) for row in database.execute("SELECT customer_id FROM touch WHERE state = 'planned'")}
    assert taken == set(high)


def test_two_campaigns_share_a_reps_room(database: Connection) -> None:
    rep(database, add(database, 4))
    road(database, visits("drop", until="day 0 20:00")).due("visit")

    second = road(database, visits("drop", until="day 0 20:00", campaign="second"))

    assert second.due("visit") == {"planned": 2, "excluded": 2}


def test_room_is_kept_for_what_is_due_later_only_as_far_as_it_is_needed(database: Connection) -> None:
    rep(database, add(database, 10))
    road(database, visits("drop", until="day 1 20:00")).due("visit")  # 10 of 12 in two days

    today = road(database, visits("drop", until="day 0 20:00", campaign="second"))

    assert today.due("visit") == {"planned": 2, "excluded": 8}


def test_a_holiday_of_the_reps_own_region_is_no_working_day(database: Connection) -> None:
    ids = add(database, 12)
    rep(database, ids[:6], "PCR-67", region="FR-AM")
    rep(database, ids[6:], "PCR-44")
    friday = dt.datetime(2026, 4, 3, 7, tzinfo=dt.UTC)  # Good Friday
    run = Road(database, visits("drop", until="day 0 20:00"), rep_type="PCR", start=friday)

    assert (run.due("visit", friday), run.reasons("visit")) == (
        {"planned": 6, "excluded": 6},
        {"capacity": 6},
    )


def test_half_a_day_off_is_half_the_visits(database: Connection) -> None:
    who = rep(database, add(database, 6))
    off(database, who, 2, fraction=0.5)

    assert road(database, visits("drop", until="day 0 20:00")).due("visit") == {"planned": 3, "excluded": 3}


def test_a_task_that_was_done_takes_no_room_any_more(database: Connection) -> None:
    rep(database, add(database, 6))
    first = road(database, visits("drop", until="day 0 20:00"))
    first.due("visit")
    database.execute("UPDATE touch SET state = 'accepted', touched_at = %s, outcome = 'done'", [NOVEMBER])

    assert road(database, visits("drop", until="day 0 20:00", campaign="second")).due("visit") == {
        "planned": 6
    }


def colleague(connection: Connection, territory: str, code: str, role: str = "co", **columns: object) -> int:
    """Add a rep to a territory that has one."""
    values = {"daily_capacity": 6, "active": True, "promotional": True, "brands": [], **columns}
    row = connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type, daily_capacity, active, promotional, brands)"
        " VALUES (%(code)s, 'Anne', 'Roy', 'anne.roy@example.org', 'PCR', %(daily_capacity)s, %(active)s, %(promotional)s, %(brands)s)"
        " RETURNING rep_id",
        values | {"code": code},
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO rep_assignment (rep_id, territory, role) VALUES (%s, %s, %s)", [row[0], territory, role]
    )
    return int(row[0])


def tasks(connection: Connection) -> dict[str, int]:
    return dict(
        connection.execute(
            "SELECT code, count(*) FROM touch JOIN rep USING (rep_id) WHERE state = 'planned' GROUP BY 1"
        ).fetchall()
    )


def test_who_finds_no_room_goes_to_a_colleague_of_the_territory_first_to_who_stands_in(
    database: Connection,
) -> None:
    rep(database, add(database, 16))
    colleague(database, "PCR-01", "PCR-02", "co")
    colleague(database, "PCR-01", "PCR-03", "interim")

    counts = road(database, visits("reassign", "drop", until="day 0 20:00")).due("visit")

    assert (counts, tasks(database)) == ({"planned": 16}, {"PCR-01": 6, "PCR-03": 6, "PCR-02": 4})


def test_a_colleague_takes_no_more_than_fits_beside_their_own_customers(database: Connection) -> None:
    ids = add(database, 20)
    rep(database, ids[:15])
    other = rep(database, ids[15:], "PCR-02")
    database.execute("INSERT INTO rep_assignment VALUES (%s, 'PCR-01', 'co')", [other])
    day = road(database, visits("reassign", "defer", until="day 0 20:00"))

    assert (day.due("visit"), tasks(database)) == ({"planned": 12}, {"PCR-01": 6, "PCR-02": 6})
    assert database.execute("SELECT count(*) FROM waiting_for_room").fetchone() == (8,)
    assert conservation.breaches(database, day.run) == []


def test_the_most_important_stay_with_their_own_rep(database: Connection) -> None:
    low, high = add(database, 6, facts='{"potential": 2}'), add(database, 6, facts='{"potential": 5}')
    own = rep(database, low + high)
    colleague(database, "PCR-01", "PCR-02")
    road(database, visits("reassign", until="day 0 20:00", priority={"by": "potential"})).due("visit")

    kept = {int(row[0]) for row in database.execute("SELECT customer_id FROM touch WHERE rep_id = %s", [own])}
    assert kept == set(high)


def test_c50_a_colleague_who_was_not_taught_the_brand_or_has_left_is_given_nothing(
    database: Connection,
) -> None:
    rep(database, add(database, 9))
    colleague(database, "PCR-01", "PCR-02", brands=["DERMAPHARM"])
    colleague(database, "PCR-01", "PCR-03", active=False)
    day = road(database, visits("reassign", "drop", until="day 0 20:00"))

    assert (day.due("visit"), day.reasons("visit")) == ({"planned": 6, "excluded": 3}, {"capacity": 3})


def test_without_reassign_nobody_is_given_to_a_colleague(database: Connection) -> None:
    rep(database, add(database, 9))
    colleague(database, "PCR-01", "PCR-02")

    assert road(database, visits("drop", until="day 0 20:00")).due("visit") == {"planned": 6, "excluded": 3}


@pytest.mark.parametrize(("customers", "looks"), [(6, 2), (9, 3), (16, 4)])
def test_everybody_is_judged_again_only_for_those_who_lack_room(
    database: Connection, monkeypatch: pytest.MonkeyPatch, customers: int, looks: int
) -> None:
    """Reps of six visits a day: six customers need their own alone, nine a colleague, sixteen both."""
    rep(database, add(database, customers))
    colleague(database, "PCR-01", "PCR-02")
    colleague(database, "PCR-01", "PCR-03")
    day = road(database, visits("reassign", "drop", until="day 0 20:00"))
    judged: list[int] = []
    monkeypatch.setattr(
        journey,
        "judged",
        lambda colleague=0, real=journey.judged: (judged.append(colleague), real(colleague))[1],
    )

    assert day.due("visit") == {"planned": customers}
    assert judged == [*range(looks - 1), 0]


def test_a_second_look_gives_nobody_a_second_rep(database: Connection) -> None:
    rep(database, add(database, 9))
    colleague(database, "PCR-01", "PCR-02")
    day = road(database, visits("reassign", "defer", until="day 0 20:00"))
    day.due("visit")

    assert (day.due("visit"), tasks(database)) == ({}, {"PCR-01": 6, "PCR-02": 3})
