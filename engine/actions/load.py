"""Load a delivered file into the base: checked, merged by identifier, every line that was left out told why."""

import csv
import datetime as dt
import gzip
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, LiteralString

from engine.problems import DeliveryError, Language, Say, UsageError, did_you_mean
from engine.store.base.deliveries import OURS, Delivery
from engine.store.base.feeds import FEEDS, NEWS, Feed
from engine.store.base.merging import take_up
from engine.store.base.staging import Rejected, Staged, stage, stage_rows
from engine.store.base.table_file import TableFile, examined, records
from engine.store.database import Connection

TOUCHED: Final[Mapping[str, LiteralString]] = {
    "customers": "customer, identifier, contact_point, contact_guard, town", "towns": "town", "contacts": "contact_point",
    "consents": "consent_event, consent, contact_guard", "orders": "orders, order_line", "history": "touch, response",
    "reps": "rep, rep_assignment, territory", "alignments": "alignment, territory",
}  # fmt: skip
"""By what a feed is staged as, the tables whose statistics it moves."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a delivery did, or with `--plan` would do."""

    feed: str
    file: str
    planned: bool  #: nothing was changed
    lines: int
    counts: Mapping[str, int]  #: created, changed, unchanged, rejected, ...
    ignored: tuple[str, ...]  #: columns that we do not know
    towns: tuple[tuple[str, str], ...]  #: postcode and town that do not belong together
    rejected: tuple[Rejected, ...]
    rejects_file: Path | None
    batch: int | None


def load(
    connection: Connection,
    path: Path,
    feed: str,
    *,
    on: dt.date,
    rejects_folder: Path,
    now: dt.datetime | None = None,
    source: str | None = None,
    plan: bool = False,
    language: Language = "en",
) -> LoadReport:
    """Load a file, in one transaction; a second time it changes nothing.

    Args:
        on: The day of the delivery, where the file does not say how old a line is.
        now: The moment; noon of that day if not given.
        source: The system it comes from: its own ids are kept as `ext:<source>`; the feed's name if not said.
        plan: Do it all, report, and take it back.

    Raises:
        UsageError: no such feed, or no readable file.
        DeliveryError: no text, no rows, a header that does not fit, or no line below it where there have to be some.
    """
    if feed not in FEEDS:
        raise UsageError(
            Say(f"There is no delivery '{feed}'. Nothing was loaded.", f"Il n'y a pas de livraison « {feed} ». Rien n'a été chargé."),
            did_you_mean(feed, FEEDS),
        )  # fmt: skip
    if source in OURS:
        raise UsageError(
            Say(f"No delivery comes from '{source}': that is a door of our own. Nothing was loaded.",
                f"Aucune livraison ne vient de « {source} » : c'est une porte à nous. Rien n'a été chargé."),
            Say("Name the system that wrote the file: --from crm.", "Nommez le système qui a écrit le fichier : --from crm."),
        )  # fmt: skip
    kind = FEEDS[feed]
    now = now or dt.datetime.combine(on, dt.time(12), dt.UTC)
    with connection.transaction(force_rollback=plan):
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('touchbase load'))"
        )  # deliveries take turns
        file, staged = _staged(connection, path, kind)
        if not staged.lines and feed not in NEWS:
            raise _hollow(path, feed)
        batch = _opened(connection, feed, path, staged)
        merged = take_up(connection, Delivery(kind, staged, batch, source, on, now))
        connection.execute("DROP TABLE load_stage")
        rejected = sorted([*staged.rejected, *merged.rejected], key=lambda one: one.line)
        if staged.were_numbered and rejected and file is not None:
            rejected = _placed(file, rejected)
        counts = {
            **merged.counts,
            "rejected": len({one.line for one in rejected if one.whole_line}),
            "values_left_out": sum(not one.whole_line and not one.is_kept for one in rejected),
        }
        _keep(connection, batch, staged, counts, rejected)
    ignored = staged.ignored if kind.stage == "customers" else (*staged.ignored, *staged.facts)
    written = None if plan or not rejected else write_rejects(rejects_folder, path, batch, rejected, language)
    if not plan and counts["created"]:
        connection.execute("ANALYZE " + TOUCHED[kind.stage])
    return LoadReport(feed, path.name, plan, staged.lines, counts, ignored, merged.towns, tuple(rejected), written, None if plan else batch)  # fmt: skip


