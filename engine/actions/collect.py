"""Collect what came back since the last time: orders, their fate, visit reports."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.model.campaign import AnyCampaign
from engine.model.written import RunId
from engine.store import responses
from engine.store.database import Connection
from engine.store.responses import OrderRule

LONGEST: Final = dt.timedelta(days=400)
"""How long after its start a run may still be answered."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How much was new."""

    orders: int
    changed_orders: int  #: cancelled, restored or corrected since
    visit_reports: int


def collect(
    connection: Connection, definition: Callable[[str, str], AnyCampaign], *, now: dt.datetime
) -> Collected:
    """Turn what other systems delivered into responses; doing it again changes nothing.

    Args:
        definition: The campaign that a run is pinned to, by definition hash and campaign name.
    """
    runs = responses.measured_runs(connection, now, LONGEST)
    pinned = {(sha, name): definition(sha, name) for _, name, sha in runs}
    rules = [rule for run, name, sha in runs for rule in order_rules(run, pinned[sha, name])]
    with connection.transaction():
        attributed = responses.attribute_orders(connection, rules, now)
        changed = responses.follow_orders(
            connection, [run for run, _, _ in runs], sorted({name for _, name, _ in runs})
        )
        reports = responses.collect_visit_reports(connection, now)
    return Collected(attributed, changed, reports)


def order_rules(run: RunId, campaign: AnyCampaign) -> Iterator[OrderRule]:
    """Yield how orders are known to answer a run, in the order of the campaign's `responses`.

    `offer_code` is one rule for each code of the campaign's cells.
    """
    codes = [cell.offer.code for cell in campaign.cells.values() if cell.offer and cell.offer.code]
    for rank, rule in enumerate(campaign.responses):
        if rule.order == "offer_code":
            for code in codes:
                yield OrderRule(run, rank, code, campaign.brand, rule.within)
        elif rule.order == "brand":
            yield OrderRule(run, rank, None, campaign.brand, rule.within)
