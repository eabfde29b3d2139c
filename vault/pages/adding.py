"""Putting papers in: new ones, and newer versions of those that are there."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from ocr.media import TAKEN
from storage.errors import StorageError
from vault import documents, intake
from vault.api.language import LanguageDep, language_of
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import receive
from vault.errors import VaultError
from vault.pages.addresses import go
from vault.pages.cards import title
from vault.pages.forms import problem_of
from vault.pages.papers import DocumentId, kind_names
from vault.pages.render import page
from vault.principals import Citizen
from vault.problems import Problem
from vault.readings import view
from vault.services import Services
from vault.uploads import Upload

router = APIRouter()

ACCEPTED = ",".join((*TAKEN, ".heic", ".heif"))  # some phones know HEIC by its name alone


class Typed:
    """What came with a file, also when the file itself was refused."""

    def __init__(self) -> None:
        self._upload: Upload | None = None

    def taking(self, take: Callable[[Upload], str]) -> Callable[[Upload], str]:
        def remembered(upload: Upload) -> str:
            self._upload = upload
            return take(upload)

        return remembered

    @property
    def fields(self) -> dict[str, str]:
        return self._upload.fields if self._upload else {}


@router.get("/papers/new")
def new_page(request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    return _new_form(request, citizen, services, {}, None)


@router.post("/papers/new")
async def add(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    duplicate: Annotated[str, Query(pattern="^(keep)?$")] = "",
) -> Response:
    def take(upload: Upload) -> str:
        return intake.add_document(services, citizen, upload, keep_duplicate=duplicate == "keep")

    typed = Typed()
    try:
        document_id = await receive(request, services, citizen, typed.taking(take))
    except (VaultError, StorageError) as error:
        problem = problem_of(request, error)
        return _new_form(request, citizen, services, typed.fields, problem)
    return go(f"/papers/{document_id}", {"done": "added"})


@router.get("/papers/{document_id}/versions")
def versions_page(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    return _versions(request, citizen, services, document_id, None)


@router.post("/papers/{document_id}/versions")
async def add_version(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep
) -> Response:
    def take(upload: Upload) -> str:
        return intake.add_version(services, citizen, document_id, upload)

    try:
        await receive(request, services, citizen, take)
    except (VaultError, StorageError) as error:
        problem = problem_of(request, error)
        return await run_in_threadpool(_versions, request, citizen, services, document_id, problem)
    return go(f"/papers/{document_id}", {"done": "version-added"})


def _new_form(
    request: Request, citizen: Citizen, services: Services, typed: dict[str, str], problem: Problem | None
) -> Response:
    return page(
        request,
        "papers/new.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        typed=typed,
        kinds=kind_names(services.kinds, language_of(request)),
        limit=services.settings.max_upload_bytes,
        accepted=ACCEPTED,
    )


def _versions(
    request: Request, citizen: Citizen, services: Services, document_id: str, problem: Problem | None
) -> Response:
    with services.db.read() as session:
        documents.get_live(session, citizen.wallet, document_id)
        found = documents.versions(session, citizen.wallet, document_id)
    return page(
        request,
        "papers/versions.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        versions=found,
        document_id=document_id,
        title=title(view(services.kinds, found[0]), language_of(request)),
        limit=services.settings.max_upload_bytes,
        accepted=ACCEPTED,
    )
