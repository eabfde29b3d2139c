"""What holds for every request: nothing unsafe across sites, no endless bodies, headers that keep browsers in line.

And that it is counted and said, by the template of its route.
"""

import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import perf_counter
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vault import logs
from vault.errors import CrossSite, TooLarge, VaultError
from vault.metrics import METHODS, OTHER, Metrics

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
BODY_MAX = 1024 * 1024
LENGTH_DIGITS = 18
TUS_VERSION = "1.0.0"
OVERRIDES = frozenset({"PATCH", "DELETE"})

REQUEST_ID = "X-Request-ID"
NAMED = "docvault.request_id"
"""Where a request's own id is kept in its scope."""
PROBES = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds, so that only a refusal is worth a line."""
BROKEN_OFF = 500

log = logging.getLogger(__name__)

Answer = Callable[[Request, VaultError], Response]
IsUpload = Callable[[str, str], bool]

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
}


class Observed:
    """Counts each answer and says it in a line; gives each request an id, which its answer and its lines carry."""

    def __init__(self, app: ASGIApp, template: Callable[[Scope], str], metrics: Metrics) -> None:
        self._app, self._template, self._metrics = app, template, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), BROKEN_OFF

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id(scope)
            await send(message)

        with logs.about(request_id(scope)):
            try:
                await self._app(scope, receive, with_id)
            except Exception:
                status = BROKEN_OFF
                raise
            finally:
                self._say(scope, status, perf_counter() - began)

    def _say(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = self._template(scope), scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.answered(route, method, status, seconds)
        if route in PROBES and status < BROKEN_OFF:
            return
        line = {"route": route, "method": method, "status": status, "duration_ms": round(seconds * 1000, 1)}
        log.info("request", extra=line)


def request_id(scope: Scope) -> str:
    """The id that a trusted proxy gave (see `vault.commands.serving`), else one made here."""
    return str(scope.setdefault(NAMED, uuid4().hex))


class SameSite:
    """Refuses unsafe requests that another site made the browser send (W3C Fetch Metadata; else Origin = our host).

    Programs send neither header; they hold no ambient cookie, so nothing can be forged through them.
    """

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE and not same_site(Headers(scope=scope)):
            await self._answer(Request(scope), CrossSite())(scope, receive, send)
            return
        await self._app(scope, receive, send)


def same_site(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or _netloc(origin) == headers.get("host")


def plain_address(text: str) -> IPv4Address | IPv6Address:
    """One of IPv4 as such, where a socket of both sorts tells it within IPv6 (RFC 4291 section 2.5.5.2).

    Raises ValueError.
    """
    found = ip_address(text)
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def announced(headers: Headers) -> int | None:
    """Bytes of the body as announced, 0 where nothing is; None for what is no length (RFC 9110 section 8.6)."""
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LENGTH_DIGITS else None


class BodyLimit:
    """At most `BODY_MAX` bytes of body, except where a route takes uploads and counts by itself."""

    def __init__(self, app: ASGIApp, answer: Answer, uploads: IsUpload) -> None:
        self._app, self._answer, self._is_upload = app, answer, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_upload(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        length = announced(Headers(scope=scope))
        if length is None or length > BODY_MAX:
            await self._answer(Request(scope), TooLarge(limit=BODY_MAX))(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


class Tus:
    """What holds for every request of tus 1.0.0: the version in each answer, and methods that a proxy would not pass.

    `X-HTTP-Method-Override` is read from a POST alone, so that what looks harmless stays harmless.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return

        async def with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = TUS_VERSION
            await send(message)

        meant = Headers(scope=scope).get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and meant in OVERRIDES:
            scope = {**scope, "method": meant}
        await self._app(scope, receive, with_version)


class StandardHeaders:
    """Adds the standard headers where an answer does not set its own."""

    def __init__(self, app: ASGIApp, *, over_tls: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if over_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _netloc(origin: str) -> str | None:
    """Host and port of an origin; None for what is no address, and for the opaque `null`."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _counted(receive: Receive) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_MAX:
            raise TooLarge(limit=BODY_MAX)
        return message

    return counted
