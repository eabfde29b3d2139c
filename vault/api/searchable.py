"""Searchable copies of a citizen's documents over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from vault import documents, searchable
from vault.api.operations import COPY_BYTES, OWN, DocumentId
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.shapes import CopyOut, copy_out, refusals
from vault.api.streams import paper_response
from vault.searchable import Stage

router = APIRouter(prefix="/api/documents", tags=["documents"])

VersionId = Annotated[str | None, Query(max_length=36)]
PATH = "/{document_id}/searchable"
REFUSED = (*OWN, "not-found", "in-bin", "copy-not-ready", "copy-failed")
READY: dict[int | str, dict[str, Any]] = {200: {"model": CopyOut, "description": "It is ready"}}
ETAG_DIGITS = 16


@router.post(
    PATH,
    status_code=202,
    summary="Have a searchable copy made",
    description="Asking again tells how far it is: 200 once it is ready to be fetched.",
    responses=READY | refusals(*OWN, "cross-site", "not-found", "in-bin", "not-read-yet", "copy-failed"),
)
def ask(
    document_id: DocumentId, response: Response, citizen: CitizenDep, services: ServicesDep, version: VersionId = None
) -> CopyOut:
    standing = searchable.ask(services, citizen, document_id, version)
    if standing.stage is Stage.ready:
        response.status_code = 200
    return copy_out(standing)


@router.head(
    PATH,
    summary="Size of a searchable copy",
    response_class=Response,
    responses=COPY_BYTES | refusals(*REFUSED),
)
@router.get(
    PATH,
    summary="The searchable copy, PDF/A-2b, or a range of it",
    response_class=Response,
    responses=COPY_BYTES | refusals(*REFUSED, "range-not-satisfiable"),
)
def fetch(
    document_id: DocumentId,
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    version: VersionId = None,
    download: Annotated[bool, Query(description="as an attachment")] = False,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
        content = searchable.content(session, services.blobs, paper)
    return paper_response(
        request,
        content,
        media_type=searchable.MEDIA_TYPE,
        etag=f"{paper.version.id}-{searchable.state_of(paper).hex()[:ETAG_DIGITS]}",
        file_name=searchable.file_name(services.kinds, paper),
        attachment=download,
    )
