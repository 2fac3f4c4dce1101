"""A base that deliveries are about: three customers, two brands, a rep; and how a test loads a file."""

import datetime as dt
from pathlib import Path
from typing import Any

from engine.actions.load import LoadReport, load
from engine.store.database import Connection

ON = dt.date(2026, 11, 25)
NOW = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)

CLAIRE, PORT, JEAN = "99700000013", "990000010", "99700000021"
"""The RPPS of a prescriber, the FINESS of a pharmacy, the RPPS of another prescriber."""


def base(connection: Connection) -> dict[str, int]:
    """Write Dr Claire Morel, Pharmacie du Port, Dr Jean Petit; return their ids by identifier."""
    ids = {}
    for of, kind, last, org, scheme, value in (
        ("person", "prescriber", "Morel", None, "RPPS", CLAIRE),
        ("organisation", "pharmacy", None, "Pharmacie du Port", "FINESS", PORT),
        ("person", "prescriber", "Petit", None, "RPPS", JEAN),
    ):
        row = connection.execute(
            "INSERT INTO customer (of, kinds, last_name, first_name, org_name, title, sort_name, source) VALUES (%s, %s, %s, %s, %s, %s, %s, 'crm')"
            " RETURNING customer_id",
            [of, [kind], last, last and "Claire", org, last and "DR", (last or org or "").upper()],
        ).fetchone()
        assert row is not None
        ids[value] = int(row[0])
        connection.execute(
            "INSERT INTO identifier (scheme, value, customer_id, source) VALUES (%s, %s, %s, 'crm'), ('ext:crm', %s, %s, 'crm')",
            [scheme, value, row[0], f"C-{value[-2:]}", row[0]],
        )
    connection.execute(
        "INSERT INTO contact_guard (customer_id) SELECT unnest(%s::bigint[])", [list(ids.values())]
    )
    connection.execute(
        "INSERT INTO brand (brand, name) VALUES ('HIVERNAX', 'Hivernax'), ('DERMAPHARM', 'Dermapharm')"
    )
    connection.execute(
        "INSERT INTO product (cis, brand, denomination) VALUES ('00000001', 'HIVERNAX', 'HIVERNAX, seringue')"
    )
    connection.execute(
        "INSERT INTO presentation (cip13, cip7, cis, label) VALUES ('3400900000174', '0000017', '00000001', '1 seringue')"
    )
    connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type) VALUES ('PCR-01', 'Paul', 'Petit', 'paul@example.org', 'PCR')"
    )
    return ids


def delivered(connection: Connection, folder: Path, feed: str, text: str, **more: Any) -> LoadReport:
    """Load a file that says `text`."""
    path = folder / f"{feed}.csv"
    path.write_text(text, encoding="utf-8")
    return load(connection, path, feed, on=ON, now=NOW, rejects_folder=folder / "rejects", **more)


def faults(report: LoadReport) -> list[tuple[int, str | None, str]]:
    """Return line, column and words of everything that was left out."""
    return [(one.line, one.column, one.what.en) for one in report.rejected]


def done(report: LoadReport) -> tuple[int, int, int]:
    """Return how much was created and changed, and how many lines were left out."""
    return (report.counts["created"], report.counts["changed"], report.counts["rejected"])
