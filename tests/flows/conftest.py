"""A real Prefect for the tests of flows: one server a session, results persisted, as a careless operator may set it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def prefect_home() -> Iterator[Path]:
    """A Prefect server with a database of its own; everything that it keeps stands below the folder."""
    from engine.app import prepare_prefect, settings

    with tempfile.TemporaryDirectory(prefix="touchbase-prefect-") as folder:
        before = dict(os.environ)
        os.environ["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] = "true"
        prepare_prefect(settings({"TOUCHBASE_FOLDER": folder, "TOUCHBASE_SECRET": "x"}))
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
        from prefect.testing.utilities import prefect_test_harness

        try:
            with (
                prefect_test_harness(server_startup_timeout=90),
                temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
            ):
                from prefect.settings import PREFECT_HOME

                yield PREFECT_HOME.value()
        finally:
            os.environ.clear()
            os.environ.update(before)
