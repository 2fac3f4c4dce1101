"""A relay's log as evidence: what it took, what it only began to read, and the time that it covers."""

import datetime as dt
from pathlib import Path

from channels.email import Emails
from channels.email.identity import Identity
from channels.email.relay_log import read
from engine.model.written import TouchId
from tests.channels.email.world import SECRET, desk

NOW = dt.datetime(2026, 3, 3, 12, 0, tzinfo=dt.UTC)


def line(program: str, said: str, *, at: str = "Mar  3 09:31:02") -> str:
    return f"{at} relay postfix/{program}[77]: {said}"


TAKEN = [
    line("smtpd", "connect from localhost[127.0.0.1]", at="Mar  3 09:30:00"),
    line("smtpd", "4F1C02AA: client=localhost[127.0.0.1]"),
    line("cleanup", "4F1C02AA: message-id=<12.9abcdef012345678@armorial.example.org>"),
    line("qmgr", "4F1C02AA: from=<b-12-x@armorial.example.org>, size=24310, nrcpt=1 (queue active)"),
    line("smtpd", "disconnect from localhost[127.0.0.1]", at="Mar  3 09:35:00"),
]


def test_a_mail_is_taken_when_the_queue_manager_has_it() -> None:
    assert read(TAKEN, now=NOW).taken == {"12.9abcdef012345678@armorial.example.org": "4F1C02AA"}


def test_a_header_that_was_read_is_no_mail_that_was_taken() -> None:
    """cleanup writes the Message-ID before the dot: the connection may die behind it."""
    assert read(TAKEN[:3] + TAKEN[4:], now=NOW).taken == {}


def test_a_mail_rejected_at_its_end_is_refused() -> None:
    rejected = line(
        "cleanup", "4F1C02AA: reject: body x from localhost: 5.7.1 no; from=<b-12-x@armorial.example.org>"
    )

    seen = read([*TAKEN[:3], rejected, TAKEN[4]], now=NOW)

    assert (seen.taken, list(seen.refused)) == ({}, ["12.9abcdef012345678@armorial.example.org"])


def test_a_log_covers_the_time_from_its_first_to_its_last_line() -> None:
    seen = read(TAKEN, now=NOW)

    assert (seen.since, seen.until) == (
        dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 3, 9, 35, tzinfo=dt.UTC),
    )


def test_a_log_of_december_read_in_january_is_of_last_year() -> None:
    seen = read([line("qmgr", "x", at="Dec 31 23:59:00")], now=dt.datetime(2027, 1, 2, tzinfo=dt.UTC))

    assert seen.since == dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)


def test_times_with_their_own_zone_keep_it() -> None:
    seen = read([line("qmgr", "x", at="2026-03-03T10:30:00.123456+01:00")], now=NOW)

    assert seen.since == dt.datetime(2026, 3, 3, 9, 30, 0, 123456, tzinfo=dt.UTC)


def test_a_message_id_that_we_did_not_sign_is_none_of_ours(tmp_path: Path) -> None:
    assert Emails(desk(tmp_path)).evidence(TAKEN, now=NOW).accepted == {}


def test_a_message_id_of_ours_names_its_touch(tmp_path: Path) -> None:
    _, ours = Identity(SECRET).of(TouchId(12), "armorial.example.org")
    log = [one.replace("12.9abcdef012345678@armorial.example.org", ours) for one in TAKEN]

    assert Emails(desk(tmp_path)).evidence(log, now=NOW).accepted == {12: "4F1C02AA"}
