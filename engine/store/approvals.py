"""Approvals as the database keeps them. It is not trusted: each bears a signature, checked whenever it is asked for."""

import datetime as dt

from engine.model.approval import Approval, Signed
from engine.store.database import Connection, run
from engine.store.statements import statement


def keep(connection: Connection, approval: Approval, plan_id: str | None, signature: bytes) -> int:
    """Keep a signed approval; return its number."""
    row = run(
        connection,
        statement("approvals", "keep"),
        {
            "sha": approval.definition_sha,
            "plan": plan_id,
            "plan_sha": approval.plan_sha,
            "role": approval.role,
            "by": approval.by,
            "comment": approval.comment,
            "at": approval.at,
            "signature": signature,
        },
    ).fetchone()
    assert row is not None
    return int(row[0])


def of_campaign(connection: Connection, campaign: str | None) -> list[Signed]:
    """Return every approval of a campaign, or of all, newest first; nothing is checked yet."""
    return [
        Signed(number, Approval(name, sha, plan_sha, role, by, at, comment), plan, bytes(signature), gone)
        for number, name, sha, plan_sha, role, by, at, comment, plan, signature, gone in run(
            connection, statement("approvals", "of_campaign"), {"campaign": campaign}
        )
    ]


def plans_of_slot(connection: Connection, campaign: str, slot: str, sha: str) -> list[str]:
    """Return the plans of a slot that somebody agreed to and that were made of these files, newest first."""
    rows = run(
        connection,
        statement("approvals", "plan_of_slot"),
        {"campaign": campaign, "slot": slot, "sha": sha},
    )
    return [str(row[0]) for row in rows]


def take_back(connection: Connection, by: str, sha: str, plan_id: str | None, now: dt.datetime) -> int:
    """Take a person's approvals of a plan, or of a definition, back; return how many."""
    parameters = {"by": by, "sha": sha, "plan": plan_id, "now": now}
    return run(connection, statement("approvals", "take_back"), parameters).rowcount
