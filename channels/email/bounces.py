"""What comes back to the sender of a mail, understood: bounces (RFC 3464), complaints (RFC 5965), replies.

Whose mail it was is told only by what we signed: the envelope's sender (VERP) or the Message-ID. Anything
else is none of ours, whatever it says. What it means is told by the enhanced status code (RFC 3463); where
that says nothing, by the server's words. In doubt it is soft: an address is lost for good only when a server
says plainly that it does not exist; a server that does not want *us* says nothing about the customer.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from channels.email.identity import Identity
from engine.contract import News
from engine.model.written import TouchId

LARGEST: Final = 512 * 1024  #: bytes that are looked at; a report and a header fit many times
MOST_PARTS: Final = 50

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(r"\b([45]\d\d)\b")
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")

_NO_SUCH: Final = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
_ABOUT_SENDER: Final = ("5.1.7", "5.1.8", "5.1.9", "5.5.", "5.7.")
_ABOUT_US: Final = re.compile(
    r"spam|block|blacklist|deny|denied|reputation|polic|dmarc|spf|dkim|authenticat|relay|unsolicited|ptr|reverse",
    re.I,
)
_UNKNOWN: Final = re.compile(
    r"(user|recipient|mailbox|address|account|utilisateur|destinataire|boîte|boite|host|domain)[^.;]{0,40}"
    r"(unknown|not found|does not exist|doesn't exist|no longer|inconnue?|n'existe|invalid)|"
    r"(unknown|no such|invalid) (user|recipient|mailbox|address|account|host|domain)",
    re.I,
)
_FULL: Final = re.compile(r"quota|full|storage|pleine", re.I)

_HOLDERS: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Resent-To")


def news(raw: bytes, identity: Identity) -> News | None:
    """Return what a mail that came back says of a touch, or `None`: it is none of ours, or cannot be read."""
    try:
        mail = message_from_bytes(raw[:LARGEST], policy=policy.compat32)
        parts = [part for _, part in zip(range(MOST_PARTS), mail.walk(), strict=False)]
        touch = _touch(mail, parts, identity)
        if touch is None:
            return None
        kind, status, said, recipient = _meaning(mail, parts)
        return News(
            touch,
            kind,
            status=status,
            said=_ADDRESS.sub("...", said)[:200] or None,
            address=recipient,
            at=_date(mail),
            source_id=_name(mail, raw),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # not a mail; whatever it is, it moves nothing


def _touch(mail: Message, parts: list[Message], identity: Identity) -> TouchId | None:
    for holder in _HOLDERS:
        for _, address in getaddresses([str(value) for value in mail.get_all(holder, [])][:20]):
            touch = identity.bounced(address)
            if touch is not None:
                return touch
    for part in parts[1:]:
        for name in ("Original-Mail-From", "Return-Path"):
            touch = identity.bounced(str(part.get(name, "")).strip(" <>"))
            if touch is not None:
                return touch
        touch = identity.touch_of(str(part.get("Message-ID", "")).strip(" <>"))
        if touch is not None:
            return touch
    return _named_in_text(parts, identity)


def _named_in_text(parts: list[Message], identity: Identity) -> TouchId | None:
    """Look for our Message-ID in header parts that came as text (text/rfc822-headers)."""
    for part in parts:
        if part.get_content_type() in ("text/rfc822-headers", "message/feedback-report"):
            for word in re.findall(r"<([^<>\s]{10,120})>", _text(part)):
                touch = identity.touch_of(word) or identity.bounced(word)
                if touch is not None:
                    return touch
    return None


def _meaning(mail: Message, parts: list[Message]) -> tuple[str, str | None, str, str | None]:
    """Return the kind of news, the status code, the server's words, and whom they are about."""
    report = str(mail.get_param("report-type", "") or "").lower()
    if report == "feedback-report":
        fields = _fields(parts, "message/feedback-report")
        kind = next(
            (str(block["feedback-type"]).lower() for block in fields if block.get("feedback-type")), "abuse"
        )
        return ("none" if kind == "not-spam" else "complaint"), None, f"feedback: {kind}", None
    blocks = _fields(parts, "message/delivery-status")
    for block in blocks:
        action = (block.get("action") or "").strip().lower()
        if not action:
            continue
        said = block.get("diagnostic-code") or ""
        status = _status(block.get("status") or "", said)
        recipient = _recipient(block)
        if action in ("delivered", "relayed", "expanded"):
            return "delivered", status, said, recipient
        if action == "delayed":
            return "none", status, said, recipient
        return _failed(status, said), status, said, recipient
    if str(mail.get("Auto-Submitted", "no")).lower().startswith("auto-replied") or not _from_a_server(mail):
        return "reply", None, "", None  # a vacation note or somebody's answer: it had arrived
    return "soft", None, "a bounce without a report", None


