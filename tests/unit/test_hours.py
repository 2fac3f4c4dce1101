"""Hours, working days and seasons are those of the customer, wherever that is."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from engine.model.policy import Hours, Season
from engine.rules.hours import opening, season_opening

PARIS = ZoneInfo("Europe/Paris")
MAILS = Hours.model_validate(
    {"name": "mails-by-day", "channels": ["email"], "between": ["07:00-20:00"], "source": "MK-2026-02"}
)
CALLS = Hours.model_validate(
    {"name": "calls", "channels": ["call"], "between": ["14:00-20:00", "10:00-13:00"], "source": "C-80"}
)
FLU = [
    Season.model_validate(
        {
            "name": "flu",
            "brands": ["HIVERNAX"],
            "except": ["974"],
            "opens": "2025-10-14",
            "closes": "2026-01-31",
            "source": "DGS",
        }
    ),
    Season.model_validate(
        {
            "name": "flu-reunion",
            "brands": ["HIVERNAX"],
            "departments": ["974"],
            "opens": "2025-05-12",
            "closes": "2025-10-31",
            "source": "DGS",
        }
    ),
]


def paris(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=PARIS)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        (paris(2026, 3, 3, 9, 30), paris(2026, 3, 3, 9, 30)),
        (paris(2026, 3, 3, 6, 59), paris(2026, 3, 3, 7)),
        (paris(2026, 3, 3, 20), paris(2026, 3, 4, 7)),
        (paris(2026, 3, 6, 20, 1), paris(2026, 3, 9, 7)),
        (paris(2026, 5, 7, 21), paris(2026, 5, 11, 7)),  # 8 May is a holiday, then a weekend
    ],
)
def test_a_mail_waits_for_the_next_hour_of_a_working_day(asked: dt.datetime, opens: dt.datetime) -> None:
    assert opening(asked, "Europe/Paris", "44", [MAILS]) == opens


def test_the_same_moment_is_day_in_nantes_and_night_in_fort_de_france() -> None:
    asked = paris(2026, 3, 3, 9, 30)

    assert opening(asked, "Europe/Paris", "972", [MAILS]) == dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("department", "day", "opens"),
    [
        ("67", dt.date(2026, 4, 3), dt.date(2026, 4, 7)),  # Good Friday; Easter Monday is everybody's
        ("44", dt.date(2026, 4, 3), dt.date(2026, 4, 3)),
        ("972", dt.date(2026, 5, 22), dt.date(2026, 5, 26)),  # abolition of slavery; then Whit Monday
    ],
)
def test_a_region_keeps_its_own_holidays(department: str, day: dt.date, opens: dt.date) -> None:
    noon = dt.datetime(day.year, day.month, day.day, 16, tzinfo=dt.UTC)

    found = opening(noon, "Europe/Paris", department, [MAILS])

    assert found is not None and found.date() == opens


@pytest.mark.parametrize(
    ("evening", "hours"), [(paris(2026, 3, 28, 20), 34), (paris(2026, 10, 24, 20), 36), (paris(2026, 3, 7, 20), 35)]
)  # fmt: skip
def test_a_night_is_an_hour_shorter_or_longer_where_clocks_change(evening: dt.datetime, hours: int) -> None:
    found = opening(evening, "Europe/Paris", "44", [MAILS])

    assert found is not None
    assert (found - evening.astimezone(dt.UTC)).total_seconds() / 3600 == hours


def test_an_hour_that_does_not_exist_begins_as_much_later() -> None:
    early = Hours.model_validate(
        {"name": "early", "channels": ["email"], "between": ["02:15-05:00"], "days": "all", "source": "essai"}
    )

    assert opening(paris(2026, 3, 29, 0), "Europe/Paris", "44", [early]) == paris(2026, 3, 29, 3, 15)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        (paris(2026, 3, 3, 13, 30), paris(2026, 3, 3, 14)),
        (paris(2026, 3, 3, 12, 59), paris(2026, 3, 3, 12, 59)),
        (paris(2026, 3, 7, 11), paris(2026, 3, 9, 10)),
    ],
)
def test_c80_a_call_waits_while_people_eat(asked: dt.datetime, opens: dt.datetime) -> None:
    assert opening(asked, "Europe/Paris", "44", [CALLS]) == opens


def test_two_rules_hold_both() -> None:
    late = Hours.model_validate(
        {"name": "late", "channels": ["email"], "between": ["12:00-14:00"], "days": "all", "source": "essai"}
    )

    assert opening(paris(2026, 3, 6, 15), "Europe/Paris", "44", [late, MAILS]) == paris(2026, 3, 9, 12)


def test_rules_that_never_meet_open_never() -> None:
    night = Hours.model_validate(
        {"name": "night", "channels": ["email"], "between": ["21:00-23:00"], "days": "all", "source": "essai"}
    )

    assert opening(paris(2026, 3, 6, 15), "Europe/Paris", "44", [night, MAILS]) is None


@pytest.mark.parametrize(
    ("department", "asked", "opens"),
    [
        ("44", paris(2025, 10, 13, 9), paris(2025, 10, 14)),
        ("44", paris(2025, 11, 3, 9), paris(2025, 11, 3, 9)),
        ("44", paris(2026, 2, 1, 0), None),
        ("974", paris(2025, 11, 3, 9), None),
        ("974", paris(2025, 10, 31, 20), paris(2025, 10, 31, 20)),
        ("974", paris(2025, 10, 31, 21), None),  # midnight of 1 November in Saint-Denis
    ],
)
def test_c71_each_season_is_that_of_its_place(
    department: str, asked: dt.datetime, opens: dt.datetime | None
) -> None:
    assert season_opening(asked, "Europe/Paris", department, FLU) == opens