def _hollow(path: Path, feed: str) -> DeliveryError:
    """Return the refusal of a list without a line: loaded, it would make the feed fresh although nothing came."""
    return DeliveryError(
        Say(f"{path.name} has a header and no line below it; '{feed}' says what there is, and nothing is no answer. Nothing was loaded.",
            f"{path.name} a un en-tête et aucune ligne dessous ; « {feed} » dit ce qui existe, et rien n'est pas une réponse. Rien n'a été chargé."),
        Say("Ask for the delivery again: its export has probably failed.",
            "Redemandez la livraison : son export a sans doute échoué."),
    )  # fmt: skip


def _staged(connection: Connection, path: Path, feed: Feed) -> tuple[TableFile | None, Staged]:
    if feed.stage == "towns" and path.name.removesuffix(".gz").endswith(".json"):
        return None, stage_rows(connection, feed, *_town_rows(path))
    file = examined(path, has_header=not feed.positions)
    return file, stage(connection, file, feed)


def _town_rows(path: Path) -> tuple[list[str], list[tuple[str | None, ...]]]:
    """Return the rows of a table of postcodes, or of CEDEX codes by code, written as JSON."""
    try:
        data = path.read_bytes()
        content: Any = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        if isinstance(content, dict):
            return ["postcode", "insee", "name", "cedex"], [
                (code, town["insee"], town.get("ville") or town.get("nom"), "cedex")
                for code, town in content.items()
            ]
        return ["postcode", "insee", "name", "label"], [
            (row["codePostal"], row["codeCommune"], row["nomCommune"], row.get("libelleAcheminement"))
            for row in content
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError(
            Say(f"{path.name} is no table of towns that we know. Nothing was loaded.",
                f"{path.name} n'est pas une table de communes connue. Rien n'a été chargé."),
            Say("JSON: a list with codePostal, codeCommune, nomCommune, or CEDEX codes with insee and ville.",
                "JSON : une liste avec codePostal, codeCommune, nomCommune, ou des codes CEDEX avec insee et ville."),
        ) from None  # fmt: skip


def _placed(file: TableFile, rejected: list[Rejected]) -> list[Rejected]:
    """Return the same with lines of the file: a cell with line breaks makes them differ from rows."""
    wanted = {one.line for one in rejected}
    rows = itertools.islice(enumerate(records(file), start=2), max(wanted))
    lines = {row: line for row, (line, _) in rows if row in wanted}
    return [replace(one, line=lines.get(one.line, one.line)) for one in rejected]


def _opened(connection: Connection, feed: str, path: Path, staged: Staged) -> int:
    row = connection.execute(
        "INSERT INTO import_batch (feed, file, sha256, counts) VALUES (%s, %s, %s, '{}') RETURNING batch_id",
        [feed, path.name, staged.sha256],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _keep(
    connection: Connection, batch: int, staged: Staged, counts: Mapping[str, int], rejected: list[Rejected]
) -> None:
    facts = sorted(name.removeprefix("fact:") for name in staged.columns if name.startswith("fact:"))
    connection.execute(
        "UPDATE import_batch SET counts = %s WHERE batch_id = %s",
        [json.dumps({"lines": staged.lines, **counts, "facts": facts}), batch],
    )
    with connection.cursor().copy(
        "COPY reject (batch_id, line, column_name, reason, remedy) FROM STDIN"
    ) as copy:
        for one in rejected:
            copy.write_row((batch, one.line, one.column, one.what.en, one.remedy.en))


def write_rejects(folder: Path, path: Path, batch: int, rejected: list[Rejected], language: Language) -> Path:
    """Write what was left out, for whoever sent the file; it holds lines and columns, no values."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{path.name.split('.')[0]}-{batch}-rejects.csv"
    with written.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["line", "column", "left out", "what is wrong", "what to do"])
        for one in rejected:
            table.writerow(
                [
                    one.line,
                    one.column or "",
                    "line" if one.whole_line else "value",
                    one.what.in_(language),
                    one.remedy.in_(language),
                ]
            )
    return written
