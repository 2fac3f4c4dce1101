"""The universal holdout: a small share of all customers whom no promotional campaign reaches for a period.

It answers what all campaigns together change. Its draw rotates with the period, so that nobody is left alone for ever.
"""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.model.campaign import AnyCampaign
from engine.model.policy import PROMOTIONAL, Policy
from engine.rules.allocation import edge, period
from engine.store.database import Connection, run
from engine.store.statements import statement


def parameters(
    connection: Connection, campaign: AnyCampaign, policy: Policy, now: dt.datetime
) -> dict[str, Any]:
    """Return by what key customers are drawn, and the digits below which they are left alone; '' where nobody is."""
    if campaign.purpose not in PROMOTIONAL:
        return {"universal_key": "", "universal_edge": ""}
    local = now.astimezone(ZoneInfo(campaign.schedule.timezone)).date()
    given = {"period": period(policy.universal_rotation, local), "share": policy.universal_holdout}
    row = run(connection, statement("enrolment", "universal_share"), given).fetchone()
    if policy.universal_holdout > (0 if row is None else row[0]):
        row = run(connection, statement("enrolment", "raise_universal_share"), given).fetchone()
    share = Decimal(0) if row is None else Decimal(row[0])
    return {
        "universal_key": f"universal:{given['period']}",
        "universal_edge": edge(share) if share else "",
    }
