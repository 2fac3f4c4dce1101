"""The relay that takes our mails: its address, and how a connection to it is opened.

    smtp://host:25 · smtp://user:password@host:587?starttls=require · smtps://user:password@host:465

STARTTLS is a decision, never an offer: where it is required and missing, nothing is sent. A name and
password go over TLS only, or to this very machine.
"""

import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from channels.email.replies import Garbage, Replies, Reply
from engine.problems import ChannelUnavailable, Say, UsageError

CONNECT_SECONDS: Final = 30.0
GREETING_SECONDS: Final = 300.0
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Relay:
    """An SMTP server as the settings say it."""

    host: str
    port: int
    tls: str = "no"  #: no | starttls | always
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    connections: int = 4
    pipelining: bool = True  #: false: never, even if the server offers it
    name: str = "localhost"  #: what we call ourselves in EHLO

    @classmethod
    def from_urls(cls, urls: str) -> tuple[Self, ...]:
        """Return the relays that TOUCHBASE_SMTP_URL says: the first, and those that step in for it, by blanks apart.

        Raises:
            UsageError: it says none, or would send a password in the clear.
        """
        return tuple(cls.from_url(url) for url in urls.split()) or (cls.from_url(urls),)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the relay that TOUCHBASE_SMTP_URL says.

        Raises:
            UsageError: it says none, or would send a password in the clear.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            given = (
                {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
                if parts.query
                else {}
            )
            connections = int(given.pop("connections", "4"))
            pipelining = given.pop("pipelining", "yes") == "yes"
            name = given.pop("name", "localhost")
        except ValueError:
            raise _no_relay() from None
        starttls = given.pop("starttls", "require" if parts.username else "no")
        if (
            parts.scheme not in ("smtp", "smtps")
            or not parts.hostname
            or given
            or starttls not in ("require", "no")
            or not 1 <= connections <= 64
            or any(letter in name for letter in " \r\n")
        ):
            raise _no_relay()
        tls = "always" if parts.scheme == "smtps" else "starttls" if starttls == "require" else "no"
        if parts.username and tls == "no" and parts.hostname not in _LOCAL:
            raise UsageError(
                Say(
                    "TOUCHBASE_SMTP_URL would send its password unencrypted.",
                    "TOUCHBASE_SMTP_URL enverrait son mot de passe en clair.",
                ),
                Say("Use smtps://, or drop starttls=no.", "Employez smtps://, ou retirez starttls=no."),
            )
        return cls(
            parts.hostname,
            port or (465 if tls == "always" else 587 if parts.username else 25),
            tls,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password or "") if parts.username else None,
            connections,
            pipelining,
            name,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _no_relay() -> UsageError:
    return UsageError(
        Say(
            "TOUCHBASE_SMTP_URL is no address of a relay.",
            "TOUCHBASE_SMTP_URL n'est pas l'adresse d'un relais.",
        ),
        Say(
            "Write smtp://host:25, smtp://user:password@host:587?starttls=require or smtps://user:password@host. "
            "Options: connections=1..64, pipelining=yes|no, name=our.host.name.",
            "Écrivez smtp://hôte:25, smtp://nom:motdepasse@hôte:587?starttls=require ou smtps://nom:motdepasse@hôte. "
            "Options : connections=1..64, pipelining=yes|no, name=notre.nom.",
        ),
    )


@dataclass(slots=True)
class Opened:
    """A connection that is ready for its first mail."""

    socket: socket.socket
    pipelining: bool


def opened(relay: Relay, *, trust: ssl.SSLContext | None = None) -> Opened:
    """Return a connection to the relay, greeted, encrypted and signed in.

    Raises:
        ChannelUnavailable: it does not answer, refuses us, or would not encrypt. Nothing was sent.
    """
    try:
        line = socket.create_connection((relay.host, relay.port), timeout=CONNECT_SECONDS)
    except OSError as error:
        raise _unavailable(
            relay, f"cannot be reached ({_said(error)})", f"est injoignable ({_said(error)})"
        ) from None
    try:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if relay.tls == "always":
            line = _encrypted(line, relay, trust)
        talk = _Talk(line)
        _wanted(talk.reply(GREETING_SECONDS), 220, relay, "the greeting")
        offers = _greeted(talk, relay)
        if relay.tls == "starttls":
            if "STARTTLS" not in offers:
                raise _unavailable(relay, "no longer offers STARTTLS", "n'offre plus STARTTLS")
            talk.write(b"STARTTLS\r\n")
            _wanted(talk.reply(), 220, relay, "STARTTLS")
            if not talk.replies.is_empty:
                raise Garbage("plain text behind STARTTLS")  # somebody in between would speak for the server
            line = _encrypted(line, relay, trust)
            talk = _Talk(line)
            offers = _greeted(talk, relay)
        if relay.user is not None:
            _sign_in(talk, relay, offers)
        line.setblocking(False)
        return Opened(line, relay.pipelining and "PIPELINING" in offers)
    except ChannelUnavailable:
        line.close()
        raise
    except (OSError, Garbage) as error:
        line.close()
        raise _unavailable(
            relay, f"does not talk as a relay ({_said(error)})", f"ne répond pas en relais ({_said(error)})"
        ) from None


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate: " + error.verify_message
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:120]


