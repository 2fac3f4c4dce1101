"""Letters that came back: what each one says of its touch, its address, its customer."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from engine.actions.fieldwork import moment, read_table
from engine.problems import nearest
from engine.store import post
from engine.store.database import Connection
from engine.store.post import Reject, Scan

COLUMNS: Final = ("piece_id", "scan_date", "reason")

REASONS: Final = (
    "NPAI",
    "ADRESSE_INSUFFISANTE",
    "INCONNUE",
    "HORS_ZONE",
    "BOITE_ABSENTE",
    "INACCESSIBLE",
    "NON_IDENTIFIABLE",
    "REFUSE",
    "DECEDE",
)
ALIASES: Final[Mapping[str, str]] = {
    "PND": "NPAI",
    "DESTINATAIRE INCONNU A L'ADRESSE": "NPAI",
    "DEFAUT D'ACCES OU D'ADRESSAGE": "ADRESSE_INSUFFISANTE",
    "PLI REFUSE": "REFUSE",
    "AVISE NON RECLAME": "INACCESSIBLE",
}
"""Other operators' words; the four of La Poste among them (general knowledge, verify)."""

STATUSES: Final[Mapping[str, str]] = {
    "NPAI": "invalid",
    "INCONNUE": "invalid",
    "ADRESSE_INSUFFISANTE": "unverified",  # correct it; one more letter is allowed
}
"""What a return makes of the address it went to; the other reasons leave it alone."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a file of returns changed."""

    lines: int
    touches: int  #: newly returned; they leave the denominator "delivered"
    addresses: int  #: whose status changed
    refused: int  #: customers who get no more letters
    to_check: int  #: customers said to have died
    known: int  #: scans of pieces that were returned before
    by_reason: Mapping[str, int]
    rejected: tuple[Reject, ...]


def returns(connection: Connection, file: Path, *, now: dt.datetime) -> Returned:
    """Record a file of returned letters, `piece_id;scan_date;reason`, in one transaction. Again changes nothing.

    Raises:
        UsageError: the file cannot be read or lacks columns.
    """
    content, rows = read_table(file, COLUMNS)
    with connection.transaction():
        ours = post.pieces(connection, [_piece(row["piece_id"]) for _, row in rows])
        scans: dict[str, Scan] = {}
        rejects: list[Reject] = []
        known = 0
        for line, row in rows:
            found = _scan(line, row, ours, now)
            if isinstance(found, Reject):
                rejects.append(found)
            elif found.sent.is_returned or found.piece_id in scans:
                known += 1
            else:
                scans[found.piece_id] = found
        new = list(scans.values())
        touches = post.mark_returned(connection, new)
        addresses = post.doubt_addresses(connection, new, STATUSES)
        refused = [scan for scan in new if scan.reason == "REFUSE"]
        if refused:
            post.refuse_mail(connection, refused)
        dead = sorted({scan.sent.customer_id for scan in new if scan.reason == "DECEDE"})
        to_check = post.check_life(connection, dead, now) if dead else 0
        counts = {"lines": len(rows), "created": touches, "unchanged": known, "rejected": len(rejects)}
        post.keep_batch(connection, "returns", file.name, sha256(content).hexdigest(), counts, rejects)
    return Returned(
        len(rows), touches, addresses, len({scan.sent.customer_id for scan in refused}), to_check, known,
        dict(Counter(scan.reason for scan in new)), tuple(rejects),
    )  # fmt: skip


def _piece(text: str) -> str:
    """Return a code as we print it; scanners and people leave hyphens out."""
    plain = text.upper().replace("-", "").replace(" ", "")
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def _scan(
    line: int, row: Mapping[str, str], ours: Mapping[str, post.Sent], now: dt.datetime
) -> Scan | Reject:
    piece = _piece(row["piece_id"])
    if piece not in ours:
        return Reject(
            line, "piece_id", "unknown piece", "Read the code on the letter again; it is not one of ours."
        )
    at = moment(row["scan_date"])
    if at is None or at > now + dt.timedelta(days=1):
        return Reject(line, "scan_date", "is no date, or in the future", "Write 2026-11-23.")
    said = row["reason"].upper().strip()
    reason = ALIASES.get(said, said.replace(" ", "_"))
    if reason not in REASONS:
        close = nearest(reason, REASONS)
        hint = f"Did you mean '{close}'? " if close else ""
        return Reject(line, "reason", "unknown reason", f"{hint}Known: {', '.join(REASONS)}.")
    return Scan(piece, ours[piece], at, reason)
