"""Why somebody was left out: one primary reason each, the first in this order; all are kept.

The order is the contact policy's precedence (domain §5.8): what the person is and said comes before
what we know of their address, that before what we did lately, that before what we have room for.
"""

from enum import StrEnum
from typing import Final

from engine.problems import Say


class Reason(StrEnum):
    """The word that stands in the history and in campaign files (`excluded: {because: no_consent}`)."""

    MERGED = "merged"
    INACTIVE = "inactive"
    DECEASED = "deceased"
    ERASED = "erased"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    SUPPRESSED_LEGAL = "suppressed_legal"
    OPTED_OUT = "opted_out"
    NO_NOTICE = "no_notice"
    NO_CONSENT = "no_consent"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_NO_PROOF = "consent_no_proof"
    AUDIENCE_MISMATCH = "audience_mismatch"
    MATERIAL_EXPIRED = "material_expired"
    MATERIAL_WITHDRAWN = "material_withdrawn"
    MATERIAL_NOT_APPROVED = "material_not_approved"
    RESTRICTED_BRAND = "restricted_brand"
    FINANCE_HOLD = "finance_hold"
    STOCK_HOLD = "stock_hold"
    CALENDAR_GATE = "calendar_gate"
    NO_CONTACT_POINT = "no_contact_point"
    INVALID_CONTACT_POINT = "invalid_contact_point"
    MSS_ADDRESS = "mss_address"
    SHARED_MAILBOX = "shared_mailbox"
    NO_REP = "no_rep"
    IN_EXCEPTED_SEGMENT = "in_excepted_segment"
    NOT_AGAIN = "not_again"
    NOT_SAMPLED = "not_sampled"
    ONE_PER = "one_per"
    NOT_AMONG_TOP = "not_among_top"
    FREQUENCY_CAP = "frequency_cap"
    VISIT_CAP = "visit_cap"
    MIN_GAP = "min_gap"
    REP_CHALLENGE = "rep_challenge"
    CAPACITY = "capacity"
    HOLDOUT_GLOBAL = "holdout_global"


PRECEDENCE: Final = tuple(Reason)

