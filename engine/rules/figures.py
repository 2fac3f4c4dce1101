"""How figures are written in reports: in French with a comma and thin spaces, in English with a point."""

import datetime as dt
from decimal import Decimal
from typing import Final

from engine.problems import Language

_NARROW: Final = "\u202f"  # French puts a narrow no-break space between thousands and before % and €
_MONTHS_FR: Final = [
    "janv.",
    "févr.",
    "mars",
    "avril",
    "mai",
    "juin",
    "juil.",
    "août",
    "sept.",
    "oct.",
    "nov.",
    "déc.",
]
_MONTHS_EN: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def number(value: float | Decimal, language: Language, decimals: int = 0) -> str:
    """Return a number as people write it.

    >>> number(1234567.891, "en", 1)
    '1,234,567.9'
    """
    text = f"{value:,.{decimals}f}"
    if text.lstrip("-0.,") == "":
        text = text.lstrip("-")  # nobody writes -0
    text = text.replace("-", "−")
    if language == "en":
        return text
    return text.replace(",", _NARROW).replace(".", ",")


def percent(share: float | Decimal, language: Language, decimals: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage.

    >>> percent(0.125, "en")
    '12.5%'
    """
    return number(share * 100, language, decimals) + ("%" if language == "en" else f"{_NARROW}%")


def points(difference: float, language: Language, *, signed: bool = True) -> str:
    """Return a difference of shares in percentage points, without the word: '+3.0'.

    >>> points(0.03, "en")
    '+3.0'
    """
    text = number(difference * 100, language, 1)
    plain = text.lstrip("−0.,") == ""
    return f"+{text}" if signed and difference > 0 and not plain else text


def euros(amount: float | Decimal, language: Language, decimals: int = 0) -> str:
    """Return an amount of money.

    >>> euros(1234.5, "en", 2)
    '€1,234.50'
    """
    text = number(amount, language, decimals)
    if language == "fr":
        return f"{text}{_NARROW}€"
    return f"−€{text[1:]}" if text.startswith("−") else f"€{text}"


def day(moment: dt.date, language: Language) -> str:
    """Return a day as people write it, in the zone that `moment` is in.

    >>> day(dt.date(2026, 10, 1), "en")
    '1 Oct 2026'
    """
    month = (_MONTHS_FR if language == "fr" else _MONTHS_EN)[moment.month - 1]
    first = "1er" if language == "fr" and moment.day == 1 else str(moment.day)
    return f"{first} {month} {moment.year}"