def _unavailable(relay: Relay, en: str, fr: str) -> ChannelUnavailable:
    return ChannelUnavailable(
        Say(f"The mail relay {relay} {en}.", f"Le relais de messagerie {relay} {fr}."),
        Say(
            "Nothing is lost: what had no receipt is ready again. Sending goes on when the relay is back.",
            "Rien n'est perdu : ce qui est sans accusé est de nouveau prêt. L'envoi reprendra avec le relais.",
        ),
    )


def _wanted(reply: Reply, code: int, relay: Relay, stage: str) -> None:
    if reply.code != code:
        raise _unavailable(relay, f"answers {stage} with: {reply.text}", f"répond à {stage} : {reply.text}")


def _encrypted(line: socket.socket, relay: Relay, trust: ssl.SSLContext | None) -> socket.socket:
    context = trust or ssl.create_default_context()
    return context.wrap_socket(line, server_hostname=relay.host)


def _greeted(talk: "_Talk", relay: Relay) -> set[str]:
    """Return what the server offers, as words: PIPELINING, STARTTLS, 'AUTH PLAIN LOGIN'."""
    talk.write(f"EHLO {relay.name}\r\n".encode("ascii", "replace"))
    reply = talk.reply()
    if reply.code in (500, 502, 504):
        talk.write(f"HELO {relay.name}\r\n".encode("ascii", "replace"))
        _wanted(talk.reply(), 250, relay, "HELO")
        return set()
    _wanted(reply, 250, relay, "EHLO")
    return {line.decode("ascii", "replace").strip().upper() for line in reply.raw.split(b"\n")[1:]}


def _sign_in(talk: "_Talk", relay: Relay, offers: set[str]) -> None:
    ways = {way for offer in offers if offer.startswith(("AUTH ", "AUTH=")) for way in offer[5:].split()}
    user, password = (relay.user or "").encode(), (relay.password or "").encode()
    if "PLAIN" in ways:
        talk.write(b"AUTH PLAIN " + b64encode(b"\0" + user + b"\0" + password) + b"\r\n")
    elif "LOGIN" in ways:
        talk.write(b"AUTH LOGIN\r\n")
        _wanted(talk.reply(), 334, relay, "AUTH")
        talk.write(b64encode(user) + b"\r\n")
        _wanted(talk.reply(), 334, relay, "AUTH")
        talk.write(b64encode(password) + b"\r\n")
    else:
        raise _unavailable(
            relay, "offers no way to sign in that we know", "n'offre aucune identification connue"
        )
    _wanted(talk.reply(), 235, relay, "AUTH")


class _Talk:
    """Question and answer before the first mail, one at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.replies = Replies()
        self._waiting: list[Reply] = []

    def write(self, command: bytes) -> None:
        self._line.sendall(command)

    def reply(self, seconds: float = GREETING_SECONDS) -> Reply:
        self._line.settimeout(seconds)
        while not self._waiting:
            data = self._line.recv(4096)
            if not data:
                raise Garbage("the connection was closed")
            self._waiting += self.replies.feed(data)
        reply = self._waiting.pop(0)
        if self._waiting:
            raise Garbage("more answers than questions")
        return reply
