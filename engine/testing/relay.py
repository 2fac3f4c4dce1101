"""A relay that misbehaves on purpose, and a ledger of what it truly accepted: the sender's auditor.

Shares no code with the sender. When it decides to accept a mail it appends a line to its ledger
*before* it answers, so whatever then happens to the answer, the ledger knows. What it does with each
mail is drawn from a seed and the mail's Message-ID and attempt: the same trial twice is the same.

    accepted <message-id> <recipient> <sha256 of the mail>
    unsaid <message-id> <kind>         whatever it was, nobody told the sender: the bound of what it may not know
"""

import hashlib
import os
import random
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_MESSAGE_ID: Final = re.compile(rb"^message-id:\s*<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong; shares between 0 and 1, each drawn on its own."""

    banner_4xx: float = 0.0
    cut_at_banner: float = 0.0  #: the connection dies; so below, at each stage before a body
    cut_at_ehlo: float = 0.0
    cut_at_mail: float = 0.0
    cut_at_rcpt: float = 0.0
    cut_at_data: float = 0.0
    garbage_before: float = 0.0  #: nonsense instead of an answer to RCPT
    rcpt_4xx: float = 0.0
    rcpt_5xx: float = 0.0
    data_4xx: float = 0.0
    dot_4xx: float = 0.0
    dot_5xx: float = 0.0
    lost_reply: float = 0.0  #: accepted, and the connection dies before the answer
    dropped: float = 0.0  #: not accepted, and the connection dies after the dot
    cut_in_body: float = 0.0  #: the connection dies while the body is read
    garbage: float = 0.0  #: accepted, and answered with nonsense
    garbage_not_taken: float = 0.0  #: not accepted, and answered with nonsense
    slow: float = 0.0  #: accepted, and answered late
    slow_seconds: float = 0.05
    quit_421: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """What to answer, stage by stage, instead of the usual: for the matrix of dialogues.

    `stage` is one of banner, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, body, dot, after, QUIT; `act` is
    `close`, `reset`, `stall`, `drip`, or the bytes to answer. It acts on mail number `nth` (from 1) only.
    """

    stage: str
    act: bytes | str
    nth: int = 1
    accepts: bool = False  #: at the dot: whether the mail counts as accepted


@dataclass(frozen=True, slots=True)
class Entry:
    message_id: str
    recipient: str
    sha256: str


def entries(ledger: Path) -> list[Entry]:
    """Return what a ledger says was accepted, in order; a mail accepted twice stands there twice."""
    if not ledger.exists():
        return []
    found = []
    for line in ledger.read_text(encoding="ascii").splitlines():
        verb, *words = line.split(" ")
        if verb == "accepted" and len(words) == 3:
            found.append(Entry(*words))
    return found


def unsaid(ledger: Path) -> Counter[str]:
    """Return how often an answer to a dot was lost or was nonsense, by kind."""
    if not ledger.exists():
        return Counter()
    lines = (line.split(" ") for line in ledger.read_text(encoding="ascii").splitlines())
    return Counter(words[2] for words in lines if words[0] == "unsaid" and len(words) == 3)


def twice(ledger: Path) -> dict[str, int]:
    """Return the Message-IDs that were accepted more than once, and how often: to be empty."""
    counted = Counter(entry.message_id for entry in entries(ledger))
    return {name: count for name, count in counted.items() if count > 1}


@dataclass(slots=True)
class FaultRelay:
    """An SMTP server for tests; a context manager. Any number of connections at once."""

    ledger: Path
    faults: Faults = field(default_factory=Faults)
    script: Script | None = None
    seed: int = 0
    pipelining: bool = True
    extensions: tuple[str, ...] = ()
    port: int = 0
    tls: ssl.SSLContext | None = None  #: offers STARTTLS with it
    behind_starttls: bytes = b""  #: plain text sent right behind the 220: what a man in the middle would do
    stall_seconds: float = 30.0
    seen: list[bytes] = field(default_factory=list)  #: the accepted mails, if `keep`
    keep: bool = False
    commands: list[bytes] = field(default_factory=list)  #: every command line it read
    _listening: socket.socket | None = field(default=None, init=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _lines: list[socket.socket] = field(default_factory=list, init=False)
    _attempts: Counter[str] = field(default_factory=Counter, init=False)
    _mails: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __enter__(self) -> "FaultRelay":
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept wakes up
            self._listening.close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def hang_up(self) -> None:
        """Cut every connection that is open, wherever its talk is."""
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _serve(self, line: socket.socket) -> None:
        self._lines.append(line)
        talk = _Session(self, line)
        with line, suppress(OSError, _Gone):
            talk.run()

    def _record(self, mail: bytes, recipient: bytes, message_id: str) -> None:
        """Append one line, whole, before anybody is told."""
        digest = hashlib.sha256(mail).hexdigest()
        self._write(f"accepted {message_id} {recipient.decode('ascii', 'replace')} {digest}\n")
        if self.keep:
            self.seen.append(mail)

    def _write(self, text: str) -> None:
        descriptor = os.open(self.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, text.encode("ascii", "replace"))
        finally:
            os.close(descriptor)

    def _drawn(self, key: str) -> Mapping[str, bool]:
        """Return which faults befall the next attempt of a mail, by its Message-ID or recipient."""
        with self._lock:
            self._attempts[key] += 1
            attempt = self._attempts[key]
        drawn = random.Random(f"{self.seed}:{key}:{attempt}")
        names = [name for name in Faults.__slots__ if name != "slow_seconds"]
        return {name: drawn.random() < float(getattr(self.faults, name)) for name in names}

    def _number(self) -> int:
        with self._lock:
            self._mails += 1
            return self._mails


def _goes_on(act: bytes | str) -> bool:
    """Return whether a scripted answer to DATA invites the mail."""
    return isinstance(act, str) or act.startswith(b"354")


class _Gone(Exception):
    """The connection is over."""


class _Session:
    """One connection."""

    def __init__(self, relay: FaultRelay, line: socket.socket) -> None:
        self._relay, self._line = relay, line
        self._rest = b""
        self._nth = 0
        self._recipient: bytes | None = None
        self._sender: bytes | None = None

    def _cut(self, stage: str, key: bytes) -> None:
        """Let the connection die here, if that is what was drawn."""
        fault = f"cut_at_{stage}"
        if (
            getattr(self._relay.faults, fault)
            and self._relay._drawn(f"{stage}:{key.decode('ascii', 'replace')}")[fault]
        ):
            raise _Gone

    def run(self) -> None:
        self._cut("banner", b"")
        if self._relay.faults.banner_4xx and self._relay._drawn("banner 421")["banner_4xx"]:
            self._line.sendall(b"421 4.3.2 too many of you\r\n")
            return
        self._answer("banner", b"220 relay.example ESMTP\r\n")
        acts: dict[bytes, Callable[[bytes], None]] = {
            b"EHLO": self._ehlo,
            b"HELO": lambda _: self._answer("EHLO", b"250 relay.example\r\n"),
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"AUTH": lambda _: self._answer("AUTH", b"235 2.7.0 welcome\r\n"),
            b"RSET": self._rset,
            b"STAR": self._starttls,
            b"NOOP": lambda _: self._answer("NOOP", b"250 2.0.0 ok\r\n"),
        }
        for command in self._commands():
            self._relay.commands.append(command)
            verb = command[:4].upper()
            if verb == b"QUIT":
                refuse = self._relay._drawn("quit")["quit_421"]
                self._answer("QUIT", b"421 4.3.2 no\r\n" if refuse else b"221 2.0.0 bye\r\n")
                return
            act = acts.get(verb)
            if act is None:
                self._answer("?", b"502 5.5.2 unknown\r\n")
            else:
                act(command)

    def _commands(self) -> Iterator[bytes]:
        while True:
            end = self._rest.find(b"\r\n")
            if end >= 0:
                command, self._rest = self._rest[:end], self._rest[end + 2 :]
                yield command
            elif not self._more():
                return

    def _more(self) -> bool:
        data = self._line.recv(65_536)
        self._rest += data
        return bool(data)

    def _answer(self, stage: str, usual: bytes) -> None:
        script = self._relay.script
        if script is None or script.stage != stage or (self._nth or 1) != script.nth:
            self._line.sendall(usual)
            return
        self._act(script.act)

    def _act(self, act: bytes | str) -> None:
        match act:
            case bytes():
                self._line.sendall(act)
            case "close":
                raise _Gone
            case "reset":
                # SO_LINGER with zero seconds: the kernel answers with RST.
                self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                raise _Gone
            case "stall":
                self._relay._stopped.wait(self._relay.stall_seconds)
                raise _Gone
            case _ if act.startswith("drip:"):
                for letter in act.removeprefix("drip:").encode() + b"\r\n":
                    self._line.sendall(bytes([letter]))
                    time.sleep(0.005)
            case _:
                raise ValueError(f"no such act: {act}")

    def _ehlo(self, command: bytes) -> None:
        relay = self._relay
        self._cut("ehlo", b"")
        encrypts = relay.tls is not None and not isinstance(self._line, ssl.SSLSocket)
        offers = ["relay.example", *relay.extensions]
        offers += ["PIPELINING"] * relay.pipelining + ["STARTTLS"] * encrypts
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        self._answer("EHLO", "".join(f"{line}\r\n" for line in lines).encode("ascii"))

    def _starttls(self, _: bytes) -> None:
        if self._relay.tls is None:
            self._answer("STARTTLS", b"502 5.5.1 no\r\n")
            return
        self._answer("STARTTLS", b"220 2.0.0 go on\r\n" + self._relay.behind_starttls)
        self._line = self._relay.tls.wrap_socket(self._line, server_side=True)
        self._rest = b""

    def _mail(self, command: bytes) -> None:
        self._nth = self._relay._number()
        self._cut("mail", command)
        if self._sender is not None:
            self._line.sendall(b"503 5.5.1 nested MAIL command\r\n")
            return
        self._sender, self._recipient = None if self._refuses("MAIL") else command, None
        self._answer("MAIL", b"250 2.1.0 ok\r\n")

    def _refuses(self, stage: str) -> bool:
        script = self._relay.script
        return (
            script is not None
            and (script.stage, script.nth) == (stage, self._nth)
            and isinstance(script.act, bytes)
            and script.act[:1] in (b"4", b"5")
        )

    def _rcpt(self, command: bytes) -> None:
        match = re.match(rb"RCPT TO:<([^>]+)>", command, re.IGNORECASE)
        if self._sender is None or match is None:
            self._line.sendall(b"503 5.5.1 need MAIL\r\n")
            return
        self._cut("rcpt", match[1])
        drawn = self._relay._drawn("rcpt:" + match[1].decode("ascii", "replace"))
        if drawn["garbage_before"]:
            self._line.sendall(b"\xfe\xffwhat do you mean\r\n")
        elif drawn["rcpt_4xx"]:
            self._line.sendall(b"451 4.7.1 greylisted\r\n")
        elif drawn["rcpt_5xx"]:
            self._line.sendall(b"550 5.1.1 <%b>: no such mailbox\r\n" % match[1])
        else:
            if not self._refuses("RCPT"):
                self._recipient = match[1]
            self._answer("RCPT", b"250 2.1.5 ok\r\n")

    def _rset(self, _: bytes) -> None:
        self._sender = self._recipient = None
        self._answer("RSET", b"250 2.0.0 ok\r\n")

    def _data(self, _: bytes) -> None:
        recipient = self._recipient
        if recipient is None:
            self._line.sendall(b"554 5.5.1 no valid recipients\r\n")
            return
        self._cut("data", recipient)
        if self._relay._drawn("data:" + recipient.decode("ascii", "replace"))["data_4xx"]:
            self._line.sendall(b"451 4.3.0 not now\r\n")
            return
        script = self._relay.script
        scripted = script is not None and script.nth == self._nth
        self._answer("DATA", b"354 go on\r\n")
        if scripted and script is not None and script.stage == "DATA" and not _goes_on(script.act):
            return
        mail = self._read_body(scripted and script is not None and script.stage == "body")
        self._sender = self._recipient = None
        match = _MESSAGE_ID.search(mail)
        message_id = match[1].decode("ascii", "replace") if match else "none"
        drawn = self._relay._drawn("dot:" + message_id)
        if drawn["cut_in_body"] or drawn["dropped"]:
            self._relay._write(f"unsaid {message_id} dropped\n")
            raise _Gone
        if drawn["garbage_not_taken"]:
            self._relay._write(f"unsaid {message_id} garbage\n")
            self._line.sendall(b"\xff\xfe what\r\n")
            return
        if scripted and script is not None and script.stage in ("dot", "after"):
            if script.accepts:
                self._relay._record(mail, recipient, message_id)
            if script.stage == "dot":
                self._act(script.act)
            else:
                self._line.sendall(b"250 2.0.0 ok\r\n")
                self._act(script.act)
            return
        if drawn["dot_4xx"]:
            self._line.sendall(b"451 4.3.0 not now\r\n")
            return
        if drawn["dot_5xx"]:
            self._line.sendall(b"550 5.6.0 not that\r\n")
            return
        self._relay._record(mail, recipient, message_id)
        if drawn["lost_reply"]:
            self._relay._write(f"unsaid {message_id} lost\n")
            raise _Gone
        if drawn["garbage"]:
            self._relay._write(f"unsaid {message_id} garbage\n")
            self._line.sendall(b"\xff\xfe what\r\n")
            return
        if drawn["slow"]:
            time.sleep(self._relay.faults.slow_seconds)
        self._line.sendall(b"250 2.0.0 ok\r\n")

    def _read_body(self, acts: bool) -> bytes:
        """Return a mail as its sender meant it, without the stuffed dots."""
        if acts and self._relay.script is not None:
            if not self._rest:
                self._more()
            self._act(self._relay.script.act)
        if not self._rest and not self._more():
            raise _Gone
        read, searched = bytearray(self._rest), 0
        while not read.startswith(b".\r\n") and read.find(b"\r\n.\r\n", searched) < 0:
            searched = max(len(read) - 4, 0)
            data = self._line.recv(262_144)
            if not data:
                raise _Gone
            read += data
        if read.startswith(b".\r\n"):
            self._rest = bytes(read[3:])
            return b""
        mail, _, self._rest = bytes(read).partition(b"\r\n.\r\n")
        return (mail + b"\r\n").replace(b"\r\n..", b"\r\n.")
