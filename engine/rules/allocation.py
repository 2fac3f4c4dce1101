"""Chance as a salted hash: the same on every machine, in PostgreSQL and here, at every later step.

PostgreSQL's own hash functions may change with its version; MD5 will not, and a draw needs no secrecy.
One digest a customer serves all draws of a campaign, each from eight hexadecimal digits of its own:
`store/sql/enrolment.sql` compares the same digits as text, and a test holds the two together.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Draw: TypeAlias = Literal["holdout", "cell", "sample", "order"]

PLACES: Final[Mapping[Draw, int]] = {"holdout": 0, "cell": 8, "sample": 16, "order": 24}


def digits(key: str, draw: Draw, customer: int) -> str:
    """Return where a customer falls, as eight hexadecimal digits, for one draw of one random key."""
    digest = hashlib.md5(f"{key}:{customer}".encode(), usedforsecurity=False).hexdigest()
    return digest[PLACES[draw] : PLACES[draw] + 8]


def edge(share: Decimal) -> str:
    """Return the digits below which `share` of all customers fall.

    >>> edge(Decimal("0.5")), edge(Decimal(1))
    ('80000000', 'g')
    """
    return "g" if share >= 1 else f"{int(share * 2**32):08x}"


def is_held_out(key: str, share: Decimal, customer: int) -> bool:
    """Return whether a customer is left alone; a larger share only adds to those who are."""
    return digits(key, "holdout", customer) < edge(share)


Rotation: TypeAlias = Literal["quarter", "half-year", "year"]


def period(rotation: Rotation, on: dt.date) -> str:
    """Return the name of the period in which the same customers are in the universal holdout.

    >>> period("quarter", dt.date(2026, 3, 31)), period("half-year", dt.date(2026, 7, 1)), period("year", dt.date(2026, 7, 1))
    ('2026-Q1', '2026-H2', '2026')
    """
    match rotation:
        case "quarter":
            return f"{on.year}-Q{(on.month + 2) // 3}"
        case "half-year":
            return f"{on.year}-H{(on.month + 5) // 6}"
        case "year":
            return str(on.year)


def cell_edges(shares: Mapping[str, Decimal]) -> dict[str, str]:
    """Return for each cell the digits below which its members and those of the cells before it fall."""
    edges: dict[str, str] = {}
    total = Decimal(0)
    for name, share in shares.items():
        total += share
        edges[name] = edge(total)
    return edges


def cell_of(key: str, shares: Mapping[str, Decimal], customer: int) -> str | None:
    """Return the cell a customer falls into; cells keep the order in which the file names them."""
    place = digits(key, "cell", customer)
    return next((name for name, last in cell_edges(shares).items() if place < last), None)
