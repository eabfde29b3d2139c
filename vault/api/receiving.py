"""Uploads received: each in a place and a thread of its own."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from fastapi import Request

from vault.api.operations import OWN
from vault.api.streams import body_chunks
from vault.errors import Busy, TooLarge
from vault.middleware import announced
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import OVERHEAD_MAX, Upload

T = TypeVar("T")

PLACES_EACH = 4
UPLOAD = (
    *OWN, "cross-site", "bad-upload", "upload-stalled", "duplicate", "too-large", "type-not-taken", "paper-refused",
    "invalid-value", "busy", "store-full", "store-unavailable",
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
                    },
                }
            }
        },
    }
}


async def receive(request: Request, services: Services, citizen: Citizen, take: Callable[[Upload], T]) -> T:
    """Runs `take` on the upload in a thread of its own kind, so that slow senders hold up nobody else.

    Raises `TooLarge` from the announced length before a byte is read, `Busy` when all places are taken or the citizen
    holds `PLACES_EACH` of them.
    """
    limit = services.settings.max_upload_bytes
    length = announced(request.headers)
    if length is None or length > limit + OVERHEAD_MAX:
        raise TooLarge(limit=limit)
    place = _take_place(services.uploading, citizen.citizen_id)
    try:
        chunks = body_chunks(request, services.settings.upload_idle_s, services.settings.upload_longest_s)
        upload = Upload(request.headers.get("content-type", ""), chunks, limit)
        return await anyio.to_thread.run_sync(take, upload, limiter=anyio.CapacityLimiter(1))
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
