"""Runs over time: each keeps the definition it started with, late slots follow `late`, re-entry follows `reentry`."""

import datetime as dt

import pytest

from engine.actions.against import against_running
from engine.actions.tick import Ticked, tick
from tests.plans.house import CAMPAIGN, DAY, NOW, PEPPER, House

FILE = f"campaigns/{CAMPAIGN}.yaml"
WEEK = 7 * DAY


def ticked(house: House, now: dt.datetime) -> Ticked:
    return tick(house.connection, house.project, house.channels, pepper=PEPPER, now=now)


def slots(house: House) -> list[str]:
    return [row[0] for row in house.connection.execute("SELECT slot FROM run ORDER BY slot_at")]


@pytest.fixture
def weekly(house: House) -> House:
    """A campaign that starts each Tuesday at 9:30."""
    house.change(
        FILE, "schedule: {start: 2026-03-03 09:30}", "schedule: {every: '30 9 * * TUE', late: skip after 2 h}"
    )
    return house


def test_an_edit_does_not_reach_a_run_that_is_under_way(house: House) -> None:
    run = house.start().run_id
    house.drain(run)
    house.change(FILE, "after: announce + 8 days", "after: announce + 2 days")

    early = house.advance(run, NOW + 3 * DAY).new
    in_time = house.advance(run, NOW + 8 * DAY).new

    assert (early, list(in_time)) == ({}, ["visit"])


def test_what_differs_between_a_run_and_the_files_is_told_with_whom_it_does_not_reach(house: House) -> None:
    enrolled = sum(house.start().waterfall.enrolled.values())
    before = against_running(house.connection, house.project, CAMPAIGN)
    house.change("templates/dermapharm/points.md", "Faire le point", "Faire un point")

    (unlike,) = against_running(house.connection, house.project, CAMPAIGN)

    assert before == [] and str(unlike.files) == "  templates/dermapharm/points.md: changed"
    assert unlike.members == enrolled > 0


def test_an_edit_reaches_the_next_slot(weekly: House) -> None:
    weekly.change(FILE, "title: Dermapharm, essai\n", "title: Dermapharm, essai\nreentry: always\n")
    ticked(weekly, NOW)
    weekly.change(FILE, "holdout: {share: 20%}", "holdout: {share: 0%, because: essai}")
    ticked(weekly, NOW + WEEK)

    held_out = weekly.connection.execute(
        "SELECT count(*) FILTER (WHERE held_out) > 0 FROM member GROUP BY run_id ORDER BY run_id"
    ).fetchall()
    shas = weekly.connection.execute("SELECT count(DISTINCT definition_sha) FROM run").fetchone()
    assert shas == (2,) and held_out[0] == (True,)


def test_a_slot_that_is_an_hour_late_starts(weekly: House) -> None:
    ticked(weekly, NOW + dt.timedelta(hours=1))

    assert slots(weekly) == ["2026-03-03T09:30[Europe/Paris]"]


def test_a_slot_that_is_three_hours_late_never_starts(weekly: House) -> None:
    ticked(weekly, NOW + dt.timedelta(hours=3))

    assert slots(weekly) == []


def test_a_slot_whose_clock_changes_starts_at_the_same_hour_on_the_wall(weekly: House) -> None:
    """On 29 March 2026 the clock goes forward: 9:30 in Paris is 7:30 UTC from then on."""
    ticked(weekly, dt.datetime(2026, 3, 31, 7, 30, tzinfo=dt.UTC))

    assert slots(weekly) == ["2026-03-31T09:30[Europe/Paris]"]


@pytest.mark.parametrize(
    ("reentry", "enrolled"),
    [("never", [48, 0]), ("always", [48, 48]), ("after 7 days", [48, 48]), ("after 8 days", [48, 0])],
)
def test_who_was_enrolled_comes_again_as_the_file_says(
    weekly: House, reentry: str, enrolled: list[int]
) -> None:
    """Of sixty pharmacies the same twelve are held out each time; of the others it depends."""
    weekly.change(FILE, "title: Dermapharm, essai\n", f"title: Dermapharm, essai\nreentry: {reentry}\n")
    weekly.change(FILE, "holdout: {share: 20%}", "holdout: {share: 20%, stratify: [region]}")
    ticked(weekly, NOW)
    ticked(weekly, NOW + WEEK)

    rows = weekly.connection.execute(
        "SELECT count(*) FILTER (WHERE reason IS NULL AND NOT held_out) FROM member GROUP BY run_id ORDER BY run_id"
    )
    assert [row[0] for row in rows] == enrolled


def test_a_step_opens_at_its_hour_of_its_day_and_not_before(house: House) -> None:
    house.change(FILE, "    at: day 0 09:30", "    at: day 1 14:00")
    house.change(FILE, "    until: day 3", "    until: day 1 16:00")
    run = house.start().run_id
    two = dt.datetime(2026, 3, 4, 13, 0, tzinfo=dt.UTC)  # 14:00 in Paris

    before = house.advance(run, two - dt.timedelta(minutes=1)).new
    at = house.advance(run, two).new

    assert (before, list(at)) == ({}, ["announce"])


def test_what_is_not_out_until_its_hour_expires_and_is_never_late(house: House) -> None:
    house.change(FILE, "    until: day 3", "    until: day 0 18:00")
    run = house.start().run_id
    ready = house.states("announce")["ready"]

    house.advance(run, NOW + DAY)
    sent = house.drain(run, NOW + DAY)

    assert (house.states("announce")["expired"], sent.settled) == (ready, 0)
