"""Remarks are told by who asks for them, and cost nobody else anything."""

import datetime as dt
from pathlib import Path
from typing import cast

import pytest

from channels.email import Emails
from engine.actions.check import read_project, remarks
from engine.store.database import Connection
from tests.plans.house import CAMPAIGN, House, furnish

NOW = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def house(tmp_path: Path) -> House:
    furnish(tmp_path)
    return House(cast(Connection, None), tmp_path)


def test_a_project_is_read_without_reading_its_mails_for_remarks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Emails, "remarks", lambda *_: pytest.fail("nobody asked"))

    assert read_project(house.root, house.channels).problems == ()


def test_remarks_stand_at_their_line_and_stop_nothing(house: House) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "votre offre directe", "GRATUIT !!!")
    project = read_project(house.root, house.channels)

    found = remarks(project, house.channels, NOW)

    text = project.files[f"campaigns/{CAMPAIGN}.yaml"].splitlines()
    assert found and project.problems == ()
    assert all(text[one.span.line - 1].startswith("    subject:") for one in found)


@pytest.mark.parametrize(
    ("day", "said"),
    [("2030-01-01", ["this day has not come: nothing has happened since"]), ("2026-03-03", [])],
)
def test_a_window_that_has_not_begun_is_remarked_on_and_one_of_today_is_not(
    house: House, day: str, said: list[str]
) -> None:
    (house.root / "segments" / "called.yaml").write_text(
        f"segment: called-lately\ntitle: Joints\nof: person\nwho:\n  - kind: prescriber\n  - called: {{since: {day}}}\n",
        encoding="utf-8",
    )
    project = read_project(house.root, house.channels)

    found = remarks(project, house.channels, NOW)

    assert project.problems == ()
    assert [one.what.en for one in found if one.span.file == "segments/called.yaml"] == said
