"""The deliveries we know: what their columns are called, which must be there, and what they mean.

A header fits when its words do, whatever their case, accents and punctuation. A column `fact:name`
becomes a fact of the company's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.rules.names import folded


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of delivery."""

    name: str
    stage: str  #: which statements take it up
    columns: Mapping[str, tuple[str, ...]]  #: our name -> how deliveries call it
    needs: tuple[tuple[str, ...], ...]  #: of each group one column must be there
    fixed: Mapping[str, str] = field(default_factory=dict)  #: what such a file always means
    positions: tuple[str, ...] = ()  #: our names in order, for files without a header

    def column(self, header: str) -> str | None:
        """Return our name of a column, or `None` for one that we do not know."""
        key = spelled(header)
        for name, spellings in self.columns.items():
            if key == spelled(name) or key in (spelled(spelling) for spelling in spellings):
                return name
        return None


NEWS: Final = frozenset({"consents", "orders", "history"})
"""Feeds of what happened: a file without a line says that nothing did. The others say what there is, and that is never nothing."""


def spelled(header: str) -> str:
    return folded(header)


_WHO: Final = {
    "ext": ("id", "customer_id", "identifiant", "code client", "external id", "ext_id"),
    "kind": ("type client", "nature", "type"),
    "rpps": ("numero rpps", "n rpps", "code rpps"),
    "finess": ("numero finess", "no finess", "finess et"),
    "siret": ("numero siret",),
    "civility": ("civilite",),
    "title": ("titre exercice", "civilite exercice"),
    "last_name": ("nom", "nom exercice", "lastname", "name"),
    "first_name": ("prenom", "prenom exercice", "firstname"),
    "org_name": ("raison sociale", "organisation", "nom etablissement"),
    "trade_name": ("enseigne",),
    "language": ("langue",),
    "profession": ("code profession",),
    "specialty": ("specialite", "code savoir faire", "code specialite"),
    "practice_mode": ("mode exercice", "code mode exercice"),
    "sector": ("secteur", "code secteur activite"),
    "category": ("categorie", "type etablissement"),
    "number": ("numero voie", "house number"),
    "street": ("adresse", "voie", "rue", "address"),
    "complement": ("complement adresse", "complement"),
    "box": ("bp", "boite postale", "mention distribution"),
    "postcode": ("code postal", "cp", "postal code", "zip"),
    "town": ("ville", "commune", "city"),
    "country": ("pays", "cc"),
    "latitude": ("lat",),
    "longitude": ("lon", "lng"),
    "insee": ("code commune",),
    "hours_html": (),
    "email": ("e mail", "mail", "courriel", "adresse e mail"),
    "phone": ("telephone", "tel", "telephone fixe"),
    "mobile": ("portable", "telephone portable", "telephone mobile"),
    "status": ("statut", "etat"),
    "credit_status": ("statut credit", "encours"),
    "do_not_call": ("ne pas appeler", "ne pas visiter"),
    "notice_given_at": ("date information", "information le"),
    "source_date": ("date maj", "date mise a jour", "updated at"),
}

_WHOM: Final = {name: _WHO[name] for name in ("ext", "rpps", "finess", "siret")}
_ANYBODY: Final = ("ext", "rpps", "finess", "siret")

