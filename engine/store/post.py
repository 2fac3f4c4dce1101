"""Letters that came back, and the trail of files from outside."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from engine.store.base import consents
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class Sent:
    """A piece that we sent."""

    touch_id: int
    customer_id: int
    is_returned: bool  #: a scan of it came before


@dataclass(frozen=True, slots=True)
class Scan:
    """One returned letter of ours."""

    piece_id: str
    sent: Sent
    at: dt.datetime  #: aware
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not taken, and what to do."""

    line: int
    column: str
    reason: str
    remedy: str


def pieces(connection: Connection, ids: Sequence[str]) -> dict[str, Sent]:
    """Return the pieces of these codes that are ours."""
    rows = run(connection, statement("post", "pieces"), {"ids": list(ids)})
    return {piece: Sent(touch, customer, returned) for piece, touch, customer, returned in rows}


def mark_returned(connection: Connection, scans: Sequence[Scan]) -> int:
    """Mark pieces and touches as returned; return how many touches are new among the returned."""
    return run(
        connection,
        statement("post", "return_pieces"),
        {
            "ids": [scan.piece_id for scan in scans],
            "ats": [scan.at for scan in scans],
            "reasons": [scan.reason for scan in scans],
        },
    ).rowcount


def doubt_addresses(connection: Connection, scans: Sequence[Scan], statuses: Mapping[str, str]) -> int:
    """Set the status that each scan's reason gives its address; return how many addresses changed."""
    given = [scan for scan in scans if scan.reason in statuses]
    return run(
        connection,
        statement("post", "doubt_addresses"),
        {
            "touches": [scan.sent.touch_id for scan in given],
            "customers": [scan.sent.customer_id for scan in given],
            "statuses": [statuses[scan.reason] for scan in given],
            "whys": [f"return:{scan.reason}" for scan in given],
            "ats": [scan.at for scan in given],
        },
    ).rowcount


def refuse_mail(connection: Connection, scans: Sequence[Scan]) -> None:
    """Take the scans' customers out of all mailings, with the returned letter as proof."""
    customers = [scan.sent.customer_id for scan in scans]
    run(
        connection,
        statement("post", "refuse_mail"),
        {
            "customers": customers,
            "ids": [scan.piece_id for scan in scans],
            "ats": [scan.at for scan in scans],
        },
    )
    consents.resolve(connection, sorted(set(customers)), now=max(scan.at for scan in scans))
    run(connection, statement("post", "withdraw_open_letters"), {"customers": sorted(set(customers))})


def check_life(connection: Connection, customers: Sequence[int], now: dt.datetime) -> int:
    """Stop contact with customers who are said to have died, until somebody has looked; return how many."""
    return run(
        connection, statement("post", "check_life"), {"customers": list(customers), "now": now}
    ).rowcount


def keep_batch(
    connection: Connection,
    feed: str,
    file: str,
    sha256: str,
    counts: Mapping[str, int],
    rejects: Sequence[Reject],
) -> int:
    """Keep the trail of a file: what it was, what became of it, and the lines not taken."""
    row = run(
        connection,
        statement("post", "keep_batch"),
        {"feed": feed, "file": file, "sha256": sha256, "counts": Jsonb(dict(counts))},
    ).fetchone()
    assert row is not None
    if rejects:
        run(
            connection,
            statement("post", "keep_rejects"),
            {
                "batch": row[0],
                "lines": [reject.line for reject in rejects],
                "columns": [reject.column for reject in rejects],
                "reasons": [reject.reason for reject in rejects],
                "remedies": [reject.remedy for reject in rejects],
            },
        )
    return int(row[0])
