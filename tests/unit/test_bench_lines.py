"""A run of the benches keeps what it has measured, whatever comes after."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.email_wire import Lacking


def work() -> None:
    sum(range(1000))


@contextmanager
def line() -> Iterator[bench.Sides]:
    yield work, work


@contextmanager
def without_its_tool() -> Iterator[Mapping[str, bench.Sides]]:
    raise Lacking("postfix is missing: apt-get install postfix")
    yield {}  # never reached: it makes it a generator


@contextmanager
def broken() -> Iterator[bench.Sides]:
    raise RuntimeError("the base went away")
    yield work, work  # never reached


def kept_by(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> Path:
    kept = folder / "new" / "bench.json"
    monkeypatch.setattr(bench, "LINES", {"render": line, "broken": broken, "wire": line})
    monkeypatch.setattr(bench, "SEVERAL", {"postfix": without_its_tool})
    monkeypatch.setattr("sys.argv", ["bench", *names, "--repeat", "1", "--keep", str(kept)])
    return kept


def test_a_line_whose_tool_is_missing_is_said_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = kept_by(monkeypatch, tmp_path, "render", "postfix", "wire")

    bench.main()

    assert set(json.loads(kept.read_text())) == {"render", "wire"}
    assert "postfix | not measured: postfix is missing: apt-get install postfix" in capsys.readouterr().out


def test_what_was_measured_stays_when_a_later_line_breaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = kept_by(monkeypatch, tmp_path, "render", "broken")

    with pytest.raises(RuntimeError):
        bench.main()

    assert set(json.loads(kept.read_text())) == {"render"}
