"""Papers that arrive in parts, by tus 1.0.0 (https://tus.io/protocols/resumable-upload): docs/formats/uploads.md."""

import logging
import time
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from storage.errors import StorageError
from vault.api.operations import OWN
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import UPLOAD, with_body
from vault.api.shapes import UploadList, UploadOut, refusals, upload_out
from vault.api.streams import Body
from vault.errors import (
    BadUpload,
    Busy,
    Duplicate,
    NotFound,
    NotOffsetStream,
    TusVersion,
    UploadLocked,
    UploadStalled,
)
from vault.middleware import LENGTH_DIGITS, TUS_VERSION, announced
from vault.principals import Citizen
from vault.resumable import metadata, parts, rows, sending
from vault.resumable.rows import State
from vault.resumable.sending import Sent
from vault.services import Services

PREFIX = "/api/uploads"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
ALGORITHMS = "sha256"
STREAM = "application/offset+octet-stream"
QUALITY = "Docvault-Quality"
"""Only for a photograph with which something is wrong: codes, with commas between them."""
SETTLED_S = 6.0
"""How long somebody who asks waits for a request that is still at work: longer than a dead one's lease."""
ASK_EVERY_S = 0.2

UploadId = Annotated[str, Path(max_length=36, description="id of the upload")]
Keep = Annotated[str | None, Query(pattern="^keep$", description="`keep`: take it although it is there already")]
MINE = (*OWN, "tus-version", "not-found")
SENDING = (*UPLOAD, "uploads-open", "upload-elsewhere", "upload-locked", "checksum-differs", "tus-version",
           "not-offset-stream", "not-found", "in-bin")  # fmt: skip

FINISHING = tuple(code for code in SENDING if code != "cross-site")
STANDS: dict[int | str, dict[str, Any]] = {200: {"description": "`Upload-Offset` says where", "content": {"*/*": {}}}}

log = logging.getLogger(__name__)
router = APIRouter(prefix=PREFIX, tags=["uploads"])


def spoken(request: Request, citizen: CitizenDep) -> Citizen:
    """The citizen, who speaks this version of tus. Raises `TusVersion`."""
    if request.headers.get("tus-resumable") != TUS_VERSION:
        raise TusVersion
    return citizen


SpeakerDep = Annotated[Citizen, Depends(spoken)]


@router.options("", status_code=204, summary="What of tus is spoken", responses=refusals("bad-request"))
def options(response: Response, services: ServicesDep) -> None:
    response.headers.update(
        {
            "Tus-Version": TUS_VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(services.settings.max_upload_bytes),
            "Tus-Checksum-Algorithm": ALGORITHMS,
        }
    )


@router.options("/{upload_id}", status_code=204, summary="The same", responses=refusals("invalid-value"))
def options_of_upload(upload_id: UploadId, response: Response, services: ServicesDep) -> None:
    options(response, services)


@router.post(
    "",
    status_code=201,
    summary="Begin an upload in parts",
    description=(
        "`Upload-Length` is needed; `Upload-Metadata` may hold filename, title, kind, document (the paper that this is "
        "a newer version of), replaces (the version of that paper, a poor photograph, whose place it takes) and "
        "duplicate (`keep`). The first bytes may come along."
    ),
    responses=refusals(*SENDING),
)
async def create(request: Request, response: Response, citizen: SpeakerDep, services: ServicesDep) -> UploadOut:
    length, with_bytes = _length(request), _has_body(request)
    said = request.headers.get(metadata.HEADER, "")
    state = await run_in_threadpool(rows.begin, services, citizen, length, said)
    if with_bytes:
        state = await _first_bytes(request, services, citizen, state)
    response.headers.update(_headers(state) | {"Location": f"{PREFIX}/{state.id}"})
    return upload_out(state)


@router.get("", summary="Uploads that are not finished", responses=refusals(*OWN))
def list_uploads(citizen: CitizenDep, services: ServicesDep) -> UploadList:
    return UploadList(uploads=[upload_out(state) for state, _ in rows.shown(services, citizen)])


@router.get("/{upload_id}", summary="What became of an upload", responses=refusals(*OWN, "not-found"))
def get(upload_id: UploadId, citizen: CitizenDep, services: ServicesDep) -> UploadOut:
    return upload_out(rows.look(services, citizen, upload_id))


@router.head(
    "/{upload_id}",
    summary="Where an upload stands",
    description=(
        "A request that is still sending to it gives way. Where all bytes are there and the paper is not, because "
        "something broke at the end, this puts it into the wallet and can give every answer of the last `PATCH`."
    ),
    response_class=Response,
    responses=STANDS | refusals(*FINISHING),
)
async def where(upload_id: UploadId, citizen: SpeakerDep, services: ServicesDep, request: Request) -> Response:
    state = await _settled(services, citizen, upload_id)
    if state.received == state.length and not state.done:
        try:
            state = await _send(request, services, citizen, upload_id, state.received, None)
        except Busy:
            raise UploadLocked from None  # clients take any other 5xx here for an upload that is lost
    said = {metadata.HEADER: state.metadata} if state.metadata else {}
    return Response(headers=_headers(state) | {"Upload-Length": str(state.length)} | said)


