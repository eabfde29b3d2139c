"""A citizen's documents over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
from fastapi import APIRouter, Path, Query, Request, Response

from vault import documents, intake, papers, readings, search
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.shapes import (
    DocumentChange,
    DocumentList,
    DocumentOut,
    Limit,
    ReadingOut,
    VersionOut,
    document_out,
    hit_out,
    reading_out,
    refusals,
    version_out,
)
from vault.api.streams import GUARDS, body_chunks, paper_response
from vault.documents import Cursor
from vault.errors import Busy, Invalid, TooLarge
from vault.middleware import announced
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import OVERHEAD_MAX, Upload

router = APIRouter(prefix="/api/documents", tags=["documents"])

DocumentId = Annotated[str, Path(max_length=36, description="id of the document")]
PageNumber = Annotated[int, Path(ge=1, le=100_000, description="from 1")]
PLACES_EACH = 4
T = TypeVar("T")
OWN = ("sign-in-needed", "not-for-this-account")
UPLOAD = (
    *OWN, "cross-site", "bad-upload", "upload-stalled", "duplicate", "too-large", "type-not-taken", "paper-refused",
    "invalid-value", "busy", "store-full", "store-unavailable",
)  # fmt: skip
RANGES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole paper", "content": {"*/*": {}}},
    206: {"description": "The asked range"},
    304: {"description": "The one you have"},
}
WEBP: dict[int | str, dict[str, Any]] = {
    200: {"description": "WebP, at most 1240 px wide", "content": {"image/webp": {}}}
}
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


@router.post(
    "",
    status_code=201,
    summary="Put a paper in",
    description="Sealed while it arrives. The same file twice is refused unless `duplicate=keep`.",
    openapi_extra=MULTIPART,
    responses=refusals(*UPLOAD),
)
async def add(
    request: Request,
    response: Response,
    citizen: CitizenDep,
    services: ServicesDep,
    duplicate: Annotated[str | None, Query(pattern="^keep$")] = None,
) -> DocumentOut:
    def take(upload: Upload) -> DocumentOut:
        document_id = intake.add_document(services, citizen, upload, keep_duplicate=duplicate == "keep")
        with services.db.read() as session:
            return document_out(documents.get(session, citizen.wallet, document_id))

    added = await receive(request, services, citizen, take)
    response.headers["Location"] = f"/api/documents/{added.id}"
    return added


@router.get(
    "",
    summary="My papers, newest first, or those that a search finds, best first",
    responses=refusals(*OWN, "invalid-value"),
)
def list_documents(
    citizen: CitizenDep,
    services: ServicesDep,
    kind: Annotated[str | None, Query(max_length=64, examples=["land-use-certificate"])] = None,
    q: Annotated[str | None, Query(max_length=search.QUERY_MAX, examples=["khai sinh an"])] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 20,
) -> DocumentList:
    if q and q.strip():
        with services.db.read() as session:
            mine = documents.listed(session, citizen.wallet, kind=kind)
        hits = search.find(services.kinds, mine, q)  # it may take long: no connection is held meanwhile
        return DocumentList(documents=[hit_out(hit) for hit in hits[:limit]], next=None)
    with services.db.read() as session:
        after = Cursor.decode(cursor) if cursor else None
        found = documents.listed(session, citizen.wallet, kind=kind, after=after, limit=limit + 1)
    shown = found[:limit]
    more = Cursor(shown[-1].document.created_at, shown[-1].id).encode() if len(found) > limit else None
    return DocumentList(documents=[document_out(paper) for paper in shown], next=more)


@router.get("/{document_id}", summary="One paper", responses=refusals(*OWN, "not-found"))
def get(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> DocumentOut:
    with services.db.read() as session:
        return document_out(documents.get(session, citizen.wallet, document_id))


@router.patch(
    "/{document_id}",
    summary="Correct the title, the kind or fields",
    description="Fields given here count as confirmed by the citizen; an empty value says that it is not on the paper.",
    responses=refusals(*OWN, "cross-site", "not-found", "in-bin", "invalid-value"),
)
def change(document_id: DocumentId, body: DocumentChange, citizen: CitizenDep, services: ServicesDep) -> DocumentOut:
    if body.kind is not None and body.kind not in services.kinds:
        raise Invalid("kind", "unknown")
    with services.db.write() as session:
        if body.title is not None:
            documents.retitle(session, citizen, document_id, body.title)
        if body.kind is not None:
            documents.set_kind(session, citizen, document_id, body.kind)
        if body.fields is not None:
            readings.confirm(session, services.kinds, citizen, document_id, body.fields)
        session.flush()
        return document_out(documents.get_live(session, citizen.wallet, document_id))


@router.delete(
    "/{document_id}",
    status_code=204,
    summary="Put a paper into the bin, or destroy one that is there",
    description="With `destroy=now` a paper that rests in the bin is destroyed at once, for good.",
    responses=refusals(*OWN, "cross-site", "not-found", "invalid-value"),
)
def delete(
    document_id: DocumentId,
    citizen: CitizenDep,
    services: ServicesDep,
    destroy: Annotated[str | None, Query(pattern="^now$")] = None,
) -> None:
    destroyed: list[papers.Remains] = []
    with services.db.write() as session:
        if destroy:
            destroyed = documents.destroy(session, citizen, document_id)
        else:
            documents.delete_to_bin(session, citizen, document_id)
    for remains in destroyed:
        papers.remove(services.blobs, remains)


@router.post(
    "/{document_id}/restore",
    summary="Take a paper out of the bin",
    responses=refusals(*OWN, "cross-site", "not-found"),
)
def restore(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> DocumentOut:
    with services.db.write() as session:
        documents.restore(session, citizen, document_id)
        session.flush()
        return document_out(documents.get(session, citizen.wallet, document_id))


@router.head(
    "/{document_id}/content",
    summary="Size and digest of a paper",
    response_class=Response,
    responses=RANGES | refusals(*OWN, "not-found", "in-bin"),
)
@router.get(
    "/{document_id}/content",
    summary="The bytes of a paper, or a range of them",
    response_class=Response,
    responses=RANGES | refusals(*OWN, "not-found", "in-bin", "range-not-satisfiable"),
)
def content(
    document_id: DocumentId,
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
    download: Annotated[bool, Query(description="as an attachment")] = False,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    return paper_response(
        request,
        documents.content(services.blobs, paper),
        media_type=paper.version.media_type,
        etag=paper.version.id,
        file_name=paper.label.file_name or paper.id,
        sha256=paper.label.sha256,
        attachment=download,
    )


@router.get(
    "/{document_id}/pages/{page}.webp",
    summary="A preview of one page",
    response_class=Response,
    responses=WEBP | refusals(*OWN, "not-found", "in-bin", "not-read-yet"),
)
def preview(
    document_id: DocumentId,
    page: PageNumber,
    citizen: CitizenDep,
    services: ServicesDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
    size: Annotated[str | None, Query(pattern="^small$", description="`small`: at most 360 px wide")] = None,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    image = documents.preview(services.blobs, paper, page, thumbnail=size == "small")
    return Response(image, media_type="image/webp", headers=GUARDS)


@router.get(
    "/{document_id}/reading",
    summary="What was read, beside what the citizen confirmed",
    responses=refusals(*OWN, "not-found", "in-bin"),
)
def reading(
    document_id: DocumentId,
    citizen: CitizenDep,
    services: ServicesDep,
    language: LanguageDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
) -> ReadingOut:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    return reading_out(readings.view(services.kinds, paper), language)


@router.post(
    "/{document_id}/reading",
    status_code=202,
    summary="Read the paper again",
    responses=refusals(*OWN, "cross-site", "not-found", "in-bin"),
)
def read_again(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> DocumentOut:
    intake.read_again(services, citizen, document_id)
    with services.db.read() as session:
        return document_out(documents.get(session, citizen.wallet, document_id))


@router.get("/{document_id}/versions", summary="All versions, newest first", responses=refusals(*OWN, "not-found"))
def list_versions(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> list[VersionOut]:
    with services.db.read() as session:
        return [version_out(paper) for paper in documents.versions(session, citizen.wallet, document_id)]


@router.post(
    "/{document_id}/versions",
    status_code=201,
    summary="Put a newer version of the paper in",
    openapi_extra=MULTIPART,
    responses=refusals(*UPLOAD, "not-found", "in-bin"),
)
async def add_version(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep
) -> VersionOut:
    def take(upload: Upload) -> VersionOut:
        version_id = intake.add_version(services, citizen, document_id, upload)
        with services.db.read() as session:
            return version_out(documents.get(session, citizen.wallet, document_id, version_id))

    return await receive(request, services, citizen, take)
