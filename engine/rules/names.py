"""How names fold: capitals without accents and single spaces, to join, compare and sort them.

The same rule stands as the SQL function `folded` (migration 0006), because a million names are
folded in one statement; a test holds the two together.
"""

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    {"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS"}
    | dict(zip("łŁøØđĐı", "LLOODDI", strict=True))
    | {chr(code): chr(code - 32) for code in range(ord("a"), ord("z") + 1)}
)
_MARKS: Final = dict.fromkeys(
    map(ord, "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328\u0323")
)
"""The accents of Europe's languages, as they stand after the letter once the two are taken apart."""

_OTHER: Final = re.compile(r"[^A-Z0-9]+")
_SAINT: Final = re.compile(r"\bSAINT(E?)\b")
_CEDEX: Final = re.compile(r" CEDEX( \d+)?$")
_DISTRICT: Final = re.compile(r" \d{1,2}(ER|E|EME)?( ARRONDISSEMENT)?$")


def folded(name: str) -> str:
    """Return a name in A-Z, 0-9 and single spaces; a letter of another script becomes a space.

    >>> folded("  L’Haÿ-les-Roses "), folded("Cœurdevey & Fils")
    ('L HAY LES ROSES', 'COEURDEVEY FILS')
    """
    apart = unicodedata.normalize("NFD", name.translate(_LETTERS))
    return _OTHER.sub(" ", apart.translate(_MARKS).translate(_LETTERS)).strip(" ")


def folded_town(town: str) -> str:
    """Return a town as La Poste spells it: SAINT is ST, without arrondissement or CEDEX.

    >>> folded_town("Saint-Étienne Cedex 2"), folded_town("Lyon 3e arrondissement")
    ('ST ETIENNE', 'LYON')
    """
    short = _SAINT.sub(r"ST\1", folded(town))
    return _DISTRICT.sub("", _CEDEX.sub("", short)).strip(" ")


def sort_name(*, last_name: str = "", first_name: str = "", org_name: str = "") -> str:
    """Return what a customer is sorted by: family name first; an organisation by its name.

    >>> sort_name(last_name="Lefèvre", first_name="Zoé")
    'LEFEVRE ZOE'
    """
    return folded(" ".join(part for part in (last_name, first_name) if part) or org_name)
