"""Visit reports and returned letters, loaded and told of as any delivery is; and the commands that do it."""

from pathlib import Path
from typing import Any

import pytest

from engine.actions.exchange import deliver
from engine.actions.load import LoadReport
from engine.cli import outcome
from engine.problems import UsageError
from engine.store.database import Connection
from tests.store.deliveries import CLAIRE, NOW, ON, PORT, base

VISITS = "source_id;rep;scheme;number;visited_at;outcome;brand\n"
SEEN = f"r1;PCR-01;RPPS;{CLAIRE};2026-11-20T10:00;seen;HIVERNAX\n"


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def reported(
    connection: Connection, folder: Path, text: str, feed: str = "visits", **more: Any
) -> LoadReport:
    path = folder / f"{feed}.csv"
    path.write_text(text, encoding="utf-8")
    return deliver(connection, path, feed, on=ON, now=NOW, rejects_folder=folder / "rejects", **more)


def test_a_file_of_visits_is_loaded_once(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    first = reported(database, tmp_path, VISITS + SEEN)
    second = reported(database, tmp_path, VISITS + SEEN)

    assert (first.counts["created"], second.counts["created"], second.counts["unchanged"]) == (1, 0, 1)
    assert database.execute("SELECT channel, brand, outcome FROM touch").fetchall() == [
        ("visit", "HIVERNAX", "done")
    ]


def test_a_plan_of_visits_changes_nothing(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    report = reported(database, tmp_path, VISITS + SEEN, plan=True)

    assert (report.counts["created"], report.batch) == (1, None)
    assert database.execute(
        "SELECT (SELECT count(*) FROM visit_report) + (SELECT count(*) FROM import_batch)"
    ).fetchone() == (0,)


def test_what_is_left_out_of_visits_stands_in_a_file_in_the_readers_language(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = reported(database, tmp_path, VISITS + SEEN.replace("PCR-01", "PCR-99"), language="fr")

    assert report.rejects_file is not None
    assert "délégué inconnu" in report.rejects_file.read_text(encoding="utf-8-sig")


def test_every_word_that_a_reader_of_exchanges_says_exists_in_french() -> None:
    import ast
    import inspect

    from engine.actions import exchange, fieldwork, returns

    said = {
        str(argument.value)
        for module in (fieldwork, returns)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reject"
        for argument in node.args[2:]
        if isinstance(argument, ast.Constant)
    }
    assert said - set(exchange.FRENCH) == set()


def test_a_scan_of_a_piece_that_is_not_ours_is_told(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = reported(
        database, tmp_path, "piece_id;scan_date;reason\n0000-0000-0000;2026-11-20;NPAI\n", "returned-letters"
    )

    assert [(one.line, one.column) for one in report.rejected] == [(2, "piece_id")]


def test_an_unknown_feed_is_told_with_the_nearest_one(database: Connection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'visits'"):
        reported(database, tmp_path, VISITS, "visit")


@pytest.fixture
def command(database: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where the command works on this test's database."""
    base(database)
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_loads_tells_and_takes_back(
    command: Path, database: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    file = command / "orders.csv"
    file.write_text(
        f"FINESS;commande;date;marque;quantité;montant\n{PORT};A-1;2026-11-20;HIVERNAX;1;9,00\n{PORT};A-2;2026-11-20;AUTRE;1;9,00\n"
    )

    loaded = outcome(["load", str(file), "--as", "orders", "--from", "erp"])
    told = capsys.readouterr().out
    listed, undone = outcome(["undo"]), outcome(["undo", "1"])

    assert (loaded, listed, undone) == (0, 0, 0)
    assert "1 new" in told and "no brand of ours" in told and "touchbase undo 1" in told
    assert "1 orders taken out" in capsys.readouterr().out
    assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_the_command_shows_the_columns_of_a_feed(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["load", "--columns", "consents"]) == 0
    assert "proof_ref" in capsys.readouterr().out


def test_loading_nothing_says_how_to_load(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["load"]) == 2
    assert "--as orders" in capsys.readouterr().err
