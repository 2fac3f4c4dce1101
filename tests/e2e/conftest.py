"""The command as people call it: a process, in a project of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.app import prefect_environment, settings
from engine.cli import processes
from tests import shipped

COMMAND = [sys.executable, "-c", "from engine.cli import main; main()"]
OURS = ("TOUCHBASE_", "PREFECT_", "DO_NOT_TRACK")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Site:
    """A project on a database of its own."""

    root: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / ".touchbase"

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return {**inherited, **self.settings, **more}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a command and go on; it leads a process group of its own."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.root,
            env=self.environment(**more),
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def call(self, *words: str, **more: str) -> Said:
        (said,) = ended(self.start(*words, **more))
        return said


def ended(*processes: subprocess.Popen[str], timeout: float = 180) -> list[Said]:
    """Wait until all have ended and return what they said; none of them outlives a wait that failed."""
    try:
        told = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            kill(process)
    return [Said(process.returncode, *texts) for process, texts in zip(processes, told, strict=True)]


def kill(process: subprocess.Popen[str]) -> None:
    """End a started command with all that it started, unless it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def files(tmp_path: Path) -> Site:
    """A project whose database answers nowhere: for what needs none."""
    return Site(
        shipped.copied(tmp_path),
        {"TOUCHBASE_DATABASE_URL": "postgresql://touchbase:secret-word@127.0.0.1:9/nowhere"},
    )


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Prefect server answers, so that not every command has to bring one of its own."""
    folder = tmp_path_factory.mktemp("prefect")
    port = processes.any_free_port()
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    chosen = settings({"TOUCHBASE_FOLDER": str(folder), "TOUCHBASE_SECRET": "x"})
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment = prefect_environment(chosen, api_url=address, environment=inherited)
    server = processes.start(folder, processes.PREFECT, command, environment, folder)
    try:
        processes.wait_for(server, f"{address}/health", folder, patience=120)
        yield address
    finally:
        processes.stop(folder, server)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, module_database_url: str, prefect: str) -> Iterator[Site]:
    """A project with a base of 2,000 made-up customers, shared by the tests of one module."""
    site = Site(
        shipped.copied(tmp_path_factory.mktemp("site")),
        {"TOUCHBASE_DATABASE_URL": module_database_url, "PREFECT_API_URL": prefect},
    )
    said = site.call("generate", "--customers", "2000", "--as-of", "2026-03-01")
    assert said.code == 0, said.err
    yield site
