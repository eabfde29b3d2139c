"""Who stands behind a request: the session cookie, and what of the process the routes need."""

from typing import Annotated, cast

from fastapi import Depends, Request, Response

from vault import signins
from vault.errors import NotForThisAccount, SignInNeeded
from vault.principals import Citizen, Officer
from vault.services import Services
from vault.settings import Settings

PLAIN_COOKIE = "docvault"
TLS_COOKIE = "__Host-docvault"


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]


def cookie_name(settings: Settings) -> str:
    """`__Host-` (RFC 6265bis section 4.1.3.2) wherever there is TLS."""
    return TLS_COOKIE if settings.over_tls else PLAIN_COOKIE


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    response.set_cookie(cookie_name(settings), token, path="/", secure=settings.over_tls, httponly=True, samesite="lax")


def drop_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.over_tls, httponly=True, samesite="lax")


def principal(request: Request, services: ServicesDep) -> Citizen | Officer:
    """The signed-in citizen or officer. Raises `SignInNeeded`."""
    token = request.cookies.get(cookie_name(services.settings))
    if not token:
        raise SignInNeeded
    with services.db.read() as session:
        found = signins.resume(session, token, services.settings)
        stale = signins.needs_touch(session, found.sign_in_id)
    if stale:
        with services.db.write() as session:
            signins.touch(session, found.sign_in_id)
    return found


PrincipalDep = Annotated[Citizen | Officer, Depends(principal)]


def citizen(found: PrincipalDep) -> Citizen:
    if not isinstance(found, Citizen):
        raise NotForThisAccount
    return found


def officer(found: PrincipalDep) -> Officer:
    if not isinstance(found, Officer):
        raise NotForThisAccount
    return found


CitizenDep = Annotated[Citizen, Depends(citizen)]
OfficerDep = Annotated[Officer, Depends(officer)]
