"""The card of a material: what it is, who allowed it, for whom, with which links.

A card stands beside its template (`templates/<brand>/<name>.yaml`). Nothing promotional leaves
without one: advertising of medicines to health professionals needs a visa, which lasts two years at
most; its reference number stands in the advertising; approved means unmodifiable.

Source: Code de la santé publique L.5122-9, R.5122-8, R.5122-14; ANSM, visas de publicité.
"""

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.model.written import Name, Written
from engine.problems import Refused, Say

PromoType = Literal["promotional", "non_promotional", "medical_response", "safety", "corporate"]

Item = Literal[
    "name",
    "company",
    "form",
    "composition",
    "amm_numbers",
    "properties",
    "indications",
    "administration",
    "posology",
    "undesirable_effects",
    "warnings",
    "interactions",
    "prescription_class",
    "price",
    "reimbursement",
    "generic",
]
"""The sixteen things that advertising of a medicine to health professionals must say (R.5122-8)."""

LONGEST_VISA: Final = 2  #: years


def _safe_url(text: object) -> object:
    """Refuse what must never stand behind a link of ours: only https, mailto and tel."""
    from urllib.parse import urlsplit

    if not isinstance(text, str):
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        parts, host = urlsplit(""), None
    strange = any(letter in "\\{}<>\"'`" or letter.isspace() or not letter.isprintable() for letter in text)
    plain = parts.username is None and "@" not in parts.netloc
    if strange or not (
        (parts.scheme == "https" and host and host.isascii() and plain)
        or (parts.scheme in ("mailto", "tel") and parts.path and not parts.netloc)
    ):
        raise Refused(
            Say(f"'{text}' is not an address a mail may link to", f"« {text} » n'est pas un lien permis"),
            Say(
                "Write https://host/path, mailto:name@host or tel:+33...; a host in plain letters, no account in it.",
                "Écrivez https://hôte/chemin, mailto:nom@hôte ou tel:+33… ; hôte sans accents, sans compte.",
            ),
        )
    return text


Url = Annotated[str, BeforeValidator(_safe_url)]


class Link(Written):
    """A link of the manifest; the material was deposited with it."""

    url: Url
    label: str = Field(description="what the link is called in reports")
    track: bool = Field(True, description="count clicks, where the customer allows it")


class Visa(Written):
    """The permission to advertise: PM to health professionals, GP to the public."""

    type: Literal["PM", "GP"]
    granted: dt.date
    expires: dt.date

    @model_validator(mode="after")
    def _two_years(self) -> Self:
        if self.expires <= self.granted:
            raise Refused(
                Say(
                    f"the visa expires on {self.expires}, before it is granted",
                    f"le visa expire le {self.expires}, avant d'être accordé",
                ),
                Say("Write the day it ends.", "Écrivez le jour où il prend fin."),
                "expires",
            )
        if self.expires > last_day(self.granted):
            raise Refused(
                Say(
                    f"the visa would last more than {LONGEST_VISA} years",
                    f"le visa durerait plus de {LONGEST_VISA} ans",
                ),
                Say(
                    f"A visa of {self.granted} ends on {last_day(self.granted)} at the latest.",
                    f"Un visa du {self.granted} prend fin au plus tard le {last_day(self.granted)}.",
                ),
                "expires",
            )
        return self


def last_day(granted: dt.date) -> dt.date:
    """Return the last day a visa granted on a day can be valid.

    >>> last_day(dt.date(2024, 2, 29))
    datetime.date(2026, 2, 28)
    """
    try:
        return granted.replace(year=granted.year + LONGEST_VISA)
    except ValueError:  # 29 February
        return granted.replace(year=granted.year + LONGEST_VISA, day=28)


class MaterialAudience(Written):
    """Whom the material may reach; an empty list allows everybody."""

    kinds: list[str] = []
    specialty_groups: list[str] = []
    countries: list[str] = Field(["FR"], min_length=1)


class Approval(Written):
    by: str = Field(description="who answers for it (not its author)")
    on: dt.date


class Material(Written):
    """One card of `templates/`."""

    material: Name
    title: str
    reference: str = Field(
        min_length=3,
        max_length=40,
        description="the deposit's number; it stands in the mail or letter itself",
    )
    version: int = Field(ge=1)
    brand: str
    author: str
    promo_type: PromoType
    visa: Visa | None = None
    audience: MaterialAudience = MaterialAudience(countries=["FR"])
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2}$")]] = Field(["fr"], min_length=1)
    fragments: list[str] = Field([], description="parts it includes, as 'shared/header'")
    links: dict[Name, Link] = Field({}, max_length=200)
    revised_on: dt.date = Field(description="last revision of the text")
    mandatory: list[Item] = Field([], description="which of the sixteen required things the text says")
    approved: Approval | None = None
    withdrawn: dt.date | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.approved is not None and self.approved.by == self.author:
            raise Refused(
                Say(f"'{self.author}' approves their own material", f"« {self.author} » s'approuve soi-même"),
                Say("Let somebody else approve it.", "Faites-le approuver par quelqu'un d'autre."),
                "approved",
                "by",
            )
        return self

    def hindrance(self, on: dt.date) -> str | None:
        """Return why the material may not go out on a day: a word of the history; `None` if it may."""
        if self.withdrawn is not None and self.withdrawn <= on:
            return "material_withdrawn"
        if self.approved is None:
            return "material_not_approved"
        if self.visa is not None and not self.visa.granted <= on <= self.visa.expires:
            return "material_expired"
        return None

    def suits(self, kinds: tuple[str, ...], specialty_group: str | None, country: str) -> bool:
        """Return whether a customer may see the material."""
        allowed = self.audience
        return (
            country in allowed.countries
            and (not allowed.kinds or any(kind in allowed.kinds for kind in kinds))
            and (not allowed.specialty_groups or specialty_group in allowed.specialty_groups)
        )
