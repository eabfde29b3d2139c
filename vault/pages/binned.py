"""The bin: taken back, or destroyed before its time."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from vault import documents, papers
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.errors import Invalid
from vault.pages.addresses import go
from vault.pages.cards import card
from vault.pages.papers import DocumentId, today_of
from vault.pages.render import page

router = APIRouter()


@router.get("/bin")
def the_bin(request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep) -> Response:
    days = timedelta(days=services.settings.bin_days)
    with services.db.read() as session:
        today = today_of(session)
        found = documents.in_bin(session, citizen.wallet)
    rested = [(card(services.kinds, paper, language, today), paper.document.deleted_at) for paper in found]
    entries = [(shown, deleted_at + days) for shown, deleted_at in rested if deleted_at is not None]
    return page(request, "papers/bin.html", citizen, entries=entries, days=services.settings.bin_days)


@router.post("/bin/{document_id}/restore")
def restore(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        documents.restore(session, citizen, document_id)
    return go(f"/papers/{document_id}", {"done": "restored"})


@router.get("/bin/{document_id}/destroy")
def destroy_page(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    with services.db.read() as session:
        paper = documents.get(session, citizen.wallet, document_id)
        if paper.document.deleted_at is None:
            raise Invalid("document", "not-in-bin")
        shown = card(services.kinds, paper, language, today_of(session))
    return page(request, "papers/destroy.html", citizen, card=shown)


@router.post("/bin/{document_id}/destroy")
def destroy(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        destroyed = documents.destroy(session, citizen, document_id)
    for remains in destroyed:
        papers.remove(services.blobs, remains)
    return go("/bin", {"done": "destroyed"})
