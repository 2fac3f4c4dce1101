"""The words of a report for channels, responses, endings and reasons, in both languages."""

from collections.abc import Mapping
from typing import Final

from engine.content.notes import DATA
from engine.model.reasons import SENTENCES
from engine.problems import Language, Say

CHANNELS: Final[dict[str, Say]] = {
    "email": Say("E-mail", "E-mail"),
    "visit": Say("Visit", "Visite"),
    "mailing": Say("Letter", "Courrier"),
    "call": Say("Call", "Appel"),
}

RESPONSES: Final[dict[str, Say]] = {
    "open": Say("opened", "ont ouvert"),
    "open_machine": Say("opened by a machine", "ouverts par une machine"),
    "click": Say("clicked", "ont cliqué"),
    "click_suspect": Say("clicked by a scanner", "cliqués par un filtre"),
    "unsubscribe": Say("unsubscribed", "se sont désinscrits"),
    "complaint": Say("complained", "se sont plaints"),
    "reply": Say("replied", "ont répondu"),
    "form": Say("filled in a form", "ont rempli un formulaire"),
    "registration": Say("registered", "se sont inscrits"),
    "attendance": Say("came", "sont venus"),
    "order": Say("ordered", "ont commandé"),
    "order_cancelled": Say("cancelled their order", "ont annulé leur commande"),
    "visit_seen": Say("were seen", "ont été vus"),
    "visit_absent": Say("were absent", "étaient absents"),
    "visit_refused": Say("refused the visit", "ont refusé la visite"),
    "visit_rescheduled": Say("rescheduled", "ont reporté"),
    "visit_left_site": Say("had left the site", "avaient quitté le site"),
    "visit_not_seen_other": Say("were not seen", "n'ont pas été vus"),
    "visit_outcome": Say("were seen by the representative", "ont été vus par le délégué"),
    "call_outcome": Say("answered the call", "ont répondu à l'appel"),
    "info_request": Say("asked for information", "ont demandé une information"),
    "coupon": Say("sent the coupon", "ont renvoyé le coupon"),
}

OUTCOMES: Final[dict[str, Say]] = {
    "dsn_ok": Say("delivery confirmed", "remise confirmée"),
    "bounced_soft": Say("bounced for now", "rejetés provisoirement"),
    "bounced_hard": Say("bounced for good", "rejetés définitivement"),
    "complained": Say("complained", "signalés comme indésirables"),
    "done": Say("done", "faites"),
    "not_done": Say("not done", "non faites"),
    "returned": Say("returned by the post", "retournés par la poste"),
    "withdrawn": Say("withdrawn", "retirées"),
}

REFUSALS: Final[dict[str, Say]] = {
    "no_contact_point": Say("no address", "sans adresse"),
    "invalid_contact_point": Say("the address does not work", "adresse qui ne fonctionne pas"),
    "address_too_long": Say("the address does not fit on a letter", "adresse trop longue pour un courrier"),
    "no_rep": Say("no representative", "sans délégué"),
    "render_failed": Say("could not be composed", "n'a pas pu être composé"),
    "bad_mailbox": Say("the mailbox does not exist", "boîte inexistante"),
    "mailbox_full": Say("the mailbox is full", "boîte pleine"),
}

ATTRIBUTIONS: Final[dict[str, Say]] = {
    "direct_code": Say("by the offer's code", "par le code de l'offre"),
    "token": Say("by a personal link", "par un lien personnel"),
    "window": Say("by a touch not long before", "par un contact peu avant"),
    "none": Say("not attributed", "non attribuées"),
}

TASKS: Final[dict[str, Say]] = {
    "visit_f2f": Say("visit", "visite"),
    "remote_visit": Say("remote visit", "visite à distance"),
    "group_meeting": Say("group meeting", "réunion"),
    "phone_detail": Say("visit by phone", "visite par téléphone"),
    "obtain_agreement": Say("obtain an agreement", "obtenir un accord"),
    "collect_consent": Say("collect a consent", "recueillir un consentement"),
    "deliver_document": Say("deliver a document", "remettre un document"),
    "order_taking": Say("take an order", "prise de commande"),
}

MISSING: Final[Mapping[str, Say]] = DATA

STATES: Final[dict[str, Say]] = {
    "running": Say("running", "en cours"),
    "paused": Say("paused", "en pause"),
    "cancelled": Say("cancelled", "annulée"),
    "closed": Say("closed", "terminée"),
}


def word(words: Mapping[str, Say], key: str, language: Language) -> str:
    """Return the word for a key; a key that nobody translated is shown with its own letters."""
    known = words.get(key)
    return known.in_(language) if known is not None else key.replace("_", " ")


def reason(key: str, language: Language) -> str:
    """Return why somebody was left out, as a sentence about the customer without its subject."""
    for known, sentence in SENTENCES.items():
        if known == key:
            return sentence.in_(language)
    return word(REFUSALS, key, language)
