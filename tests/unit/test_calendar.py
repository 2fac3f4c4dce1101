import datetime as dt

import pytest

from engine.rules.calendar import (
    add_working_days,
    is_working_day,
    region_of,
    working_day_on_or_after,
    working_days,
)

D = dt.date


@pytest.mark.parametrize(
    "day",
    [D(2026, 1, 1), D(2026, 4, 6), D(2026, 5, 1), D(2026, 5, 8), D(2026, 5, 14), D(2026, 5, 25), D(2026, 7, 14),
     D(2026, 11, 11), D(2026, 12, 25)],
)  # fmt: skip
def test_a_public_holiday_is_no_working_day(day: dt.date) -> None:
    assert not is_working_day(day)


def test_alsace_moselle_rests_on_good_friday_and_on_the_day_after_christmas() -> None:
    days = (D(2026, 4, 3), D(2025, 12, 26))

    assert [(is_working_day(day), is_working_day(day, "FR-AM")) for day in days] == [(True, False)] * 2


@pytest.mark.parametrize(
    ("department", "region"), [("67", "FR-AM"), ("974", "FR-974"), ("44", "FR"), (None, "FR")]
)
def test_a_departement_keeps_its_regions_holidays(department: str | None, region: str) -> None:
    assert region_of(department) == region


def test_november_2026_has_twenty_working_days() -> None:
    assert working_days(D(2026, 11, 2), D(2026, 11, 30)) == 20


def test_may_2027_without_ascension_and_whit_monday_has_eighteen() -> None:
    assert working_days(D(2027, 5, 3), D(2027, 5, 28)) == 18


def test_a_delay_of_working_days_passes_over_a_bridge() -> None:
    assert add_working_days(D(2026, 5, 13), 2) == D(2026, 5, 18)


def test_a_delay_of_no_days_is_the_day_itself_even_on_a_sunday() -> None:
    assert add_working_days(D(2026, 11, 1), 0) == D(2026, 11, 1)


def test_back_from_a_monday_is_the_friday_before() -> None:
    assert add_working_days(D(2026, 11, 16), -1) == D(2026, 11, 13)


def test_christmas_on_a_friday_moves_to_monday() -> None:
    assert working_day_on_or_after(D(2026, 12, 25)) == D(2026, 12, 28)


def test_eight_working_days_before_the_congress() -> None:
    assert add_working_days(D(2027, 6, 10), -8) == D(2027, 5, 31)
