"""What can be wrong with a line of a delivery, or with one value of it: its column, the words, the way out.

The codes are those that the statements of sql/load_*.sql give. The words hold no value of the file.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from engine.problems import Say

Fault: TypeAlias = tuple[str | None, Say, Say]

_DATE: Final = Say(
    "Write 2026-03-31, 31/03/2026 or 2026-03-31T14:30.", "Écrivez 2026-03-31, 31/03/2026 ou 2026-03-31T14:30."
)
_CORRECT: Final = Say("Correct it at the source.", "Corrigez à la source.")
_WHO: Final = Say("Load the customer first (--as customers), or correct the identifier; '--from SYSTEM' says whose ids these are.",
                  "Chargez d'abord le client (--as customers) ou corrigez l'identifiant ; « --from SYSTÈME » dit à qui sont ces ids.")  # fmt: skip
_BRAND: Final = Say(
    "Write a brand of ours as we spell it, or correct the code.",
    "Écrivez une de nos marques telle que nous l'écrivons, ou corrigez le code.",
)
_REP: Final = Say(
    "Load the rep first (--as reps), or correct the code.",
    "Chargez d'abord le délégué (--as reps) ou corrigez le code.",
)
_FORCE: Final = Say(
    "Write PCR, HOSP, PHARMA, KAM, MSL or REMOTE.", "Écrivez PCR, HOSP, PHARMA, KAM, MSL ou REMOTE."
)
_PURPOSE: Final = Say("Write promo_rx, promo_otc, commercial, medical_info, safety, event, service, survey, institutional.",
                      "Écrivez promo_rx, promo_otc, commercial, medical_info, safety, event, service, survey, institutional.")  # fmt: skip
_CHANNEL: Final = Say("Write email, visit, remote_visit, call, mailing, sms, web, congress or order_desk.",
                      "Écrivez email, visit, remote_visit, call, mailing, sms, web, congress ou order_desk.")  # fmt: skip
_AMOUNT: Final = Say("Write 1234.56 or 1 234,56: two decimals at most, no comma or point between thousands.",
                     "Écrivez 1234.56 ou 1 234,56 : deux décimales au plus, ni virgule ni point entre les milliers.")  # fmt: skip
_COUNT: Final = Say("Write a whole number.", "Écrivez un nombre entier.")
_WIDER: Final = Say("It was taken in its widest sense. Correct it at the source and send a new event if less was meant.",
                    "Il a été pris au sens le plus large. Corrigez à la source et envoyez un nouvel événement s'il fallait moins.")  # fmt: skip

FAULTS: Final[Mapping[str, Fault]] = {
    # whom a line is about
    "no_identifier": (None, Say("says nobody", "ne désigne personne"), Say("Give an id, RPPS, FINESS or SIRET.", "Donnez un id, un RPPS, un FINESS ou un SIRET.")),
    "two_customers": (None, Say("its identifiers belong to two customers", "ses identifiants appartiennent à deux clients"),
        Say("Merge the two, correct the identifiers, or say '--from SYSTEM'.", "Fusionnez les deux fiches, corrigez les identifiants ou donnez « --from SYSTÈME ».")),
    "unknown_customer": (None, Say("no customer with this identifier", "aucun client de cet identifiant"), _WHO),
    "erased_customer": (None, Say("a customer who was erased on request", "un client effacé à sa demande"),
        Say("Take the line out of the source: nothing is kept of this person.", "Retirez la ligne de la source : rien n'est gardé de cette personne.")),
    # contacts
    "unknown_contact_type": ("type", Say("no kind of contact point that we know", "type de point de contact inconnu"),
        Say("Write email, postal, phone, fax, web_id or mss.", "Écrivez email, postal, telephone, fax, web_id ou mss.")),
    "bad_email_value": ("value", Say("not an e-mail address", "pas une adresse e-mail"), _CORRECT),
    "bad_phone_value": ("value", Say("not a telephone number", "pas un numéro de téléphone"), _CORRECT),
    "bad_postal_value": ("value", Say("not a postal address", "pas une adresse postale"),
        Say("Give street, postcode and town, or the lines parted by '|', the last one being '44000 NANTES'.",
            "Donnez street, postcode et town, ou les lignes séparées par « | », la dernière étant « 44000 NANTES ».")),
    "no_value": ("value", Say("is empty", "est vide"), Say("Fill it in.", "Remplissez-la.")),
    "unknown_usage": ("usage", Say("no usage that we know", "usage inconnu"),
        Say("Write professional_named, professional_generic, personal or org.", "Écrivez professional_named, professional_generic, personal ou org.")),
    "unknown_contact_status": ("status", Say("no status that we know", "statut inconnu"),
        Say("Write unverified, valid, soft_bounce, invalid, refused or blocked.", "Écrivez unverified, valid, soft_bounce, invalid, refused ou blocked.")),
    "bad_date": ("source_date", Say("not a date", "pas une date"), _DATE),
    # consents
    "unknown_opt": ("opt", Say("neither yes nor no", "ni oui ni non"), Say("Write opt_in, opt_out, opt_in_pending or never.", "Écrivez opt_in, opt_out, opt_in_pending ou never.")),
    "unknown_channel": ("channel", Say("no channel that we know", "canal inconnu"), _CHANNEL),
    "unknown_purpose": ("purpose", Say("no purpose that we know", "finalité inconnue"), _PURPOSE),
    "unknown_scope": ("scope", Say("a yes for no brand of ours", "un oui pour aucune de nos marques"), _BRAND),
    "bad_address": ("address", Say("a yes for no address", "un oui pour une adresse qui n'en est pas une"), _CORRECT),
    "bad_captured_at": ("captured_at", Say("a yes without a date", "un oui sans date"), _DATE),
    "future_consent": ("captured_at", Say("a yes from the future", "un oui daté du futur"), _DATE),
    "bad_effective_to": ("effective_to", Say("a yes whose end is no date", "un oui dont la fin n'est pas une date"), _DATE),
    "other_event": ("source_id", Say("an id that another event has", "un id déjà pris par un autre événement"),
        Say("Events are never changed: give the new word an id of its own.", "Un événement ne se modifie pas : donnez à cette nouvelle parole un id à elle.")),
    "no_for_all_channels": ("channel", Say("a no for a channel that we do not know", "un non pour un canal inconnu"), _WIDER),
    "no_for_all_purposes": ("purpose", Say("a no for a purpose that we do not know", "un non pour une finalité inconnue"), _WIDER),
    "no_for_all_scopes": ("scope", Say("a no for no brand of ours", "un non pour aucune de nos marques"), _WIDER),
    "no_for_all_addresses": ("address", Say("a no for something that is no address", "un non pour ce qui n'est pas une adresse"), _WIDER),
    "no_from_today": ("captured_at", Say("a no without a date; it holds from this delivery on", "un non sans date ; il vaut à partir de cette livraison"), _DATE),
    "no_without_end": ("effective_to", Say("a no whose end is no date; it does not end", "un non dont la fin n'est pas une date ; il ne finit pas"), _DATE),
    "cause_left_out": ("opt_out_cause", Say("no cause that we know", "cause inconnue"),
        Say("Write consent_capture, unsubscribed, bounced, marked_spam, phone, letter or dpo.", "Écrivez consent_capture, unsubscribed, bounced, marked_spam, phone, letter ou dpo.")),
    "unknown_proof_type": ("proof_type", Say("no kind of proof that we know", "type de preuve inconnu"),
        Say("Write web_form, signature, paper_id, call_recording, email_reply or import_with_evidence.",
            "Écrivez web_form, signature, paper_id, call_recording, email_reply ou import_with_evidence.")),
    "yes_without_proof": ("proof_ref", Say("a yes that nobody can prove; kept, but nobody is written to because of it",
                                           "un oui que rien ne prouve ; gardé, mais il n'autorise aucun envoi"),
        Say("Give text_version, proof_type and proof_ref.", "Donnez text_version, proof_type et proof_ref.")),
    # orders
    "no_order_no": ("order_no", Say("no order number", "pas de numéro de commande"), _CORRECT),
    "bad_line_no": ("line_no", Say("not the number of a line", "pas un numéro de ligne"), Say("Write 1 to 9999.", "Écrivez 1 à 9999.")),
    "bad_ordered_at": ("ordered_at", Say("not a date", "pas une date"), _DATE),
    "future_order": ("ordered_at", Say("lies in the future", "date du futur"), _DATE),
    "unknown_origin": ("origin", Say("no origin that we know", "origine inconnue"), Say("Write rep, web, call_center, edi or fax.", "Écrivez rep, web, call_center, edi ou fax.")),
    "unknown_order_type": ("type", Say("neither direct nor transfer", "ni directe ni transfert"), Say("Write direct or transfer.", "Écrivez direct ou transfer.")),
    "unknown_status": ("status", Say("no status of an order that we know", "statut de commande inconnu"),
        Say("Write draft, submitted, accepted, rejected, backorder, partially_shipped, shipped, invoiced, cancelled or returned.",
            "Écrivez draft, submitted, accepted, rejected, backorder, partially_shipped, shipped, invoiced, cancelled ou returned.")),
    "bad_units": ("units", Say("not a number of units", "pas un nombre d'unités"), _COUNT),
    "bad_free_units": ("free_units", Say("not a number of units", "pas un nombre d'unités"), _COUNT),
    "bad_cip13": ("cip13", Say("not a CIP13: its key is wrong", "pas un CIP13 : sa clé est fausse"),
        Say("Copy it as text; a spreadsheet may have rounded it. A CIP7 will do.", "Copiez-le en texte ; un tableur a pu l'arrondir. Un CIP7 suffit.")),
    "unknown_brand": ("brand", Say("no brand of ours", "aucune de nos marques"), _BRAND),
    "other_brand": ("brand", Say("the product belongs to another brand", "le produit est d'une autre marque"), _BRAND),
    "no_product": ("cip13", Say("says no product", "ne désigne aucun produit"), Say("Give cip13 or brand.", "Donnez cip13 ou brand.")),
    "unknown_product": ("cip13", Say("no product of ours", "aucun de nos produits"), Say("Give its brand too, or load the product.", "Donnez aussi sa marque, ou chargez le produit.")),
    "bad_amount": ("amount_ht", Say("not an amount", "pas un montant"), _AMOUNT),
    "no_amount": ("amount_ht", Say("no amount, and no price to compute it from", "ni montant, ni prix pour le calculer"), _AMOUNT),
    "bad_price": ("unit_price_ht", Say("not a price", "pas un prix"), _AMOUNT),
    "bad_discount": ("discount", Say("not a discount", "pas une remise"), Say("Write 10% or 0.10.", "Écrivez 10% ou 0,10.")),
    "order_of_two": ("order_no", Say("its order names another customer or code on an earlier line", "sa commande désigne un autre client ou code sur une ligne précédente"), _CORRECT),
    "order_of_another": ("order_no", Say("the number of another customer's order", "le numéro de la commande d'un autre client"),
        Say("Numbers are unique per system: say '--from SYSTEM', or correct it.", "Les numéros sont uniques par système : donnez « --from SYSTÈME » ou corrigez.")),
    "unknown_rep": ("rep", Say("no rep of this code", "aucun délégué de ce code"), _REP),
    # history
    "unknown_direction": ("direction", Say("neither in nor out", "ni entrant ni sortant"), Say("Write out (we to the customer) or in.", "Écrivez out (de nous au client) ou in.")),
    "bad_at": ("at", Say("not a date", "pas une date"), _DATE),
    "future_touch": ("at", Say("lies in the future", "date du futur"),
        Say("What is only planned has the outcome 'planned'.", "Ce qui n'est que prévu a le résultat « planned ».")),
    "unknown_type": ("type", Say("no kind of response that we know", "type de réponse inconnu"),
        Say("Write click, open, reply, form, registration, attendance, visit_outcome, call_outcome, info_request, coupon, unsubscribe or complaint.",
            "Écrivez click, open, reply, form, registration, attendance, visit_outcome, call_outcome, info_request, coupon, unsubscribe ou complaint.")),
    "order_in_history": ("type", Say("an order is no line of a history", "une commande n'est pas une ligne d'historique"), Say("Load it --as orders.", "Chargez-la --as orders.")),
    "no_type": ("type", Say("something came in, but not what", "quelque chose est entré, sans dire quoi"), Say("Give type: click, form, reply ...", "Donnez type : click, form, reply ...")),
    "type_of_out": ("type", Say("what goes out is no response", "ce qui sort n'est pas une réponse"), Say("Write direction in, or leave type empty.", "Écrivez direction in, ou laissez type vide.")),
    "id_of_another": ("source_id", Say("an id that another customer's touch or response has", "un id déjà pris par le contact ou la réponse d'un autre"),
        Say("Ids are unique per system: say '--from SYSTEM', or correct it.", "Les ids sont uniques par système : donnez « --from SYSTÈME » ou corrigez.")),
    "brand_left_out": ("brand", Say("no brand of ours; caps of one brand do not count this touch", "aucune de nos marques ; les plafonds par marque ne le comptent pas"), _BRAND),
    "purpose_left_out": ("purpose", Say("no purpose that we know; caps of one purpose do not count this touch",
                                        "finalité inconnue ; les plafonds par finalité ne le comptent pas"), _PURPOSE),
    "unknown_outcome": ("outcome", Say("no outcome that we know", "résultat inconnu"),
        Say("Write done, not_done, delivered, bounced_hard, bounced_soft, complained, returned, planned or cancelled.",
            "Écrivez done, not_done, delivered, bounced_hard, bounced_soft, complained, returned, planned ou cancelled.")),
    "bad_value": ("value", Say("not an amount", "pas un montant"), _AMOUNT),
    # reps and alignments
    "no_code": ("code", Say("no code", "pas de code"), Say("Give the rep's login.", "Donnez l'identifiant du délégué.")),
    "no_last_name": ("last_name", Say("no name", "pas de nom"), _CORRECT),
    "bad_rep_email": ("email", Say("not an e-mail address", "pas une adresse e-mail"), _CORRECT),
    "unknown_rep_type": ("rep_type", Say("no kind of rep that we know", "type de délégué inconnu"), _FORCE),
    "unknown_rep_brand": ("brands", Say("names a brand that is not ours", "nomme une marque qui n'est pas la nôtre"), _BRAND),
    "unknown_role": ("role", Say("no role that we know", "rôle inconnu"), Say("Write owner, co or interim.", "Écrivez owner, co ou interim.")),
    "bad_period": ("valid_from", Say("no period of time", "pas une période"), _DATE),
    "bad_phone": ("phone", Say("not a telephone number", "pas un numéro de téléphone"), _CORRECT),
    "bad_capacity": ("daily_capacity", Say("not a number of visits", "pas un nombre de visites"), Say("Write 1 to 99.", "Écrivez 1 à 99.")),
    "unknown_holidays": ("holiday_set", Say("no set of holidays that we know", "jours fériés inconnus"), Say("Write FR or FR-AM.", "Écrivez FR ou FR-AM.")),
    "unknown_active": ("active", Say("neither yes nor no", "ni oui ni non"), Say("Write yes or no.", "Écrivez oui ou non.")),
    "no_territory": ("territory", Say("no territory", "pas de secteur"), _CORRECT),
    "unknown_reason": ("reason", Say("no reason that we know", "motif inconnu"), Say("Write geo, explicit or hospital.", "Écrivez geo, explicit ou hospital.")),
}  # fmt: skip
