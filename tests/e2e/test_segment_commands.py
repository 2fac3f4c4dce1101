"""The commands about segments, as they are typed: what they print, and how they end."""

from pathlib import Path

import pytest

from engine.cli import outcome
from engine.store.database import Connection

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("TOUCHBASE_ROOT", str(ROOT))
    monkeypatch.setenv("TOUCHBASE_FOLDER", str(tmp_path))
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)


def test_what_the_commands_say_of_one_pharmacy(
    database: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    database.execute(
        "INSERT INTO customer (of, kinds, status, department, credit_status, sort_name, source, created_at, changed_at) VALUES"
        " ('organisation', '{pharmacy}', 'active', '44', 'dunning', 'X', 'finess', '2026-01-01', '2026-01-01')"
    )
    said = {}
    for words in (
        "count pharmacies-metro --on 2026-03-10", "sample pharmacies-metro", "explain pharmacies-in-dunning 1", "overlap pharmacies-metro pharmacies-in-dunning",
        "diff pharmacies-metro --since 2026-02-01", "sql pharmacies-in-dunning --plan", "count pharmacies-metro --as-of 2026-02-01",
    ):  # fmt: skip
        assert outcome(["segment", *words.split()]) == 0
        said[words.split()[0]] = capsys.readouterr().out

    assert "pharmacies-metro: 1 organisations as the base stood on 2026-02-01 00:00." in said["count"]
    assert "pharmacy" in said["sample"] and "44" in said["sample"]
    assert "yes        credit status is dunning or blocked  [here: dunning]" in said["explain"]
    assert "both: 1 (100% / 100% of each)" in said["overlap"]
    assert "0 joined" in said["diff"] and "0 left" in said["diff"]
    assert "AND c.credit_status = ANY ('{dunning,blocked}'::TEXT[])" in said["sql"] and "Scan" in said["sql"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("count pharmacies-metr", "Did you mean 'pharmacies-metro'?"),
        ("explain pharmacies-metro 42", "There is no customer 42."),
        ("count pharmacies-metro --as-of 2020-01-01", "cannot be said"),
        ("count pharmacies-metro --on 2026-01-01 --as-of 2026-01-01", "Keep one"),
        ("sample pharmacies-metro --size 0", "Write a number from 1 to 1000."),
        ("diff pharmacies-metro --since yesterday", "is not a date"),
    ],
)
def test_a_slip_is_told_and_ends_with_2(words: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = outcome(["segment", *words.split()])

    assert (code, hint in capsys.readouterr().err) == (2, True)
