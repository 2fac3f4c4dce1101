"""Copies for ourselves: proofs before a run, seeds with it. They stand beside the contact history, never in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.contract import Receipt
from engine.model.written import RunId, TouchId
from engine.store import ledger
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class Copy:
    """One mail to ourselves. Its number is above that of every touch: no link, bounce or log of it finds a customer."""

    number: TouchId
    cell: str | None
    address: str


def seeds(
    connection: Connection,
    run_id: RunId,
    campaign: str,
    step: str,
    cells: Sequence[str | None],
    addresses: Sequence[str],
    *,
    sha: str,
    worker: str,
    permit: bool,
) -> list[Copy]:
    """Return the seeds of a step that may leave now, and that nobody sent before; none if the run was stopped."""
    with connection.transaction():
        held = run(
            connection, statement("ledger", "hold_switch"), {"run": run_id, "worker": worker}
        ).fetchone()
        if held is None or held[0] != "running" or not _is_armed(connection, permit):
            return []
        return _opened(connection, "seed", run_id, campaign, step, cells, addresses, sha, worker)


def proofs(
    connection: Connection,
    campaign: str,
    step: str,
    cell: str | None,
    addresses: Sequence[str],
    *,
    sha: str,
    by: str,
    permit: bool,
) -> list[Copy]:
    """Return new proofs of one parcel of a step, one for each address; none where this system is not armed."""
    with connection.transaction():
        if not _is_armed(connection, permit):
            return []
        made = _opened(connection, "proof", None, campaign, step, [cell], addresses, sha, by)
        ledger.audit(connection, by, "proof", f"{campaign} {step}", {"copies": [one.number for one in made]})
        return made


def told(connection: Connection, receipts: Sequence[Receipt]) -> None:
    """Keep what became of copies."""
    run(
        connection,
        statement("copies", "told"),
        {
            "copies": [one.touch for one in receipts],
            "endings": [one.ending.value for one in receipts],
            "replies": [one.reply for one in receipts],
        },
    )


def _is_armed(connection: Connection, permit: bool) -> bool:
    return not permit or run(connection, statement("ledger", "hold_permit")).fetchone() is not None


def _opened(
    connection: Connection,
    kind: str,
    run_id: RunId | None,
    campaign: str,
    step: str,
    cells: Sequence[str | None],
    addresses: Sequence[str],
    sha: str,
    by: str,
) -> list[Copy]:
    rows = run(
        connection,
        statement("copies", "open"),
        {
            "kind": kind,
            "run": run_id,
            "campaign": campaign,
            "step": step,
            "cells": [cell or "" for cell in cells],
            "addresses": list(addresses),
            "sha": sha,
            "by": by,
        },
    )
    return [Copy(TouchId(number), cell or None, address) for number, cell, address in rows]
