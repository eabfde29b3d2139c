"""The front door, and the choice of language."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from vault import i18n
from vault.api.language import COOKIE
from vault.api.principals import ServicesDep, principal
from vault.errors import SignInNeeded
from vault.pages.addresses import go, local
from vault.principals import Citizen, Officer
from vault.services import Services

router = APIRouter()

YEAR_S = 365 * 24 * 3600


@router.get("/")
def front_door(request: Request, services: ServicesDep) -> Response:
    found = signed_in(request, services)
    if found is None:
        return go("/sign-in")
    return go(home_of(found))


@router.post("/language")
def choose_language(
    services: ServicesDep, language: Annotated[str, Form()], back: Annotated[str, Form()] = "/"
) -> Response:
    response = go(local(back))
    if language in i18n.LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=YEAR_S, secure=services.settings.over_tls, samesite="lax")
    return response


def signed_in(request: Request, services: Services) -> Citizen | Officer | None:
    try:
        return principal(request, services)
    except SignInNeeded:
        return None


def home_of(who: Citizen | Officer) -> str:
    """The first page of a citizen or an officer."""
    return "/papers" if isinstance(who, Citizen) else "/officer"
