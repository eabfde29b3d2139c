"""Bringing papers in that were taken along: the file, how far it is, and what became of each paper."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from storage.errors import StorageError
from vault import problems
from vault.api.imports import IMPORT_MOST, receive
from vault.api.language import language_of
from vault.api.principals import CitizenDep, ServicesDep
from vault.errors import VaultError
from vault.importing import taking
from vault.importing.taking import Line, Note, Outcome, Report
from vault.pages import words
from vault.pages.forms import problem_of
from vault.pages.render import page, translate_for
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import Upload

router = APIRouter()


@dataclass(frozen=True)
class Told:
    """What became of one paper, in words."""

    title: str
    address: str
    outcome: str
    good: bool
    notes: tuple[str, ...]


@router.get("/import")
def import_page(request: Request, citizen: CitizenDep) -> Response:
    return page(request, "account/import.html", citizen, problem=None, told=None, left_out=0)


@router.post("/import")
async def take_all(request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    """The whole ZIP in one form, where no script sends it paper by paper."""

    def take(services: Services, citizen: Citizen, chunks: Iterator[bytes]) -> Report:
        upload = Upload(request.headers.get("content-type", ""), chunks, IMPORT_MOST)
        return taking.take_all(services, citizen, upload.chunks())

    try:
        report = await receive(request, services, citizen, take)
    except (VaultError, StorageError) as error:
        problem = problem_of(request, error)
        return await run_in_threadpool(
            page, request, "account/import.html", citizen, status=problem.status, problem=problem, told=None, left_out=0
        )
    told = [_told(request, services, line) for line in report.lines]
    return await run_in_threadpool(
        page, request, "account/import.html", citizen, problem=None, told=told, left_out=len(report.left_out)
    )


@router.post("/import/papers")
async def take_paper(request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    """One paper of the ZIP; the answer is its line of the report."""
    line = await receive(request, services, citizen, taking.take_run)
    told = _told(request, services, line)
    return await run_in_threadpool(page, request, "account/imported.html", citizen, told=[told])


def _address(line: Line) -> str:
    """Where the paper is to be seen now."""
    if Note.in_bin_here in line.notes:
        return "/bin"
    return f"/papers/{line.document_id}" if line.document_id else ""


def _told(request: Request, services: Services, line: Line) -> Told:
    translate, language = translate_for(request), language_of(request)
    kind = services.kinds.get(line.kind) or services.kinds["other"]
    notes = [translate(words.IMPORT_NOTES[note]) for note in line.notes]
    why = [problems.of(line.why, translate).detail] if line.why else []
    return Told(
        title=line.title or kind.names[language],
        address=_address(line),
        outcome=translate(words.IMPORT_OUTCOMES[line.outcome]),
        good=line.outcome in (Outcome.added, Outcome.there),
        notes=(*why, *notes),
    )
