"""What stands in front of every page: who may ask for it, and what the browser is told.

Pages come in two kinds. The public ones answer links in mails and letters, and the reps' inbox. The
internal ones show the house; they answer this machine only: the peer and the name that was asked for
must both be it. Whoever puts them behind a proxy puts a sign-in there too, and forwards the peer.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC: Final = ("/c/", "/o/", "/u/", "/p/", "/v/", "/l/", "/rep", "/static/", "/health")
"""What a stranger may ask for. Everything else is the house's own."""

LINKS: Final = ("/c/", "/o/", "/u/", "/p/", "/v/", "/l/", "/rep/in/")
"""Pages whose address is a secret of its own."""

SIGNED: Final = ("/u/", "/p/", "/l/")
"""Where a POST needs no origin: its own signed link is the proof, and a mail program has no origin (RFC 8058)."""

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)

_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_LARGEST: Final = 64 * 1024  # bytes of a form
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class Guards:
    """Answers what must not pass, and adds the security headers to what does."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        answer = self._no(scope)
        if answer is not None:
            await answer(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        headers.setdefault("Content-Security-Policy", POLICY)
        headers["X-Content-Type-Options"] = "nosniff"
        # The address of a link page is a key; it goes nowhere. On the others our own forms need to say
        # where they come from: under no-referrer a browser's Origin is "null".
        headers["Referrer-Policy"] = "no-referrer" if is_under(path, LINKS) else "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cache-Control", "no-store")
        if self._is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000"

    def _no(self, scope: Scope) -> PlainTextResponse | None:
        path, headers = str(scope["path"]), Headers(scope=scope)
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if not is_under(path, PUBLIC):
            client = scope.get("client")
            peer = str(client[0]) if client else ""
            if peer not in _HERE or host not in _HERE:
                return PlainTextResponse("Not Found", 404)
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length) > _LARGEST:
            return PlainTextResponse("Too large", 413)
        if is_under(path, SIGNED):
            return None
        if not headers.get("content-type", "").startswith(_FORMS) or not _is_same_origin(headers):
            return PlainTextResponse("Forbidden", 403)
        return None


def is_under(path: str, prefixes: Iterable[str]) -> bool:
    """Return whether a path is one of the places, or below one."""
    return any(
        path == prefix.rstrip("/") or path.startswith(prefix if prefix.endswith("/") else prefix + "/")
        for prefix in prefixes
    )


def _is_same_origin(headers: Headers) -> bool:
    """Return whether the browser says that a form comes from one of our own pages.

    Every browser of today sends one of the two headers with a POST; whoever sends neither is none.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
