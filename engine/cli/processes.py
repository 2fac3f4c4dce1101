"""The long-running processes of `touchbase up`: started in order, watched, stopped in order, found again by `down`.

Each stands as a small file below `.touchbase/up/`: its number and when it was born. A number alone may have been
given to somebody else since; with the birth it is ours or nobody's.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from engine.problems import EngineError, Say, UsageError

PREFECT: Final = "prefect"
PATIENCE: Final = 180.0
"""Seconds that a process has to answer after its start; a first Prefect server migrates for ten, a minute and more on a busy machine."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process that we started."""

    name: str
    pid: int
    born: float

    def process(self) -> psutil.Process | None:
        """Return the process while it lives and is still the one that we started."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.born) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


def start(
    folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str], root: Path
) -> Child:
    """Start a process in a session of its own, so that Ctrl-C reaches us first; its words go to `<name>.log`."""
    place = folder / "up"
    place.mkdir(parents=True, exist_ok=True)
    with (place / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=root,
            start_new_session=True,
        )
    child = Child(name, process.pid, psutil.Process(process.pid).create_time())
    (place / f"{name}.pid").write_text(f"{child.pid}\n{json.dumps(child.born)}\n")
    return child


def running(folder: Path) -> list[Child]:
    """Return the processes below `folder` that live, oldest first."""
    found: list[Child] = []
    for path in (folder / "up").glob("*.pid"):
        with suppress(ValueError, OSError):
            pid, born = path.read_text().split()
            child = Child(path.stem, int(pid), float(born))
            if child.process() is not None:
                found.append(child)
    return sorted(found, key=lambda child: child.born)


def stop(folder: Path, child: Child, *, patience: float = 15.0) -> None:
    """Ask a process and all that it started to end; after `patience` seconds, end them."""
    process = child.process()
    if process is not None:
        family = [process, *process.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs(family, timeout=patience)
        for straggler in alive:
            with suppress(psutil.NoSuchProcess):
                straggler.terminate()
        _, alive = psutil.wait_procs(alive, timeout=5)
        for straggler in alive:
            with suppress(psutil.NoSuchProcess):
                straggler.kill()
        psutil.wait_procs(alive, timeout=5)
    (folder / "up" / f"{child.name}.pid").unlink(missing_ok=True)


def stop_all(folder: Path) -> list[str]:
    """Stop everything that stands below `folder`, newest first; return the names."""
    children = running(folder)
    for child in reversed(children):
        stop(folder, child)
    return [child.name for child in children]


def remember_address(folder: Path, address: str) -> None:
    (folder / "up" / "prefect.address").write_text(address)


def prefect_address(folder: Path) -> str | None:
    """Return where the Prefect server of `touchbase up` answers, if it is up."""
    if not any(child.name == PREFECT for child in running(folder)):
        return None
    address = folder / "up" / "prefect.address"
    return address.read_text().strip() if address.exists() else None


def free(port: int, setting: str) -> int:
    """Return `port` if nobody listens on it.

    Raises:
        UsageError: somebody does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise UsageError(
                Say(
                    f"Port {port} is taken by another program. Nothing was started.",
                    f"Le port {port} est pris par un autre programme. Rien n'a été démarré.",
                ),
                Say(
                    f"Stop that program ('touchbase down' if it is an older one of ours), or choose another port by {setting}.",
                    f"Arrêtez ce programme (« touchbase down » si c'en est un ancien à nous), ou choisissez un autre port par {setting}.",
                ),
            ) from None
    return port


def any_free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(child: Child, address: str, folder: Path, *, patience: float = PATIENCE) -> None:
    """Return when `address` answers.

    Raises:
        EngineError: the process ended, or does not answer in time.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with suppress(URLError, OSError), urlopen(address, timeout=2) as answer:
            if answer.status < 400:
                return
        if ended(child):
            break
        time.sleep(0.2)
    raise EngineError(
        Say(
            f"The {child.name} does not answer at {address}.",
            f"Le processus « {child.name} » ne répond pas à {address}.",
        ),
        Say(
            f"Its last words stand in {folder / 'up' / (child.name + '.log')}.",
            f"Ses derniers mots sont dans {folder / 'up' / (child.name + '.log')}.",
        ),
    )


def ended(child: Child) -> bool:
    """Return whether a process is over; one of our own is reaped."""
    with suppress(ChildProcessError):
        pid, _ = os.waitpid(child.pid, os.WNOHANG)
        if pid == child.pid:
            return True
    return child.process() is None
