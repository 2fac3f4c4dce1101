"""A print batch in files: letters.pdf, the data, the manifest; whole in its folder, or not there."""

import csv
import datetime as dt
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from channels.mailing.piece import FIELDS, Piece
from engine.rules.presort import Sorted

COLUMNS: Final = (
    "piece_id", "l1", "l2", "l3", "l4", "l5", "l6", "country", "lang", "cell", "material_ref", "visa_ref",
    *FIELDS, "first_page", "pages", "barcode_payload", "franking_class", "sort_key",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One piece in its place."""

    piece: Piece
    sorted: Sorted
    first_page: int
    pages: int


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says besides what it counts."""

    batch_id: str
    campaign: str
    run: int
    step: str
    material_ref: str
    material_sha256: str  #: over the template as it was pinned
    visa_ref: str
    person_in_charge: str
    created: dt.datetime
    drop_on: dt.date


def data_file(lines: Sequence[Line], about: About) -> bytes:
    """Return the print house's CSV: UTF-8, ';', one header, one line a piece, as they lie in the PDF.

    A machine reads it: values stand as they are, also those a spreadsheet would take for formulas.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    for line in lines:
        writer.writerow(
            {
                **line.piece.row(),
                "material_ref": about.material_ref,
                "visa_ref": about.visa_ref,
                "first_page": line.first_page,
                "pages": line.pages,
                "franking_class": line.sorted.level.value,
                "sort_key": line.sorted.key,
            }
        )
    return text.getvalue().encode()


def manifest(lines: Sequence[Line], about: About, files: Mapping[str, bytes]) -> bytes:
    """Return what the print house counts against."""
    ids = [line.piece.piece_id for line in lines]
    document: dict[str, Any] = {
        "batch_id": about.batch_id,
        "campaign": about.campaign,
        "run": about.run,
        "step": about.step,
        "count": len(lines),
        "pages": sum(line.pages for line in lines),
        "files": {
            name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
        "created": about.created.isoformat(timespec="seconds"),
        "min_piece_id": min(ids),
        "max_piece_id": max(ids),
        "fields": list(COLUMNS),
        "material_ref": about.material_ref,
        "material_sha256": about.material_sha256,
        "visa_ref": about.visa_ref,
        "drop_on": about.drop_on.isoformat(),
        "person_in_charge": about.person_in_charge,
        "lots": dict(Counter(line.sorted.level.value for line in lines)),
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def seal(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a batch's files into `folder`, all of them or none; what a crash left there is replaced.

    Each file is on the disk before the folder has its name, and the name before this returns.
    """
    parent = folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    building = parent / f".{folder.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    for name, content in files.items():
        with (building / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _synced(building)
    if folder.exists():
        shutil.rmtree(folder)
    building.rename(folder)
    _synced(parent)


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
