"""How a letter or mail writes days, amounts, shares and telephone numbers."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

_MONTHS: Final = {
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def date(value: dt.date | str, language: str = "fr") -> str:
    """Return a day as a letter writes it; a company's own facts keep their days as text.

    Raises:
        TypeError: no day, and no text that says one.

    >>> date(dt.date(2026, 10, 1)), date("2026-10-02")
    ('1er octobre 2026', '2 octobre 2026')
    """
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            raise TypeError("no day") from None
    if not isinstance(value, dt.date):
        raise TypeError("no day")
    months = _MONTHS.get(language, _MONTHS["en"])
    day = "1er" if language == "fr" and value.day == 1 else str(value.day)
    return f"{day} {months[value.month - 1]} {value.year}"


def money(value: Decimal | int | float, currency: str = "€") -> str:
    """Return an amount as a French letter writes it, with narrow spaces that do not break.

    >>> money(Decimal("1234.5"))
    '1\u202f234,50\\xa0€'
    """
    grouped = f"{Decimal(str(value)):,.2f}"
    return grouped.replace(",", "\u202f").replace(".", ",") + f"\u00a0{currency}"


def percent(value: Decimal | float) -> str:
    """Return a share as a percentage.

    >>> percent(Decimal("0.125"))
    '12,5\\xa0%'
    """
    return f"{(Decimal(str(value)) * 100).normalize():f}".replace(".", ",") + "\u00a0%"


@lru_cache(maxsize=1024, typed=True)  # of a rep it is the same for thousands
def phone(value: str, between: str = "\u00a0") -> str:
    """Return a telephone number as the French write their own; another country's stays as it is.

    Args:
        between: What stands between the pairs: a space that does not break, or a plain one in data.

    Raises:
        TypeError: no text.

    >>> phone("+33639989159"), phone("+33 1 99 00 00 01", between=" "), phone("+3225551212")
    ('06\xa039\xa098\xa091\xa059', '01 99 00 00 01', '+3225551212')
    """
    if not isinstance(value, str) or not isinstance(between, str):
        raise TypeError("no number")
    national = re.fullmatch(r"\+33([1-9][0-9]{8})", value.replace(" ", ""))
    return value if national is None else between.join(re.findall("..", f"0{national[1]}"))
