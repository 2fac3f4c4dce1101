"""Facts: what is known of a customer, each with its type, its values and the law that binds it.

The base has its own; a company declares more in `segments/facts.yaml`.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from pydantic import Field

from engine.model.chain import chain
from engine.model.clauses import CHANNELS, YEARS, Op, Value, Verb
from engine.model.countries import COUNTRY_CODES
from engine.model.predicate import NESTING
from engine.model.written import Duration, Name, Written
from engine.problems import Refused, Say, did_you_mean, nearest


class Type(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


class LegalClass(StrEnum):
    """Where a fact comes from, as far as the law asks (domain §5)."""

    PUBLIC = "public"  #: registers that anybody may read
    DECLARED = "declared"  #: the customer told us
    COMMERCIAL = "commercial"  #: our own dealings: orders, visits, answers
    AGGREGATED = "aggregated"  #: of a group of at least ten, never of one prescriber
    INTERNAL = "internal"  #: decided by us: a territory, a tier
    RX_INDIVIDUAL = "rx_individual"  #: what one prescriber prescribes (C-22)


@dataclass(frozen=True, slots=True)
class Today:
    """The day of asking, and so many days before or after it."""

    days: int = 0


Typed: TypeAlias = str | Decimal | bool | dt.date | Today
Known: TypeAlias = str | Decimal | bool | dt.date | tuple[str, ...]
"""What may be known of a customer under one fact; a tuple where it holds several words."""

_TODAY: Final = re.compile(r"^today(?:\s*([+-])\s*(\d{1,5})\s+days?)?$")


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    label: Say
    type: Type = Type.TEXT
    values: tuple[str | Decimal, ...] = ()  #: all that it may be; empty: anything of its type
    others: str | None = None  #: a pattern of what else it may be
    width: int = 0  #: digits of a code: 1 is read as 01
    several: bool = False  #: a customer may have several of its words
    may_be_missing: bool = True
    legal_class: LegalClass = LegalClass.PUBLIC
    derived_from: tuple[str, ...] = ()
    source: str = "base"
    fresh: dt.timedelta | None = None  #: older than this, it should not be relied on
    company: bool = False  #: declared in segments/facts.yaml, kept in `customer.facts`
    doubtful: bool = (
        False  #: its declaration has a slip: what may be asked of it nobody knows, and nothing is told twice
    )

    def read(self, written: Value) -> Typed:
        """Return a written value in the fact's type.

        Raises:
            Refused: it does not fit the type, or is none of the values.

        >>> Fact("department", Say("", ""), width=2).read(1)
        '01'
        """
        if self.doubtful:
            return str(written)
        match self.type:
            case Type.TEXT:
                return self._text(written)
            case Type.NUMBER:
                return self._number(written)
            case Type.DATE:
                return self._date(written)
            case Type.BOOLEAN:
                if written in ("yes", "no") or isinstance(written, bool):
                    return written in ("yes", True)
                raise self._refused(written, Say("true or false", "true ou false"))

    def read_limit(self, written: Value) -> Typed:
        """Return a written limit or pattern in the fact's type: it need not be a value that occurs.

        Raises:
            Refused: it does not fit the type.

        >>> Fact("rfm_tier", Say("", ""), Type.NUMBER, values=(Decimal(1), Decimal(2))).read_limit(3)
        Decimal('3')
        """
        return replace(self, values=()).read(written)

    def fits(self, op: Op) -> bool:
        """Return whether the fact can be compared so."""
        if self.doubtful:
            return True
        match op:
            case Op.LIKE:
                return self.type is Type.TEXT and not self.several
            case Op.BEFORE | Op.AFTER:
                return self.type is Type.DATE
            case _:
                return self.type is Type.NUMBER or (
                    self.type is Type.DATE and op in (Op.AT_LEAST, Op.AT_MOST)
                )

    def _text(self, written: Value) -> str:
        if isinstance(written, bool) or not isinstance(written, str | int):
            raise self._refused(written, Say("a word", "un mot"))
        text = str(written).zfill(self.width) if isinstance(written, int) else written
        if not self.values or text in self.values:
            return text
        if self.others is not None and re.fullmatch(self.others, text):
            return text
        raise self._unknown(text)

    def _number(self, written: Value) -> Decimal:
        if isinstance(written, bool) or not isinstance(written, int | Decimal):
            raise self._refused(written, Say("a number", "un nombre"))
        number = Decimal(written)
        if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
            raise self._refused(written, Say("a number", "un nombre"))
        if self.values and number not in self.values:
            raise self._unknown(str(written))
        return number

    def _date(self, written: Value) -> dt.date | Today:
        if isinstance(written, dt.date) and not isinstance(written, dt.datetime) and written.year in YEARS:
            return written
        match = _TODAY.match(written.strip()) if isinstance(written, str) else None
        if match is None:
            raise self._refused(
                written,
                Say(
                    "a day: 2026-03-02, today, today - 90 days",
                    "un jour : 2026-03-02, today, today - 90 days",
                ),
            )
        return Today(int(f"{match[1] or '+'}{match[2] or 0}"))

    def _refused(self, written: Value, wanted: Say) -> Refused:
        return Refused(
            Say(f"'{str(written)[:60]}' does not fit '{self.name}'", f"« {str(written)[:60]} » ne convient pas à « {self.name} »"),
            Say(f"It takes {wanted.en}.", f"Il prend {wanted.fr}."),
        )  # fmt: skip

    def _unknown(self, text: str) -> Refused:
        words = [str(value) for value in self.values]
        what = Say(
            f"'{text[:60]}' is no value of '{self.name}'",
            f"« {text[:60]} » n'est pas une valeur de « {self.name} »",
        )
        close = nearest(text, words)
        if len(words) > 30:
            if close is None:
                return Refused(what, Say(f"It has {len(words)} values, such as {', '.join(words[:5])}.",
                                         f"Il a {len(words)} valeurs, comme {', '.join(words[:5])}."))  # fmt: skip
            return Refused(what, Say(f"Did you mean '{close}'?", f"Vouliez-vous dire « {close} » ?"))
        return Refused(what, did_you_mean(text, words))


PERSONS: Final = frozenset({"prescriber", "pharmacist", "expert", "patient", "paramedical"})
ORGANISATIONS: Final = frozenset({"pharmacy", "hospital", "distributor", "wholesaler"})
"""Kinds that only one of the two can be; the press and an authority may be either. A delivery goes by them (tests/house)."""
KINDS: Final = (
    "prescriber", "pharmacist", "pharmacy", "hospital", "distributor", "wholesaler", "authority", "expert", "patient", "press",
    "paramedical",
)  # fmt: skip
DEPARTMENTS: Final = (
    *(f"{number:02}" for number in range(1, 20)), "2A", "2B", *(f"{number:02}" for number in range(21, 96)),
    *("971", "972", "973", "974", "975", "976", "977", "978", "984", "986", "987", "988"),
)  # fmt: skip
REGIONS: Final = (
    "Auvergne-Rhône-Alpes", "Bourgogne-Franche-Comté", "Bretagne", "Centre-Val de Loire", "Collectivités d'outre-mer", "Corse",
    "Grand Est", "Guadeloupe", "Guyane", "Hauts-de-France", "La Réunion", "Martinique", "Mayotte", "Monaco", "Normandie",
    "Nouvelle-Aquitaine", "Occitanie", "Pays de la Loire", "Provence-Alpes-Côte d'Azur", "Île-de-France",
)  # fmt: skip
"""As the base's own table of départements names them."""
SPECIALTY: Final = r"(?:SM(?:0[1-9]|[1-8]\d|9[0-5])|(?!SM)[A-Z]{1,4}\d{1,4})"
"""Codes of TRE_R38: SM01 to SM95, and the other series."""
SPECIALTY_GROUPS: Final = ("GP", "CARDIO", "ONCO", "ENDOC", "HEMATO", "PNEUMO", "PEDIA")


