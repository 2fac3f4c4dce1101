"""Whatever the base, the campaign, the policy and the order of acts: everybody is accounted for, once."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.written import RunId
from engine.rules.schedule import slot
from engine.store import conservation, enrolment, journey, ledger
from engine.store.database import Connection
from engine.store.journey import MaterialLimits, Reach
from tests.store.bases import add, campaign, library, policy, rules

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"consent": st.booleans()},
        optional={
            "status": st.sampled_from(["active", "retired", "deceased"]),
            "town": st.just("NANTES"),
            "restricted_brands": st.just(["HIVERNAX"]),
            "specialty_group": st.sampled_from(["GP", "CARDIO"]),
            "region": st.sampled_from(["Bretagne", "Corse"]),
            "credit_status": st.just("dunning"),
        },
    ),
    max_size=12,
)
AUDIENCES = st.fixed_dictionaries(
    {"segment": st.just("prescribers")},
    optional={
        "except": st.just(["in-nantes"]),
        "sample": st.sampled_from(["10%", "60%"]),
        "top": st.fixed_dictionaries({"n": st.integers(1, 6), "by": st.just("potential")}),
        "one_per": st.sampled_from(["mailbox", "site", "household"]),
    },
)
HOLDOUTS = st.one_of(
    st.just({"share": "0%", "because": "essai"}),
    st.fixed_dictionaries(
        {"share": st.sampled_from(["10%", "50%", "90%"])}, optional={"stratify": st.just(["region"])}
    ),
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "caps": st.lists(
            st.fixed_dictionaries(
                {
                    "max": st.integers(1, 2),
                    "per": st.sampled_from(["2 days", "7 days"]),
                    "channels": st.sampled_from([["email"], ["email", "visit"]]),
                    "source": st.just("essai"),
                }
            ),
            max_size=2,
        ).map(lambda caps: [{**cap, "name": f"cap-{number}"} for number, cap in enumerate(caps)]),
        "gaps": st.just(
            [{"name": "gap", "no": "email", "within": "3 days", "after": "email", "source": "essai"}]
        ),
    },
)
STEPS = {
    "announce": {"channel": "email", "at": "day 0", "until": "day 3"},
    "reminder": {"channel": "email", "after": "announce + 2 days", "until": "announce + 4 days", "if": [{"no_response": {"to": "announce"}}]},
    "letter": {"channel": "mailing", "after": "announce + 3 days", "if": [{"excluded": {"step": "announce", "because": "no_consent"}}]},
}  # fmt: skip
ACTS = st.lists(
    st.tuples(st.sampled_from(["due", "accept", "refuse", "order", "expire", "stop"]), st.integers(0, 60)),
    max_size=8,
)


class Play:
    """One run, moved by acts in any order; after each the law is asked."""

    def __init__(self, connection: Connection, people: list[dict[str, Any]], spec: Any, house: Any) -> None:
        self.connection, self.spec, self.policy = connection, spec, house
        for person in people:
            add(connection, 1, **person)
        ledger.keep_definition(connection, "d1", spec.campaign, {})
        self.run: RunId
        self.run, _ = ledger.open_run(connection, spec, slot(NOW.replace(tzinfo=None), "Europe/Paris"), "d1")
        enrolment.freeze(connection, self.run, spec, library(), house, rules(), NOW)
        ledger.mark_frozen(connection, self.run, NOW)

    def act(self, name: str, now: dt.datetime) -> None:
        run, execute = self.run, self.connection.execute
        match name:
            case "due":
                journey.leave(self.connection, run, self.spec, library(), now)
                for step, each in self.spec.steps.items():
                    reach = Reach(
                        "email" if each.channel == "email" else None, "pepper", material=MaterialLimits()
                    )
                    journey.come_due(
                        self.connection,
                        run,
                        self.spec,
                        step,
                        reach,
                        library(),
                        self.policy,
                        rules(),
                        NOW,
                        now,
                    )
            case "accept":
                execute(
                    "UPDATE touch SET state = 'accepted', touched_at = %s WHERE run_id = %s AND state = 'planned'",
                    [now, run],
                )
            case "refuse":
                execute(
                    "UPDATE touch SET state = 'refused', reason = 'no_contact_point' WHERE touch_id = (SELECT min(touch_id) FROM touch WHERE run_id = %s AND state = 'planned')",
                    [run],
                )
            case "order":
                execute(
                    "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status)"
                    " SELECT 'erp', customer_id::text, customer_id, 'web', %s, 'accepted' FROM customer AS c ORDER BY c.customer_id LIMIT 2 ON CONFLICT DO NOTHING",
                    [now],
                )  # fmt: skip
            case "expire":
                journey.expire(self.connection, run, now)
            case "stop":
                ledger.cancel_open(self.connection, run)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PEOPLE, AUDIENCES, HOLDOUTS, POLICIES, ACTS)
def test_everybody_in_the_universe_is_accounted_for_after_every_act(
    database: Connection,
    people: list[dict[str, Any]],
    audience: dict[str, Any],
    holdout: dict[str, Any],
    rules_of_the_house: dict[str, Any],
    acts: list[tuple[str, int]],
) -> None:
    spec = campaign(
        audience=audience,
        holdout=holdout,
        steps=STEPS,
        exit=[{"ordered": {"since": "announce"}}],
        cells={"a": {"share": "30%"}, "b": {"share": "70%"}},
    )
    with database.transaction(force_rollback=True):
        play = Play(database, people, spec, policy(**rules_of_the_house))
        assert conservation.breaches(database, play.run) == []
        now = NOW
        for name, hours in acts:
            now += hours * HOUR
            play.act(name, now)
            assert conservation.breaches(database, play.run) == [], name


SLIPS = {
    "a member is lost": "DELETE FROM member WHERE customer_id = (SELECT max(customer_id) FROM member)",
    "a touch is lost": "DELETE FROM touch WHERE touch_id = (SELECT max(touch_id) FROM touch)",
    "a held out member is touched": "UPDATE member SET held_out = true, cell = NULL WHERE customer_id = (SELECT min(customer_id) FROM touch)",
    "an exclusion is not explained": "UPDATE touch SET state = 'excluded', reason = 'no_consent', reasons = NULL WHERE touch_id = (SELECT max(touch_id) FROM touch)",
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_of_the_engine_breaks_the_law_loudly(database: Connection, slip: str) -> None:
    play = Play(database, [{}] * 3, campaign(), policy())
    play.act("due", NOW)
    database.execute(slip)  # type: ignore[call-overload]

    with pytest.raises(conservation.LawBroken):
        conservation.conserved(database, play.run)
