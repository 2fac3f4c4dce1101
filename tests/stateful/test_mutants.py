"""Tests of the tests: fourteen ways to break the protocol, each of which a test must convict (promises 12.3).

A mutant is one function or one statement, patched; its witness is a test of the suite, which passes on the
plain code in its own place and is called here once more, on the mutant. docs/mutants.md is the table.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from channels.email import Emails, delivery, dialogue
from channels.email.dialogue import Dialogue, Posting
from channels.email.identity import Identity
from engine.actions.handover import Handover
from engine.contract import Ending, Failure, Parcel, Receipt
from engine.model.written import TouchId
from engine.problems import ChannelUnavailable, Say
from engine.store.statements import statements
from tests.channels.email import test_channel, test_dialogue, test_failover
from tests.channels.email.world import desk
from tests.store import test_enrolment, test_handover, test_journal, test_ledger

Patch = pytest.MonkeyPatch


def said(name: str, old: str, new: str) -> Callable[[Patch], None]:
    """Return a mutation of one statement of the ledger."""

    def mutate(patch: Patch) -> None:
        text = statements("ledger")[name]
        assert old in text, f"the statement {name} does not say {old!r} any more: the mutant is void"
        patch.setitem(statements("ledger"), name, text.replace(old, new))

    return mutate


def lost_is_retried(patch: Patch) -> None:
    def lost(self: Dialogue) -> list[Posting]:
        again = list(self._under_way)
        self.is_broken = True
        self._under_way.clear()
        self._expected.clear()
        for posting in again:
            posting.dot_at = None
        return again

    patch.setattr(Dialogue, "lost", lost)


def sent_before_the_gate(patch: Patch) -> None:
    plain = Handover.delivered

    def delivered(self: Handover, channel: Any, wave: Any, settled: Any) -> list[Receipt]:
        settled([Receipt(one.touch, Ending.ACCEPTED) for one in self.group])
        return plain(self, channel, wave, settled)

    patch.setattr(Handover, "delivered", delivered)


def quit_is_listened_to(patch: Patch) -> None:
    def close(self: Any) -> None:
        self.socket.setblocking(True)
        self.socket.send(b"QUIT\r\n")
        if not self.socket.recv(99).startswith(b"221"):
            raise ChannelUnavailable(Say("QUIT failed", "QUIT a échoué"))

    patch.setattr(delivery._Line, "close", close)


def a_parcel_that_fails_is_passed_over(patch: Patch) -> None:
    def parcels(self: Handover) -> Iterator[Parcel]:
        for one in self.group:
            made = self.compose(one)
            if not isinstance(made, Failure):
                self._taken.add(one.touch)
                yield made

    patch.setattr(Handover, "_parcels", parcels)


def another_name_at_each_attempt(patch: Patch) -> None:
    plain, attempts = Identity.of, iter(range(1000))

    def of(self: Identity, touch: TouchId, domain: str) -> tuple[str, str]:
        sender, message_id = plain(self, touch, domain)
        return sender, f"{next(attempts)}-{message_id}"

    patch.setattr(Identity, "of", of)


@dataclass(frozen=True)
class Mutant:
    what: str
    mutate: Callable[[Patch], None]
    witness: Callable[..., None]
    arguments: tuple[tuple[str, Any], ...] = ()


MUTANTS = {
    "M1": Mutant(
        "the reaper puts gated mails back",
        said("reap", "ELSE 'unknown' END", "ELSE 'ready' END"),
        test_ledger.test_a_lease_that_ends_leaves_unknown_where_a_repeat_is_not_safe,
    ),
    "M2": Mutant(
        "no fence: a stale epoch settles",
        said("settle", "t.epoch = s.epoch AND t.state IN ('gated','unknown')", "true"),
        test_ledger.test_a_worker_that_wakes_up_after_another_took_over_moves_nothing,
    ),
    "M3": Mutant(
        "a connection lost after the dot is a retry",
        lost_is_retried,
        test_dialogue.test_among_all_faults_at_once_nothing_is_twice_and_nothing_is_lost,
        (("seed", 0), ("pipelining", True)),
    ),
    "M4": Mutant(
        "commits that do not wait for the disk are good enough",
        said(
            "hold_switch",
            "current_setting('synchronous_commit') IN ('on', 'remote_apply', 'remote_write')",
            "true",
        ),
        test_handover.test_a_connection_whose_commits_do_not_wait_for_the_disk_gates_nothing,
    ),
    "M5": Mutant(
        "fetched is done: the place in the list moves on when a group is fetched",
        said("move", "ELSE 'gated' END", "ELSE 'accepted' END, touched_at = clock_timestamp()"),
        test_journal.test_what_never_left_is_ready_again_at_once,
    ),
    "M6": Mutant(
        "marked as sent before it is handed over",
        sent_before_the_gate,
        test_handover.test_a_channel_that_takes_nothing_leaves_nothing_accepted,
    ),
    "M7": Mutant(
        "an error to QUIT is a failure",
        quit_is_listened_to,
        test_dialogue.test_quit_answered_with_an_error_changes_nothing,
        (("pipelining", True),),
    ),
    "M8": Mutant(
        "a run is keyed by who triggered it, not by its slot",
        said("open_run", "%(purpose)s, %(slot)s,", "%(purpose)s, %(slot)s || gen_random_uuid(),"),
        test_enrolment.test_a_slot_opens_one_run_however_often_it_is_triggered,
    ),
    "M9": Mutant(
        "the guard is read without its row lock",
        said("gate", "FOR UPDATE OF t SKIP LOCKED FOR SHARE OF g SKIP LOCKED", "FOR UPDATE OF t SKIP LOCKED"),
        test_ledger.test_an_unsubscribe_under_way_is_neither_waited_for_nor_overtaken,
    ),
    "M10": Mutant(
        "a parcel that does not compose is passed over",
        a_parcel_that_fails_is_passed_over,
        test_handover.test_a_parcel_that_does_not_compose_is_refused_with_its_reason,
    ),
    "M11": Mutant(
        "the trail is written by another transaction, which may never come",
        said(
            "settle",
            "INSERT INTO attempt (touch_id, epoch, phase, worker, reply, enhanced)\n",
            "",
        ),
        test_ledger.test_every_ending_leaves_its_trail,
    ),
    "M12": Mutant(
        "another Message-ID at each attempt",
        another_name_at_each_attempt,
        test_channel.test_every_attempt_of_a_touch_has_the_same_bytes_and_names,
    ),
    "M13": Mutant(
        "sixty seconds for the answer to a dot",
        lambda patch: patch.setattr(dialogue, "DOT_SECONDS", 60.0),
        test_failover.test_a_server_that_thinks_for_ninety_seconds_is_waited_for,
    ),
    "M14": Mutant(
        "the send permit is not asked",
        said("hold_permit", "AND armed_at IS NOT NULL", "OR true"),
        test_ledger.test_a_copy_of_an_armed_database_on_another_system_gates_nothing,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_killed(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mutant = MUTANTS[name]
    given: dict[str, Any] = dict(mutant.arguments)
    for parameter in inspect.signature(mutant.witness).parameters:
        if parameter == "emails":
            given[parameter] = Emails(desk(tmp_path))
        elif parameter not in given:
            given[parameter] = request.getfixturevalue(parameter)
    mutant.mutate(monkeypatch)

    with pytest.raises((AssertionError, ChannelUnavailable)):
        mutant.witness(**given)


def test_the_page_of_mutants_names_each_mutant_and_its_witness() -> None:
    page = Path("docs/mutants.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (M\d+) \| (.*?) \| `(\w+)` in `([\w/.]+)` \|$", page, re.MULTILINE)

    assert {name: (what, witness) for name, what, witness, _ in rows} == {
        name: (mutant.what, mutant.witness.__name__) for name, mutant in MUTANTS.items()
    }
    assert all(f"def {witness}(" in Path(file).read_text(encoding="utf-8") for _, _, witness, file in rows)
