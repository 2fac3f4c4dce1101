"""The pages over a small run, asked by a browser on this machine and by strangers."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from engine.app import App, Settings
from engine.content import tokens
from engine.content.tokens import Purpose
from engine.model.written import CustomerId, TouchId
from engine.store.database import Connection
from engine.testing.small_run import FILES, START, SmallRun
from engine.web.site import create

SECRET = b"sixteen bytes and more"
NOW = START + dt.timedelta(days=4)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def small(database: Connection) -> SmallRun:
    return SmallRun(database)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> App:
    policy = tmp_path / "campaigns" / "policy.yaml"
    policy.parent.mkdir()
    policy.write_text(FILES["campaigns/policy.yaml"], encoding="utf-8")
    settings = Settings(
        root=tmp_path,
        folder=tmp_path / ".touchbase",
        database_url=database_url,
        smtp_url=None,
        base_url="http://127.0.0.1:8600",
        language="fr",
        actor="test",
        secret=SECRET,
    )
    return App(settings, lambda: NOW)


@pytest.fixture
def site(app: App) -> FastAPI:
    return create(app)


@pytest.fixture
def here(site: FastAPI, small: SmallRun) -> Iterator[TestClient]:
    """A browser on this machine."""
    with TestClient(
        site,
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
        headers={"user-agent": FIREFOX},
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:
        yield client


@pytest.fixture
def stranger(site: FastAPI, here: TestClient) -> TestClient:
    """A browser somewhere else; the house is open because `here` is."""
    return TestClient(
        site,
        base_url="http://touchbase.example",
        client=("203.0.113.9", 50000),
        headers={"user-agent": FIREFOX},
        follow_redirects=False,
        raise_server_exceptions=False,
    )


class Links:
    """The links of the small run's mails."""

    def __init__(self, small: SmallRun) -> None:
        self._small = small

    def path(self, purpose: Purpose, number: int, link: int = 0) -> str:
        """Return the path of a link in the announcement to a pharmacy."""
        from engine.content.links import PATHS

        touch = TouchId(self._small.touches[number, "announce"])
        customer = CustomerId(self._small.customer(number))
        return PATHS[purpose] + tokens.make(SECRET, purpose, touch, customer, link)

    def letter(self, number: int) -> str:
        """Return the path of the code on the letter to a pharmacy."""
        from engine.content import piece_code

        return "/l/" + piece_code.make(SECRET, TouchId(self._small.touches[number, "letter"]))


@pytest.fixture
def links(small: SmallRun) -> Links:
    return Links(small)
