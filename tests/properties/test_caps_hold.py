"""Whatever the policy, the campaigns and the order in which they come: no customer is touched more often than allowed."""

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.policy import Policy
from engine.rules.arbitration import rank
from engine.rules.schedule import slot
from engine.store import conservation, enrolment, journey, ledger
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.store.bases import add, campaign, library, policy, rules

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CHANNELS = ("email", "mailing")

CAPS = st.lists(
    st.fixed_dictionaries(
        {
            "max": st.integers(1, 3),
            "per": st.sampled_from(["1 day", "3 days", "7 days"]),
            "channels": st.sampled_from([["email"], ["mailing"], ["email", "mailing"]]),
            "purposes": st.sampled_from(["promo", "all"]),
            "brands": st.sampled_from(["all", "same"]),
            "source": st.just("essai"),
        }
    ),
    min_size=1,
    max_size=3,
).map(lambda caps: [{**cap, "name": f"cap-{number}"} for number, cap in enumerate(caps)])
GAPS = st.lists(
    st.fixed_dictionaries(
        {
            "no": st.sampled_from(CHANNELS),
            "after": st.sampled_from(CHANNELS),
            "within": st.sampled_from(["1 day", "2 days"]),
            "purposes": st.sampled_from(["promo", "all"]),
            "source": st.just("essai"),
        }
    ),
    max_size=2,
).map(lambda gaps: [{**gap, "name": f"gap-{number}"} for number, gap in enumerate(gaps)])
STEPS = st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 2)), min_size=1, max_size=2)
CAMPAIGNS = st.lists(
    st.fixed_dictionaries(
        {
            "purpose": st.sampled_from(["promo_rx", "medical_info"]),
            "brand": st.sampled_from(["HIVERNAX", "DERMAPHARM"]),
            "steps": STEPS,
            "start": st.integers(0, 2),
        }
    ),
    min_size=2,
    max_size=3,
)


class Field:
    """Several campaigns over the same few customers, each tick in the order of arbitration."""

    until = 2  #: days that a touch may wait

    def __init__(self, connection: Connection, written: list[dict[str, Any]], house: Policy) -> None:
        self.connection, self.house = connection, house
        ids = add(connection, 3)
        connection.execute("UPDATE contact_point SET notice_given_at = %s", [NOW - DAY])
        connection.execute(
            "INSERT INTO contact_point (customer_id, type, value_norm, source)"
            " SELECT id, 'postal', '12 RUE DU PORT|44000 NANTES', 'test' FROM unnest(%s::bigint[]) AS id",
            [ids],
        )
        self.specs = [
            (
                campaign(
                    campaign=f"campaign-{number}",
                    purpose=one["purpose"],
                    brand=one["brand"],
                    steps={
                        f"step-{place}": {
                            "channel": channel,
                            "at": f"day {day}",
                            "until": f"day {day + self.until}",
                        }
                        for place, (channel, day) in enumerate(one["steps"])
                    },
                ),
                one["start"],
            )
            for number, one in enumerate(written)
        ]
        self.runs: dict[str, tuple[int, dt.datetime]] = {}
        ledger.keep_definition(connection, "d1", "property", {})

    def tick(self, day: int) -> None:
        now = NOW + day * DAY
        order = sorted(
            self.specs,
            key=lambda pair: rank(
                self.house.priority_of(pair[0]), pair[0].policy.value, pair[0].campaign, "s"
            ),
        )
        for spec, start in order:
            if start == day:
                run, _ = ledger.open_run(
                    self.connection, spec, slot(now.replace(tzinfo=None), "Europe/Paris"), "d1"
                )
                enrolment.freeze(self.connection, run, spec, library(), self.house, rules(), now)
                ledger.mark_frozen(self.connection, run, now)
                self.runs[spec.campaign] = (int(run), now)
            if spec.campaign not in self.runs:
                continue
            run_id, enrolled = self.runs[spec.campaign]
            for name, step in spec.steps.items():
                if start + step.at.day != day:
                    continue
                reach = Reach("email" if step.channel == "email" else "postal", "pepper")
                journey.come_due(
                    self.connection, run_id, spec, name, reach, library(), self.house, rules(), enrolled, now
                )
        self.leave(now)

    def leave(self, now: dt.datetime) -> None:
        """Let what is due leave at once."""
        self.connection.execute(
            "UPDATE touch SET state = 'accepted', touched_at = due_at WHERE state = 'planned' AND due_at <= %s",
            [now],
        )

    def broken(self) -> list[tuple[str, int]]:
        """Return every rule that a pair or window of touches breaks, worked out one by one."""
        rows = self.connection.execute(
            "SELECT customer_id, channel, purpose, brand, touched_at FROM touch WHERE state = 'accepted' ORDER BY touched_at, touch_id"
        ).fetchall()
        found = []
        for cap in self.house.caps:
            for customer, channel, purpose, brand, at in rows:
                if channel not in cap.channels or not (cap.counted is None or purpose in cap.counted):
                    continue
                window = [
                    row
                    for row in rows
                    if row[0] == customer
                    and row[1] in cap.channels
                    and (cap.counted is None or row[2] in cap.counted)
                    and (cap.brands == "all" or row[3] == brand)
                    and at - cap.per < row[4] <= at
                ]
                if len(window) > cap.max:
                    found.append((cap.name, len(window)))
        for gap in self.house.gaps:
            for later in rows:
                for earlier in rows:
                    counts = gap.counted is None or (earlier[2] in gap.counted and later[2] in gap.counted)
                    if (
                        earlier is not later
                        and earlier[0] == later[0]
                        and (earlier[1], later[1]) == (gap.after, gap.no)
                        and counts
                        and dt.timedelta(0) < later[4] - earlier[4] < gap.within
                    ):
                        found.append((gap.name, 2))
        return found


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CAPS, GAPS, CAMPAIGNS)
def test_no_rule_is_broken_by_what_went_out_and_everybody_is_accounted_for(
    database: Connection,
    caps: list[dict[str, Any]],
    gaps: list[dict[str, Any]],
    written: list[dict[str, Any]],
) -> None:
    with database.transaction(force_rollback=True):
        field = Field(database, written, policy(caps=caps, gaps=gaps))
        for day in range(5):
            field.tick(day)
        assert field.broken() == []
        for run_id, _ in field.runs.values():
            assert conservation.breaches(database, run_id) == []
