"""One run on its way, step by step, without the flows around it."""

import datetime as dt

from engine.model.campaign import AnyCampaign
from engine.model.policy import Policy
from engine.model.written import RunId
from engine.rules.schedule import slot
from engine.store import enrolment, journey, ledger
from engine.store.database import Connection
from engine.store.journey import MaterialLimits, Reach
from tests.store.bases import library, policy, rules

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)


class Road:
    """One run and its clock."""

    def __init__(
        self,
        connection: Connection,
        spec: AnyCampaign,
        rules_of_the_house: Policy | None = None,
        *,
        material: MaterialLimits | None = None,
        rep_type: str | None = None,
        start: dt.datetime = NOW,
    ) -> None:
        self.connection, self.spec, self.policy = connection, spec, rules_of_the_house or policy()
        self.material, self.rep_type, self.start = material or MaterialLimits(), rep_type, start
        ledger.keep_definition(connection, spec.campaign, spec.campaign, {})
        self.run: RunId
        self.run, _ = ledger.open_run(
            connection, spec, slot(start.replace(tzinfo=None), "Europe/Paris"), spec.campaign
        )
        enrolment.freeze(connection, self.run, spec, library(), self.policy, rules(), start)
        ledger.mark_frozen(connection, self.run, start)

    def due(self, step: str = "announce", on: dt.datetime | None = None) -> dict[str, int]:
        reach = Reach(
            "email" if self.spec.steps[step].channel == "email" else None,
            "pepper",
            self.rep_type,
            self.material,
        )
        return journey.come_due(
            self.connection,
            self.run,
            self.spec,
            step,
            reach,
            library(),
            self.policy,
            rules(),
            self.start,
            on or self.start,
        )

    def reasons(self, step: str = "announce") -> dict[str, int]:
        return dict(
            self.connection.execute(  # type: ignore[arg-type]
                "SELECT reason, count(*) FROM touch WHERE run_id = %s AND step = %s AND state = 'excluded' GROUP BY 1",
                [self.run, step],
            ).fetchall()
        )

    def accept(self, step: str = "announce", on: dt.datetime = NOW) -> None:
        self.connection.execute(
            "UPDATE touch SET state = 'accepted', touched_at = %s WHERE run_id = %s AND step = %s"
            " AND state = 'planned'",
            [on, self.run, step],
        )
