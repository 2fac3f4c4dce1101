"""Remarks are told by who asks for them, and cost nobody else anything."""

from pathlib import Path
from typing import cast

import pytest

from channels.email import Emails
from engine.actions.check import read_project, remarks
from engine.store.database import Connection
from tests.plans.house import CAMPAIGN, House, furnish


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

    found = remarks(project, house.channels)

    text = project.files[f"campaigns/{CAMPAIGN}.yaml"].splitlines()
    assert found and project.problems == ()
    assert all(text[one.span.line - 1].startswith("    subject:") for one in found)
