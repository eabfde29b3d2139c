"""What was taken along, taken in over HTTP (docs/formats/export.md#taking-it-in)."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from vault import problems
from vault.api.exports import ZIP
from vault.api.language import language_of
from vault.api.operations import OWN
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.receiving import with_body
from vault.api.shapes import DOCUMENT_ID, refusals
from vault.errors import TooLarge
from vault.i18n import Translate, translator
from vault.importing import taking
from vault.importing.taking import Line, Report
from vault.middleware import announced
from vault.principals import Citizen
from vault.services import Services
from vault.settings import MIB

router = APIRouter(prefix="/api", tags=["taking along"])

T = TypeVar("T")

IMPORT_MOST = 64 * 1024 * MIB
"""Bytes of a ZIP. Nothing of it is held, each paper has the limits of any other, and the time of an upload ends it."""
TAKES = (
    *OWN, "cross-site", "not-an-export", "upload-stalled", "too-large", "busy", "store-full", "store-unavailable",
)  # fmt: skip
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}
}


class RefusalOut(BaseModel):
    code: str = Field(examples=["paper-refused"])
    detail: str = Field(examples=["The file is damaged and cannot be opened. Scan or download it again."])


class LineOut(BaseModel):
    """What became of one paper."""

    title: str = Field(description="as its owner called it; may be empty", examples=["Khai sinh của An"])
    kind: str = Field(examples=["birth-certificate"])
    outcome: str = Field(
        description="added, there (it was in the wallet), refused, or binned (it was in the bin)", examples=["added"]
    )
    document: str | None = Field(examples=[DOCUMENT_ID])
    versions_added: int = Field(examples=[1])
    versions_there: int = Field(examples=[0])
    refused: RefusalOut | None = Field(description="why a version was not taken")
    notes: list[str] = Field(
        description="what did not come along: kind-unknown, value-not-taken, version-damaged, version-refused, "
        "title-shortened, in-bin-here",
        examples=[["value-not-taken"]],
    )


class ReportOut(BaseModel):
    """Paper by paper. Shares, dossiers and the log stay in the file: they are the other vault's."""

    added: int = Field(description="papers of which something came in", examples=[12])
    papers: list[LineOut]
    left_out: list[str] = Field(description="ids of papers that could not be taken along", examples=[[]])


def line_out(line: Line, translate: Translate) -> LineOut:
    problem = problems.of(line.why, translate) if line.why else None
    return LineOut(
        title=line.title,
        kind=line.kind,
        outcome=line.outcome,
        document=line.document_id,
        versions_added=line.added,
        versions_there=line.there,
        refused=RefusalOut(code=problem.code, detail=problem.detail) if problem else None,
        notes=list(line.notes),
    )


def report_out(report: Report, translate: Translate) -> ReportOut:
    papers = [line_out(line, translate) for line in report.lines]
    return ReportOut(added=report.added, papers=papers, left_out=list(report.left_out))


async def receive(
    request: Request, services: Services, citizen: Citizen, take: Callable[[Services, Citizen, Iterator[bytes]], T]
) -> T:
    """Runs `take` on the body, as `with_body` does. Raises `TooLarge` too, from the announced length.

    The quota is asked for each paper that comes in, not for the whole, of which much may be there already.
    """
    length = announced(request.headers)
    if length is None or length > IMPORT_MOST:
        raise TooLarge(limit=IMPORT_MOST)
    return await with_body(request, services, citizen, lambda body: take(services, citizen, iter(body)))


@router.post(
    "/import",
    summary="Take in the ZIP of a wallet",
    description="Read as it arrives. Papers that are there already are not put in twice, so that an import which broke "
    "off is simply begun again.",
    openapi_extra=BODY,
    responses=refusals(*TAKES),
)
async def take_all(request: Request, citizen: CitizenDep, services: ServicesDep) -> ReportOut:
    report = await receive(request, services, citizen, taking.take_all)
    return report_out(report, translator(language_of(request)))


@router.post(
    "/import/papers",
    summary="Take in one paper of such a ZIP",
    description="The body is the run of entries of one paper, cut out of the ZIP as it is: so a large wallet goes "
    "paper by paper, and on from the one at which the network broke off.",
    openapi_extra=BODY,
    responses=refusals(*TAKES),
)
async def take_paper(request: Request, citizen: CitizenDep, services: ServicesDep) -> LineOut:
    line = await receive(request, services, citizen, taking.take_run)
    return line_out(line, translator(language_of(request)))
