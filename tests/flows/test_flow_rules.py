"""What holds for every flow: nothing that acts is cached or repeated by Prefect, and nothing personal reaches it."""

import inspect
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from engine.problems import GuardStopped
from engine.store.database import Connection
from tests.plans.house import CAMPAIGN, DAY, NOW, POLICY_FILE, SLOT, House, furnish, pharmacies

ADDRESS = "claire.morel@cabinet-morel.example.org"


def everything_kept(home: Path) -> str:
    """Return all texts of Prefect's databases and result files below a folder."""
    texts = []
    for path in home.rglob("*"):
        if path.is_file():
            texts.append(path.read_bytes().decode("utf-8", errors="replace"))
    return "".join(texts)


@pytest.fixture
def declared(prefect_home: Path) -> dict[str, object]:
    from engine import flows

    return vars(flows)


def test_nothing_that_acts_is_cached_or_repeated_by_prefect(declared: dict[str, object]) -> None:
    from prefect import Flow, Task
    from prefect.cache_policies import NO_CACHE

    tasks = [value for value in declared.values() if isinstance(value, Task)]
    flows = [value for value in declared.values() if isinstance(value, Flow)]

    assert len(tasks) >= 5 and all(task.cache_policy is NO_CACHE and task.retries == 0 for task in tasks)
    assert len(flows) >= 3 and all(flow.retries == 0 for flow in flows)


def test_flows_and_tasks_take_only_ids_days_and_names_of_files(declared: dict[str, object]) -> None:
    from prefect import Flow, Task

    allowed = {"campaign", "slot", "plan", "run", "as_of", "at"}
    taken = {
        parameter
        for value in declared.values()
        if isinstance(value, Flow | Task)
        for parameter in inspect.signature(value.fn).parameters
    }

    assert taken <= allowed


def test_a_foreign_exception_keeps_its_text_to_itself(prefect_home: Path) -> None:
    """A database or mail error quotes the row or the address that it choked on."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    from engine.flows import kept_private

    @task(cache_policy=NO_CACHE)
    @kept_private
    def deep() -> None:
        try:
            raise ValueError(f"550 <{ADDRESS}> unknown")
        except ValueError as error:
            raise RuntimeError(f"cannot send to {ADDRESS}") from error

    @flow
    def careless() -> None:
        deep()

    state = careless(return_state=True)

    assert state.is_failed() and "RuntimeError" in str(state.message)
    assert ADDRESS not in str(state.message) + everything_kept(prefect_home) + _texts_of_the_server()


@pytest.fixture
def house(
    prefect_home: Path,
    database: Connection,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """A project on disk to which the flows of this process turn."""
    furnish(tmp_path)
    pharmacies(database, 8)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    monkeypatch.setenv("TOUCHBASE_FOLDER", str(tmp_path / ".touchbase"))
    return House(database, tmp_path)


def test_a_run_that_the_command_has_opened_is_sent_and_not_planned_anew(house: House) -> None:
    from engine import flows

    run = house.start().run_id
    later = NOW + timedelta(minutes=10)

    settled = flows.run_slot(CAMPAIGN, SLOT.name, None, later.isoformat(), run)

    looked_at = house.connection.execute("SELECT DISTINCT evaluated_at FROM step_progress").fetchall()
    assert settled == house.states("announce")["accepted"] > 0
    assert looked_at == [(NOW,)]


def test_mails_that_a_feed_holds_back_are_told(house: House) -> None:
    from engine import flows

    house.write(
        "campaigns/policy.yaml", POLICY_FILE + "feeds:\n  - {feed: consents, at_most: 36 h, source: DPO}\n"
    )
    house.connection.execute(
        "INSERT INTO import_batch (feed, file, sha256, counts, at) VALUES ('consents', 'x.csv', '', '{}', %s)",
        [NOW],
    )
    run, later = house.start().run_id, (NOW + 2 * DAY).isoformat()
    ready = house.states("announce")["ready"]

    with pytest.raises(GuardStopped) as stopped:
        flows.run_slot(CAMPAIGN, SLOT.name, None, later, run)

    words = str(stopped.value)
    assert "'consents' is 48 h old" in words and f"{ready} touches are held back and wait" in words
    assert house.states("announce")["ready"] == ready > 0


def _texts_of_the_server() -> str:
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    path = str(PREFECT_API_DATABASE_CONNECTION_URL.value()).split("///", 1)[-1]
    with sqlite3.connect(path) as server:
        tables = [row[0] for row in server.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "flow_run" in tables and "log" in tables
        return "".join(str(row) for table in tables for row in server.execute(f'SELECT * FROM "{table}"'))
