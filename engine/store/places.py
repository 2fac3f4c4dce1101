"""Where the customers of a step are, and when each place opens: a question per zone and département, not per customer."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeAlias

from engine.model.campaign import AnyCampaign, Step
from engine.model.policy import Hours, Policy, Season
from engine.rules.hours import opening, season_opening
from engine.store.database import Connection, run
from engine.store.statements import statement

Place: TypeAlias = tuple[str, str]
"""Recorded time zone and département; '' where it is unknown."""


def have_hours(campaign: AnyCampaign, step: Step, policy: Policy) -> bool:
    """Return whether hours or seasons of the policy concern a step at all."""
    return bool(_hours(campaign, step, policy) or _seasons(campaign, policy))


def of_members(connection: Connection, run_id: int) -> list[Place]:
    """Return the places of a run's enrolled."""
    return _places(run(connection, statement("journey", "places_of_members"), {"run": run_id}).fetchall())


def of_ready(connection: Connection, run_id: int, step: str) -> list[Place]:
    """Return the places of those to whom a step is about to leave."""
    given = {"run": run_id, "step": step}
    return _places(run(connection, statement("journey", "places_of_ready"), given).fetchall())


def opening_parameters(
    places: Sequence[Place], campaign: AnyCampaign, step: Step, policy: Policy, now: dt.datetime
) -> dict[str, Any]:
    """Return for each place when it next opens, as arrays; both moments are `None` where that is never.

    `season_opens` is the first moment of a season that is not over, `opens` the first one of it that hours allow.
    """
    hours, seasons = _hours(campaign, step, policy), _seasons(campaign, policy)
    opens: list[dt.datetime | None] = []
    season_opens: list[dt.datetime | None] = []
    for zone, department in places:
        first = season_opening(now, zone, department or None, seasons) if seasons else now
        season_opens.append(first)
        opens.append(None if first is None else opening(first, zone, department or None, hours))
    return {
        "open_places": [f"{zone}/{department}" for zone, department in places],
        "opens": opens,
        "season_opens": season_opens,
    }


def _hours(campaign: AnyCampaign, step: Step, policy: Policy) -> list[Hours]:
    return [rule for rule in policy.hours if rule.concern(step.channel, campaign.purpose)]


def _seasons(campaign: AnyCampaign, policy: Policy) -> list[Season]:
    return [season for season in policy.seasons if season.concerns(campaign.brand, campaign.purpose)]


def _places(rows: Sequence[Sequence[Any]]) -> list[Place]:
    return [(str(zone), str(department)) for zone, department in rows]
