"""The public pages behind the links of mails: click, open, unsubscribe, preferences.

No GET changes what a customer said: scanners follow every link of a mail, ten times. What they leave
are hits, counted as machines' where they look like it.
"""

from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse

from engine.actions.view_mail import view_mail
from engine.content import piece_code, tokens
from engine.content.tokens import Purpose, Token
from engine.model.policy import PROMOTIONAL
from engine.problems import Say
from engine.store import responses
from engine.store.responses import Hit, TouchOfToken
from engine.web.hits import NotRecorded, is_machine
from engine.web.house import House
from engine.web.ways import house_of

router = APIRouter(include_in_schema=False)
Here = Annotated[House, Depends(house_of)]

PIXEL: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent GIF of one point."""

VIEW_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src https: data:; frame-ancestors 'none'; base-uri 'none'"
)

PURPOSES: Final[dict[str, Say]] = {
    "promo_rx": Say("Prescription medicines and vaccines", "Médicaments sur ordonnance et vaccins"),
    "promo_otc": Say("Self-medication and skin care", "Automédication et dermocosmétique"),
    "commercial": Say("Orders and offers for pharmacies", "Commandes et offres pour les officines"),
    "event": Say("Congresses and meetings", "Congrès et réunions"),
    "survey": Say("Surveys", "Enquêtes"),
    "institutional": Say("News of the laboratory", "Actualités du laboratoire"),
}
"""What a customer may choose; mails about safety and answers to questions are not up for choice."""


def token_of(house: House, text: str, purpose: Purpose) -> Token | None:
    return tokens.read([house.app.settings.secret], text, purpose)


@router.api_route("/c/{text}", methods=["GET", "HEAD"])
async def click(house: Here, request: Request, text: str) -> Response:
    """Lead on to where the material's card says; nothing in the request can say another place."""
    token = token_of(house, text, Purpose.CLICK)
    if token is None:
        return house.nowhere(request)
    agent = request.headers.get("user-agent", "")
    try:
        where = await house.hits.keep(token, is_machine=is_machine(agent, request.method))
    except NotRecorded:
        return house.trouble(
            request,
            Say("This does not work right now", "Cela ne marche pas pour l'instant"),
            Say("Please try the link again in a minute.", "Réessayez le lien dans une minute."),
            503,
        )
    if where is None:
        return house.nowhere(request)
    return Response(status_code=302, headers={"Location": where})


@router.api_route("/o/{text}", methods=["GET", "HEAD"])
async def opened(house: Here, request: Request, text: str) -> Response:
    """Return the pixel; a wrong token gets it too, and counts for nothing."""
    token = token_of(house, text, Purpose.OPEN)
    if token is not None:
        agent = request.headers.get("user-agent", "")
        with suppress(NotRecorded):  # a picture that is lost tells nobody anything
            await house.hits.keep(token, is_machine=is_machine(agent, request.method))
    return Response(PIXEL, media_type="image/gif")


@router.api_route("/u/{text}", methods=["GET", "HEAD"])
def ask_unsubscribe(house: Here, request: Request, text: str) -> Response:
    """Ask whether to unsubscribe; change nothing."""
    if token_of(house, text, Purpose.UNSUBSCRIBE) is None:
        return house.nowhere(request)
    return house.page(request, "unsubscribe.html", is_done=False)


@router.post("/u/{text}")
async def unsubscribe(house: Here, request: Request, text: str) -> Response:
    """Unsubscribe at once: from our own page, or by a mail program's one click (RFC 8058).

    It stops every promotional purpose on this channel, not this campaign's alone: whoever says stop
    means us. The preferences page lets them choose more finely. It is in the database before the 200.
    """
    token = token_of(house, text, Purpose.UNSUBSCRIBE)
    if token is None:
        return house.nowhere(request)
    form = await _form(request)
    is_one_click = form.get("List-Unsubscribe") == "One-Click"
    if not is_one_click and form.get("act") != "unsubscribe":
        return house.trouble(
            request,
            Say("Nothing was changed", "Rien n'a été modifié"),
            Say("Use the button on the page.", "Utilisez le bouton de la page."),
            400,
        )

    def stop() -> bool:
        with house.database() as connection:
            touch = responses.touch_of_token(connection, token.touch, token.customer)
            if touch is None:
                return False
            proof = f"touch {token.touch}, {'one click' if is_one_click else 'page'}"
            responses.stop_contact(connection, touch, stopped(touch), at=house.app.now(), proof=proof)
            return True

    if not await run_in_threadpool(stop):
        return house.nowhere(request)
    return house.page(request, "unsubscribe.html", is_done=True)


def stopped(touch: TouchOfToken) -> list[str]:
    """Return the purposes that an unsubscription from a touch stops."""
    own = [touch.purpose] if touch.purpose else []
    return sorted({*PROMOTIONAL, *own})


