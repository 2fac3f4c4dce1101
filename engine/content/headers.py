"""The header of a mail, written by our own hand and in no other way.

The standard library, on Pythons that are still about, decodes an encoded-word in a subject and
writes what comes out: a customer called `=?utf-8?q?a=0ABcc=3A...?=` becomes a Bcc line
(CVE-2024-6923). Here nothing is decoded, ever: what is printable ASCII and cannot be taken for an
encoded-word is written as it is, everything else is encoded, and control characters and the line
separators of Unicode are refused before.

Source: RFC 5322 (header), RFC 2047 (encoded-words), RFC 5321 section 4.1.2 (addresses).
"""

import datetime as dt
import re
from binascii import b2a_base64
from functools import lru_cache
from typing import Final

LONGEST_ADDRESS: Final = 254
LONGEST_TEXT: Final = 500  #: characters of a subject or name; longer ones are a mistake

_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\ud800-\udfff]"
)
"""Control characters, line and paragraph separators, letters that turn the reading direction."""

_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@(?:{_LABEL}\.)+{_LABEL}")


class UnfitHeader(ValueError):
    """A value cannot stand in a header; says in which and why, without the value."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"{header}: {why}")
        self.header = header


def is_address(text: str) -> bool:
    """Return whether a text is one plain mailbox, fit for the envelope as it stands.

    Plain means: letters of ASCII, no quotes, comments, routes or literals. What is legal but
    exotic is refused; what a lenient parser would read two ways is refused with it.

    >>> is_address("claire.morel@cabinet.example.org"), is_address("a@b.fr>\\r\\nRCPT TO:<c@d.fr")
    (True, False)
    """
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and text.index("@") <= 64


def forbidden_in(text: str) -> str | None:
    """Return the first character of a text that may not stand in a header, or `None`.

    What does not break a line or turn the direction may: no-break spaces, joined emoji.

    >>> forbidden_in("10\\u00a0% de remise\\u202f!"), forbidden_in("a\\u2028b")
    (None, '\\u2028')
    """
    match = _FORBIDDEN.search(text)
    return None if match is None else match[0]


def checked(header: str, text: str) -> str:
    """Return a text that may stand in a header.

    Raises:
        UnfitHeader: it holds control characters, or is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise UnfitHeader(header, "longer than a header value may be")
    if _FORBIDDEN.search(text):
        raise UnfitHeader(header, "a control character in a header value")
    return text


_PLAIN: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def _is_plain(text: str) -> bool:
    return "=?" not in text and _PLAIN.fullmatch(text) is not None


def unstructured(name: str, text: str) -> str:
    """Return a whole header line, folded, for a free text such as a subject.

    Raises:
        UnfitHeader: the text may not stand in a header.
    """
    text = checked(name, text)
    if _is_plain(text) and "  " not in text:
        folded = _folded(name, text.split(" "))
        if folded is not None:
            return folded
    return f"{name}: " + "\r\n ".join(_encoded_words(text, len(name) + 2)) + "\r\n"


def _folded(name: str, words: list[str]) -> str | None:
    """Return words on lines of 76 characters, or `None` where one word is too long for that."""
    lines: list[str] = []
    line = f"{name}:"
    for word in words:
        if len(word) > 74:
            return None
        if len(line) + 1 + len(word) > 76 and line != f"{name}:":
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line]) + "\r\n"


def _encoded_words(text: str, used: int = 0) -> list[str]:
    """Return a text as encoded-words of at most 75 characters; none splits a character."""
    raw = text.encode("utf-8")
    words: list[bytes] = []
    room = 45 - 3 * -(-used // 4)  # 45 bytes are 60 letters of base64; the first line has a name in front
    while len(raw) > room:
        end = room
        while raw[end] & 0xC0 == 0x80:  # not in the middle of a character
            end -= 1
        words.append(raw[:end])
        raw, room = raw[end:], 45
    words.append(raw)
    return [f"=?utf-8?b?{b2a_base64(word, newline=False).decode('ascii')}?=" for word in words]


_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def mailbox(header: str, name: str, address: str) -> str:
    """Return a whole header line with one mailbox: its name, quoted or encoded, and its address.

    Raises:
        UnfitHeader: the name may not stand in a header, or the address is none.
    """
    if not is_address(address):
        raise UnfitHeader(header, "not a mailbox")
    name = checked(header, name)
    if not name:
        return f"{header}: {address}\r\n"
    if _is_plain(name) and len(name) < 60:
        if not _ATOMS.fullmatch(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        line = f"{header}: {name} <{address}>"
        return line + "\r\n" if len(line) <= 76 else f"{header}: {name}\r\n <{address}>\r\n"
    words = "\r\n ".join(_encoded_words(name, len(header) + 2))
    return f"{header}: {words}\r\n <{address}>\r\n"


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date(moment: dt.datetime) -> str:
    """Return a Date line.

    >>> date(dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC))
    'Date: Tue, 03 Mar 2026 08:30:00 +0000\\r\\n'
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a mail's date needs a time zone")
    return _date_line(moment.replace(tzinfo=None), int(offset.total_seconds()) // 60)


@lru_cache(maxsize=64)
def _date_line(moment: dt.datetime, minutes: int) -> str:
    """Return the line of a local time; nearly all mails of a wave have the same.

    Aware moments would be a wrong key: the same instant in two zones is equal, and reads differently.
    """
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return (
        f"Date: {_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year} "
        f"{moment:%H:%M:%S} {sign}{minutes // 60:02d}{minutes % 60:02d}\r\n"
    )
