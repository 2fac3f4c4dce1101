"""Links that do not answer are found at their line; nothing but the public network is asked."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine.actions.dead_links import Opened, dead_links, public_line
from engine.loading.project import Project
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


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "::1", "0.0.0.0"])
def test_what_only_this_machine_can_reach_is_never_asked(host: str) -> None:  # SEC25
    with pytest.raises(OSError, match="none of the public network"):
        public_line(host, 443)
