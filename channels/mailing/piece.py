"""One letter of a print batch, and the line of data that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.rules.postal import Address

FIELDS: Final = (
    "greeting",
    "name",
    "offer_code",
    "offer_label",
    "rep_name",
    "rep_phone",
    "code",
)
"""The personalised fields in the print house's file, besides address and references."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is printed for one customer: frozen, complete."""

    piece_id: str  #: the code on the letter; it proves itself (engine/content/piece_code.py)
    address: Address
    language: str
    cell: str
    link: str  #: where the code leads
    words: Mapping[str, Any] = field(default_factory=dict)  #: the values of its text, by dotted name

    def data(self, qr: str) -> dict[str, Any]:
        """Return the piece as its typst template sees it: texts, grouped; what is missing is not there."""
        groups: dict[str, Any] = {
            "id": self.piece_id,
            "code": self.piece_id,
            "link": self.link,
            "qr": qr,
            "lines": list(self.address.lines),
            "customer": {"facts": {}},
        }
        for name, value in self.words.items():
            at = groups
            *path, last = name.split(".")
            for part in path:
                at = at.setdefault(part, {})
            at[last] = str(value)
        return groups

    def row(self) -> dict[str, str]:
        """Return the piece's line for the print house, apart from what its batch knows. Data stays raw."""
        abroad = self.address.is_abroad
        lines = self.address.lines[:-1] if abroad else self.address.lines  # the country has a column
        return {
            "piece_id": self.piece_id,
            **{f"l{number}": line for number, line in enumerate((*lines, *[""] * 6)[:6], 1)},
            "country": self.address.country,
            "lang": self.language,
            "cell": self.cell,
            "greeting": str(self.words.get("customer.greeting", "")),
            "name": str(self.words.get("customer.name", "")),
            "offer_code": str(self.words.get("offer.code", "")),
            "offer_label": str(self.words.get("offer.label", "")),
            "rep_name": str(self.words.get("rep.name", "")),
            "rep_phone": str(self.words.get("rep.phone", "")),
            "code": self.piece_id,
            "barcode_payload": self.link,
        }
