"""Arbitration: in which order campaigns of the same moment choose, where caps and capacity do not suffice for all."""

import hashlib
from decimal import Decimal
from typing import TypeAlias

Rank: TypeAlias = tuple[int, Decimal, str]
"""Sorts ascending: who comes first chooses first."""


def rank(priority: int, value: Decimal, campaign: str, slot: str) -> Rank:
    """Return where a run stands among those of the same moment: by priority, then by value, then by a stable hash.

    Names of files, the order in which they were read, and which process came first play no part.

    >>> first, second = rank(80, Decimal(0), "reminder", "s"), rank(60, Decimal(900), "offer", "s")
    >>> first < second
    True
    """
    draw = hashlib.md5(f"{campaign}:{slot}".encode(), usedforsecurity=False).hexdigest()
    return (-priority, -value, draw)
