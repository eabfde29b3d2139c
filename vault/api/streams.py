"""Papers over HTTP: bodies that arrive piece by piece, answers that leave by range."""

import asyncio
import base64
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol, Self
from urllib.parse import quote

from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from ocr import Place
from storage.errors import BlobMissing
from vault import tiles
from vault.channels import Channel
from vault.errors import NotFound, NotReadYet, RangeNotSatisfiable, ReleaseEnded, UploadStalled
from vault.tiles import StoredSheet

READ_AHEAD = 2 * 1024 * 1024
"""Bytes of a body that wait in memory for the thread that seals them."""
STANDS_EVERY = 4 * 1024 * 1024
"""A stream asks again whether its grant stands before each so many bytes more."""
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of everything that came from outside: opened in a browser it may run nothing and reach nothing."""


class Content(Protocol):
    """Bytes that can be sent from anywhere; `size` of them."""

    size: int

    def stream(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Those from `offset` on, in blocks."""


STRAIGHT = "docvault.straight"
"""Where the state of a scope holds the `Straight` of its request, if the server has any."""


class Straight(Protocol):
    """What the server does beyond ASGI: bytes of the body go to `sink` as they arrive, without a message for each.

    `sink` tells whether there is room for more; where there is not, nothing is read until `resume`.
    """

    sink: Callable[[bytes], bool] | None

    def resume(self) -> None:
        """To be called on the event loop."""


class Body:
    """A request's body, read ahead on the event loop for the worker thread that takes it.

    The reader meets `UploadStalled` after `idle_s` of silence, or when the whole takes longer than `longest_s` (a byte
    now and then must not hold a place for ever), and `ClientDisconnect` where the line breaks.
    """

    def __init__(self, request: Request, idle_s: int, longest_s: int) -> None:
        self._request, self._idle_s, self._longest_s = request, idle_s, longest_s
        self._loop, self._room = asyncio.get_running_loop(), asyncio.Event()
        self._channel = Channel(READ_AHEAD, self._make_room)
        self._straight: Straight | None = request.scope.get("state", {}).get(STRAIGHT)

    async def __aenter__(self) -> Self:
        self._heard = self._loop.time()
        self._ends = self._heard + self._longest_s
        if self._straight is not None:
            self._straight.sink = self._take
        self._reading = asyncio.create_task(self._read())
        self._watch()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._alarm.cancel()
        if self._straight is not None:
            self._straight.sink = None
        self.stop()
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._channel)

    def stop(self) -> None:
        """Reads no more; may be called from any thread. The reader still gets what has arrived."""
        self._channel.end(ClientDisconnect())

    async def _read(self) -> None:
        try:
            async for chunk in self._request.stream():
                self._room.clear()
                if chunk and not self._take(chunk):
                    await self._room.wait()
                    self._heard = self._loop.time()
            self._channel.end()
        except Exception as error:
            self._channel.end(error)

    def _take(self, chunk: bytes) -> bool:
        """Whether there is room for more."""
        self._heard = self._loop.time()
        return self._channel.push(chunk) or self._channel.over

    def _watch(self) -> None:
        """Rings when the time would be up, and again as long as something was heard: no timer for each chunk."""
        now = self._loop.time()
        waiting = not self._channel.full  # for the sender, not for the disk
        left = min(self._heard + self._idle_s, self._ends) - now if waiting else self._idle_s
        if left <= 0:
            self._channel.end(UploadStalled())
        else:
            self._alarm = self._loop.call_later(left, self._watch)

    def _make_room(self) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        self._room.set()
        if self._straight is not None:
            self._straight.resume()


def tile_response(sheet: StoredSheet, place: Place) -> Response:
    """One tile of a page. Raises `NotFound` for a place that it does not have, `NotReadYet` when its tiles are gone."""
    try:
        return Response(sheet.tile(place), media_type=tiles.MEDIA_TYPE, headers=GUARDS)
    except ValueError:
        raise NotFound from None
    except BlobMissing:
        raise NotReadYet from None


def paper_response(
    request: Request,
    reader: Content,
    *,
    media_type: str,
    etag: str,
    file_name: str,
    sha256: bytes | None = None,
    attachment: bool = False,
    stands: Callable[[], bool] | None = None,
) -> Response:
    """The whole of it, or the one asked range (RFC 9110 section 14; several ranges are answered whole).

    Raises `RangeNotSatisfiable`. Everything sent has been authenticated chunk by chunk; a damaged chunk ends the
    answer before its announced length, so that nobody takes it for whole. So does `stands`, asked every few mebibytes,
    when it says no.
    """
    common = dict(GUARDS) | {
        "Accept-Ranges": "bytes",
        "ETag": f'"{etag}"',
        "Content-Disposition": disposition(file_name, attachment=attachment),
    }
    if sha256 is not None:
        common["Repr-Digest"] = f"sha-256=:{base64.b64encode(sha256).decode()}:"  # RFC 9530 section 3
    if _has_it(request, common["ETag"]):
        return Response(status_code=304, headers=common)
    found = asked_range(request, common["ETag"], reader.size)
    start, end = found or (0, reader.size)
    common["Content-Length"] = str(end - start)
    if found:
        common["Content-Range"] = f"bytes {start}-{end - 1}/{reader.size}"
    status = 206 if found else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=common, media_type=media_type)
    chunks = reader.stream(start, end - start)
    if stands is not None:
        chunks = _while_it_stands(chunks, stands)
    return StreamingResponse(chunks, status_code=status, headers=common, media_type=media_type)


def _while_it_stands(chunks: Iterator[bytes], stands: Callable[[], bool]) -> Iterator[bytes]:
    """Raises `ReleaseEnded` in the middle: the connection breaks off, as it does for a damaged chunk."""
    unasked = 0
    for chunk in chunks:
        if unasked + len(chunk) > STANDS_EVERY:
            unasked = 0
            if not stands():
                raise ReleaseEnded
        unasked += len(chunk)
        yield chunk


def _has_it(request: Request, etag: str) -> bool:
    """`If-None-Match` names this very version (RFC 9110 section 13.1.2: a list, compared weakly)."""
    named = request.headers.get("if-none-match", "").split(",")
    return bool({tag.strip().removeprefix("W/") for tag in named} & {etag, "*"})


def asked_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the one range that was asked; None means: answer whole."""
    if request.method != "GET":  # no other method has ranges (RFC 9110 section 14.2)
        return None
    asked = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if asked is None or request.headers.get("if-range", etag) != etag or asked[0] == "bytes=-":
        return None
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - int(last)), size
        if int(last) == 0:
            raise RangeNotSatisfiable(size=size)
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeNotSatisfiable(size=size)
    return start, end


def disposition(file_name: str, *, attachment: bool = False) -> str:
    """`Content-Disposition` with a plain fallback and the full name in UTF-8 (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", file_name) or "document"
    kind = "attachment" if attachment else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
