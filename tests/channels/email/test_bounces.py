"""What comes back, understood: cases written from RFC 3464, 3463 and 5965, in the words of made-up servers."""

import pytest

from channels.email.bounces import news
from channels.email.identity import Identity
from engine.model.written import TouchId
from tests.channels.email.world import SECRET

OURS = Identity(SECRET)
SENDER, MESSAGE_ID = OURS.of(TouchId(4711), "armorial.example.org")

DSN = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.clinique.example>
To: {to}
Date: Tue, 03 Mar 2026 10:02:11 +0100
Message-ID: <{name}@mx.clinique.example>
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="seam"

--seam
Content-Type: text/plain; charset=utf-8

Nous n'avons pas pu remettre votre message.

--seam
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.clinique.example

Final-Recipient: rfc822; Claire.Morel@Clinique.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--seam
Content-Type: message/rfc822

From: Armorial <officine@armorial.example.org>
Message-ID: <{original}>
Subject: Votre offre

Bonjour
--seam--
"""


def dsn(
    status: str = "5.1.1",
    said: str = "550 5.1.1 user unknown",
    *,
    action: str = "failed",
    to: str = SENDER,
    original: str = "somebody@else.example",
    name: str = "1",
) -> bytes:
    text = DSN.format(to=to, action=action, status=status, said=said, original=original, name=name)
    return text.replace("\n", "\r\n").encode()


def kind(raw: bytes) -> str:
    found = news(raw, OURS)
    return "none of ours" if found is None else found.kind


@pytest.mark.parametrize(
    ("status", "said", "meant"),
    [
        ("5.1.1", "550 5.1.1 <claire.morel@clinique.example>: user unknown", "hard"),
        ("5.1.2", "550 5.1.2 host unknown", "hard"),
        ("5.1.10", "556 5.1.10 recipient domain has a null MX", "hard"),
        ("5.4.4", "Host or domain name not found. Name service error for name=clinique.exampel", "hard"),
        ("5.0.0", "550 No such user here", "hard"),
        ("5.0.0", "550 5.1.1 no mailbox of that name", "hard"),
        ("5.0.0", "550 destinataire inconnu", "hard"),
        ("5.2.2", "552 5.2.2 mailbox full", "soft"),
        ("5.0.0", "552 quota exceeded", "soft"),
        ("4.4.7", "delivery time expired", "soft"),
        ("4.2.2", "452 4.2.2 over quota", "soft"),
        ("5.2.1", "550 5.2.1 mailbox disabled", "soft"),
        ("5.3.4", "552 5.3.4 message too big", "soft"),
        ("5.6.0", "554 5.6.0 cannot convert", "soft"),
        ("5.9.9", "599 whatever", "soft"),
        ("5.7.1", "550 5.7.1 rejected, see our policy", "sender"),
        ("5.7.26", "550 5.7.26 this mail is unauthenticated", "sender"),
        ("5.0.0", "554 your IP is on a blacklist", "sender"),
        ("5.1.8", "550 5.1.8 bad sender's system address", "sender"),
        ("5.5.2", "500 5.5.2 syntax error", "sender"),
    ],
)
def test_a_failure_means_what_its_code_says(status: str, said: str, meant: str) -> None:
    assert kind(dsn(status, said)) == meant


@pytest.mark.parametrize(
    ("action", "meant"), [("delayed", "none"), ("delivered", "delivered"), ("relayed", "delivered")]
)
def test_what_is_no_failure_is_none(action: str, meant: str) -> None:
    assert kind(dsn("4.4.1", "connection timed out", action=action)) == meant


def test_a_bounce_names_its_touch_and_its_address_without_a_word_of_personal_data() -> None:
    found = news(dsn(said="550 5.1.1 <Claire.Morel@Clinique.example> unknown user"), OURS)

    assert found is not None
    assert (found.touch, found.status, found.address) == (4711, "5.1.1", "Claire.Morel@clinique.example")
    assert "@" not in (found.said or "")


@pytest.mark.parametrize(
    "forged",
    [
        SENDER.replace("4711", "4712"),
        SENDER[:-25] + "0" * 3 + SENDER[-22:],
        "officine@armorial.example.org",
        "b-4711@armorial.example.org",
    ],
)
def test_a_bounce_to_an_address_that_we_did_not_sign_is_none_of_ours(forged: str) -> None:
    assert kind(dsn(to=forged)) == "none of ours"


def test_a_bounce_sent_to_another_address_is_known_by_our_message_id() -> None:
    found = news(dsn(to="postmaster@armorial.example.org", original=MESSAGE_ID), OURS)

    assert found is not None and found.touch == 4711


def complaint(feedback: str = "abuse", *, sender: str = SENDER, original: str = "x@y.example") -> bytes:
    return f"""\
From: <abuse-report@isp.example>
To: <fbl@armorial.example.org>
Subject: FW: Votre offre
Message-ID: <fbl-1@isp.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="seam"

--seam
Content-Type: text/plain

A subscriber complained.

--seam
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: ISP/1.0
Version: 1
Original-Mail-From: <{sender}>

--seam
Content-Type: text/rfc822-headers

From: officine@armorial.example.org
Message-ID: <{original}>

--seam--
""".encode()


def test_a_complaint_names_its_touch_by_the_envelope_it_reports() -> None:
    found = news(complaint(), OURS)

    assert found is not None and (found.touch, found.kind) == (4711, "complaint")


def test_a_complaint_names_its_touch_by_the_header_it_brings_back() -> None:
    assert kind(complaint(sender="x@y.example", original=MESSAGE_ID)) == "complaint"


def test_a_report_that_it_is_no_spam_is_no_complaint() -> None:
    assert kind(complaint("not-spam")) == "none"


def test_a_forged_complaint_is_none_of_ours() -> None:
    assert kind(complaint(sender="b-4711-" + "0" * 32 + "@armorial.example.org")) == "none of ours"


def answer(more: str = "") -> bytes:
    return f"From: claire.morel@clinique.example\r\nTo: {SENDER}\r\n{more}Subject: Absente\r\n\r\nJe suis absente.\r\n".encode()


@pytest.mark.parametrize("more", ["", "Auto-Submitted: auto-replied\r\n"])
def test_a_vacation_note_is_no_bounce(more: str) -> None:
    assert kind(answer(more)) == "reply"


def test_a_bounce_without_a_report_is_soft_at_most() -> None:
    raw = answer("Return-Path: <>\r\n").replace(b"claire.morel@clinique.example", b"MAILER-DAEMON@x.example")

    assert kind(raw) == "soft"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 3000,
        b"To: " + b"a@b.example, " * 50_000 + b"\r\n\r\n",
        dsn().replace(b"message/delivery-status", b"message/delivery-status; charset=never"),
    ],
    ids=["empty", "noise", "no seam", "nested", "crowd", "charset"],
)
def test_whatever_comes_is_read_without_harm(raw: bytes) -> None:
    assert kind(raw) in ("none of ours", "hard")
