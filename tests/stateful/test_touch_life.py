"""The life of a touch under crashes, pauses and stops: a machine that tries to reach somebody twice.

The relay here is outside the ledger: a list of what it took. Workers die between the gate and the dot, between
the dot and the reply, between the reply and the ledger; they sleep past their lease and wake up; customers say no
at any moment. Whatever happens, nobody is reached twice, nobody is lost, and no gate follows a stop.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from engine.contract import Addressee, Ending, Receipt
from engine.store import ledger
from engine.store.database import connected
from tests.store.ledgers import NOW, gate, ready

TOUCHES = 6


class TouchLife(RuleBasedStateMachine):
    """One run of six touches on e-mail, where a repeat is not safe."""

    url = ""
    groups = Bundle("groups")

    def __init__(self) -> None:
        super().__init__()
        self.context = connected(self.url)
        self.connection = self.context.__enter__()
        self.connection.execute(
            "TRUNCATE touch, attempt, run_switch, run, definition, contact_guard, contact_point, customer RESTART IDENTITY CASCADE"
        )
        self.prepared = ready(self.connection, TOUCHES)
        self.taken: list[int] = []  # what the relay accepted, in order: the auditor's own book
        self.blocked: set[int] = set()
        self.gated_after_block: list[int] = []

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    @rule(target=groups, worker=st.sampled_from(["w1", "w2", "w3"]), limit=st.integers(1, 3))
    def gate_a_group(self, worker: str, limit: int) -> object:
        group = gate(self.connection, self.prepared.run, worker=worker, limit=limit).addressees
        self.gated_after_block += [
            one.customer.customer_id for one in group if one.customer.customer_id in self.blocked
        ]
        return multiple(group) if group else multiple()

    @rule(
        group=consumes(groups),
        taken=st.booleans(),
        told=st.sampled_from(["accepted", "refused", "later", "nothing"]),
    )
    def write_and_hear(self, group: tuple[Addressee, ...], taken: bool, told: str) -> None:
        """The relay takes a mail or not; the worker hears the truth, or dies before it can tell the ledger."""
        for one in group:
            if taken:
                self.taken.append(one.touch)
        if told == "nothing":
            return
        ending = (
            Ending.ACCEPTED
            if taken
            else {"accepted": Ending.REFUSED, "refused": Ending.REFUSED, "later": Ending.LATER}[told]
        )
        reason = "invalid_contact_point" if ending is Ending.REFUSED else None
        receipts = [Receipt(one.touch, ending, reason) for one in group]
        ledger.settle(self.connection, group, receipts, worker="any", now=NOW)
        self.connection.execute(
            "UPDATE touch SET next_try = NULL WHERE state = 'ready'"
        )  # its waiting time is over

    @rule()
    def leases_end(self) -> None:
        self.connection.execute(
            "UPDATE touch SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'gated'"
        )
        ledger.reap(self.connection, ["visit", "mailing"], NOW)

    @rule(which=st.integers(0, TOUCHES - 1))
    def unsubscribe(self, which: int) -> None:
        row = self.connection.execute(
            "SELECT customer_id FROM touch ORDER BY touch_id OFFSET %s LIMIT 1", [which]
        ).fetchone()
        assert row is not None
        self.connection.execute(
            "UPDATE contact_guard SET blocked = '{email}' WHERE customer_id = %s", [row[0]]
        )
        self.blocked.add(row[0])

    @rule(state=st.sampled_from(["paused", "running"]))
    def switch(self, state: str) -> None:
        ledger.switch(self.connection, self.prepared.run, state, by="marketing")

    @invariant()
    def nobody_is_reached_twice(self) -> None:
        assert len(self.taken) == len(set(self.taken))

    @invariant()
    def nobody_is_lost(self) -> None:
        assert sum(self.states().values()) == TOUCHES

    @invariant()
    def no_gate_follows_a_stop(self) -> None:
        assert self.gated_after_block == []

    @invariant()
    def accepted_was_taken(self) -> None:
        accepted = {
            row[0] for row in self.connection.execute("SELECT touch_id FROM touch WHERE state = 'accepted'")
        }
        assert accepted <= set(self.taken)

    @invariant()
    def what_the_relay_took_may_not_leave_again(self) -> None:
        ready_again = {
            row[0]
            for row in self.connection.execute(
                "SELECT touch_id FROM touch WHERE state IN ('planned','ready')"
            )
        }
        assert not ready_again & set(self.taken)

    def states(self) -> dict[str, int]:
        return dict(self.connection.execute("SELECT state, count(*) FROM touch GROUP BY 1"))


@pytest.mark.slow
def test_nobody_is_reached_twice_whatever_crashes(module_database_url: str) -> None:
    TouchLife.url = module_database_url
    cases = int(os.environ.get("TOUCHBASE_CASES", "40"))
    run_state_machine_as_test(
        TouchLife,
        settings=settings(
            max_examples=cases, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
