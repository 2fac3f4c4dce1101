"""CSV for people: a file that a French spreadsheet opens, and in which no cell becomes a formula.

Files for machines (the print house) keep data raw and have a writer of their own.

Source: OWASP, CSV injection; RFC 4180.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_FORMULA: Final = "=+-@＝＋－＠\t\r\n\0|%"
"""What a spreadsheet may take for the start of a formula or a command, wide letters included."""


_CONTROL: Final = dict.fromkeys((*range(32), 127), " ")


def cell(value: object) -> str:
    """Return a value as text on one line, with a quote in front where it would be taken for a formula.

    >>> [cell(value) for value in ("=1+1", "12 rue du Port", -3, None, ' @SUM(1)')]
    ["'=1+1", '12 rue du Port', '-3', '', "'@SUM(1)"]
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = " ".join(str(value).translate(_CONTROL).split())
    return f"'{text}" if text[:1] in _FORMULA and text else text


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a whole file: UTF-8 with a mark that spreadsheets look for, ';', every cell quoted."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
