"""Undo: take a delivery back, and say of everything that stays why it stays."""

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.problems import Language, Say, UsageError
from engine.store.base import undoing
from engine.store.base.undoing import Batch, Undone
from engine.store.database import Connection

WHY: Final[Mapping[str, Say]] = {
    "changed_since": Say("was changed since", "a changé depuis"),
    "is_a_response": Say("is an order that answered a campaign; its report stands on it", "est une commande qui a répondu à une campagne ; un bilan repose dessus"),
    "was_answered": Say("was answered, or a rep reported on it", "a reçu une réponse, ou un délégué en a rendu compte"),
    "is_a_no": Say("is a no; only the customer takes it back", "est un non ; seul le client peut le lever"),
    "was_written_to": Say("was written to", "a servi à un envoi"),
    "was_learned": Say("has a bounce, a return or a refusal that we learned of since", "porte un rejet, un retour ou un refus appris depuis"),
    "has_consents": Say("has consents", "a des consentements"),
    "was_merged": Say("was merged or erased", "a été fusionné ou effacé"),
    "was_in_a_run": Say("was in the audience of a run", "a fait partie d'une exécution"),
    "has_touches": Say("has touches", "a des contacts"),
    "has_responses": Say("has responses", "a des réponses"),
    "has_orders": Say("has orders", "a des commandes"),
    "is_aligned": Say("belongs to a territory", "appartient à un secteur"),
    "is_affiliated": Say("is affiliated", "a un rattachement"),
    "has_a_hold": Say("is held by a department", "est retenu par un service"),
    "has_contacts": Say("has contact points of another delivery", "a des points de contact d'une autre livraison"),
    "is_in_use": Say("is in use", "est utilisé"),
}  # fmt: skip
"""Why a thing stays, in words that follow it."""


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What an undo did, or with `--plan` would do."""

    batch: Batch
    planned: bool
    done: Undone
    kept_file: Path | None


def undo(
    connection: Connection,
    batch: int,
    *,
    now: dt.datetime,
    folder: Path,
    plan: bool = False,
    language: Language = "en",
) -> UndoReport:
    """Take a delivery back in one transaction: each thing wholly or not at all.

    What a delivery made goes, what it changed gets its old values, where it stands as the delivery left it and nothing
    was built on it. The rest stays, and may be tried again once what stands on it is gone.

    Args:
        folder: Where the list of what stays is written.

    Raises:
        UsageError: there is no such delivery, or none of its kind can be taken back.
    """
    with connection.transaction(force_rollback=plan):
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('touchbase load'))"
        )  # with deliveries, in turns
        found = undoing.batch(connection, batch)
        if found is None:
            raise UsageError(
                Say(f"There is no delivery {batch}. Nothing was changed.", f"Il n'y a pas de livraison {batch}. Rien n'a été modifié."),
                Say("'touchbase undo' without a number lists the last ones.", "« touchbase undo » sans numéro liste les dernières."),
            )  # fmt: skip
        done = undoing.undo(connection, batch, now=now)
        if not done.removed and not done.restored and not done.kept:
            raise UsageError(*_nothing(found))
    written = None if plan or not done.kept else _write(folder, found, done, language)
    return UndoReport(found, plan, done, written)


def _nothing(batch: Batch) -> tuple[Say, Say]:
    if batch.feed in ("visits", "returns"):
        return (
            Say(f"Delivery {batch.id} ({batch.feed}) cannot be taken back: touches, tasks and addresses have moved on with it. Nothing was changed.",
                f"La livraison {batch.id} ({batch.feed}) ne peut être reprise : contacts, tâches et adresses ont avancé avec elle. Rien n'a été modifié."),
            Say("Deliver a corrected report with an id of its own.", "Livrez un compte rendu corrigé, avec un identifiant à lui."),
        )  # fmt: skip
    return (
        Say(f"Nothing of delivery {batch.id} ({batch.feed}) is left to take back. Nothing was changed.",
            f"Il ne reste rien à reprendre de la livraison {batch.id} ({batch.feed}). Rien n'a été modifié."),
        Say("It changed nothing, or was taken back before.", "Elle n'avait rien modifié, ou a déjà été reprise."),
    )  # fmt: skip


def _write(folder: Path, batch: Batch, done: Undone, language: Language) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"undo-{batch.id}-kept.csv"
    with written.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["what", "id", "key", "why", "later delivery"])
        for one in done.kept:
            key = "" if one.what == "identifier" else one.key  # a number of a person stays in the base
            table.writerow([one.what, one.id or "", key, WHY[one.why].in_(language), one.by or ""])
    return written
