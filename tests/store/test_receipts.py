"""What follows from what came back: overlays that only rise, addresses, suppressions, evidence, an alarm."""

import datetime as dt
import io
import mailbox
from pathlib import Path

from engine.actions.bounces import Returned, bounces, read
from engine.contract import Ending, News, Receipt
from engine.model.written import TouchId
from engine.store import ledger, receipts
from engine.store.database import Connection
from tests.store.bases import policy
from tests.store.ledgers import LAW, NOW, gate, ready, states

AT = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)


def news(
    touch: TouchId, kind: str, name: str = "1", *, status: str | None = None, address: str | None = None
) -> News:
    return News(touch, kind, status, None, address, AT, f"{name}@mx.example")


def sent(database: Connection, count: int = 1, ending: Ending = Ending.ACCEPTED) -> list[TouchId]:
    group = gate(database, ready(database, count).run).addressees
    ledger.settle(database, group, [Receipt(one.touch, ending) for one in group], worker="w1", now=NOW)
    return [one.touch for one in group]


def came(database: Connection, *found: News) -> int:
    return receipts.record(database, found, pepper="pepper")[0]


def one(database: Connection, text: str) -> object:
    row = database.execute(text).fetchone()  # type: ignore[call-overload]
    return None if row is None else row[0]


def test_a_hard_bounce_ends_the_address(database: Connection) -> None:
    (touch,) = sent(database)
    came(database, news(touch, "hard", status="5.1.1"))

    assert (
        one(database, "SELECT status || ' ' || status_reason FROM contact_point") == "invalid bounced 5.1.1"
    )
    assert one(database, "SELECT outcome FROM touch") == "bounced_hard"


def test_soft_bounces_are_counted_and_never_end_an_address(database: Connection) -> None:
    (touch,) = sent(database)
    for number in range(7):
        came(database, news(touch, "soft", str(number)))

    assert one(database, "SELECT soft_bounces || ' ' || status FROM contact_point") == "7 soft_bounce"


def test_news_about_us_mark_no_address(database: Connection) -> None:
    (touch,) = sent(database)
    came(database, news(touch, "sender", status="5.7.1"))

    assert one(database, "SELECT status FROM contact_point") == "unverified"
    assert one(database, "SELECT outcome FROM touch") is None


def test_a_complaint_keeps_later_mails_from_the_address(database: Connection) -> None:
    """The suppression is asked in the gate, by the same fingerprint."""
    (touch,) = sent(database)
    came(database, news(touch, "complaint"))
    database.execute(
        "UPDATE touch SET state = 'ready', touched_at = NULL, outcome = NULL, owner = NULL, lease_until = NULL"
    )

    run = one(database, "SELECT run_id FROM run")
    gated = ledger.gate(
        database,
        run,
        "announce",
        law=LAW,
        worker="w2",
        limit=9,
        now=dt.datetime.now(dt.UTC),
        permit=False,  # type: ignore[arg-type]
    )

    assert (gated.addressees, one(database, "SELECT scope || ' ' || reason FROM suppression")) == (
        (),
        "email complaint",
    )


def test_the_same_bounce_again_changes_nothing(database: Connection) -> None:
    (touch,) = sent(database)
    came(database, news(touch, "soft"))

    assert (came(database, news(touch, "soft")), one(database, "SELECT soft_bounces FROM contact_point")) == (
        0,
        1,
    )


def test_the_overlay_only_rises(database: Connection) -> None:
    (touch,) = sent(database)
    for number, kind in enumerate(("hard", "soft", "delivered")):
        came(database, news(touch, kind, str(number)))

    assert one(database, "SELECT outcome FROM touch") == "bounced_hard"


def test_whatever_comes_back_of_an_unknown_one_proves_that_it_had_arrived(database: Connection) -> None:
    (touch,) = sent(database, ending=Ending.UNKNOWN)
    came(database, news(touch, "none"))

    assert states(database) == {"accepted": 1}
    assert one(database, "SELECT reply FROM attempt WHERE worker = 'bounce'") == "evidence: it came back"


def test_news_of_a_mail_that_is_still_under_way_wait_beside_it(database: Connection) -> None:
    """The bounce was faster than our own record of the 250: it never touches the state."""
    group = gate(database, ready(database, 1).run).addressees
    came(database, news(group[0].touch, "hard", status="5.1.1"))
    ledger.settle(database, group, [Receipt(group[0].touch, Ending.ACCEPTED)], worker="w1", now=NOW)

    assert one(database, "SELECT state || ' ' || outcome FROM touch") == "accepted bounced_hard"


class Known:
    """Mails that say themselves what they are: kind and touch."""

    def news(self, raw: bytes) -> News | None:
        kind, _, touch = raw.decode().strip().partition(" ")
        return news(TouchId(int(touch)), kind, raw.decode()) if touch else None


def collected(database: Connection, *mails: str) -> Returned:
    return bounces(
        database,
        [mail.encode() for mail in mails],
        Known(),
        lambda sha, campaign: policy(stops={"after": 20, "bounces": "10%"}),
        pepper="pepper",
    )


def test_a_spike_of_bounces_pauses_the_run(database: Connection) -> None:
    touches = sent(database, 20)

    assert collected(database, *(f"hard {touch}" for touch in touches[:2])).paused == {}
    assert len(collected(database, f"hard {touches[2]}").paused) == 1
    assert one(database, "SELECT state FROM run_switch") == "paused"


def test_servers_that_do_not_want_us_pause_the_run(database: Connection) -> None:
    touches = sent(database, 4)

    assert len(collected(database, *(f"sender {touch}" for touch in touches[:3])).paused) == 1


def test_mails_that_are_none_of_ours_are_counted_as_such(database: Connection) -> None:
    assert (found := collected(database, "advertisement", "spam")).not_ours == 2 and found.new == 0


def test_a_mail_of_a_maildir_is_read_once(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box", create=True)
    box.add(b"Subject: one\n\nx\n")

    assert [len(list(read(tmp_path / "box", io.BytesIO()))) for _ in range(2)] == [1, 0]


def test_a_pipe_a_file_a_folder_and_an_mbox_are_read_too(tmp_path: Path) -> None:
    mail = b"Subject: one\n\nx\n"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "1.eml").write_bytes(mail)
    box = mailbox.mbox(tmp_path / "box.mbox")
    box.add(mail)
    box.add(mail)
    box.flush()

    counts = [
        len(list(read(place, io.BytesIO(mail))))
        for place in (Path("-"), tmp_path / "folder" / "1.eml", tmp_path / "folder", tmp_path / "box.mbox")
    ]

    assert counts == [1, 1, 1, 2]
