"""A citizen's documents over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from storage.errors import BlobMissing
from storage.sealed import SealedReader
from vault import documents, intake, papers, photographs, readings, search
from vault.api.language import LanguageDep
from vault.api.operations import JPEG, OWN, PAPER_BYTES, TILE_PATH, WEBP, DocumentId, PageNumber, PlaceDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import MULTIPART, UPLOAD, receive
from vault.api.shapes import (
    DocumentChange,
    DocumentList,
    DocumentOut,
    Limit,
    ReadingOut,
    SheetOut,
    VersionOut,
    document_out,
    hit_out,
    reading_out,
    refusals,
    sheet_out,
    version_out,
)
from vault.api.streams import GUARDS, paper_response, tile_response
from vault.documents import Cursor, Paper
from vault.errors import Invalid
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import Upload

router = APIRouter(prefix="/api/documents", tags=["documents"])


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
        if body.keep_photo:
            photographs.keep(session, citizen, document_id)
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
    responses=PAPER_BYTES | refusals(*OWN, "not-found", "in-bin"),
)
@router.get(
    "/{document_id}/content",
    summary="The bytes of a paper, or a range of them",
    response_class=Response,
    responses=PAPER_BYTES | refusals(*OWN, "not-found", "in-bin", "range-not-satisfiable"),
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
        _original(services, citizen, paper),
        media_type=paper.version.media_type,
        etag=paper.version.id,
        file_name=paper.label.file_name or paper.id,
        sha256=paper.label.sha256,
        attachment=download,
    )


def _original(services: Services, citizen: Citizen, paper: Paper) -> SealedReader:
    """Raises `NotFound` for a paper that was destroyed a moment ago; any other without its bytes is damaged."""
    try:
        return documents.content(services.blobs, paper)
    except BlobMissing:
        with services.db.read() as session:
            documents.get_live(session, citizen.wallet, paper.id, paper.version.id)
        raise


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
    "/{document_id}/pages/{page}/tiles",
    summary="How a large page is cut into tiles",
    responses=refusals(*OWN, "not-found", "in-bin", "not-read-yet"),
)
def sheet(
    document_id: DocumentId,
    page: PageNumber,
    citizen: CitizenDep,
    services: ServicesDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
) -> SheetOut:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    return sheet_out(documents.sheet(services.blobs, paper, page))


@router.get(
    "/{document_id}" + TILE_PATH,
    summary="One tile of a large page",
    response_class=Response,
    responses=JPEG | refusals(*OWN, "not-found", "in-bin", "not-read-yet"),
)
def tile(
    document_id: DocumentId,
    page: PageNumber,
    place: PlaceDep,
    citizen: CitizenDep,
    services: ServicesDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    return tile_response(documents.sheet(services.blobs, paper, page), place)


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
