"""The searchable copy on the page of its paper: asked for, waited for, fetched."""

from fastapi import APIRouter, Request, Response

from vault import documents, problems, searchable
from vault.api.principals import CitizenDep, ServicesDep
from vault.pages.addresses import go
from vault.pages.papers import DocumentId
from vault.pages.render import page, translate_for
from vault.searchable import Standing

router = APIRouter()


@router.post("/papers/{document_id}/searchable")
def ask(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> Response:
    searchable.ask(services, citizen, document_id)
    return go(f"/papers/{document_id}#searchable")


@router.get("/papers/{document_id}/searchable")
def progress(document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    """The entry among what can be done with the paper, for a page that waits."""
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
        standing = searchable.standing(session, services.blobs, paper)
    why = why_none(request, standing)
    return page(request, "papers/searchable.html", citizen, paper=paper, standing=standing, why_none=why)


def why_none(request: Request, standing: Standing) -> str:
    return problems.reason_text(standing.failure, translate_for(request), {}) if standing.failure else ""
