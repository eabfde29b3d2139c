"""Uploads received: each in a place and a thread of its own."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from fastapi import Request

from vault import quota
from vault.api.operations import OWN
from vault.api.streams import Body
from vault.errors import Busy, TooLarge
from vault.middleware import announced
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import OVERHEAD_MAX, Upload

T = TypeVar("T")

PLACES_EACH = 4
UPLOAD = (
    *OWN, "cross-site", "bad-upload", "upload-stalled", "duplicate", "too-large", "type-not-taken", "paper-refused",
    "invalid-value", "quota-exceeded", "busy", "store-full", "store-unavailable",
)  # fmt: skip
MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "one paper"},
                        "title": {"type": "string", "examples": ["Giấy khai sinh của An"]},
                        "kind": {"type": "string", "examples": ["birth-certificate"]},
                        "replaces": {
                            "type": "string",
                            "description": "of a newer version: the current one, where that is a poor photograph",
                        },
                    },
                }
            }
        },
    }
}


async def receive(request: Request, services: Services, citizen: Citizen, take: Callable[[Upload], T]) -> T:
    """Runs `take` on the one file of a multipart body, as `with_body` does.

    Raises `TooLarge` from the announced length before a byte is read, and so `QuotaExceeded`.
    """
    limit = services.settings.max_upload_bytes
    length = announced(request.headers)
    if length is None or length > limit + OVERHEAD_MAX:
        raise TooLarge(limit=limit)

    def taken(body: Body) -> T:
        with services.db.read() as session:
            least = max(0, length - OVERHEAD_MAX)
            quota.check(session, citizen.citizen_id, least, services.settings.quota_bytes)
        return take(Upload(request.headers.get("content-type", ""), iter(body), limit))

    return await with_body(request, services, citizen, taken)


async def with_body(request: Request, services: Services, citizen: Citizen, take: Callable[[Body], T]) -> T:
    """Runs `take` on the body in a thread of its own kind, so that slow senders hold up nobody else.

    Raises `Busy` when all places are taken or the citizen holds `PLACES_EACH` of them.
    """
    settings = services.settings
    place = _take_place(services.uploading, citizen.citizen_id)
    try:
        async with Body(request, settings.upload_idle_s, settings.upload_longest_s) as body:
            return await anyio.to_thread.run_sync(take, body, limiter=anyio.CapacityLimiter(1))
    finally:
        services.uploading.release_on_behalf_of(place)


def _take_place(places: anyio.CapacityLimiter, citizen_id: str) -> object:
    """One of the places for uploads; nobody has more than `PLACES_EACH`, so that one cannot keep all others out."""
    held = places.statistics().borrowers
    mine = next(((citizen_id, n) for n in range(PLACES_EACH) if (citizen_id, n) not in held), None)
    if mine is None:
        raise Busy
    try:
        places.acquire_on_behalf_of_nowait(mine)
    except anyio.WouldBlock:
        raise Busy from None
    return mine
