"""What is done about touches of which nobody knows whether they left, where no evidence came (promises §9, E5).

A step declares it: `assume_sent` leaves them as they are, counted against caps and shown as uncertain;
`resend_once` sends a must-arrive mail a second time, on purpose and on record; `manual` waits for a named person.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from engine.actions.pinned import pinned
from engine.contract import Channel
from engine.model.written import TouchId
from engine.problems import Say, UsageError
from engine.store import ledger, unknown
from engine.store.database import Connection

WAITS: Final = dt.timedelta(hours=72)
"""How long evidence is waited for: bounces come back for three days, a relay tries for as long."""

ENDINGS: Final = ("accepted", "refused", "ready")


def resend(connection: Connection, channels: Mapping[str, Channel], *, now: dt.datetime) -> int:
    """Make ready again what its step declares must arrive; each touch once; return how many."""
    moved = 0
    for one in unknown.waiting(connection):
        definition = pinned(connection, one.definition_sha, one.campaign, channels)
        if getattr(definition.campaign.steps[one.step], "unknown", None) != "resend_once":
            continue
        with connection.transaction():
            touches = unknown.resend(connection, one.run_id, one.step, WAITS, now)
            if touches:
                ledger.audit(
                    connection, "policy", "resend", f"run {one.run_id} {one.step}", {"touches": touches}
                )
        moved += len(touches)
    return moved


def decide(
    connection: Connection,
    touch: TouchId,
    ending: str,
    channels: Mapping[str, Channel],
    *,
    by: str,
    because: str,
) -> None:
    """Settle one touch of which nobody knew by a person's word, in the audit trail.

    Raises:
        UsageError: not one of those (any more), its run is cancelled, its step does not leave it to people, or the word is none.
    """
    found = unknown.one(connection, touch)
    if found is None or found.state != "unknown":
        raise _none(touch)
    if found.is_cancelled:
        raise UsageError(
            Say(
                f"Run {found.run_id} of touch {touch} is cancelled: nothing of it is decided any more.",
                f"L'exécution {found.run_id} du contact {touch} est annulée : plus rien n'y est décidé.",
            )
        )
    definition = pinned(connection, found.definition_sha, found.campaign, channels)
    declared = getattr(definition.campaign.steps[found.step], "unknown", None)
    if declared != "manual":
        raise UsageError(
            Say(
                f"The step '{found.step}' declares '{declared}': it is not left to people.",
                f"L'étape « {found.step} » déclare « {declared} » : ce n'est pas laissé aux personnes.",
            ),
            Say(
                "A relay's log settles them: 'touchbase reconcile --relay-log FILE'.",
                "Le journal du relais les règle : « touchbase reconcile --relay-log FICHIER ».",
            ),
        )
    if ending not in ENDINGS or not because.strip():
        raise UsageError(
            Say(
                f"'{ending}' is no ending, or nothing says why.", f"« {ending} » n'est pas une fin, ou rien ne dit pourquoi."
            ),
            Say(
                "Write --as accepted, refused or ready, and --because in a few words without a person's data.",
                "Écrivez --as accepted, refused ou ready, et --because en quelques mots sans donnée personnelle.",
            ),
        )  # fmt: skip
    with connection.transaction():
        if not unknown.decide(connection, touch, ending, because=because):
            raise _none(touch)  # a log, another person or a cancel was faster
        ledger.audit(connection, by, "decide", f"touch {touch}", {"as": ending, "because": because})


def _none(touch: TouchId) -> UsageError:
    return UsageError(
        Say(
            f"Touch {touch} is none of which nobody knows.",
            f"Le contact {touch} n'est pas de ceux dont nul ne sait rien.",
        ),
        Say("'touchbase unknown' lists them.", "« touchbase unknown » les énumère."),
    )
