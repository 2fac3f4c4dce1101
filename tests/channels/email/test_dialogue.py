"""The matrix of SMTP dialogues: at each stage, each thing that can go wrong, with and without PIPELINING.

The auditor is the relay's own ledger: what it says was accepted must be what receipts say, and
nothing may be there twice, whatever is lost on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from channels.email import dialogue
from channels.email.delivery import Delivery
from channels.email.dialogue import Dialogue, Posting
from channels.email.relay import Relay
from channels.email.replies import Garbage
from engine.contract import Ending, Parcel, Receipt
from engine.model.written import TouchId
from engine.problems import ChannelUnavailable
from engine.testing.relay import FaultRelay, Faults, Script, entries, twice
from tests.channels.email.world import parcel

ACCEPTED, LATER, REFUSED, UNKNOWN = Ending.ACCEPTED, Ending.LATER, Ending.REFUSED, Ending.UNKNOWN


PATIENCE = (dialogue.COMMAND_SECONDS, dialogue.DOT_SECONDS)  #: before the tests below are impatient


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of minutes are waits of a moment here; which wait applies where is another test."""
    monkeypatch.setattr(dialogue, "COMMAND_SECONDS", 0.4)
    monkeypatch.setattr(dialogue, "DOT_SECONDS", 0.9)
    monkeypatch.setattr("channels.email.relay.GREETING_SECONDS", 0.5)


def trial(
    relay: FaultRelay, parcels: Sequence[Parcel], *, connections: int = 1, pipelining: bool = True
) -> tuple[dict[int, Ending], ChannelUnavailable | None]:
    delivery = Delivery(Relay("127.0.0.1", relay.port, connections=connections, pipelining=pipelining))
    endings: dict[int, Ending] = {}
    try:
        for receipt in delivery.deliver(parcels):
            assert receipt.touch not in endings, "one receipt each"
            endings[receipt.touch] = receipt.ending
    except ChannelUnavailable as error:
        return endings, error
    finally:
        delivery.close()
    return endings, None


def audited(relay: FaultRelay, endings: dict[int, Ending]) -> None:
    """Hold the receipts against the ledger: never twice, no false accepted, no refused-but-delivered."""
    assert twice(relay.ledger) == {}
    delivered = {int(entry.message_id.partition("@")[0]) for entry in entries(relay.ledger)}
    for touch, ending in endings.items():
        if ending is ACCEPTED:
            assert touch in delivered, "accepted means accepted"
        if ending in (REFUSED, LATER):
            assert touch not in delivered, "refused or later means not delivered"


