"""Putting papers in: new ones, and newer versions of those that are there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from ocr.media import TAKEN
from storage.errors import StorageError
from storage.keys import context
from vault import documents, intake
from vault.api.language import LanguageDep, language_of
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import receive
from vault.errors import VaultError
from vault.pages.addresses import local
from vault.pages.cards import title
from vault.pages.forms import problem_of
from vault.pages.papers import DocumentId, kind_names
from vault.pages.render import page
from vault.pages.taken import after
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


@dataclass(frozen=True)
class Errand:
    """Why somebody puts a paper in: `back` is the page here that waits for it, `kinds` what it may be."""

    back: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        given = [("back", self.back), *(("kind", kind) for kind in self.kinds)]
        return urlencode([(name, value) for name, value in given if value])


def errand_of(
    services: ServicesDep,
    back: Annotated[str, Query(max_length=500)] = "",
    kind: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> Errand:
    known = (code for code in dict.fromkeys(kind or ()) if code in services.kinds)
    return Errand(local(back, ""), tuple(known))


ErrandDep = Annotated[Errand, Depends(errand_of)]


@router.get("/papers/new")
def new_page(request: Request, citizen: CitizenDep, services: ServicesDep, errand: ErrandDep) -> Response:
    typed = {"kind": errand.kinds[0]} if len(errand.kinds) == 1 else {}
    return _new_form(request, citizen, services, errand, typed, None)


@router.post("/papers/new")
async def add(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    errand: ErrandDep,
    duplicate: Annotated[str, Query(pattern="^(keep)?$")] = "",
) -> Response:
    def take(upload: Upload) -> str:
        return intake.add_document(services, citizen, upload, keep_duplicate=duplicate == "keep")

    typed = Typed()
    try:
        document_id = await receive(request, services, citizen, typed.taking(take))
    except (VaultError, StorageError) as error:
        problem = problem_of(request, error)
        return _new_form(request, citizen, services, errand, typed.fields, problem)
    return await run_in_threadpool(after, services, citizen, document_id, errand.back, "added")


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
    return await run_in_threadpool(after, services, citizen, document_id, "", "version-added")


def secret(citizen: Citizen) -> str:
    """A browser names an unfinished upload by a hash over this, which so tells nothing of the file."""
    return citizen.wallet.key.mac(b"", context("upload-name", citizen.citizen_id)).hex()


def _new_form(
    request: Request,
    citizen: Citizen,
    services: Services,
    errand: Errand,
    typed: dict[str, str],
    problem: Problem | None,
) -> Response:
    kinds = kind_names(services.kinds, language_of(request))
    return page(
        request,
        "papers/new.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        typed=typed,
        errand=errand,
        kinds=[(code, name) for code, name in kinds if code in errand.kinds or not errand.kinds],
        limit=services.settings.max_upload_bytes,
        secret=secret(citizen),
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
        secret=secret(citizen),
        accepted=ACCEPTED,
    )
