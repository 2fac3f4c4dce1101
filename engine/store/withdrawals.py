"""Withdrawals of materials as the database keeps them, and what they hold back."""

import datetime as dt
from collections.abc import Sequence

from engine.store.database import Connection, run
from engine.store.statements import statement


def keep(connection: Connection, reference: str, *, by: str, because: str, now: dt.datetime) -> bool:
    """Keep that a material was withdrawn; return whether that is news."""
    row = run(
        connection,
        statement("withdrawals", "keep"),
        {"reference": reference, "by": by, "because": because, "now": now},
    ).fetchone()
    return row is not None


def withdrawn(connection: Connection, references: Sequence[str]) -> str | None:
    """Return the first of some materials that was withdrawn, or `None`."""
    row = run(connection, statement("withdrawals", "withdrawn"), {"references": list(references)}).fetchone()
    return None if row is None else str(row[0])


def hold_switches(connection: Connection, runs: Sequence[int]) -> None:
    """Wait until no gate of some runs is under way, and keep the next ones waiting until the transaction ends."""
    run(connection, statement("withdrawals", "hold_switches"), {"runs": list(runs)})


def withhold(connection: Connection, run_id: int, step: str, reason: str, because: str | None) -> int:
    """Exclude what has not left of a step; return how many touches."""
    return run(
        connection,
        statement("withdrawals", "withhold"),
        {"run": run_id, "step": step, "reason": reason, "because": because},
    ).rowcount


def recall_tasks(connection: Connection, run_id: int, step: str, because: str, now: dt.datetime) -> int:
    """Take a step's open visit tasks back from the reps; return how many."""
    return run(
        connection,
        statement("withdrawals", "recall_tasks"),
        {"run": run_id, "step": step, "because": because, "now": now},
    ).rowcount
