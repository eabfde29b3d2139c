"""A wallet taken along over HTTP (docs/formats/export.md)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from vault.api.operations import OWN
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.shapes import LATER, Taken, refusals
from vault.api.streams import paper_response
from vault.errors import NothingPrepared
from vault.export import bundle, preparing
from vault.models import Export

router = APIRouter(prefix="/api", tags=["taking along"])

ZIP = "application/zip"
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole ZIP; its length is exact", "content": {ZIP: {}}},
    206: {"description": "The asked range"},
    304: {"description": "The one you have"},
}


class ExportBody(Taken):
    password: SecretStr = Field(max_length=400, examples=["correct horse battery"])


class ExportOut(BaseModel):
    """How far the export is."""

    ready: bool = Field(description="it can be downloaded", examples=[False])
    done: int = Field(description="bytes of originals looked over", examples=[94_371_840])
    total: int = Field(description="bytes of originals in all", examples=[188_743_680])
    size: int | None = Field(description="bytes of the ZIP, once it is ready", examples=[188_930_112])
    expires_at: datetime = Field(examples=[LATER])


def export_out(export: Export) -> ExportOut:
    return ExportOut(
        ready=export.size is not None,
        done=min(export.done, export.total),
        total=export.total,
        size=export.size,
        expires_at=export.expires_at,
    )


@router.post(
    "/export",
    status_code=201,
    summary="Begin to make the wallet ready to be taken along",
    description="Needs the password once more. Takes the place of what was prepared before. Go on with `/continue`.",
    responses=refusals(*OWN, "sign-in-failed", "too-many-attempts", "cross-site"),
)
def begin(body: ExportBody, citizen: CitizenDep, services: ServicesDep) -> ExportOut:
    return export_out(preparing.begin(services, citizen, body.password.get_secret_value()))


@router.post(
    "/export/continue",
    summary="Go on for about two seconds",
    description="Again and again until `ready`. Whatever breaks off in between goes on where it was.",
    responses=refusals(*OWN, "nothing-prepared", "store-full", "cross-site"),
)
def go_on(citizen: CitizenDep, services: ServicesDep) -> ExportOut:
    return export_out(preparing.step(services, citizen))


@router.get("/export/state", summary="How far it is", responses=refusals(*OWN, "nothing-prepared"))
def state(citizen: CitizenDep, services: ServicesDep) -> ExportOut:
    with services.db.read() as session:
        export = preparing.current(session, citizen)
    if export is None:
        raise NothingPrepared
    return export_out(export)


@router.head(
    "/export",
    summary="Size of the ZIP that is ready",
    response_class=Response,
    responses=BYTES | refusals(*OWN, "nothing-prepared", "password-needed"),
)
@router.get(
    "/export",
    summary="The ZIP that is ready, or a range of it",
    description="The bytes are the same in every process and after every restart, so that a download can be resumed "
    "(`Range`, `If-Range`). It breaks off when the session ends or a paper in it is destroyed.",
    response_class=Response,
    responses=BYTES | refusals(*OWN, "nothing-prepared", "password-needed", "range-not-satisfiable"),
)
def download(request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    found = bundle.open_bundle(services, citizen)
    response = paper_response(
        request, found, media_type=ZIP, etag=found.etag, file_name=found.file_name, attachment=True, stands=found.stands
    )
    if request.method == "GET" and response.status_code != 304:
        bundle.tell(services, citizen)
    return response


@router.delete(
    "/export",
    status_code=204,
    summary="Throw away what is ready",
    description="A download that is under way ends.",
    responses=refusals(*OWN, "nothing-prepared", "cross-site"),
)
def discard(citizen: CitizenDep, services: ServicesDep) -> None:
    preparing.discard(services, citizen)
