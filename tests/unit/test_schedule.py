"""When things come due: clock changes, late slots, steps that count from other steps."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.campaign import Audience, Campaign, Goal, Schedule, Step
from engine.model.moments import day_and_time, delay_after
from engine.rules.schedule import (
    Fixed,
    Relative,
    due_slots,
    earliest,
    instant,
    latest,
    moment,
    slot,
    slots_between,
)

PARIS = "Europe/Paris"


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc]


def local(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[misc]  # noqa: DTZ001 - wall-clock by meaning


def weekly(**more: object) -> Schedule:
    return Schedule.model_validate({"every": "30 9 * * TUE", "timezone": PARIS, **more})


def test_a_slot_is_named_by_its_local_time_and_zone() -> None:
    assert slot(local(2026, 11, 21, 9), PARIS).name == "2026-11-21T09:00[Europe/Paris]"


def test_a_time_that_the_clock_skips_is_one_slot_after_the_jump() -> None:
    assert slot(local(2026, 3, 29, 2, 30), PARIS).at == utc(2026, 3, 29, 1, 30)


def test_a_time_that_comes_twice_is_one_slot_the_first_time() -> None:
    assert slot(local(2026, 10, 25, 2, 30), PARIS).at == utc(2026, 10, 25, 0, 30)


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25)])
def test_a_day_on_which_the_clock_changes_has_exactly_one_run(day: dt.date) -> None:
    every_night = Schedule.model_validate({"every": "30 2 * * *", "timezone": PARIS})
    start = instant(dt.datetime.combine(day, dt.time()), PARIS) - dt.timedelta(hours=3)

    names = [one.name for one in slots_between(every_night, start, start + dt.timedelta(days=1, hours=4))]

    assert [name for name in names if name.startswith(day.isoformat())] == [f"{day}T02:30[Europe/Paris]"]


def test_a_slot_that_was_missed_by_more_than_its_patience_is_skipped() -> None:
    assert due_slots(weekly(late="skip after 2 h"), utc(2026, 3, 1), utc(2026, 3, 3, 12)) == []


def test_a_slot_within_its_patience_runs_late() -> None:
    found = due_slots(weekly(late="skip after 2 h"), utc(2026, 3, 1), utc(2026, 3, 3, 9, 30))

    assert [one.name for one in found] == ["2026-03-03T09:30[Europe/Paris]"]


def test_after_three_weeks_of_downtime_run_latest_runs_once() -> None:
    found = due_slots(weekly(late="run latest"), utc(2026, 3, 1), utc(2026, 3, 18))

    assert [one.name for one in found] == ["2026-03-17T09:30[Europe/Paris]"]


def test_after_three_weeks_of_downtime_run_all_runs_each() -> None:
    assert len(due_slots(weekly(late="run all"), utc(2026, 3, 1), utc(2026, 3, 18))) == 3


def test_a_slot_that_ran_is_not_due_again() -> None:
    only = slot(local(2026, 3, 3, 9, 30), PARIS)

    assert due_slots(weekly(late="run all"), only.at, only.at + dt.timedelta(hours=1)) == []


@given(st.datetimes(min_value=local(2020, 1, 1), max_value=local(2035, 1, 1)), st.integers(1, 60 * 24 * 40))
def test_slots_of_two_neighbouring_windows_are_those_of_both(start: dt.datetime, minutes: int) -> None:
    first = start.replace(tzinfo=dt.UTC)
    middle, last = first + dt.timedelta(minutes=minutes), first + dt.timedelta(minutes=2 * minutes)
    schedule = weekly()

    halves = [*slots_between(schedule, first, middle), *slots_between(schedule, middle, last)]

    assert halves == list(slots_between(schedule, first, last))


def test_day_12_at_nine_is_nine_on_the_wall_after_the_clock_changed() -> None:
    enrolled = utc(2026, 3, 20, 8, 30)

    assert moment(day_and_time("day 12 09:00"), enrolled, PARIS) == Fixed(utc(2026, 4, 1, 7))


def test_a_delay_counts_from_the_other_step() -> None:
    written = delay_after("announce + 3 working days")

    assert moment(written, utc(2026, 3, 20), PARIS) == Relative("announce", dt.timedelta(days=3), True)


def campaign(**steps: dict[str, str]) -> Campaign[Step]:
    return Campaign[Step].model_validate(
        {
            "campaign": "hivernax-2026",
            "title": "HIVERNAX",
            "owner": "marketing",
            "purpose": "promo_rx",
            "schedule": {"start": local(2026, 3, 3, 9, 30), "end": dt.date(2026, 5, 1)},
            "audience": {"segment": "gp-metro"},
            "steps": steps,
            "goals": {"clicks": {"response": "click"}},
        }
    )


def test_a_step_can_leave_until_the_window_of_the_step_before_it_ends_and_its_own_after_that() -> None:
    spec = campaign(
        announce={"channel": "email", "at": "day 0", "until": "day 3"},
        reminder={"channel": "email", "after": "announce + 5 days", "until": "announce + 9 days"},
    )

    ends = latest(spec, utc(2026, 3, 3, 8, 30))

    assert ends["reminder"] == utc(2026, 3, 6, 8, 30) + dt.timedelta(days=9)


def test_no_step_leaves_after_the_day_the_campaign_ends() -> None:
    spec = campaign(
        announce={"channel": "email", "at": "day 0"},
        visit={"channel": "visit", "after": "announce + 80 days"},
    )

    assert latest(spec, utc(2026, 3, 3, 8, 30))["visit"] == instant(local(2026, 5, 2), PARIS)


def test_what_the_models_were_given_is_what_they_say() -> None:
    assert (Audience(segment="gp-metro").one_per, Goal(response="click").within) == (
        "person",
        dt.timedelta(days=60),
    )


def test_a_step_comes_due_for_nobody_before_the_delays_that_lead_to_it_even_where_a_day_has_23_hours() -> (
    None
):
    enrolled = utc(2026, 3, 27, 8, 30)
    spec = campaign(
        announce={"channel": "email", "at": "day 1 09:30"},
        reminder={"channel": "email", "after": "announce + 1 day"},
        letter={"channel": "mailing", "after": "reminder + 3 working days"},
    )

    first = earliest(spec, "letter", enrolled)

    spring = instant(local(2026, 3, 29, 9, 30), PARIS)  # the reminder, 23 hours after the mail of Saturday
    assert spring - dt.timedelta(days=1) < first - dt.timedelta(days=3) < spring


def test_steps_that_wait_for_each_other_may_come_due_from_the_start() -> None:
    spec = campaign(
        announce={"channel": "email", "after": "reminder + 1 day"},
        reminder={"channel": "email", "after": "announce + 1 day"},
    )

    assert earliest(spec, "announce", utc(2026, 3, 3)) == utc(2026, 3, 3)
