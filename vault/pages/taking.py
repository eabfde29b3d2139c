"""Taking one's papers along: what goes, how large it is, and the button."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from vault.api.exports import export_out
from vault.api.principals import CitizenDep, ServicesDep
from vault.errors import NothingPrepared, VaultError
from vault.export import preparing
from vault.pages.addresses import go
from vault.pages.forms import problem_of
from vault.pages.render import page
from vault.principals import Citizen
from vault.problems import Problem
from vault.services import Services

router = APIRouter()

PATIENT_S = 20.0
"""How long one press of the button goes on where no script presses it again."""


@router.get("/export")
def export_page(request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    return _show(request, citizen, services)


@router.post("/export")
def begin(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    password: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    try:
        preparing.begin(services, citizen, password)
    except VaultError as error:
        return _show(request, citizen, services, problem_of(request, error))
    preparing.step(services, citizen)
    return go("/export")


@router.post("/export/continue")
def go_on(citizen: CitizenDep, services: ServicesDep) -> Response:
    with suppress(NothingPrepared):  # it ended, or another window began anew: the page says how it stands
        preparing.step(services, citizen, seconds=PATIENT_S)
    return go("/export")


@router.post("/export/discard")
def discard(citizen: CitizenDep, services: ServicesDep) -> Response:
    preparing.discard(services, citizen)
    return go("/export", {"done": "export-discarded"})


def _show(request: Request, citizen: Citizen, services: Services, problem: Problem | None = None) -> Response:
    with services.db.read() as session:
        export = preparing.current(session, citizen)
        count, size = preparing.how_much(session, citizen)
    return page(
        request,
        "account/export.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        export=export_out(export) if export else None,
        count=count,
        size=size,
    )
