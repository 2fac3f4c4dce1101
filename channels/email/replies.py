"""What an SMTP server answers, read strictly: anything odd is garbage, never a guess.

Source: RFC 5321 section 4.2 (replies), RFC 2034 (enhanced codes).
"""

import re
from typing import Final, NamedTuple

LONGEST_LINE: Final = 2_048  #: bytes; RFC 5321 allows 512, servers write more
MOST_LINES: Final = 100

_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_WHOLE: Final = re.compile(rb"(?:[0-9]{3} [^\r\n]{0,%d}\r\n)+" % (LONGEST_LINE - 4))
"""Whole replies of one line each, as nearly all are: checked at once instead of line by line."""


class Garbage(Exception):
    """The other side says something that is no reply."""


class Reply(NamedTuple):
    code: int
    raw: bytes  #: the text of its lines

    @property
    def text(self) -> str:
        """Return what was said, fit for the history: one line, no address in it."""
        said = _UNPRINTABLE.sub(" ", self.raw[:400].decode("latin-1"))
        return f"{self.code} {_ADDRESS.sub('...', said)}".strip()[:200]

    @property
    def enhanced(self) -> str | None:
        match = _ENHANCED.match(self.raw[:20].decode("latin-1"))
        return None if match is None else match[1]


class Replies:
    """Cuts a stream of bytes into replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def is_empty(self) -> bool:
        """Nothing was read that is not yet part of a whole reply."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are whole now.

        Raises:
            Garbage: not a reply; nothing that follows on this connection can be trusted.
        """
        if not self._rest and not self._lines and _WHOLE.fullmatch(data):
            return [Reply(int(line[:3]), line[4:]) for line in data.split(b"\r\n")[:-1]]
        lines = (self._rest + data).split(b"\r\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            raise Garbage("a line without an end")
        found: list[Reply] = []
        for line in lines:
            code, mark = line[:3], line[3:4]
            if (
                len(line) > LONGEST_LINE
                or len(code) != 3
                or not code.isdigit()
                or mark not in (b" ", b"-", b"")
                or b"\n" in line
                or b"\r" in line
                or (self._lines and code != self._code)
                or len(self._lines) >= MOST_LINES
            ):
                raise Garbage("a line that is no reply")
            self._lines.append(line[4:])
            self._code = code
            if mark != b"-":
                found.append(Reply(int(code), b"\n".join(self._lines)))
                self._lines = []
        return found
