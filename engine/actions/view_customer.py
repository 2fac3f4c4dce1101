"""The customer from all sides: who, how reached, what allowed, whose, what happened, and why not, by channel."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.contract import Channel
from engine.loading.project import Project
from engine.model.campaign import AnyCampaign, Campaign, Purpose, Step
from engine.problems import Say, UsageError
from engine.rules.schedule import slot
from engine.store import customer_view, journey, ledger
from engine.store.customer_view import PARTS, Rows
from engine.store.database import Connection
from engine.store.journey import Reach

ASKED: Final[tuple[Purpose, ...]] = ("promo_rx", "commercial", "service")
"""The purposes for which it is said whether somebody may be reached."""

ZONE: Final = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a customer could be reached today by one channel for one purpose."""

    channel: str
    purpose: Purpose
    reasons: tuple[str, ...]  #: none: yes; the primary one first
    rule: str | None  #: of the contact policy, that holds them back


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Everything about one customer."""

    identity: Mapping[str, Any]
    parts: Mapping[str, Rows]
    verdicts: tuple[Verdict, ...]  #: empty where the project's files cannot be read


def find(connection: Connection, number: str) -> int:
    """Return whom a number names: an id, RPPS, FINESS, SIRET, or the id of a system.

    Raises:
        UsageError: nobody, or several.
    """
    found = customer_view.by_number(
        connection, number.strip().upper() if number[:1].isdigit() else number.strip()
    )
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            Say("There is no customer of this number.", "Il n'y a pas de client de ce numéro."),
            Say("Give an id, RPPS, FINESS or SIRET; 'touchbase customer --name' asks for a name.",
                "Donnez un id, un RPPS, un FINESS ou un SIRET ; « touchbase customer --name » demande un nom."),
        )  # fmt: skip
    several = ", ".join(map(str, found))
    raise UsageError(
        Say(f"This number names several customers: {several}.", f"Ce numéro désigne plusieurs clients : {several}."),
        Say("Ask for one of them by id.", "Demandez l'un d'eux par son id."),
    )  # fmt: skip


def view_customer(
    connection: Connection,
    customer: int,
    *,
    project: Project | None,
    channels: Mapping[str, Channel],
    pepper: str,
    now: dt.datetime,
) -> CustomerView:
    """Return everything about a customer; nothing is written, and nobody's name leaves but to whoever asks.

    Raises:
        UsageError: there is no such customer.
    """
    who = customer_view.identity(connection, customer)
    if who is None:
        raise UsageError(Say(f"There is no customer {customer}.", f"Il n'y a pas de client {customer}."))
    parts = {name: customer_view.part(connection, name, customer, now) for name in PARTS}
    verdicts: list[Verdict] = []
    if project is not None and project.policy is not None:
        for purpose in ASKED:
            verdicts += _rehearsed(connection, customer, purpose, project, channels, pepper, now)
    return CustomerView(who, parts, tuple(verdicts))


def _rehearsed(
    connection: Connection,
    customer: int,
    purpose: Purpose,
    project: Project,
    channels: Mapping[str, Channel],
    pepper: str,
    now: dt.datetime,
) -> list[Verdict]:
    """Run a campaign of one member and one step a channel, as a real one would go, and take it all back."""
    assert project.policy is not None
    asked = _campaign(purpose, sorted(channels), now)
    with connection.transaction(force_rollback=True):
        sha = f"view-{purpose}"
        ledger.keep_definition(connection, sha, asked.campaign, {})
        run, _ = ledger.open_run(
            connection, asked, slot(now.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None), ZONE), sha
        )
        customer_view.enrol_alone(connection, run, customer, now)
        for name, step in asked.steps.items():
            reach = Reach(channels[step.channel].contact_point, pepper)
            journey.come_due(
                connection, run, asked, name, reach, project.library, project.policy, project.rules[asked.country], now, now
            )  # fmt: skip
        rows = customer_view.told(connection, run, customer)
    return [
        Verdict(str(channel), purpose, tuple(reasons or ()) if state == "excluded" else (), rule)
        for channel, state, reasons, rule in sorted(rows, key=lambda row: str(row[0]))
    ]


def _campaign(purpose: Purpose, channels: list[str], now: dt.datetime) -> AnyCampaign:
    return Campaign[Step].model_validate(
        {
            "campaign": f"view-of-one-customer-{purpose.replace('_', '-')}",
            "title": "A question about one customer",
            "owner": "touchbase",
            "purpose": purpose,
            "schedule": {"start": f"{now.astimezone(ZoneInfo(ZONE)):%Y-%m-%dT%H:%M:%S}"},
            "audience": {"segment": "one-customer"},
            "holdout": {"share": "0%", "because": "a question, not a campaign"},
            "steps": {name: {"channel": name, "at": "day 0", "until": "day 3"} for name in channels},
            "goals": {"answers": {"response": "click"}},
        }
    )
