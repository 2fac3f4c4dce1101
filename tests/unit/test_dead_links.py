"""Links that do not answer are found at their line; nothing but the public network is asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine.actions.dead_links import Opened, dead_links, public_line
from engine.loading.project import Project
from engine.model.material import Link
from tests.channels.email.world import CARD, step


class Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        codes = {"/commande": 200, "/moved": 302, "/get-only": 405}
        self.send_response(codes.get(self.path, 404))
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/get-only" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def line() -> Iterator[Opened]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda host, port: HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    server.shutdown()
    server.server_close()


def project(path: str) -> Project:
    from types import SimpleNamespace

    campaign: object = SimpleNamespace(steps={"announce": step()})
    card = CARD.replace("/commande", path)
    files = {"templates/dermapharm/announce.yaml": card}
    return Project(Path(), {"c": campaign}, None, None, {}, files, {})  # type: ignore[arg-type, dict-item]


@pytest.mark.parametrize("path", ["/commande", "/moved", "/get-only"])
def test_a_link_that_answers_is_no_problem(line: Opened, path: str) -> None:
    assert dead_links(project(path), line=line) == []


def test_a_page_that_is_gone_is_told_at_the_line_of_its_link(line: Opened) -> None:
    (problem,) = dead_links(project("/ancienne"), line=line)

    assert (problem.span.file, problem.span.line) == ("templates/dermapharm/announce.yaml", 10)
    assert problem.what.en == "https://direct.armorial.example/ancienne does not answer: 404"


def test_a_server_that_is_away_is_told() -> None:
    def away(host: str, port: int) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", 9, timeout=2)

    (problem,) = dead_links(project("/commande"), line=away)

    assert "refused" in problem.what.en


HIDDEN = [
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "2002:a00:1::1",
    "::ffff:10.0.0.1",
    "::ffff:0:10.0.0.1",
    "::10.0.0.1",
    "fe80::1",
]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "::1", "0.0.0.0", *HIDDEN]
)
def test_what_only_this_machine_can_reach_is_never_asked(host: str) -> None:  # SEC25
    with pytest.raises(OSError, match="none of the public network"):
        public_line(host, 443)


def test_an_address_that_cannot_be_reached_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolved(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(10, 1, 6, "", ("2a00::1", port, 0, 0)), (2, 1, 6, "", ("8.8.4.4", port))]

    def opened(where: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(where[0])
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", opened)

    with pytest.raises(OSError, match="unreachable"):
        public_line("direct.armorial.example", 443).connect()

    assert asked == ["2a00::1", "8.8.4.4"]


def test_whom_this_machine_trusts_is_read_once_for_all_links(monkeypatch: pytest.MonkeyPatch) -> None:
    public_line("8.8.4.4", 443)
    monkeypatch.setattr(ssl, "create_default_context", lambda: pytest.fail("read again"))

    public_line("8.8.8.8", 443)


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_a_port_that_is_none_is_refused_in_the_card_and_asked_of_nobody(port: str) -> None:
    url = f"https://direct.armorial.example:{port}/commande"

    with pytest.raises(ValueError, match="not an address a mail may link to"):
        Link(label="order", url=url)

    text = CARD.replace("https://direct.armorial.example/commande", url)
    files = {"templates/dermapharm/announce.yaml": text}
    assert dead_links(replace(project("/commande"), files=files), line=lambda *_: pytest.fail("asked")) == []
