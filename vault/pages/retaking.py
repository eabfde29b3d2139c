"""A photograph that is hard to read: told at once, taken again or kept all the same."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from storage.errors import StorageError
from vault import documents, intake, photographs
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import receive
from vault.errors import VaultError
from vault.pages.adding import ACCEPTED, secret
from vault.pages.addresses import go, local
from vault.pages.forms import FormDep, problem_of
from vault.pages.papers import DocumentId
from vault.pages.render import page
from vault.pages.taken import after
from vault.principals import Citizen
from vault.problems import Problem
from vault.services import Services
from vault.uploads import Upload

router = APIRouter()

Back = Annotated[str, Query(max_length=500)]


@router.get("/papers/{document_id}/photo")
def photo_page(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, back: Back = ""
) -> Response:
    return _show(request, citizen, services, document_id, local(back, ""))


@router.post("/papers/{document_id}/photo")
async def take_again(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, back: Back = ""
) -> Response:
    """Without scripts; with them the new photograph comes in parts."""
    back = local(back, "")

    def take(upload: Upload) -> str:
        return intake.add_version(services, citizen, document_id, upload)

    try:
        await receive(request, services, citizen, take)
    except (VaultError, StorageError) as error:
        problem = problem_of(request, error)
        return await run_in_threadpool(_show, request, citizen, services, document_id, back, problem)
    return await run_in_threadpool(after, services, citizen, document_id, back, "retaken")


@router.post("/papers/{document_id}/keep-photo")
def keep(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep, form: FormDep) -> Response:
    with services.db.write() as session:
        photographs.keep(session, citizen, document_id)
    return go(local(form.get("back", ""), f"/papers/{document_id}"))


def _show(
    request: Request,
    citizen: Citizen,
    services: Services,
    document_id: str,
    back: str,
    problem: Problem | None = None,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
    if not paper.version.quality:
        return go(back or f"/papers/{document_id}")
    return page(
        request,
        "papers/photo.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        paper=paper,
        back=back,
        limit=services.settings.max_upload_bytes,
        secret=secret(citizen),
        accepted=ACCEPTED,
    )