@router.patch(
    "/{upload_id}",
    status_code=204,
    summary="Send bytes",
    description=(
        "With the last byte the upload becomes a paper, whose address is in `Docvault-Document`; where it is a poor "
        "photograph, `Docvault-Quality` says what is wrong, as codes. A duplicate's bytes "
        "are kept: send nothing, with `duplicate=keep`, to have it as well."
    ),
    responses=refusals(*SENDING),
)
async def send(
    upload_id: UploadId,
    request: Request,
    response: Response,
    citizen: SpeakerDep,
    services: ServicesDep,
    duplicate: Keep = None,
) -> None:
    if request.headers.get("content-type") != STREAM:
        raise NotOffsetStream
    offset = _number(request.headers.get("upload-offset"), "offset-needed")
    state = await _send(request, services, citizen, upload_id, offset, duplicate)
    response.headers.update(_headers(state))


@router.delete(
    "/{upload_id}",
    status_code=204,
    summary="Take an upload back",
    description="Whatever has arrived of it is destroyed. One that has become a paper is only forgotten.",
    responses=refusals(*MINE, "upload-locked"),
)
def terminate(upload_id: UploadId, citizen: SpeakerDep, services: ServicesDep) -> None:
    parts.remove(services.blobs, rows.terminate(services, citizen, upload_id))


class _Kept:
    """A body that ends where it breaks off: what has arrived counts. `why` says what happened."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.why: Exception | None = None

    def stop(self) -> None:
        """Somebody else asks for the upload."""
        self.why = UploadLocked()
        self._body.stop()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except (ClientDisconnect, UploadStalled) as error:
            self.why = self.why or error


async def _send(
    request: Request, services: Services, citizen: Citizen, upload_id: str, offset: int, duplicate: str | None
) -> State:
    length = None if "transfer-encoding" in request.headers else announced(request.headers)
    named = request.headers.get("upload-checksum")
    sha256 = sending.checksum(named) if named is not None else None

    def take(body: Body) -> State:
        kept = _Kept(body)
        sent = Sent(offset, kept, announced=length, sha256=sha256, keep_duplicate=duplicate is not None)
        state = sending.send(services, citizen, upload_id, sent)
        if kept.why is not None and not state.done:
            raise kept.why
        return state

    return await with_body(request, services, citizen, take)


async def _first_bytes(request: Request, services: Services, citizen: Citizen, state: State) -> State:
    """Those that came with the creation. Its sender has no address to go on at unless this succeeds."""
    try:
        return await _send(request, services, citizen, state.id, 0, None)
    except Duplicate as error:
        raise Duplicate(**error.values, upload=f"{PREFIX}/{state.id}") from None
    except BaseException:  # whatever it was, a line that broke and a stop of the server too
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(_forget, services, citizen, state.id)
        raise


def _forget(services: Services, citizen: Citizen, upload_id: str) -> None:
    try:
        parts.remove(services.blobs, rows.terminate(services, citizen, upload_id))
    except (NotFound, UploadLocked):  # refused, and gone already, or somebody found it in the list and goes on with it
        return
    except (SQLAlchemyError, StorageError) as failed:
        log.warning("an upload that nobody knows of was left to be swept", exc_info=failed)


async def _settled(services: Services, citizen: Citizen, upload_id: str) -> State:
    """The upload once nobody is at work on it. Raises `UploadLocked` when that takes too long."""
    ends = time.monotonic() + SETTLED_S
    while (state := await run_in_threadpool(rows.look, services, citizen, upload_id, ask=True)).held:
        if time.monotonic() > ends:
            raise UploadLocked
        await anyio.sleep(ASK_EVERY_S)
    return state


def _headers(state: State) -> dict[str, str]:
    common = {"Upload-Offset": str(state.received), "Upload-Expires": format_datetime(state.expires_at, usegmt=True)}
    if state.document_id is None:
        return common
    found = {"Docvault-Document": f"/api/documents/{state.document_id}", "Docvault-Version": str(state.version_id)}
    poor = {QUALITY: ", ".join(state.quality)} if state.quality else {}
    return common | found | poor


def _has_body(request: Request) -> bool:
    """Whether bytes come along, of the one type that they may have. Raises `NotOffsetStream`."""
    if "transfer-encoding" not in request.headers and not announced(request.headers):
        return False
    if request.headers.get("content-type") != STREAM:
        raise NotOffsetStream
    return True


def _length(request: Request) -> int:
    return _number(request.headers.get("upload-length"), "length-needed")


def _number(text: str | None, reason: str) -> int:
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > LENGTH_DIGITS:
        raise BadUpload(reason=reason)
    return int(text)
