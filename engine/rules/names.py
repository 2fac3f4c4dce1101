"""How names fold: capitals without accents and single spaces, to join, compare and sort them.

The same rule stands as the SQL function `folded` (migration 0006), because a million names are
folded in one statement; a test holds the two together.
"""

import re
from typing import Final

_PLAIN: Final = {
    "A": "ÀÁÂÃÄÅĀĂĄàáâãäåāăą",
    "C": "ÇĆČĈçćčĉ",
    "D": "ĎĐďđ",
    "E": "ÈÉÊËĒĖĘĚèéêëēėęě",
    "G": "ĞĢğģ",
    "I": "ÌÍÎÏĪĮİìíîïīįı",
    "K": "Ķķ",
    "L": "ŁĻĽłļľ",
    "N": "ÑŃŇñńň",
    "O": "ÒÓÔÕÖØŌŐòóôõöøōő",
    "R": "Řř",
    "S": "ŚŠŞȘśšşș",
    "T": "ŢȚŤţțť",
    "U": "ÙÚÛÜŪŮŰŲùúûüūůűų",
    "Y": "ÝŸýÿ",
    "Z": "ŹŻŽźżž",
}
_LETTERS: Final = str.maketrans(
    {letter: plain for plain, letters in _PLAIN.items() for letter in letters}
    | {"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS"}
    | {chr(code): chr(code - 32) for code in range(ord("a"), ord("z") + 1)}
)
_OTHER: Final = re.compile(r"[^A-Z0-9]+")
_SAINT: Final = re.compile(r"\bSAINT(E?)\b")
_CEDEX: Final = re.compile(r" CEDEX( \d+)?$")
_DISTRICT: Final = re.compile(r" \d{1,2}(ER|E|EME)?( ARRONDISSEMENT)?$")


def folded(name: str) -> str:
    """Return a name in A-Z, 0-9 and single spaces; a letter of another script becomes a space.

    >>> folded("  L’Haÿ-les-Roses "), folded("Cœurdevey & Fils")
    ('L HAY LES ROSES', 'COEURDEVEY FILS')
    """
    return _OTHER.sub(" ", name.translate(_LETTERS)).strip(" ")


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
