"""The shipped project in a folder of its own, for tests of what is said about slips in it."""

from pathlib import Path

import pytest

from tests import shipped


@pytest.fixture
def house(tmp_path: Path) -> shipped.House:
    return shipped.House(shipped.copied(tmp_path))
