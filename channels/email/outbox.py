"""The local outbox: the relay of an installation that has none. What was sent stands in a folder.

It is a real SMTP server on a port of this machine, so nothing on the way to it is different from the
real thing; it only keeps what others would pass on. One file a mail, written aside and renamed, so a
reader never sees half of one, and any number of processes may each have their own outbox on one folder.
"""

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_binary_file, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Final

from channels.email.relay import Relay

LARGEST: Final = 32 * 1024 * 1024  #: bytes of one mail
_ADDRESS: Final = re.compile(rb"(MAIL FROM|RCPT TO):\s*<([^<>\s]*)>", re.IGNORECASE)
_NAME: Final = re.compile(r"^[0-9]{19,20}-[0-9]+-[0-9]+$")


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the outbox page."""

    id: str
    at_ns: int  #: when it arrived, in nanoseconds since 1970
    from_: str
    to: str
    subject: str
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail of the outbox, parsed."""

    id: str
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    envelope_from: str
    envelope_to: str
    attachments: tuple[str, ...] = field(default=())


def mails(folder: Path, *, limit: int = 200, after: str | None = None) -> list[Summary]:
    """Return the mails of an outbox, newest first; `after` is the id behind which to go on.

    Args:
        folder: `.touchbase/outbox`; one that does not exist holds no mail.
    """
    found: list[Summary] = []
    for name in _names(folder):
        if after is not None and name >= after:
            continue
        try:
            with (folder / f"{name}.eml").open("rb") as file:
                head = file.read(16_384)
            size = (folder / f"{name}.eml").stat().st_size
        except OSError:
            continue
        said = BytesHeaderParser(policy=policy.default).parsebytes(head.partition(b"\r\n\r\n")[0])
        found.append(
            Summary(
                name, int(name.split("-")[0]), str(said["from"]), str(said["to"]), str(said["subject"]), size
            )
        )
        if len(found) == limit:
            break
    return found


def how_many(folder: Path) -> int:
    """Return how many mails an outbox holds."""
    return len(_names(folder))


def mail(folder: Path, id_: str) -> Kept | None:
    """Return one mail, or `None`: there is none of that id."""
    if not _NAME.match(id_):
        return None
    try:
        with (folder / f"{id_}.eml").open("rb") as file:
            parsed = message_from_binary_file(file, policy=policy.default)
    except OSError:
        return None
    assert isinstance(parsed, EmailMessage)
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    lines = [(name, str(value)) for name, value in parsed.items()]
    return Kept(
        id_,
        tuple(line for line in lines if line[0] not in ("X-Envelope-From", "X-Envelope-To")),
        None if html is None else html.get_content(),
        None if text is None else text.get_content(),
        str(parsed["X-Envelope-From"] or ""),
        str(parsed["X-Envelope-To"] or ""),
        tuple(part.get_filename() or "?" for part in parsed.iter_attachments()),
    )


def _names(folder: Path) -> list[str]:
    try:
        names = [entry.name[:-4] for entry in os.scandir(folder) if entry.name.endswith(".eml")]
    except OSError:
        return []
    return sorted(filter(_NAME.match, names), reverse=True)


class Outbox:
    """An SMTP server of this process that keeps what it is given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._listening: socket.socket | None = None

    def relay(self) -> Relay:
        """Return how to reach it; it starts to listen when it is first asked."""
        if self._listening is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
            threading.Thread(target=self._serve, args=(self._listening,), daemon=True, name="outbox").start()
        host, port = self._listening.getsockname()[:2]
        return Relay(host, port)

    def close(self) -> None:
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept wakes up
            self._listening.close()
            self._listening = None

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True, name="outbox-line").start()

    def _talk(self, line: socket.socket) -> None:
        with line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for answer in self._answers(line):
                    line.sendall(answer)
            except OSError:
                return

    def _answers(self, line: socket.socket) -> Iterator[bytes]:
        """Yield what to answer; answers to commands that came together go out together."""
        yield b"220 outbox ESMTP\r\n"
        rest, answers = b"", b""
        sender, recipient = b"", b""
        while True:
            end = rest.find(b"\r\n")
            if end < 0:
                if answers:
                    yield answers
                    answers = b""
                data = line.recv(262_144)
                if not data or len(rest) > 4096:
                    return
                rest += data
                continue
            command, rest = rest[:end], rest[end + 2 :]
            verb = command[:4].upper()
            match = _ADDRESS.match(command)
            if verb == b"EHLO":
                answers += b"250-outbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
            elif verb in (b"HELO", b"NOOP"):
                answers += b"250 outbox\r\n"
            elif verb == b"RSET":
                sender = recipient = b""
                answers += b"250 2.0.0 ok\r\n"
            elif verb == b"QUIT":
                yield answers + b"221 2.0.0 bye\r\n"
                return
            elif match is not None and verb == b"MAIL":
                sender, recipient = match[2] or b"<>", b""
                answers += b"250 2.1.0 ok\r\n"
            elif match is not None and verb == b"RCPT" and sender:
                recipient = match[2]
                answers += b"250 2.1.5 ok\r\n"
            elif verb == b"DATA" and recipient:
                yield answers + b"354 go on\r\n"
                body, rest = self._body(line, rest)
                if body is None:
                    return
                answers = self._keep(body, sender, recipient)
                sender = recipient = b""
            else:
                answers += b"503 5.5.1 not now\r\n"

    def _body(self, line: socket.socket, rest: bytes) -> tuple[bytes | None, bytes]:
        """Return a mail's bytes and what came behind its dot; `None` if it never ended."""
        pieces, size = bytearray(rest), len(rest)
        searched = 0
        while True:
            if pieces.startswith(b".\r\n"):
                return b"", bytes(pieces[3:])
            end = pieces.find(b"\r\n.\r\n", searched)
            if end >= 0:
                return bytes(pieces[: end + 2]).replace(b"\r\n..", b"\r\n."), bytes(pieces[end + 5 :])
            searched = max(len(pieces) - 4, 0)
            data = line.recv(262_144)
            size += len(data)
            if not data or size > LARGEST:
                return None, b""
            pieces += data

    def _keep(self, body: bytes, sender: bytes, recipient: bytes) -> bytes:
        # The outbox stands for a relay somewhere else, and has the time of its own machine as one would.
        name = f"{time_ns():019d}-{os.getpid()}-{next(self._numbers)}"
        aside = self._folder / f".{name}.part"
        try:
            aside.write_bytes(
                b"X-Envelope-From: <%b>\r\nX-Envelope-To: <%b>\r\n%b" % (sender.strip(b"<>"), recipient, body)
            )
            aside.rename(self._folder / f"{name}.eml")
        except OSError as error:
            aside.unlink(missing_ok=True)
            return b"452 4.3.1 cannot keep it: %b\r\n" % (error.strerror or "?").encode("ascii", "replace")
        return b"250 2.0.0 kept as %b\r\n" % name.encode()
