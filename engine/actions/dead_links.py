"""Dead links: every address of every card that a campaign uses, asked once whether it answers.

Cards are text that somebody wrote; a program that fetches whatever stands there can be made to fetch what only it
can reach. So an address is asked only where its host resolves to public addresses, over the very address that was
looked at (a second look-up might answer otherwise), and no redirect is followed.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from engine.content.card import card
from engine.loading.project import Project
from engine.problems import Problem, Say, Span

SECONDS: Final = 8.0
_AGENT: Final = "touchbase-link-check"

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  #: RFC 6052: the last 32 bits are an IPv4 address
_HERE: Final = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96"))
)  #: translated by this network's own rules, to wherever they say (RFC 8215, 4291, 2765)

Opened: TypeAlias = Callable[[str, int], HTTPConnection]


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom this machine trusts: read once, not for each link."""
    return ssl.create_default_context()


class _Pinned(HTTPSConnection):
    """HTTPS to addresses that were looked at, in the name of the host that the link says."""

    def __init__(self, host: str, port: int, addresses: Sequence[str]) -> None:
        super().__init__(host, port, timeout=SECONDS, context=_trusted())
        self.addresses = addresses

    def connect(self) -> None:
        self.sock = _trusted().wrap_socket(self._line(), server_hostname=self.host)

    def _line(self) -> socket.socket:
        *others, last = self.addresses
        for address in others:
            try:
                return socket.create_connection((address, self.port), timeout=SECONDS)
            except OSError:  # a network without IPv6, say
                continue
        return socket.create_connection((last, self.port), timeout=SECONDS)


def public_line(host: str, port: int) -> HTTPConnection:
    """Return a connection to a host of the public network, not opened yet; its addresses in the order that this machine prefers.

    Raises:
        OSError: it has no address, or one that only this machine or this network can reach.
    """
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    if not found or not all(is_public(address) for address in found):
        raise OSError("its host is none of the public network")
    return _Pinned(host, port, found)


def is_public(address: str) -> bool:
    """Return whether an address is one that anybody may ask; of one that carries an IPv4 address, that one.

    >>> [is_public(one) for one in ("192.0.2.1", "127.0.0.1", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "8.8.8.8")]
    [False, False, False, False, False, True]
    >>> [is_public(one) for one in ("64:ff9b::10.1.2.3", "64:ff9b::8.8.8.8", "2002:a01:203::1", "fe80::1%eth0")]
    [False, True, False, False]
    """
    given = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(given, ipaddress.IPv6Address):
        inner = given.ipv4_mapped or given.sixtofour
        if given in _NAT64:
            inner = ipaddress.IPv4Address(int(given) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if any(given in network for network in _HERE):
            return False
    return given.is_global and not given.is_multicast


def dead_links(project: Project, *, line: Opened = public_line) -> list[Problem]:
    """Return a problem for each link of a used card that does not answer, at its line."""
    asked: dict[str, list[Span]] = {}
    for name, file, text in _cards(project):
        found = card(project.files, name)
        for link in () if found is None else found.links.values():
            if link.url.startswith("https:"):
                at = text.find(link.url)
                asked.setdefault(link.url, []).append(Span(file, text.count("\n", 0, max(at, 0)) + 1))
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip(asked, pool.map(lambda url: _wrong(url, line), asked), strict=True))
    return sorted(
        (
            Problem(
                span,
                Say(f"{url} does not answer: {wrong}", f"{url} ne répond pas : {wrong}"),
                Say(
                    "Set the page right, or the link: its material is deposited anew with another one.",
                    "Rétablissez la page, ou le lien : avec un autre, le document est à déposer de nouveau.",
                ),
            )
            for url, wrong in answers.items()
            if wrong is not None
            for span in asked[url]
        ),
        key=lambda problem: problem.span,
    )


def _cards(project: Project) -> Iterable[tuple[str, str, str]]:
    names = {
        str(step.template)
        for campaign in project.campaigns.values()
        for step in campaign.steps.values()
        if getattr(step, "template", None)
    }
    for name in sorted(names):
        file = f"templates/{name}.yaml"
        if file in project.files:
            yield name, file, project.files[file]


def _wrong(url: str, line: Opened) -> str | None:
    """Return what is wrong with an address, or `None`: it answers. A server that knows no HEAD is asked by GET."""
    parts = urlsplit(url)
    where = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    code = 0
    try:
        for method in ("HEAD", "GET"):
            connection = line(parts.hostname or "", parts.port or 443)
            try:
                connection.request(method, where, headers={"User-Agent": _AGENT})
                code = connection.getresponse().status
            finally:
                connection.close()
            if code < 400:
                return None
    except ssl.SSLCertVerificationError as error:
        return f"certificate: {error.verify_message}"
    except TimeoutError:
        return f"no answer in {SECONDS:.0f} s"
    except (OSError, HTTPException, UnicodeError) as error:
        return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:100]
    return str(code)
