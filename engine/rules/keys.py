"""The keys of French health identifiers: which number can be right, and which cannot.

The same rules stand as the SQL function `key_holds` (migration 0006), which judges a million rows in
one statement; a test holds the two together. A wrong key is a doubt, never a reason to drop a row in
silence: the base keeps such an identifier as `checksum_suspect`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final


def luhn_holds(digits: str) -> bool:
    """Return whether the last digit is the Luhn key of the others.

    >>> luhn_holds("99700000013"), luhn_holds("99700000014")
    (True, False)
    """
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def ean_holds(digits: str) -> bool:
    """Return whether the last digit is the EAN key of the others: weights 1 and 3, from the right.

    >>> ean_holds("3400900000174"), ean_holds("3400900000175")
    (True, False)
    """
    return sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(reversed(digits))) % 10 == 0


def rpps_holds(value: str) -> bool:
    """Return whether a number can be an RPPS: Luhn over all 11 digits."""
    return _are_digits(value, 11) and luhn_holds(value)


def idnps_holds(value: str) -> bool:
    """Return whether a number can be a national identification: 8 and an RPPS, or 0 and an ADELI.

    >>> idnps_holds("899700000013"), idnps_holds("0123456789AB")
    (True, True)
    """
    if value.startswith("8"):
        return len(value) == 12 and rpps_holds(value[1:])
    return re.fullmatch(r"0[0-9A-Z]{11}", value) is not None


def finess_holds(value: str) -> bool:
    """Return whether a number can be a FINESS; one with a letter (Corsica: 2A, 2B) has no key.

    >>> finess_holds("990000010"), finess_holds("990000011"), finess_holds("2A0000014")
    (True, False, True)
    """
    if _are_digits(value, 9):
        return luhn_holds(value)
    return re.fullmatch(r"[0-9A-Z]{9}", value) is not None


def siren_holds(value: str) -> bool:
    return _are_digits(value, 9) and luhn_holds(value)


def siret_holds(value: str) -> bool:
    """Return whether a number can be a SIRET; the post offices' (356000000...) add up to a multiple of 5."""
    if not _are_digits(value, 14):
        return False
    return luhn_holds(value) or (value.startswith("356000000") and sum(map(int, value)) % 5 == 0)


def cip7_holds(value: str) -> bool:
    """Return whether a number can be a CIP7: digits times 2 to 7, modulo 11.

    >>> cip7_holds("3874981"), cip7_holds("0000017"), cip7_holds("0000018")
    (True, True, False)
    """
    return _are_digits(value, 7) and sum(
        int(digit) * (place + 2) for place, digit in enumerate(value[:6])
    ) % 11 == int(value[6])


def cip13_holds(value: str) -> bool:
    """Return whether a number can be a presentation's: 3400 and an EAN key."""
    return _are_digits(value, 13) and value.startswith("3400") and ean_holds(value)


HOLDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "RPPS": rpps_holds, "IDNPS": idnps_holds, "FINESS": finess_holds, "SIREN": siren_holds, "SIRET": siret_holds,
    "CIP7": cip7_holds, "CIP13": cip13_holds,
}  # fmt: skip
"""By scheme, whether a value's own key holds."""


def _are_digits(value: str, count: int) -> bool:
    return re.fullmatch(f"[0-9]{{{count}}}", value) is not None