def _failed(status: str | None, said: str) -> str:
    """Return what a failure is: hard, soft, or about the sender."""
    code = status or ""
    if code.startswith("4."):
        return "soft"  # given up in the queue: the other side only ever said "not now"
    if code.startswith(_ABOUT_SENDER):
        return "sender"
    if code in _NO_SUCH:
        return (
            "sender" if code != "5.1.10" and _ABOUT_US.search(said) and not _UNKNOWN.search(said) else "hard"
        )
    if code == "5.4.4" and _UNKNOWN.search(said):
        return "hard"
    if code in ("", "5.0.0", "5.1.0"):
        if _FULL.search(said):
            return "soft"
        if _UNKNOWN.search(said):
            return "hard"
        if _ABOUT_US.search(said):
            return "sender"
    return "soft"


def _status(given: str, said: str) -> str | None:
    """Return the most telling code: the given one, unless it says only that something failed."""
    match, inner = _STATUS.search(given), _STATUS.search(said)
    if match is None or (match[2], match[3]) == ("0", "0"):
        match = inner or match
    if match is not None:
        return match[0]
    code = _CODE.search(said)
    return f"{code[1][0]}.0.0" if code else None


def _fields(parts: list[Message], content_type: str) -> list[dict[str, str]]:
    """Return the blocks of fields of a machine-readable part, by lower-case name."""
    found = []
    for part in parts:
        if part.get_content_type() != content_type:
            continue
        payload = part.get_payload()
        blocks = (
            [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []
        )
        if not blocks or not any(block.keys() for block in blocks):
            blocks = [
                message_from_bytes(text.encode(), policy=policy.compat32) for text in _paragraphs(_text(part))
            ]
        found += [
            {name.lower(): str(value) for name, value in block.items()} for block in blocks[:MOST_PARTS]
        ]
    return found


def _paragraphs(text: str) -> Iterator[str]:
    yield from (part for part in re.split(r"\r?\n\s*\r?\n", text)[:MOST_PARTS] if part.strip())


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload[:LARGEST].decode("utf-8", "replace")
    inner = part.get_payload()
    return str(inner[0])[:LARGEST] if isinstance(inner, list) and inner else str(inner or "")


def _recipient(block: dict[str, str]) -> str | None:
    given = block.get("original-recipient") or block.get("final-recipient") or ""
    address = given.rpartition(";")[2].strip(" <>\r\n\t")
    local, at, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}" if at and len(address) <= 254 else None


def _from_a_server(mail: Message) -> bool:
    """Return whether a mail was written by a server: from nobody, or from one of the names that servers have."""
    path = str(mail.get("Return-Path", "")).strip()
    sender = str(mail.get("From", "")).lower()
    return path == "<>" or "mailer-daemon" in sender or "postmaster" in sender


def _date(mail: Message) -> dt.datetime | None:
    try:
        at = parsedate_to_datetime(str(mail["Date"]))
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)


def _name(mail: Message, raw: bytes) -> str:
    """Return the mail's own name: its Message-ID, or the hash of what it says."""
    given = str(mail.get("Message-ID", "")).strip(" <>")
    return given[:200] if given and given.isprintable() else hashlib.sha256(raw).hexdigest()
