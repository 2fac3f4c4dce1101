"""What made-up customers do: read from a salted hash, written where real answers are written."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.model.written import RunId
from engine.store.database import Connection, run
from engine.store.responses import TouchOfToken
from engine.store.statements import statement

BASE: Final = 0.08
"""Share of members who order within sixty days without any campaign."""
EFFECT: Final[Mapping[str, float]] = {"email": 0.05, "visit": 0.18, "mailing": 0.04}
"""Share of those whom a touch reached who order because of it: what an honest report finds again."""


@dataclass(frozen=True, slots=True)
class MailReaction:
    """What one customer does about one mail."""

    touch: TouchOfToken
    kind: str  #: bounced_hard unsubscribe click_suspect click
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class VisitEnd:
    """How one visit ends."""

    task_id: str
    rep: str
    outcome: str
    at: dt.datetime


def mail_reactions(connection: Connection, of: RunId, seed: int, now: dt.datetime) -> list[MailReaction]:
    """Return the reactions to a run's mails that have come by `now`."""
    parameters = {"run": of, "seed": seed, "now": now}
    rows = run(connection, statement("made_up_answers", "made_up_mails"), parameters)
    found = [MailReaction(TouchOfToken(*row[:8]), row[8], row[9]) for row in rows]
    return [reaction for reaction in found if reaction.at <= now]


def visit_ends(connection: Connection, of: RunId, seed: int, now: dt.datetime) -> list[VisitEnd]:
    """Return how the run's visits ended that took place by `now`."""
    rows = run(connection, statement("made_up_answers", "made_up_visits"), {"run": of, "seed": seed})
    return [end for end in (VisitEnd(*row) for row in rows) if end.at <= now]


def letter_returns(
    connection: Connection, of: RunId, seed: int, now: dt.datetime
) -> list[tuple[str, dt.date, str]]:
    """Return the run's letters that came back by `now`: piece, day of the scan, reason."""
    rows = run(connection, statement("made_up_answers", "made_up_returns"), {"run": of, "seed": seed})
    return [(row[0], row[1], row[2]) for row in rows if row[1] < now.date()]


def place_orders(
    connection: Connection, of: RunId, brand: str, codes: Mapping[str, str], seed: int, now: dt.datetime
) -> int:
    """Write the orders of a run's members that came by `now`; return how many are new.

    Args:
        codes: The offer's code by cell.
    """
    parameters = {
        "run": of,
        "brand": brand,
        "cells": list(codes),
        "codes": list(codes.values()),
        "base": BASE,
        "by_email": EFFECT["email"],
        "by_visit": EFFECT["visit"],
        "by_mailing": EFFECT["mailing"],
        "seed": seed,
        "now": now,
    }
    return run(connection, statement("made_up_answers", "made_up_orders"), parameters).rowcount
