"""Made-up answers: customers who do not exist answer a run, through the doors by which real answers come in.

For the demo and for tests of whole campaigns. The same base, run and seed give the same answers; each
comes at its own moment, so it is called again as the campaign's clock goes on, and again changes
nothing. The touched order more often than those left alone, by a known share: the report should say so.
"""

import csv
import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.actions.collect import collect
from engine.actions.fieldwork import record_visit_reports
from engine.actions.pinned import Definition, pinned
from engine.actions.returns import COLUMNS, returns
from engine.content.card import card
from engine.contract import Channel
from engine.model.policy import PROMOTIONAL
from engine.model.written import RunId
from engine.problems import Say, UsageError
from engine.store import made_up_answers, responses
from engine.store.database import Connection
from engine.store.fieldwork import VisitReport
from engine.store.made_up_answers import MailReaction
from engine.store.responses import Hit

SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class Answered:
    """How many answers are new."""

    clicks: int
    unsubscribed: int
    bounced: int
    visits: int
    returned: int
    orders: int


def answer(
    connection: Connection, run: RunId, channels: Mapping[str, Channel], *, seed: int, now: dt.datetime
) -> Answered:
    """Bring in what a run's customers have answered by `now`, and collect it.

    Raises:
        UsageError: there is no such run.
    """
    row = connection.execute(
        "SELECT campaign, definition_sha FROM run WHERE run_id = %(run)s", {"run": run}
    ).fetchone()
    if row is None:
        raise UsageError(Say(f"There is no run {run}.", f"Il n'y a pas d'exécution {run}."))
    definition = pinned(connection, row[1], row[0], channels)
    mails = made_up_answers.mail_reactions(connection, run, seed, now)
    bounced = responses.record_bounces(
        connection, [(mail.touch.touch, mail.at) for mail in mails if mail.kind == "bounced_hard"]
    )
    clicks = responses.record_hits(connection, _hits(definition, mails), now)
    unsubscribed = sum(_unsubscribe(connection, mail) for mail in mails if mail.kind == "unsubscribe")
    visits = _visits(connection, run, seed, now)
    returned = _returns(connection, run, seed, now)
    orders = 0
    campaign = definition.campaign
    brands = {goal.brand or campaign.brand for goal in campaign.goals.values() if goal.response == "order"}
    codes = {name: cell.offer.code for name, cell in campaign.cells.items() if cell.offer and cell.offer.code}
    for brand in sorted(brand for brand in brands if brand is not None):
        orders += made_up_answers.place_orders(connection, run, brand, codes, seed, now)
    collect(connection, lambda sha, name: pinned(connection, sha, name, channels).campaign, now=now)
    return Answered(clicks, unsubscribed, bounced, visits, returned, orders)


def _hits(definition: Definition, mails: Sequence[MailReaction]) -> list[Hit]:
    labels: dict[str | None, str | None] = {}
    for name, step in definition.campaign.steps.items():
        template = getattr(step, "template", None)
        material = card(definition.files, template) if template else None
        tracked = [link.label for link in material.links.values() if link.track] if material else []
        labels[name] = tracked[0] if tracked else None
    return [
        Hit(mail.touch.touch, mail.touch.customer, mail.kind, mail.at, labels.get(mail.touch.step))
        for mail in mails
        if mail.kind in ("click", "click_suspect")
    ]


def _unsubscribe(connection: Connection, mail: MailReaction) -> bool:
    """Carry out one no, as the page does: a transaction of its own, for few customers."""
    purposes = sorted({*PROMOTIONAL, *([mail.touch.purpose] if mail.touch.purpose else [])})
    proof = f"touch {mail.touch.touch}, made up"
    return responses.stop_contact(connection, mail.touch, purposes, at=mail.at, proof=proof)


def _visits(connection: Connection, run: RunId, seed: int, now: dt.datetime) -> int:
    reports = [
        VisitReport(f"{SOURCE}:{end.task_id}", end.rep, end.outcome, end.at, end.task_id)
        for end in made_up_answers.visit_ends(connection, run, seed, now)
    ]
    return record_visit_reports(connection, reports, source=SOURCE, now=now).new if reports else 0


def _returns(connection: Connection, run: RunId, seed: int, now: dt.datetime) -> int:
    """Hand in the file that the post sends; only what it has not sent before."""
    scans = made_up_answers.letter_returns(connection, run, seed, now)
    if not scans:
        return 0
    with tempfile.TemporaryDirectory(prefix="touchbase-") as folder:
        file = Path(folder) / f"returns-{run}-{now:%Y%m%d}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            lines = csv.writer(out, delimiter=";")
            lines.writerow(COLUMNS)
            lines.writerows((piece, day.isoformat(), reason) for piece, day, reason in scans)
        return returns(connection, file, now=now).touches
