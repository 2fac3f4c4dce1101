"""The words of French addresses: how letters fold, what may be abbreviated, where France ends."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LETTERS: Final = str.maketrans(
    {"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS", "ø": "O", "Ø": "O", "ł": "L", "Ł": "L",
     "đ": "D", "Đ": "D", "ð": "D", "Ð": "D", "þ": "TH", "Þ": "TH", "ı": "I", "&": " ET ", "№": "N"}
)  # fmt: skip


class _NoMarks(dict[int, int | None]):
    """What `str.translate` asks of each letter: itself, or nothing for an accent that stands alone. It learns."""

    def __missing__(self, code: int) -> int | None:
        self[code] = answer = None if unicodedata.combining(chr(code)) else code
        return answer


_NO_MARKS: Final = _NoMarks()
_INITIALS: Final = re.compile(r"(?<![A-Z0-9])([A-Z])\.(?=[A-Z](?:[^A-Z]|$))")
_OTHER: Final = re.compile(r"[^A-Z0-9]+")


@lru_cache(maxsize=256)  # laying out an address asks several times about each of its lines
def folded(text: str) -> str:
    """Return a text in what the sorting machine reads: A-Z, 0-9, single spaces.

    >>> folded("L’Haÿ-les-Roses"), folded("B.P. 12"), folded("Cœur & Fils, n°3")
    ('L HAY LES ROSES', 'BP 12', 'COEUR ET FILS N 3')
    """
    if text.isascii():  # nothing to take apart: a third of the work
        return _OTHER.sub(" ", _INITIALS.sub(r"\1", text.replace("&", " ET ").upper())).strip()
    # NFKD, not NFD: full-width digits and ligatures of typesetters count as what they look like.
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).upper().translate(_LETTERS)
    return _OTHER.sub(" ", _INITIALS.sub(r"\1", plain.translate(_NO_MARKS))).strip()


def spaced(text: str) -> str:
    """Return a text on one line: no control characters, single spaces, no '|', which parts stored lines."""
    if text.isprintable() and "|" not in text:  # nearly always
        return " ".join(text.split())
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" or c == "|" else c for c in text)
    return " ".join(shown.split())


_WORDS: Final = {
    # thoroughfares
    "ALLEE": "ALL", "ALLEES": "ALL", "AVENUE": "AV", "BOULEVARD": "BD", "CARREFOUR": "CAR", "CHEMIN": "CHE",
    "CHAUSSEE": "CHS", "CITE": "CITE", "CORNICHE": "COR", "DESCENTE": "DSC", "DOMAINE": "DOM", "ESPLANADE": "ESP",
    "FAUBOURG": "FG", "GRANDE RUE": "GR", "HAMEAU": "HAM", "HALLE": "HLE", "IMPASSE": "IMP", "LIEU DIT": "LD",
    "LOTISSEMENT": "LOT", "MARCHE": "MAR", "MONTEE": "MTE", "PASSAGE": "PAS", "PLACE": "PL", "PLAINE": "PLN",
    "PLATEAU": "PLT", "PROMENADE": "PRO", "QUARTIER": "QUA", "RESIDENCE": "RES", "ROND POINT": "RPT",
    "ROUTE": "RTE", "SENTIER": "SEN", "SENTE": "SEN", "SQUARE": "SQ", "TERRE PLEIN": "TPL", "TRAVERSE": "TRA",
    "VILLAGE": "VLGE", "ROCADE": "ROC", "ZONE D ACTIVITES": "ZA", "ZONE D ACTIVITE": "ZA", "ZONE ARTISANALE": "ZA",
    "ZONE INDUSTRIELLE": "ZI", "ZONE D AMENAGEMENT CONCERTE": "ZAC", "ZONE D AMENAGEMENT DIFFERE": "ZAD",
    "CENTRE COMMERCIAL": "CCAL", "PARC D ACTIVITES": "PA",
    # people whom streets are named for
    "GENERAL": "GAL", "MARECHAL": "MAL", "COLONEL": "CEL", "LIEUTENANT COLONEL": "LCL", "COMMANDANT": "CDT",
    "CAPITAINE": "CNE", "LIEUTENANT": "LT", "SERGENT": "SGT", "ADJUDANT": "ADJ", "AMIRAL": "AML",
    "DOCTEUR": "DR", "PROFESSEUR": "PR", "PRESIDENT": "PDT", "MONSEIGNEUR": "MGR", "MADAME": "MME",
    "MADEMOISELLE": "MLLE", "MONSIEUR": "M", "SAINT": "ST", "SAINTE": "STE", "SAINTS": "STS", "SAINTES": "STES",
    "NOTRE DAME": "ND", "PREFET": "PFT", "MINISTRE": "MIN", "DEPUTE": "DEP", "INGENIEUR": "ING", "MAITRE": "ME",
    # adjectives
    "GRAND": "GD", "GRANDE": "GDE", "GRANDS": "GDS", "GRANDES": "GDES", "PETIT": "PT", "PETITE": "PTE",
    "PETITS": "PTS", "PETITES": "PTES", "VIEUX": "VX", "VIEILLE": "VLLE", "ANCIEN": "ANC", "ANCIENNE": "ANC",
    "NOUVEAU": "NOUV", "NOUVELLE": "NOUV", "HAUT": "HT", "HAUTE": "HTE", "BASSE": "BSE", "NATIONAL": "NAL",
    "NATIONALE": "NALE", "INTERNATIONAL": "INTL", "INTERNATIONALE": "INTLE", "MUNICIPAL": "MUN",
    "MUNICIPALE": "MUN", "REGIONAL": "REG", "REGIONALE": "REG", "INTERCOMMUNAL": "INTERCOM",
    "DEPARTEMENTAL": "DEP", "DEPARTEMENTALE": "DEP", "UNIVERSITAIRE": "UNIV",
    # inside and around buildings
    "APPARTEMENT": "APP", "BATIMENT": "BAT", "ESCALIER": "ESC", "ETAGE": "ETG", "IMMEUBLE": "IMM",
    "PAVILLON": "PAV", "ENTREE": "ENT", "REZ DE CHAUSSEE": "RDC", "INFERIEUR": "INF", "SUPERIEUR": "SUP",
    # organisations
    "ASSOCIATION": "ASSOC", "CENTRE HOSPITALIER UNIVERSITAIRE": "CHU", "CENTRE HOSPITALIER REGIONAL": "CHR",
    "CENTRE HOSPITALIER": "CH", "CENTRE": "CTRE", "CLINIQUE": "CLIN", "COMPAGNIE": "CIE", "DEPARTEMENT": "DPT",
    "DIRECTION": "DIR", "DIVISION": "DIV", "ETABLISSEMENT": "ETS", "ETABLISSEMENTS": "ETS", "HOPITAL": "HOP",
    "INSTITUT": "INST", "LABORATOIRE": "LABO", "LABORATOIRES": "LABO", "MAISON DE SANTE PLURIDISCIPLINAIRE": "MSP",
    "MAISON DE SANTE": "MDS", "PHARMACIE": "PHIE", "POLYCLINIQUE": "POLYCLIN", "SERVICE": "SCE", "SOCIETE": "STE",
    "SYNDICAT": "SYND", "UNIVERSITE": "UNIV",
    "SOCIETE D EXERCICE LIBERAL A RESPONSABILITE LIMITEE": "SELARL", "BOITE POSTALE": "BP", "COURSE SPECIALE": "CS",
}  # fmt: skip

_FREE: Final = {"A": "[AÀÂ]", "E": "[EÉÈÊË]", "I": "[IÎÏ]", "O": "[OÔÖ]", "U": "[UÙÛÜ]", "C": "[CÇ]"}


def _pattern(word: str) -> str:
    """Return what finds a word in capitals without accents as well as in a name as it is spoken."""
    return "".join(r"[ '’-]" if c == " " else _FREE.get(c, c) for c in word)


ABBREVIATIONS: Final = tuple(
    (long.split()[0], re.compile(rf"(?<!\w){_pattern(long)}(?!\w)", re.IGNORECASE), short)
    for long, short in sorted(_WORDS.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    if len(short) < len(long)
)
"""A word that must be there, what to look for, and what to write: the longest first."""

DOMESTIC: Final = frozenset(
    {"FR", "MC", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "PF", "NC", "WF", "TF"}
)
"""Where a French postcode is the whole of the last line: France, its overseas parts, Monaco."""

COUNTRIES: Final = {
    "AD": "ANDORRE", "AE": "EMIRATS ARABES UNIS", "AT": "AUTRICHE", "AU": "AUSTRALIE", "BE": "BELGIQUE",
    "BF": "BURKINA FASO", "BG": "BULGARIE", "BJ": "BENIN", "BR": "BRESIL", "CA": "CANADA", "CH": "SUISSE",
    "CI": "COTE D IVOIRE", "CM": "CAMEROUN", "CN": "CHINE", "CY": "CHYPRE", "CZ": "REPUBLIQUE TCHEQUE",
    "DE": "ALLEMAGNE", "DK": "DANEMARK", "DZ": "ALGERIE", "EE": "ESTONIE", "ES": "ESPAGNE", "FI": "FINLANDE",
    "GB": "ROYAUME UNI", "GR": "GRECE", "HR": "CROATIE", "HU": "HONGRIE", "IE": "IRLANDE", "IL": "ISRAEL",
    "IN": "INDE", "IS": "ISLANDE", "IT": "ITALIE", "JP": "JAPON", "LB": "LIBAN", "LI": "LIECHTENSTEIN",
    "LT": "LITUANIE", "LU": "LUXEMBOURG", "LV": "LETTONIE", "MA": "MAROC", "MG": "MADAGASCAR", "MT": "MALTE",
    "MU": "MAURICE", "NL": "PAYS BAS", "NO": "NORVEGE", "PL": "POLOGNE", "PT": "PORTUGAL", "RO": "ROUMANIE",
    "SE": "SUEDE", "SI": "SLOVENIE", "SK": "SLOVAQUIE", "SN": "SENEGAL", "TN": "TUNISIE", "TR": "TURQUIE",
    "US": "ETATS UNIS",
}  # fmt: skip
"""The French name of a country, as the last line of a letter sent from France wants it."""
