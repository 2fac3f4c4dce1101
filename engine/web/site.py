"""The web application: public pages behind links, the reps' inbox, the internal console, the JSON interface."""

import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from engine.app import App, open_app
from engine.problems import DatabaseUnavailable, EngineError, Say
from engine.web import api, console, inbox, tracking
from engine.web.guards import Guards
from engine.web.house import House, stylesheet

log = logging.getLogger("touchbase.web")


def create(app: App) -> FastAPI:
    """Return the pages of an engine."""
    house = House(app)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        house.open()
        try:
            yield
        finally:
            house.close()

    site = FastAPI(
        title="Touchbase",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # the two pages load scripts from a public CDN
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    site.state.house = house
    for room in (tracking, inbox, console, api):
        site.include_router(room.router)

    @site.get("/static/site.css", include_in_schema=False)
    def style() -> Response:
        return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @site.get("/health", include_in_schema=False)
    def health() -> JSONResponse:
        with house.database() as connection:
            connection.execute("SELECT 1")
        return JSONResponse({"status": "ok"})

    @site.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        # FastAPI's own answer repeats what was sent: an address, for one. Ours says where and why only.
        wrong = [{"where": [str(part) for part in one["loc"]], "why": one["type"]} for one in error.errors()]
        if request.url.path.startswith("/api/"):
            return JSONResponse({"problems": wrong}, 422)
        return house.trouble(
            request,
            Say("The form is not complete", "Le formulaire n'est pas complet"),
            Say("Go back and check the fields.", "Revenez en arrière et vérifiez les champs."),
            422,
        )

    @site.exception_handler(EngineError)
    async def problem(request: Request, error: EngineError) -> Response:
        if request.url.path.startswith("/api/"):
            status = 503 if isinstance(error, DatabaseUnavailable) else 404
            return JSONResponse({"problem": str(error.what)}, status)
        return house.failed(request, error)

    @site.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse(
                {"problem": "not found" if error.status_code == 404 else "refused"}, error.status_code
            )
        if error.status_code == 404:
            return house.nowhere(request)
        return house.trouble(
            request, Say("This cannot be done here", "Ceci n'est pas possible ici"), None, error.status_code
        )

    @site.exception_handler(Exception)
    async def slip(request: Request, error: Exception) -> Response:
        place = traceback.extract_tb(error.__traceback__)[
            -1
        ]  # where, and what kind: its text may hold a name
        log.error("%s at %s:%s in %s", type(error).__name__, place.filename, place.lineno, place.name)
        return house.trouble(
            request,
            Say("Something went wrong on our side", "Quelque chose n'a pas marché de notre côté"),
            Say(
                "Nothing was changed by this page. Try again.",
                "Rien n'a été modifié par cette page. Réessayez.",
            ),
            500,
        )

    site.add_middleware(Guards, is_https=app.settings.base_url.startswith("https:"))
    return site


def site() -> FastAPI:
    """Return the pages of the engine that the environment describes: `uvicorn --factory engine.web.site:site`."""
    return create(open_app())
