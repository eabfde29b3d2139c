"""Signing in, up and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from vault import accounts
from vault.api.accounts import attempt_of
from vault.api.principals import PrincipalDep, ServicesDep, drop_cookie, set_cookie
from vault.errors import SignUpClosed, VaultError
from vault.pages.addresses import go, local
from vault.pages.forms import problem_of
from vault.pages.home import home_of, signed_in
from vault.pages.render import page
from vault.passwords import PASSWORD_MIN

router = APIRouter()

Text = Annotated[str, Form(max_length=400)]
Next = Annotated[str, Query(max_length=500)]


@router.get("/sign-in")
def sign_in_page(request: Request, services: ServicesDep, next: Next = "") -> Response:
    found = signed_in(request, services)
    if found is not None:
        return go(local(next, home_of(found)))
    return _sign_in_form(request, services.settings.sign_up, next)


@router.post("/sign-in")
def sign_in(
    request: Request, services: ServicesDep, login: Text = "", password: Text = "", next: Text = ""
) -> Response:
    attempt = attempt_of(request, login, password)
    try:
        token = accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)
    except VaultError as error:
        return _sign_in_form(request, services.settings.sign_up, next, login, error)
    response = go(local(next))
    set_cookie(response, services.settings, token)
    return response


@router.get("/sign-up")
def sign_up_page(request: Request, services: ServicesDep, next: Next = "") -> Response:
    if not services.settings.sign_up:
        raise SignUpClosed
    return _sign_up_form(request, next)


@router.post("/sign-up")
def sign_up(
    request: Request, services: ServicesDep, login: Text = "", password: Text = "", name: Text = "", next: Text = ""
) -> Response:
    """A new wallet, and on to where its owner was going: what asked them to sign in has waited for them."""
    attempt = attempt_of(request, login, password)
    parts = (services.db, services.root, services.passwords, services.settings, attempt)
    try:
        accounts.sign_up(*parts, name)
        token = accounts.sign_in(*parts)
    except VaultError as error:
        return _sign_up_form(request, next, login, name, error)
    going = local(next, "")
    response = go(going) if going else go("/papers", {"done": "welcome"})
    set_cookie(response, services.settings, token)
    return response


@router.post("/sign-out")
def sign_out(who: PrincipalDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        accounts.sign_out(session, who.account_id, who.sign_in_id)
    response = go("/sign-in", {"done": "signed-out"})
    drop_cookie(response, services.settings)
    return response


def _sign_in_form(
    request: Request, sign_up: bool, next: str, login: str = "", error: VaultError | None = None
) -> Response:
    problem = problem_of(request, error) if error else None
    status = problem.status if problem else 200
    return page(
        request,
        "entrance/sign-in.html",
        status=status,
        problem=problem,
        login=login,
        next=local(next, ""),
        sign_up=sign_up,
    )


def _sign_up_form(
    request: Request, next: str, login: str = "", name: str = "", error: VaultError | None = None
) -> Response:
    problem = problem_of(request, error) if error else None
    return page(
        request,
        "entrance/sign-up.html",
        status=problem.status if problem else 200,
        problem=problem,
        login=login,
        name=name,
        next=local(next, ""),
        least=PASSWORD_MIN,
    )