# What the first of three mails ends in. `None`: the connection fails before any mail, and no other
# can be had, or the mail goes by another connection and is accepted.
STAGES: dict[str, dict[str | bytes, Ending]] = {
    "MAIL": {
        "close": ACCEPTED,
        "reset": ACCEPTED,
        "stall": ACCEPTED,
        b"421 4.3.2 closing\r\n": LATER,
        b"451 4.3.0 not now\r\n": LATER,
        b"what\r\n": ACCEPTED,
        b"250 " + b"x" * 5000: ACCEPTED,
        b"250-one\r\n250 two\r\n": ACCEPTED,
        "drip:250 2.1.0 ok": ACCEPTED,
        b"354 go on\r\n": ACCEPTED,
        b"250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n": ACCEPTED,
    },
    "RCPT": {
        "close": ACCEPTED,
        "reset": ACCEPTED,
        "stall": ACCEPTED,
        b"421 4.3.2 closing\r\n": LATER,
        b"450 4.7.1 greylisted\r\n": LATER,
        b"550 5.1.1 no such mailbox\r\n": REFUSED,
        b"550 5.7.1 policy\r\n": REFUSED,
        b"what\r\n": ACCEPTED,
        b"250-one\r\n250 two\r\n": ACCEPTED,
        "drip:250 2.1.5 ok": ACCEPTED,
    },
    "DATA": {
        "close": ACCEPTED,
        "reset": ACCEPTED,
        "stall": ACCEPTED,
        b"421 4.3.2 closing\r\n": LATER,
        b"451 4.3.0 not now\r\n": LATER,
        b"554 5.5.1 no\r\n": REFUSED,
        b"what\r\n": ACCEPTED,
        b"250 2.0.0 ok\r\n": ACCEPTED,
        b"354-go\r\n354 on\r\n": ACCEPTED,
        "drip:354 go on": ACCEPTED,
    },
    "dot": {
        "close": UNKNOWN,
        "reset": UNKNOWN,
        "stall": UNKNOWN,
        b"421 4.3.2 closing\r\n": LATER,
        b"451 4.3.0 not now\r\n": LATER,
        b"550 5.6.0 not that\r\n": REFUSED,
        b"what\r\n": UNKNOWN,
        b"250 " + b"x" * 5000: UNKNOWN,
        b"354 go on\r\n": UNKNOWN,
        b"200 fine\r\n": UNKNOWN,
        b"250-one\r\n250 two\r\n": ACCEPTED,
        "drip:250 2.0.0 ok": ACCEPTED,
    },
    "after": {
        "close": ACCEPTED,
        "reset": ACCEPTED,
        b"421 4.3.2 closing\r\n": ACCEPTED,
        b"what\r\n": ACCEPTED,
    },
}
ANSWERED = [b"250-one\r\n250 two\r\n", "drip:250 2.0.0 ok"]
CELLS = [(stage, act) for stage, acts in STAGES.items() for act in acts]


def named(cell: object) -> str:
    return cell[:12].decode("ascii").strip() if isinstance(cell, bytes) else str(cell)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "plain"])
@pytest.mark.parametrize(("stage", "act"), CELLS, ids=named)
def test_each_cell_of_the_matrix_ends_right(
    tmp_path: Path, stage: str, act: str | bytes, pipelining: bool
) -> None:
    accepts = stage == "after" or act in ANSWERED or act in ("close", "stall", b"what\r\n", b"354 go on\r\n")
    script = Script(stage, act, accepts=accepts)
    with FaultRelay(tmp_path / "ledger", script=script, pipelining=pipelining, stall_seconds=5) as relay:
        endings, _ = trial(relay, [parcel(1), parcel(2), parcel(3)])

        assert endings[1] is STAGES[stage][act]
        assert set(endings) == {1, 2, 3}
        audited(relay, endings)
        assert {endings[2], endings[3]} <= {ACCEPTED, LATER}