def _fact(name: str, en: str, fr: str, **more: object) -> Fact:
    return Fact(name, Say(en, fr), **more)  # type: ignore[arg-type]  # one line a fact


BUILT_IN: Final[Mapping[str, Fact]] = {
    fact.name: fact
    for fact in (
        _fact("kind", "kind of customer", "type de client", values=KINDS, several=True),
        _fact("status", "status", "statut", may_be_missing=False,
              values=("active", "inactive", "retired", "deceased", "suspended", "unknown")),
        _fact("civility", "civility", "civilité", values=("M", "MME")),
        _fact("title", "title", "titre", others=r"[A-Z]{1,6}", values=("DR", "PR")),
        _fact("language", "language", "langue", others=r"[a-z]{2}", values=("fr", "en"), may_be_missing=False),
        _fact("profession", "profession", "profession", width=2, others=r"\d{2}", values=("10", "21", "40", "50", "60")),
        _fact("specialty", "specialty", "spécialité", others=SPECIALTY, values=("SM04", "SM26", "SM40", "SM53", "SM54")),
        _fact("specialty_group", "specialty group", "groupe de spécialités", others=SPECIALTY, values=SPECIALTY_GROUPS),
        _fact("practice_mode", "practice mode", "mode d'exercice", values=("L", "S", "B")),
        _fact("sector", "sector", "secteur d'activité", others=r"SA\d{2}", values=("SA33", "SA38", "SA39", "SA65")),
        _fact("category", "category of establishment", "catégorie d'établissement"),
        _fact("postcode", "postcode", "code postal", width=5),
        _fact("town", "town", "commune"),
        _fact("insee", "INSEE code", "code INSEE", width=5),
        _fact("department", "department", "département", width=2, values=DEPARTMENTS),
        _fact("region", "region", "région", values=REGIONS),
        _fact("country", "country", "pays", others=f"(?:{'|'.join(sorted(COUNTRY_CODES))})", values=("FR", "BE", "CH", "LU", "MC"), may_be_missing=False),
        _fact("credit_status", "credit status", "statut crédit", values=("ok", "watch", "dunning", "blocked"), may_be_missing=False,
              legal_class=LegalClass.COMMERCIAL),
        _fact("do_not_call", "refuses reps", "refuse les délégués", type=Type.BOOLEAN, may_be_missing=False,
              legal_class=LegalClass.DECLARED),
        _fact("restricted_brand", "brand never to be shown", "marque à ne jamais présenter", several=True, may_be_missing=False,
              legal_class=LegalClass.DECLARED),
        _fact("has_email", "has an e-mail address", "a une adresse électronique", type=Type.BOOLEAN, may_be_missing=False),
        _fact("has_postal", "has a postal address", "a une adresse postale", type=Type.BOOLEAN, may_be_missing=False),
        _fact("has_phone", "has a phone number", "a un numéro de téléphone", type=Type.BOOLEAN, may_be_missing=False),
        _fact("role", "role at an organisation", "rôle dans un établissement", several=True, may_be_missing=False,
              others=r"[A-Za-z_]+", values=("titulaire", "adjoint", "chef_de_service", "praticien", "interne", "pharmacien_PUI",
                                            "cadre", "secretariat")),
        _fact("territory", "sales territory", "secteur commercial", several=True, may_be_missing=False, legal_class=LegalClass.INTERNAL),
    )
}  # fmt: skip
"""The facts of the base. A fact that `may_be_missing` is unknown where the base has nothing; the others are always known."""


