"""Whatever waits, and however long: paused runs, slow relays, full throttles break no cap and no distance."""

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store import conservation, journey, ledger
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.properties.test_caps_hold import CAMPAIGNS, DAY, GAPS, NOW, Field
from tests.store.bases import policy, rules

TICKS = 12
WAITS = st.tuples(st.integers(2, 5), st.booleans()).map(
    lambda drawn: [(0, drawn[1])] * drawn[0] + [(3, drawn[1])] * (TICKS - drawn[0])
)
"""Of each day, how many of each step may leave, none at first, and whether the runs come the other way round."""

CAPS = st.tuples(st.integers(1, 2), st.sampled_from(["1 day", "2 days"])).map(
    lambda drawn: [
        {
            "name": "tight",
            "max": drawn[0],
            "per": drawn[1],
            "channels": ["email", "mailing"],
            "purposes": "all",
            "source": "essai",
        }
    ]
)


class Waiting(Field):
    """The same campaigns; what they planned leaves through the gate, by and by."""

    until = 9  #: days that a touch may wait
    leaving: tuple[int, bool] = (0, False)

    def leave(self, now: dt.datetime) -> None:
        self.connection.execute("UPDATE touch SET state = 'ready' WHERE state = 'planned'")
        most, backwards = self.leaving
        specs = {spec.campaign: spec for spec, _ in self.specs}
        for name, (run_id, _) in sorted(self.runs.items(), reverse=backwards):
            for step_name, step in specs[name].steps.items():
                reach = Reach("email" if step.channel == "email" else "postal", "pepper")
                law = journey.judged_parameters(specs[name], step, reach, self.house, rules(), now)
                if most:
                    ledger.gate(
                        self.connection, run_id, step_name, law=law, worker="w", limit=most, now=now, permit=False  # type: ignore[arg-type]
                    )  # fmt: skip
                self.connection.execute(
                    "UPDATE touch SET state = 'accepted', touched_at = %s WHERE state = 'gated'", [now]
                )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CAPS, GAPS, CAMPAIGNS, WAITS)
def test_no_rule_is_broken_by_what_waited(
    database: Connection,
    caps: list[dict[str, Any]],
    gaps: list[dict[str, Any]],
    written: list[dict[str, Any]],
    waits: list[tuple[int, bool]],
) -> None:
    with database.transaction(force_rollback=True):
        field = Waiting(database, written, policy(caps=caps, gaps=gaps))
        for day, field.leaving in enumerate(waits):
            field.tick(day)
        assert field.broken() == []
        for run_id, _ in field.runs.values():
            journey.expire(database, run_id, NOW + 30 * DAY)
            assert conservation.breaches(database, run_id) == []
