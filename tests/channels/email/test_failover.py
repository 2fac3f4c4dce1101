"""Several relays: the next one steps in, and no mail is doubled by that."""

from collections.abc import Callable
from pathlib import Path

import pytest

from channels.email import dialogue
from channels.email.delivery import Delivery
from channels.email.relay import Relay
from engine.contract import Ending
from engine.model.written import TouchId
from engine.problems import ChannelUnavailable, SenderRefused, UsageError
from engine.testing.relay import FaultRelay, Faults, Script, entries
from tests.channels.email.world import parcel

NOBODY = Relay("127.0.0.1", 9)  # the discard port: nothing listens there


def at(relay: FaultRelay) -> Relay:
    return Relay("127.0.0.1", relay.port, connections=2)


def test_a_relay_that_cannot_be_reached_is_stepped_in_for(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "second") as second:
        delivery = Delivery(NOBODY, at(second))

        receipts = list(delivery.deliver([parcel(number) for number in range(1, 6)]))

        assert [receipt.ending for receipt in receipts] == [Ending.ACCEPTED] * 5
        assert len(entries(second.ledger)) == 5


def test_a_mail_whose_dot_was_written_never_goes_by_the_other_relay(tmp_path: Path) -> None:
    """The first relay takes every mail and dies before it says so: nothing of that may reach the second."""
    with (
        FaultRelay(tmp_path / "first", faults=Faults(lost_reply=1)) as first,
        FaultRelay(tmp_path / "second") as second,
    ):
        receipts = list(Delivery(at(first), at(second)).deliver([parcel(number) for number in range(1, 9)]))

        names = [entry.message_id for relay in (first, second) for entry in entries(relay.ledger)]
        endings = {receipt.touch: receipt.ending for receipt in receipts}
        assert len(names) == len(set(names)) and len(endings) == 8
        assert all(endings[TouchId(int(name.partition("@")[0]))] is not Ending.LATER for name in names)


def test_a_relay_that_refuses_our_name_is_stepped_in_for(tmp_path: Path) -> None:
    with (
        FaultRelay(tmp_path / "first", script=Script("MAIL", b"550 5.7.1 not you\r\n")) as first,
        FaultRelay(tmp_path / "second") as second,
    ):
        receipts = list(Delivery(at(first), at(second)).deliver([parcel(number) for number in range(1, 4)]))

        assert sorted(receipt.ending for receipt in receipts).count(Ending.ACCEPTED) == 2
        assert {receipt.ending for receipt in receipts} == {Ending.ACCEPTED, Ending.LATER}


def test_a_single_relay_that_refuses_our_name_is_told_apart_from_one_that_is_away(tmp_path: Path) -> None:
    with (
        FaultRelay(tmp_path / "first", script=Script("MAIL", b"550 5.7.1 not you\r\n")) as first,
        pytest.raises(SenderRefused),
    ):
        list(Delivery(Relay("127.0.0.1", first.port, connections=1)).deliver([parcel(1)]))


def test_without_any_relay_all_of_it_is_for_later() -> None:
    with pytest.raises(ChannelUnavailable):
        list(Delivery(NOBODY, Relay("127.0.0.1", 11)).deliver([parcel(1)]))


def test_a_relay_that_failed_is_asked_again_after_its_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.email.delivery.REST_SECONDS", -1.0)
    asked: list[Relay] = []

    with FaultRelay(tmp_path / "second") as second:
        from channels.email import relay as module

        def opened(one: Relay, to: Callable[[Relay], module.Opened] = module.opened) -> module.Opened:
            asked.append(one)
            return to(one)

        delivery = Delivery(NOBODY, at(second), open_line=opened)
        list(delivery.deliver([parcel(1)]))
        delivery.close()
        list(delivery.deliver([parcel(2)]))

    assert asked.count(NOBODY) == 2


def test_a_server_that_thinks_for_ninety_seconds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundredth of a second stands for a second: whoever hangs up after a minute sends this mail again."""
    monkeypatch.setattr(dialogue, "DOT_SECONDS", dialogue.DOT_SECONDS / 100)
    with FaultRelay(tmp_path / "slow", faults=Faults(slow=1, slow_seconds=0.9)) as slow:
        receipts = list(Delivery(at(slow)).deliver([parcel(1)]))

    assert [receipt.ending for receipt in receipts] == [Ending.ACCEPTED]


def test_a_connection_that_stays_open_asks_whoever_sends_now(tmp_path: Path) -> None:
    """Each group has its own lease and may have its own journal; the connection outlives them."""
    with FaultRelay(tmp_path / "one") as relay:
        delivery = Delivery(Relay("127.0.0.1", relay.port, connections=1))
        list(delivery.deliver([parcel(1)]))
        asked: list[int] = []
        delivery.mark = lambda touch: asked.append(touch) is None
        list(delivery.deliver([parcel(2)]))

    assert asked == [2]


def test_the_setting_takes_several_relays() -> None:
    relays = Relay.from_urls("smtp://one.example:25  smtp://two.example:26")

    assert [str(relay) for relay in relays] == ["one.example:25", "two.example:26"]


def test_a_slip_in_the_second_relay_is_told() -> None:
    with pytest.raises(UsageError):
        Relay.from_urls("smtp://one.example:25 http://two.example")
