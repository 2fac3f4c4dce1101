"""A campaign's addressees, and the letters' channel, for the tests of both."""

from pathlib import Path

import pytest

from channels.mailing import channel
from channels.mailing.letters import Letters
from engine.store.database import Connection
from tests.channels.rounds import Rounds, desk, rounds


@pytest.fixture
def world(database: Connection) -> Rounds:
    return rounds(database)


@pytest.fixture
def letters(tmp_path: Path) -> Letters:
    return channel(desk(tmp_path))
