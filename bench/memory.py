"""How much memory the process takes that counts, samples and freezes: it must not grow with the audience.

Each act runs in a process of its own, on a base of 10,000 and on the big one; what is told is the most
that the process ever held, the interpreter and its libraries included. PostgreSQL's own is not in it.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench import base, freeze, segments
from engine.store import segment_answers
from engine.store.database import Connection, connected
from engine.store.segment_answers import Asked

SMALL: Final = 10_000
SEGMENT: Final = "segment-01"


def _freeze(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        freeze.freeze(connection, "memory", freeze.persons())


ACTS: Final[Mapping[str, Callable[[Connection], object]]] = {
    "count": lambda connection: segment_answers.count(connection, _asked(), SEGMENT),
    "sample": lambda connection: segment_answers.sample(connection, _asked(), SEGMENT, 10),
    "overlap": lambda connection: segment_answers.overlap(connection, _asked(), SEGMENT, "segment-06"),
    "freeze": _freeze,
}


def _asked() -> Asked:
    return Asked(segments.library(), base.NOW)


def megabytes() -> dict[str, float]:
    """Return the most that each act held, by `memory_ACT_CUSTOMERS`, and print it."""
    found: dict[str, float] = {}
    for customers in sorted({min(SMALL, base.size()), base.size()}):
        with base.standing(customers) as connection:
            for act in ACTS:
                said = subprocess.run(
                    [sys.executable, "-m", "bench.memory", act, connection.info.dsn],
                    check=True, capture_output=True, text=True,
                ).stdout  # fmt: skip
                found[f"memory_{act}_{customers}"] = float(said)
                print(f"memory | {act} | {customers:,} customers | {float(said):.1f} MB", flush=True)
    return found


def main() -> None:
    act, address = sys.argv[1:]
    with connected(address, purpose="bench") as connection:
        ACTS[act](connection)
    print(_most() / 1024)


def _most() -> int:
    """Return the most that this program held, in kB; `getrusage` would tell what the one that started it held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
