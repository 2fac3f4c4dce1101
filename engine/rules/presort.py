"""Presorting of a print batch: bundles as the post wants them, the fullest bundle first.

Enough pieces for one postcode or one CEDEX make a bundle of their own; enough of the rest for one
département make one for it; what remains is left to the post to sort. How much is enough is a
matter of contract, so it is an argument.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.rules.postal import Address


class Level(StrEnum):
    """How far a piece is presorted: its franking class. Values sort in the order of handing over."""

    POSTCODE = "code_postal"
    CEDEX = "cedex"
    DEPARTMENT = "departement"
    REST = "toute_france"
    OVERSEAS = "outre_mer"
    ABROAD = "international"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Where a piece goes: its franking class, and a key that sorts the batch."""

    level: Level
    key: str


def presorted(
    addresses: Sequence[Address], *, per_postcode: int = 10, per_department: int = 50
) -> list[Sorted]:
    """Return the class and sort key of each address of a batch; equal addresses have equal keys."""
    bundles = Counter((address.postcode, address.is_cedex) for address in addresses)
    full = {bundle for bundle, pieces in bundles.items() if pieces >= per_postcode}
    rest = Counter(
        address.department for address in addresses if (address.postcode, address.is_cedex) not in full
    )

    def level(address: Address) -> Level:
        if address.is_abroad:
            return Level.ABROAD
        if len(address.department) > 2:
            return Level.OVERSEAS
        if (address.postcode, address.is_cedex) in full:
            return Level.CEDEX if address.is_cedex else Level.POSTCODE
        return Level.DEPARTMENT if rest[address.department] >= per_department else Level.REST

    order = list(Level)
    found = []
    for address in addresses:
        own = level(address)
        key = f"{order.index(own)}|{address.department}|{address.postcode}|{address.locality}|{address.lines[-2] if len(address.lines) > 1 else ''}"
        found.append(Sorted(own, key))
    return found