FEEDS: Final[Mapping[str, Feed]] = {
    feed.name: feed
    for feed in (
        Feed("customers", "customers", _WHO, (("ext", "rpps", "finess", "siret"), ("last_name", "org_name"))),
        Feed(
            "pharmacies",
            "customers",
            {
                **_WHO,
                "org_name": ("titre", "raison sociale", "nom", "name"),
                "last_name": ("nom titulaire",),
                "title": (),
                "street": ("adresse voie 1", "adresse", "voie", "rue"),
                "complement": ("adresse voie 2", "complement adresse"),
                "postcode": ("adresse codepostal", "code postal", "cp"),
                "town": ("adresse ville", "ville", "commune"),
                "latitude": ("adresse latitude", "lat"),
                "longitude": ("adresse longitude", "lon"),
                "hours_html": ("modalites accueil", "horaires"),
            },
            (("finess",), ("org_name",)),
            {"kind": "pharmacy", "sector": "SA33", "category": "620"},
        ),
        Feed(
            "hospitals",
            "customers",
            {
                **_WHO,
                "ext": ("code client",),
                "finess": ("id", "numero finess"),
                "org_name": ("hospital_name", "raison sociale", "nom"),
                "last_name": ("nom contact",),
                "trade_name": ("site_name", "enseigne"),
                "category": ("facility_type", "categorie"),
                "fact:ownership": ("public_private", "statut juridique"),
                "fact:website": ("url", "site internet"),
            },
            (("finess",), ("org_name",)),
            {"kind": "hospital"},
        ),
        Feed(
            "contacts",
            "contacts",
            {
                **_WHOM,
                "type": ("canal", "type contact"), "value": ("valeur", "adresse", "contact"),
                "complement": _WHO["complement"], "street": ("voie", "rue"), "box": _WHO["box"], "postcode": _WHO["postcode"],
                "town": _WHO["town"], "country": _WHO["country"],
                "usage": (), "status": ("statut",), "status_reason": ("motif",),
                "notice_given_at": _WHO["notice_given_at"], "source_date": _WHO["source_date"],
            },
            (_ANYBODY, ("type",), ("value", "postcode")),
        ),
        Feed(
            "consents",
            "consents",
            {
                **_WHOM, "channel": ("canal",),
                "purpose": ("finalite",), "scope": ("portee",), "address": ("adresse", "email"),
                "opt": ("consentement", "opt_type", "choix"), "opt_out_cause": ("cause", "motif"),
                "captured_at": ("capture_at", "date", "recueilli le"), "effective_to": ("expire le", "fin"),
                "text_version": ("version texte",), "proof_type": ("type preuve",), "proof_ref": ("preuve", "reference preuve"),
                "source_id": ("id evenement", "event_id"),
            },
            (_ANYBODY, ("channel",), ("purpose",), ("opt",), ("captured_at",)),
        ),
        Feed(
            "orders",
            "orders",
            {
                **_WHOM, "rep": ("delegue", "code delegue"),
                "order_no": ("commande", "numero commande", "n commande"), "line_no": ("ligne",), "origin": ("origine", "canal"),
                "type": (), "promo_code": ("code promo", "code offre"), "ordered_at": ("date", "date commande"),
                "status": ("statut",), "cip13": ("cip", "code produit"), "brand": ("marque",),
                "units": ("quantite", "qty", "unites"), "free_units": ("unites gratuites", "ug"),
                "unit_price_ht": ("prix unitaire", "prix ht"), "discount": ("remise",), "amount_ht": ("montant", "montant ht"),
            },
            (_ANYBODY, ("order_no",), ("ordered_at",), ("units",), ("cip13", "brand"), ("amount_ht", "unit_price_ht")),
        ),
        Feed(
            "history",
            "history",
            {
                **_WHOM, "source_id": ("id evenement", "event_id", "touch_id"),
                "channel": ("canal",), "direction": ("sens",), "brand": ("marque",), "campaign": ("campagne",),
                "purpose": ("finalite",), "at": ("date", "date contact"), "outcome": ("resultat",), "rep": ("delegue", "code delegue"),
                "type": ("evenement", "reponse"), "value": ("valeur", "montant"), "label": ("libelle",),
            },
            (_ANYBODY, ("channel",), ("at",)),
        ),
        Feed(
            "reps",
            "reps",
            {
                "code": ("login", "code delegue"), "first_name": ("prenom",), "last_name": ("nom",), "email": ("e mail", "mail"),
                "phone": ("telephone",), "rep_type": ("type", "type delegue"), "brands": ("marques",), "daily_capacity": ("capacite",),
                "territory": ("secteur", "territoire"), "role": ("role secteur",), "holiday_set": ("jours feries",),
                "territory_name": ("nom secteur", "libelle secteur"), "valid_from": ("depuis", "debut"), "valid_to": ("jusqu au", "fin"), "active": ("actif",),
            },
            (("code",), ("last_name",), ("email",), ("rep_type",)),
        ),
        Feed(
            "alignments",
            "alignments",
            {
                **_WHOM,
                "rep_type": ("type", "type delegue", "reseau"), "territory": ("secteur", "territoire"), "reason": ("motif",),
            },
            (_ANYBODY, ("rep_type",), ("territory",)),
        ),
        Feed(
            "towns",
            "towns",
            {
                "insee": ("code_commune_insee", "code commune", "code_insee", "codecommune"),
                "name": ("nom_de_la_commune", "nomcommune", "commune", "ville"),
                "postcode": ("code_postal", "codepostal"), "label": ("libelle_d_acheminement", "libell d acheminement", "libelli d acheminement", "libelleacheminement"),
                "line5": ("ligne_5",), "cedex": (), "department_name": ("nom",),
            },
            (("insee",), ("name",), ("postcode",)),
        ),
    )
}  # fmt: skip