@router.api_route("/p/{text}", methods=["GET", "HEAD"])
def preferences(house: Here, request: Request, text: str) -> Response:
    """Show what the customer gets by this channel; change nothing."""
    token = token_of(house, text, Purpose.PREFERENCES)
    if token is None:
        return house.nowhere(request)
    with house.database() as connection:
        touch = responses.touch_of_token(connection, token.touch, token.customer)
        if touch is None:
            return house.nowhere(request)
        blocked = responses.blocked_purposes(connection, touch.customer, touch.channel)
    return _preferences(house, request, blocked, is_saved=False)


@router.post("/p/{text}")
async def choose(house: Here, request: Request, text: str) -> Response:
    """Keep what the customer chose: every purpose that is offered and not ticked is a no."""
    token = token_of(house, text, Purpose.PREFERENCES)
    if token is None:
        return house.nowhere(request)
    form = await _form(request)
    if form.get("act") != "choose":
        return house.trouble(
            request,
            Say("Nothing was changed", "Rien n'a été modifié"),
            Say("Use the button on the page.", "Utilisez le bouton de la page."),
            400,
        )
    wanted = {str(value) for value in form.getlist("want")} & set(PURPOSES)

    def save() -> set[str] | None:
        with house.database() as connection, connection.transaction():
            touch = responses.touch_of_token(connection, token.touch, token.customer)
            if touch is None:
                return None
            now, proof = house.app.now(), f"touch {token.touch}, preferences page"
            responses.stop_contact(connection, touch, sorted(set(PURPOSES) - wanted), at=now, proof=proof)
            responses.allow_contact(connection, touch, sorted(wanted), at=now, proof=proof)
            return responses.blocked_purposes(connection, touch.customer, touch.channel)

    blocked = await run_in_threadpool(save)
    if blocked is None:
        return house.nowhere(request)
    held = bool(wanted & (set(PURPOSES) if "*" in blocked else blocked))
    return _preferences(house, request, blocked, is_saved=True, is_held=held)


def _preferences(
    house: House, request: Request, blocked: set[str], *, is_saved: bool, is_held: bool = False
) -> Response:
    return house.page(
        request,
        "preferences.html",
        purposes=PURPOSES,
        blocked=set(PURPOSES) if "*" in blocked else blocked,
        is_saved=is_saved,
        is_held=is_held,
    )


@router.get("/v/{text}")
def view(house: Here, request: Request, text: str) -> Response:
    """Show the mail in the browser, in a sandbox: its links work, nothing else does."""
    token = token_of(house, text, Purpose.VIEW)
    if token is None:
        return house.nowhere(request)
    with house.database() as connection:
        touch = responses.touch_of_token(connection, token.touch, token.customer)
        html = (
            None if touch is None else view_mail(connection, touch, house.app.channels, now=house.app.now())
        )
    if html is None:
        return house.nowhere(request)
    return HTMLResponse(html, headers={"Content-Security-Policy": VIEW_POLICY})


@router.get("/l/{code}")
def letter(house: Here, request: Request, code: str) -> Response:
    """Show the page behind the code of a letter, scanned or typed: the offer, where to go, how to say no."""
    return _letter(house, request, code, stop=False)


@router.post("/l/{code}")
async def letter_answer(house: Here, request: Request, code: str) -> Response:
    """Stop letters, for whoever holds the letter's code."""
    form = await _form(request)
    return await run_in_threadpool(_letter, house, request, code, stop=form.get("act") == "stop")


def _letter(house: House, request: Request, code: str, *, stop: bool) -> Response:
    touch_id = piece_code.read(house.app.settings.secret, code)
    now = house.app.now()
    with house.database() as connection:
        touch = None if touch_id is None else responses.touch_by_id(connection, touch_id)
        if touch is None or touch.definition_sha is None or touch.campaign is None or touch.step is None:
            return house.nowhere(request)
        definition = house.definition(connection, touch.definition_sha, touch.campaign)
        cell = definition.campaign.cells.get(touch.cell or "")
        if stop:
            responses.stop_contact(
                connection, touch, stopped(touch), at=now, proof=f"touch {touch.touch}, letter code"
            )
        else:
            seen = is_machine(request.headers.get("user-agent", ""), request.method)
            kind = "click_suspect" if seen else "click"
            responses.record_hits(connection, [Hit(touch.touch, touch.customer, kind, now, "letter")], now)
        links = house.targets(connection, touch)
    return house.page(
        request,
        "letter.html",
        title=definition.campaign.title,
        company=definition.policy.company,
        offer=None if cell is None else cell.offer,
        links=links,
        is_stopped=stop,
    )


async def _form(request: Request) -> FormData:
    """Return the form, empty where the body is none."""
    from starlette.exceptions import HTTPException

    try:
        return await request.form(max_files=0, max_fields=50, max_part_size=4096)
    except HTTPException:
        return FormData()