STORED_UNTOLD: Final[Mapping[str, Known]] = {
    "status": "active", "language": "fr", "country": "FR", "credit_status": "ok", "do_not_call": False, "restricted_brand": (),
    "has_email": False, "has_postal": False, "has_phone": False, "role": (), "territory": (),
}  # fmt: skip
"""What the base holds of a customer where nobody told it, of each fact that is never missing."""


class Label(Written):
    """A name for people, in both languages."""

    fr: str
    en: str


class DeclaredFact(Written):
    """A fact of the company's own."""

    label: Label
    type: Literal["text", "number", "date", "boolean"]
    values: list[str | int | float] | None = Field(
        None, min_length=1, description="all that it may be; absent: anything of its type"
    )
    source: str = Field(description="who delivers it")
    fresh: Duration | None = Field(
        None, description="older than this, it should not be relied on, and 'plan' warns: 90 days"
    )
    legal_class: LegalClass = Field(description="where it comes from, as far as the law asks")
    derived_from: list[Name] = Field([], description="facts that it was computed from")


class Facts(Written):
    """`segments/facts.yaml`: what this company knows, sells, and did before Touchbase."""

    facts: dict[Name, DeclaredFact] = {}
    brands: list[str] = Field([], description="the brands that segments may name")
    past_campaigns: list[str] = Field(
        [], description="campaigns of the imported history that have no file here"
    )
    channels: list[str] = Field([], description="channels of contacts made elsewhere, besides the usual ones")
    french_territories: list[str] = Field(
        ["FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF"],
        description="countries in which the prescription data of a prescriber must not be used",
    )

    def declared(self, name: str) -> Fact:
        """Return one of the company's facts.

        Raises:
            Refused: its name means something else already, or a value does not fit its type.
        """
        written = self.facts[name]
        if name in BUILT_IN or name in NESTING or name in Verb.__members__.values() or name == "belongs":
            raise Refused(
                Say(f"'{name}' means something already", f"« {name} » a déjà un sens"),
                Say("Give the fact another name.", "Donnez un autre nom à cette donnée."),
                "facts", name, of_key=True,
            )  # fmt: skip
        plain = Fact(
            name,
            Say(written.label.en, written.label.fr),
            Type(written.type),
            legal_class=written.legal_class,
            derived_from=tuple(written.derived_from),
            source=written.source,
            fresh=written.fresh,
            company=True,
        )
        values: list[str | Decimal] = []
        for index, value in enumerate(written.values or ()):
            try:
                read = plain.read(Decimal(str(value)) if isinstance(value, float) else value)
            except Refused as refused:
                raise Refused(refused.what, refused.remedy, "facts", name, "values", index) from None
            if isinstance(value, bool) or isinstance(read, bool) or not isinstance(read, str | Decimal):
                raise Refused(
                    Say(f"'{name}' is a {written.type}: it needs no values", f"« {name} » est de type {written.type} : pas de valeurs à donner"),
                    Say("Delete 'values:'.", "Supprimez « values: »."), "facts", name, "values",
                )  # fmt: skip
            values.append(read)
        return Fact(**{**{key: getattr(plain, key) for key in plain.__slots__}, "values": tuple(values)})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All facts that this company's segments may ask for, and the names they may use."""

    facts: Mapping[str, Fact] = field(default_factory=lambda: BUILT_IN)
    brands: tuple[str, ...] = ()
    campaigns: frozenset[str] = frozenset()  #: of files, and of the imported history
    channels: tuple[str, ...] = CHANNELS
    french: frozenset[str] = frozenset({"FR"})
    steps: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: of the campaigns that have a file
    cells: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: of the campaigns that have a file

    def rx_roots(self, name: str) -> tuple[str, ...]:
        """Return the way from a fact to the individual prescription data in it, or nothing.

        >>> Catalogue().rx_roots("department")
        ()
        """
        return chain(
            name,
            lambda one: one in self.facts and self.facts[one].legal_class is LegalClass.RX_INDIVIDUAL,
            lambda one: self.facts[one].derived_from if one in self.facts else (),
        )

    def rx_facts(self) -> frozenset[str]:
        """Return all facts that hold individual prescription data, or come from such a fact."""
        return frozenset(name for name in self.facts if self.rx_roots(name))