@pytest.mark.parametrize(
    "act",
    [
        "close",
        "reset",
        "stall",
        b"421 4.3.2 closing\r\n",
        b"552 5.3.4 too big\r\n",
        b"250 early\r\n",
        b"what\r\n",
    ],
    ids=named,
)
def test_an_answer_in_the_middle_of_the_body_is_no_answer_to_the_dot(
    tmp_path: Path, act: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body larger than any buffer: the relay acts while the dot cannot be out yet."""
    monkeypatch.setattr(dialogue, "DOT_SECONDS", 30)  # the relay reads twenty megabytes before it answers
    large = parcel(1)
    large = replace(
        large,
        content=large.content._replace(data=large.content.data + (b"y" * 70 + b"\r\n") * 300_000),
    )
    with FaultRelay(tmp_path / "ledger", script=Script("body", act), stall_seconds=5) as relay:
        endings, _ = trial(relay, [large])

        assert endings[1] in (ACCEPTED, LATER)
        audited(relay, endings)


@pytest.mark.parametrize("stage", ["banner", "EHLO"])
@pytest.mark.parametrize(
    "act", ["close", "reset", "stall", b"421 4.3.2 no\r\n", b"554 5.3.2 no\r\n", b"what\r\n"], ids=named
)
def test_a_relay_that_does_not_open_takes_nothing(tmp_path: Path, stage: str, act: str | bytes) -> None:
    with FaultRelay(tmp_path / "ledger", script=Script(stage, act), stall_seconds=5) as relay:
        endings, error = trial(relay, [parcel(1), parcel(2)])

        assert endings == {}
        assert error is not None and str(relay.port) in str(error)
        assert entries(relay.ledger) == []


def test_a_relay_that_is_not_there_takes_nothing_and_says_so(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "ledger") as relay:
        port = relay.port
    relay.port = port

    endings, error = trial(relay, [parcel(1)])

    assert endings == {}
    assert error is not None and error.exit_code == 12


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "plain"])
def test_a_refused_sender_is_no_customers_fault(tmp_path: Path, pipelining: bool) -> None:  # F22
    script = Script("MAIL", b"553 5.7.1 who are you\r\n")
    with FaultRelay(tmp_path / "ledger", script=script, pipelining=pipelining) as relay:
        endings, error = trial(relay, [parcel(number) for number in range(1, 6)])

        assert error is not None
        assert REFUSED not in endings.values()
        audited(relay, endings)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "plain"])
def test_quit_answered_with_an_error_changes_nothing(tmp_path: Path, pipelining: bool) -> None:  # F26, T2
    with FaultRelay(tmp_path / "ledger", faults=Faults(quit_421=1), pipelining=pipelining) as relay:
        endings, error = trial(relay, [parcel(1)])

        assert (endings, error) == ({1: ACCEPTED}, None)


def test_after_a_refused_recipient_the_next_mail_still_goes(tmp_path: Path) -> None:
    """Servers keep MAIL in force after a refused RCPT, and refuse a second MAIL: a RSET stands between."""
    script = Script("RCPT", b"550 5.1.1 no such mailbox\r\n")
    with FaultRelay(tmp_path / "ledger", script=script) as relay:
        endings, _ = trial(relay, [parcel(1), parcel(2), parcel(3)])

        assert endings == {1: REFUSED, 2: ACCEPTED, 3: ACCEPTED}
        assert relay.commands.count(b"RSET") == 1


def test_a_server_that_wants_data_for_nobody_gets_no_dot(tmp_path: Path) -> None:
    """It refused the recipient and answers 354 all the same: not even an empty mail may come of it."""
    talk = Talk(b"250 ok\r\n550 5.1.1 no\r\n354 go on\r\n")

    talk.says()

    assert talk.dialogue.is_broken
    assert b"\r\n.\r\n" not in talk.written
    assert talk.dialogue.lost() == []
    assert [receipt.ending for receipt in talk.receipts] == [REFUSED]


class Talk:
    """A dialogue without a socket: what the other side says, and what was written to it."""

    def __init__(self, answers: bytes = b"", *, mails: int = 1, pipelining: bool = True) -> None:
        self.receipts: list[Receipt] = []
        postings = [Posting(parcel(number)) for number in range(1, mails + 1)]
        self.dialogue = Dialogue(
            pipelining=pipelining,
            take=lambda: postings.pop(0) if postings else None,
            report=self.receipts.append,
        )
        self.answers = answers
        self.written = b""

    def says(self, answers: bytes | None = None) -> None:
        self.dialogue.start()
        self.leaves()
        self.dialogue.received(self.answers if answers is None else answers)
        self.leaves()

    def leaves(self) -> None:
        """All that is queued leaves."""
        self.written += b"".join(self.dialogue.outgoing)
        self.dialogue.left = len(self.written)
        self.dialogue.outgoing.clear()


def test_with_pipelining_the_next_envelope_rides_with_the_body() -> None:
    talk = Talk(mails=2)

    talk.says(b"250 ok\r\n250 ok\r\n354 go on\r\n")

    assert talk.written.endswith(
        b"Bonjour 1\r\n.\r\nMAIL FROM:<b-2@armorial.example.org>\r\n"
        b"RCPT TO:<c2@officine.example.org>\r\nDATA\r\n"
    )


def test_without_pipelining_one_command_waits_for_the_other() -> None:
    talk = Talk(mails=2, pipelining=False)

    talk.says(b"")

    assert talk.written == b"MAIL FROM:<b-1@armorial.example.org>\r\n"


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "plain"])
def test_a_dialogue_cut_at_any_byte_written_knows_whether_the_dot_was_out(pipelining: bool) -> None:
    """P3, F14: for every number of bytes that left, unknown if and only if the dot was among them."""
    talk = Talk(pipelining=pipelining)
    talk.says(b"250 ok\r\n")
    talk.says(b"250 ok\r\n")
    talk.says(b"354 go on\r\n")
    whole = talk.written
    end = whole.index(b"\r\n.\r\n") + 5

    for left in range(whole.index(b"Message-ID"), len(whole) + 1):
        cut = Talk(pipelining=pipelining)
        for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            cut.says(answer)
        cut.dialogue.left = left
        again = cut.dialogue.lost()
        assert (len(again), len(cut.receipts)) == ((0, 1) if left >= end else (1, 0)), left
        assert [receipt.ending for receipt in cut.receipts] == ([UNKNOWN] if left >= end else [])


def test_an_answer_to_the_dot_before_the_dot_is_garbage() -> None:
    talk = Talk(b"250 ok\r\n250 ok\r\n354 go on\r\n250 kept\r\n")

    with pytest.raises(Garbage):
        talk.says()
    assert [posting.parcel.touch for posting in talk.dialogue.lost()] == [1]
    assert talk.receipts == []


def test_a_reply_without_personal_data_is_kept(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "ledger", faults=Faults(rcpt_5xx=1)) as relay:
        delivery = Delivery(Relay("127.0.0.1", relay.port))
        (receipt,) = delivery.deliver([parcel(1)])
        delivery.close()

    assert receipt == Receipt(
        TouchId(1), REFUSED, "address_refused", "550 5.1.1 <...>: no such mailbox", "5.1.1"
    )


def test_a_dot_may_be_thought_over_for_more_than_ten_minutes() -> None:  # F23, M13
    assert PATIENCE == (300.0, 660.0)


def test_a_connection_the_relay_closed_meanwhile_is_replaced(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "ledger", script=Script("after", "close")) as relay:
        delivery = Delivery(Relay("127.0.0.1", relay.port, connections=1))
        first = [receipt.ending for receipt in delivery.deliver([parcel(1)])]
        second = [receipt.ending for receipt in delivery.deliver([parcel(2)])]
        delivery.close()

    assert (first, second) == ([ACCEPTED], [ACCEPTED])


def test_whoever_stops_listening_finds_no_old_answers_later(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "ledger") as relay:
        delivery = Delivery(Relay("127.0.0.1", relay.port, connections=2))
        listening: Iterator[Receipt] = delivery.deliver([parcel(number) for number in range(1, 20)])
        next(listening)
        listening.close()  # type: ignore[attr-defined]
        later = {receipt.touch: receipt.ending for receipt in delivery.deliver([parcel(100), parcel(101)])}
        delivery.close()

    assert later == {100: ACCEPTED, 101: ACCEPTED}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "plain"])
def test_among_all_faults_at_once_nothing_is_twice_and_nothing_is_lost(
    tmp_path: Path, seed: int, pipelining: bool
) -> None:
    faults = Faults(
        rcpt_4xx=0.02,
        rcpt_5xx=0.02,
        data_4xx=0.02,
        dot_4xx=0.02,
        dot_5xx=0.02,
        lost_reply=0.02,
        dropped=0.02,
        cut_in_body=0.02,
        garbage=0.02,
        slow=0.05,
        slow_seconds=0.01,
        quit_421=0.5,
    )
    with FaultRelay(tmp_path / "ledger", faults=faults, seed=seed, pipelining=pipelining) as relay:
        endings, error = trial(relay, [parcel(number) for number in range(1, 501)], connections=4)

        assert error is None
        assert set(endings) == set(range(1, 501))
        audited(relay, endings)
        assert set(endings.values()) == {ACCEPTED, LATER, REFUSED, UNKNOWN}
