"""One's account: password, devices, language, and the end of it all."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from vault import accounts, erasure, quota, signins
from vault.api.principals import CitizenDep, PrincipalDep, ServicesDep, drop_cookie
from vault.errors import VaultError
from vault.pages.addresses import go
from vault.pages.devices import device_name
from vault.pages.forms import problem_of
from vault.pages.render import page, translate_for
from vault.passwords import PASSWORD_MIN
from vault.principals import Citizen, Officer
from vault.problems import Problem
from vault.services import Services

router = APIRouter()

Password = Annotated[str, Form(max_length=400)]


@router.get("/account")
def account_page(request: Request, who: PrincipalDep, services: ServicesDep) -> Response:
    return _account(request, who, services)


@router.post("/account/password")
def change_password(
    request: Request, who: PrincipalDep, services: ServicesDep, old: Password = "", new: Password = ""
) -> Response:
    try:
        accounts.change_password(services.db, services.passwords, services.settings, who.account_id, old, new)
    except VaultError as error:
        return _account(request, who, services, problem_of(request, error))
    return _out(services, "password-changed")


@router.post("/account/sessions/end")
def sign_out_everywhere(who: PrincipalDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        accounts.sign_out_everywhere(session, who.account_id)
    return _out(services, "signed-out-everywhere")


@router.post("/account/sessions/{sign_in_id}/end")
def sign_out_device(
    sign_in_id: Annotated[str, Path(max_length=36)], who: PrincipalDep, services: ServicesDep
) -> Response:
    with services.db.write() as session:
        accounts.sign_out(session, who.account_id, sign_in_id)
    if sign_in_id == who.sign_in_id:
        return _out(services, "signed-out")
    return go("/account", {"done": "device-signed-out"})


@router.get("/account/erase")
def erase_page(request: Request, citizen: CitizenDep) -> Response:
    return page(request, "account/erase.html", citizen, problem=None)


@router.post("/account/erase")
def erase(request: Request, citizen: CitizenDep, services: ServicesDep, password: Password = "") -> Response:
    try:
        erasure.erase_wallet(services, citizen, password)
    except VaultError as error:
        problem = problem_of(request, error)
        return page(request, "account/erase.html", citizen, status=problem.status, problem=problem)
    return _out(services, "erased")


def _account(request: Request, who: Citizen | Officer, services: Services, problem: Problem | None = None) -> Response:
    with services.db.read() as session:
        live = signins.live(session, who.account_id, services.settings)
        used = quota.used(session, who.citizen_id) if isinstance(who, Citizen) else 0
    translate = translate_for(request)
    return page(
        request,
        "account/account.html",
        who,
        status=problem.status if problem else 200,
        problem=problem,
        least=PASSWORD_MIN,
        used=used,
        quota=services.settings.quota_bytes,
        devices=[(sign_in, device_name(sign_in.device, translate)) for sign_in in live],
    )


def _out(services: Services, done: str) -> Response:
    response = go("/sign-in", {"done": done})
    drop_cookie(response, services.settings)
    return response
