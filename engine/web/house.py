"""What all pages share: the engine, the pool, how a page is rendered, how a problem is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from engine.actions import report_words
from engine.actions.pinned import Definition, pinned
from engine.actions.report_page import slot_in_words
from engine.app import App
from engine.content.card import card
from engine.content.links import with_utm
from engine.problems import DatabaseUnavailable, EngineError, Language, Say
from engine.rules import figures
from engine.store.database import Connection, pool
from engine.store.responses import TouchOfToken
from engine.web.hits import Recorder, Target

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

NOWHERE: Final = (
    Say("This link leads nowhere", "Ce lien ne mène nulle part"),
    Say(
        "It may be incomplete, or too old. You can close this page.",
        "Il est peut-être incomplet, ou trop ancien. Vous pouvez fermer cette page.",
    ),
)


class House:
    """The engine as the pages see it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.pages = Environment(
            loader=PackageLoader("engine.web", "pages"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pool: ConnectionPool[Connection] | None = None
        self.hits = Recorder(self.database, app.now, self.targets)
        self._links: dict[tuple[str, str], Sequence[Target]] = {}  # a pinned definition never changes

    def open(self) -> None:
        """Bring the schema up to date and start what works beside the pages."""
        with self.app.database("web"):
            pass
        self._pool = pool(self.app.database_url, purpose="web")
        self._pool.open()
        self.hits.start()

    def close(self) -> None:
        self.hits.stop()
        if self._pool is not None:
            self._pool.close()

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """Lend a connection.

        Raises:
            DatabaseUnavailable: none is to be had.
        """
        from psycopg import InterfaceError, OperationalError
        from psycopg_pool import PoolTimeout

        assert self._pool is not None  # opened with the application
        try:
            with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, OperationalError, InterfaceError) as error:
            raise DatabaseUnavailable(
                Say("The database does not answer.", "La base de données ne répond pas."),
                Say("Try again in a minute.", "Réessayez dans une minute."),
            ) from error

    def definition(self, connection: Connection, sha: str, campaign: str) -> Definition:
        return pinned(connection, sha, campaign, self.app.channels)

    def targets(self, connection: Connection, touch: TouchOfToken) -> Sequence[Target]:
        """Return the links of a touch's material, in the order of its card: the run's pinned card, not today's."""
        if touch.definition_sha is None or touch.campaign is None or touch.step is None:
            return ()
        key = (touch.definition_sha, touch.step)
        if key not in self._links:
            definition = self.definition(connection, touch.definition_sha, touch.campaign)
            template = getattr(definition.campaign.steps.get(touch.step), "template", None)
            material = card(definition.files, template) if template else None
            links = () if material is None else material.links.values()
            campaign = definition.campaign
            self._links[key] = [(link.label, with_utm(link.url, campaign, touch.step)) for link in links]
        return self._links[key]

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Return a rendered page in the reader's language."""
        language = language_of(request)
        text = self.pages.get_template(template).render(
            lang=language,
            t=lambda fr, en: fr if language == "fr" else en,
            n=partial(figures.number, language=language),
            eur=partial(figures.euros, language=language),
            day=partial(figures.day, language=language),
            slot=partial(slot_in_words, language=language),
            word=lambda words, key: report_words.word(getattr(report_words, words), key, language),
            why=lambda key: report_words.reason(key, language),
            **values,
        )
        return HTMLResponse(text, status, headers)

    def trouble(self, request: Request, what: Say, remedy: Say | None, status: int) -> HTMLResponse:
        """Return a page that says what is wrong and what to do; never what was asked for."""
        return self.page(request, "trouble.html", status=status, what=what, remedy=remedy)

    def nowhere(self, request: Request) -> HTMLResponse:
        """Return the one answer to every wrong link, whatever is wrong with it."""
        return self.trouble(request, *NOWHERE, 404)

    def failed(self, request: Request, error: EngineError) -> HTMLResponse:
        return self.trouble(
            request, error.what, error.remedy, 503 if isinstance(error, DatabaseUnavailable) else 404
        )


def language_of(request: Request) -> Language:
    """Return English where the browser prefers it, French otherwise: our customers' language."""
    wanted = request.headers.get("accept-language", "")
    for part in wanted.split(","):
        name = part.split(";")[0].strip().lower()
        if name.startswith("fr"):
            return "fr"
        if name.startswith("en"):
            return "en"
    return "fr"


def stylesheet() -> bytes:
    """Return the one stylesheet of all pages."""
    return (files("engine.web") / "static" / "site.css").read_bytes()