SENTENCES: Final[dict[Reason, Say]] = {
    Reason.MERGED: Say("was merged into another customer", "a été fusionné avec une autre fiche"),
    Reason.INACTIVE: Say("is no longer active", "n'est plus en activité"),
    Reason.DECEASED: Say("is deceased", "est décédé"),
    Reason.ERASED: Say("was erased on request", "a été effacé à sa demande"),
    Reason.KIND_NOT_ALLOWED: Say(
        "is of a kind this purpose must not address", "est d'un type que cette finalité ne peut viser"
    ),
    Reason.SUPPRESSED_LEGAL: Say(
        "is suppressed by the legal department", "est bloqué par le service juridique"
    ),
    Reason.OPTED_OUT: Say("opted out", "s'est opposé"),
    Reason.NO_NOTICE: Say("never received the information notice", "n'a jamais reçu la notice d'information"),
    Reason.NO_CONSENT: Say("has not consented", "n'a pas consenti"),
    Reason.CONSENT_EXPIRED: Say("the consent has expired", "le consentement a expiré"),
    Reason.CONSENT_NO_PROOF: Say("the consent has no proof", "le consentement est sans preuve"),
    Reason.AUDIENCE_MISMATCH: Say("is outside the material's audience", "est hors de la cible du document"),
    Reason.MATERIAL_EXPIRED: Say(
        "the material is not valid on that day", "le document n'est pas valable ce jour-là"
    ),
    Reason.MATERIAL_WITHDRAWN: Say(
        "would have been shown a material that was withdrawn", "aurait reçu un document qui a été retiré"
    ),
    Reason.MATERIAL_NOT_APPROVED: Say(
        "would have been shown a material that nobody approved",
        "aurait reçu un document que personne n'a approuvé",
    ),
    Reason.RESTRICTED_BRAND: Say(
        "must not be shown this brand", "ne doit pas se voir présenter cette marque"
    ),
    Reason.FINANCE_HOLD: Say("is held by finance", "est bloqué par la direction financière"),
    Reason.STOCK_HOLD: Say("the product is out of stock", "le produit est en rupture"),
    Reason.CALENDAR_GATE: Say("the season is not open", "la saison n'est pas ouverte"),
    Reason.NO_CONTACT_POINT: Say("has no address for this channel", "n'a pas d'adresse pour ce canal"),
    Reason.INVALID_CONTACT_POINT: Say("the address does not work", "l'adresse ne fonctionne pas"),
    Reason.MSS_ADDRESS: Say("only has a secure care mailbox", "n'a qu'une messagerie sécurisée de santé"),
    Reason.SHARED_MAILBOX: Say("shares the mailbox with others", "partage sa boîte avec d'autres"),
    Reason.NO_REP: Say("no representative covers this customer", "aucun délégué ne couvre ce client"),
    Reason.IN_EXCEPTED_SEGMENT: Say("is in a segment that is taken out", "appartient à un segment retiré"),
    Reason.NOT_AGAIN: Say(
        "was enrolled before and may not come back yet", "a déjà été inscrit et ne peut revenir encore"
    ),
    Reason.NOT_SAMPLED: Say("was not drawn in the sample", "n'a pas été tiré dans l'échantillon"),
    Reason.ONE_PER: Say(
        "another customer of the same mailbox, site or household stands for them",
        "un autre client de la même boîte, du même site ou du même foyer le représente",
    ),
    Reason.NOT_AMONG_TOP: Say("is not among the highest", "n'est pas parmi les premiers"),
    Reason.FREQUENCY_CAP: Say("was reached often enough lately", "a déjà été sollicité assez souvent"),
    Reason.VISIT_CAP: Say("was visited often enough", "a déjà été assez visité"),
    Reason.MIN_GAP: Say("was reached too short a time ago", "a été sollicité il y a trop peu de temps"),
    Reason.REP_CHALLENGE: Say(
        "the representative asked to leave this customer out", "le délégué a demandé de retirer ce client"
    ),
    Reason.CAPACITY: Say("there is no room left", "il n'y a plus de place"),
    Reason.HOLDOUT_GLOBAL: Say(
        "is in the company's universal holdout", "est dans le groupe témoin universel"
    ),
}

OF_ITS_OWN: Final = frozenset({
    Reason.CONSENT_EXPIRED, Reason.CONSENT_NO_PROOF, Reason.MATERIAL_EXPIRED, Reason.STOCK_HOLD, Reason.CALENDAR_GATE,
    Reason.INVALID_CONTACT_POINT, Reason.NO_REP, Reason.ONE_PER, Reason.REP_CHALLENGE, Reason.CAPACITY,
})  # fmt: skip
"""Reasons whose sentence has a subject of its own; that of all others is the customer."""

ENDINGS: Final[dict[str, Say]] = {
    "address_too_long": Say("the address does not fit on a letter", "l'adresse ne tient pas sur un courrier"),
    "render_failed": Say("its text does not come out", "son texte ne se compose pas"),
    "address_refused": Say("the relay refused the address", "le relais a refusé l'adresse"),
    "policy_refused": Say("the relay refused us", "le relais nous a refusés"),
    "mail_refused": Say("the relay refused this mail", "le relais a refusé cet e-mail"),
    "sender_refused": Say("the relay refused our address", "le relais a refusé notre adresse"),
    "run_cancelled": Say("its run was cancelled", "son exécution a été annulée"),
    "left": Say("the customer had left the campaign", "le client avait quitté la campagne"),
}
"""Why something ended that was planned for a customer whom nothing excludes."""


def as_clause(reason: str) -> Say:
    """Return what can stand after 'because'.

    >>> str(as_clause("no_rep")), str(as_clause("opted_out")), str(as_clause("odd_word"))
    ('no representative covers this customer', 'this customer opted out', 'of odd_word')
    """
    if reason in ENDINGS:
        return ENDINGS[reason]
    if reason not in Reason._value2member_map_:
        return Say(f"of {reason}", f"motif : {reason}")
    known = Reason(reason)
    words = SENTENCES[known]
    return words if known in OF_ITS_OWN else Say(f"this customer {words.en}", f"ce client {words.fr}")
