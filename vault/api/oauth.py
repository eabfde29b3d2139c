"""The authorisation server over HTTP (docs/formats/authorization.md). It refuses as RFC 6749 does, not by problems."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from vault import proving
from vault.api.principals import ServicesDep, services_of
from vault.errors import RequestOver, TooLarge
from vault.oauth import clients, exchange, inspection, pushing, requests
from vault.oauth.clients import Asking
from vault.oauth.metadata import metadata
from vault.oauth.refusals import InvalidRequest, Refusal, UseNonce
from vault.problems import Problem
from vault.services import Services

AUTHORIZE = "/oauth/authorize"
METADATA = "/.well-known/oauth-authorization-server"
FORM_BYTES = 128 * 1024
FORM_FIELDS = 50
FORM_TYPE = "application/x-www-form-urlencoded"
MAX_AGE_S = 300

router = APIRouter()


class Metadata(BaseModel):
    """Metadata of the authorisation server (RFC 8414)."""

    issuer: str = Field(examples=["https://kho.danang.example"])
    model_config = ConfigDict(extra="allow")


async def asking(request: Request) -> Asking:
    """The request's form and proofs. Raises `InvalidRequest`, `TooLarge`."""
    if "authorization" in request.headers:
        raise InvalidRequest("clients authenticate by private_key_jwt alone, in the body")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise TooLarge(limit=FORM_BYTES)
    form = read_form(request.headers.get("content-type", ""), bytes(body))
    return Asking(request.url.path, form, request.headers.getlist("dpop"))


AskingDep = Annotated[Asking, Depends(asking)]


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """The parameters of a body; those without a value count as absent, none may come twice (RFC 6749 section 3.2)."""
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise InvalidRequest(f"the body is {FORM_TYPE}")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS)
    except ValueError:
        raise InvalidRequest(f"the body is no form in UTF-8 of at most {FORM_FIELDS} parameters") from None
    return _once(pairs)


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("a parameter comes twice")
    return {name: value for name, value in found.items() if value}


@router.post("/oauth/par", include_in_schema=False)
def push(asked: AskingDep, services: ServicesDep) -> Response:
    client = clients.authenticate(services, asked)
    request_uri = pushing.push(services, client, asked.form)
    lasts = int(requests.PUSHED_FOR.total_seconds())
    return _answer(services, asked, {"request_uri": request_uri, "expires_in": lasts}, status=201)


@router.get(AUTHORIZE, include_in_schema=False)
def authorize(request: Request, services: ServicesDep) -> Response:
    """Takes a pushed request into this browser's hands and goes on to the page that asks the citizen.

    What else is in the address is passed over (RFC 9126 section 4). Whatever is wrong is told here, on a page: nothing
    is known yet that an answer could safely be sent to.
    """
    try:
        query = _once(request.query_params.multi_items())
    except InvalidRequest:
        raise RequestOver from None
    opened = requests.open_(services.db, query.get("client_id", ""), query.get("request_uri", ""))
    page = requests.cookie_path(opened.request_id)
    response = RedirectResponse(page, status_code=303)
    response.set_cookie(
        requests.cookie_name(services.settings),
        opened.secret,
        max_age=int(requests.OPENED_FOR.total_seconds()),
        path=page,
        secure=services.settings.over_tls,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/oauth/token", include_in_schema=False)
def token(asked: AskingDep, services: ServicesDep) -> Response:
    client = clients.authenticate(services, asked)
    return _answer(services, asked, exchange.token(services, client, asked.form))


@router.post("/oauth/revoke", include_in_schema=False)
def revoke(asked: AskingDep, services: ServicesDep) -> Response:
    """Empty, whatever became of the token (RFC 7009 section 2.2)."""
    client = clients.authenticate(services, asked)
    inspection.revoke(services, client, asked.form)
    return Response(headers=_next_nonce(services, asked))


@router.post("/oauth/introspect", include_in_schema=False)
def introspect(asked: AskingDep, services: ServicesDep) -> Response:
    client = clients.authenticate(services, asked)
    return _answer(services, asked, inspection.introspect(services, client, asked.form))


@router.get(
    METADATA,
    tags=["keys"],
    summary="What the authorisation server can do",
    description="RFC 8414. How a portal asks for papers is described with the formats.",
    response_model=Metadata,
    response_class=JSONResponse,
)
def describe(services: ServicesDep) -> Any:
    found = metadata(clients.issuer(services))
    return JSONResponse(found, headers={"Cache-Control": f"public, max-age={MAX_AGE_S}"})


def is_endpoint(request: Request) -> bool:
    """Whether only clients ask here, who understand the errors of RFC 6749."""
    return request.url.path.startswith("/oauth/") and request.url.path != AUTHORIZE


def refused(request: Request, error: Exception) -> Response:
    """The answer to a `Refusal`; whoever needs a nonce gets one (RFC 9449 section 8). Run in a thread of its own."""
    assert isinstance(error, Refusal)  # noqa: S101 - the framework calls this for nothing else
    services_of(request).metrics.refused(error.error)
    headers = _nonce(services_of(request)) if isinstance(error, UseNonce) else {}
    return _error(error.error, error.description, error.status, headers)


def of_problem(problem: Problem) -> Response:
    """What went wrong before or behind these routes, by the same codes."""
    error = {503: "temporarily_unavailable", 507: "temporarily_unavailable"}.get(problem.status, "server_error")
    if problem.status < 500:
        error = InvalidRequest.error
    return _error(error, problem.code.replace("-", " "), problem.status, problem.headers)


def _error(error: str, description: str, status: int, headers: Mapping[str, str]) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, dict(headers))


def _answer(services: Services, asked: Asking, body: Mapping[str, Any], status: int = 200) -> Response:
    """With the next nonce for whoever proves keys, so that no request must be repeated (RFC 9449 section 8.2)."""
    return JSONResponse(dict(body), status, _next_nonce(services, asked))


def _next_nonce(services: Services, asked: Asking) -> dict[str, str]:
    return _nonce(services) if asked.proofs else {}


def _nonce(services: Services) -> dict[str, str]:
    return {"DPoP-Nonce": proving.new_nonce(services)}
