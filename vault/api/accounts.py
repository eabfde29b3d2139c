"""Accounts and sessions over HTTP."""

from ipaddress import ip_network

from fastapi import APIRouter, Request, Response

from vault import accounts, erasure
from vault.accounts import Attempt
from vault.api.principals import CitizenDep, PrincipalDep, ServicesDep, drop_cookie, set_cookie
from vault.api.shapes import AccountBody, AccountOut, EraseBody, PasswordChange, SignInBody, refusals
from vault.middleware import plain_address
from vault.principals import Citizen

router = APIRouter(prefix="/api", tags=["accounts"])


def address_of(request: Request) -> str:
    """Where somebody comes from, for counting: of IPv6 the /64, which one household has whole."""
    try:
        address = plain_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def attempt_of(request: Request, login: str, password: str) -> Attempt:
    return Attempt(login, password, address_of(request), request.headers.get("user-agent", ""))


@router.post(
    "/accounts",
    status_code=201,
    summary="Open an account with an empty wallet",
    responses=refusals("login-taken", "sign-up-closed", "invalid-value", "cross-site", "too-many-attempts"),
)
def open_account(body: AccountBody, request: Request, services: ServicesDep) -> AccountOut:
    attempt = attempt_of(request, body.login, body.password.get_secret_value())
    account = accounts.sign_up(services.db, services.root, services.passwords, services.settings, attempt, body.name)
    return AccountOut(id=account.id, login=account.login, role="citizen")


@router.post(
    "/session",
    status_code=204,
    summary="Sign in; the session comes as a cookie",
    responses=refusals("sign-in-failed", "too-many-attempts", "invalid-value", "cross-site"),
)
def sign_in(body: SignInBody, request: Request, response: Response, services: ServicesDep) -> None:
    attempt = attempt_of(request, body.login, body.password.get_secret_value())
    token = accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)
    set_cookie(response, services.settings, token)


@router.delete("/session", status_code=204, summary="Sign out here", responses=refusals("sign-in-needed", "cross-site"))
def sign_out(principal: PrincipalDep, response: Response, services: ServicesDep) -> None:
    with services.db.write() as session:
        accounts.sign_out(session, principal.account_id, principal.sign_in_id)
    drop_cookie(response, services.settings)


@router.delete(
    "/sessions", status_code=204, summary="Sign out everywhere", responses=refusals("sign-in-needed", "cross-site")
)
def sign_out_everywhere(principal: PrincipalDep, response: Response, services: ServicesDep) -> None:
    with services.db.write() as session:
        accounts.sign_out_everywhere(session, principal.account_id)
    drop_cookie(response, services.settings)


@router.get("/account", summary="Who is signed in", responses=refusals("sign-in-needed"))
def account(principal: PrincipalDep) -> AccountOut:
    if isinstance(principal, Citizen):
        return AccountOut(id=principal.account_id, login=principal.login, role="citizen")
    return AccountOut(id=principal.account_id, login=principal.name, role="officer", agency=principal.agency_name)


@router.post(
    "/account/password",
    status_code=204,
    summary="Change the password; signs out everywhere",
    responses=refusals("sign-in-needed", "sign-in-failed", "too-many-attempts", "invalid-value", "cross-site"),
)
def change_password(body: PasswordChange, principal: PrincipalDep, response: Response, services: ServicesDep) -> None:
    old, new = body.old.get_secret_value(), body.new.get_secret_value()
    accounts.change_password(services.db, services.passwords, services.settings, principal.account_id, old, new)
    drop_cookie(response, services.settings)


@router.post(
    "/account/erase",
    status_code=204,
    summary="Erase the wallet and everything in it, for good",
    responses=refusals(
        "sign-in-needed", "not-for-this-account", "sign-in-failed", "too-many-attempts", "invalid-value", "cross-site"
    ),
)
def erase(body: EraseBody, citizen: CitizenDep, response: Response, services: ServicesDep) -> None:
    erasure.erase_wallet(services, citizen, body.password.get_secret_value())
    drop_cookie(response, services.settings)
