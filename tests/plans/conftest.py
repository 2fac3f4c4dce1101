"""The house of the plans' tests, furnished once a test."""

from pathlib import Path

import pytest

from engine.store.database import Connection
from tests.plans.house import House, furnish, pharmacies


@pytest.fixture
def house(database: Connection, tmp_path: Path) -> House:
    """Forty pharmacies with an e-mail address and twenty without."""
    furnish(tmp_path)
    pharmacies(database, 40)
    pharmacies(database, 20, mail=False)
    return House(database, tmp_path)
