"""`create_app` wires everything: services, routes, errors, and the worker inside the process where it is embedded."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from storage.errors import StorageError
from vault import firststart, pages, problems
from vault.api import (
    accounts,
    agency,
    documents,
    dossiers,
    exports,
    grants,
    imports,
    oauth,
    probes,
    searchable,
    uploads,
    wellknown,
)
from vault.api.language import language_of
from vault.api.openapi import completed
from vault.api.principals import services_of
from vault.copier import Copier
from vault.cutter import Cutter
from vault.errors import Invalid, NotReady, SignInNeeded, VaultError
from vault.i18n import translator
from vault.middleware import HEADERS, REQUEST_ID, BodyLimit, Observed, SameSite, StandardHeaders, Tus, request_id
from vault.oauth.refusals import Refusal
from vault.pages.errors import error_page
from vault.problems import Problem
from vault.readiness import Readiness
from vault.services import Services
from vault.settings import Settings
from vault.worker import Worker

STATIC = Path(__file__).parent / "static"
MACHINES = ("/api", "/agency", "/.well-known", "/oauth", "/openapi.json", "/healthz", "/readyz")
UPLOADS = re.compile(
    r"POST (/api/documents|/api/documents/[^/]+/versions|/papers/new|/papers/[^/]+/versions|/api/uploads"
    r"|/api/import|/api/import/papers|/import|/import/papers)"
    r"|PATCH /api/uploads/[^/]+"
)
AREAS = (
    accounts,
    documents,
    searchable,
    uploads,
    exports,
    imports,
    grants,
    dossiers,
    agency,
    wellknown,
    oauth,
    probes,
)
STOP_S = 5

log = logging.getLogger(__name__)


def create_app(settings: Settings, services: Services | None = None) -> FastAPI:
    """The whole service. Without `services` it makes what first start needs and opens them."""
    opened = services or firststart.prepare(settings)
    app = FastAPI(
        title="Docvault",
        version="1",
        summary="A personal vault for papers: sealed, read once, shared under signed grants.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # spans would carry what people search
    )
    app.state.services, app.state.readiness = opened, Readiness(opened)
    for area in AREAS:
        app.include_router(area.router)
    app.include_router(pages.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = completed(app)  # type: ignore[method-assign]  # as the framework documents it
    _add_errors(app)
    app.add_middleware(BodyLimit, answer=answer, uploads=is_upload)
    app.add_middleware(Tus, prefix=uploads.PREFIX)
    app.add_middleware(SameSite, answer=answer)
    app.add_middleware(StandardHeaders, over_tls=settings.over_tls)
    app.add_middleware(Observed, template=_template, metrics=opened.metrics)
    return app


def is_upload(method: str, path: str) -> bool:
    return UPLOADS.fullmatch(f"{method} {path}") is not None


def answer(request: Request, error: Exception) -> Response:
    """A problem for machines, a page for people; nobody signed in on a page goes to the sign-in page."""
    problem = problems.of(error, translator(language_of(request)))
    if problem.status >= 500 and not isinstance(error, NotReady):
        place = {"route": _template(request.scope), "request_id": request_id(request.scope)}
        log.error("a request failed", extra=place, exc_info=error)
    if isinstance(error, SignInNeeded) and not _is_machine(request):
        return RedirectResponse("/sign-in?" + urlencode({"next": request.url.path}), status_code=303)
    return respond(request, problem)


def respond(request: Request, problem: Problem) -> Response:
    services_of(request).metrics.refused(problem.code)
    if oauth.is_endpoint(request):
        return oauth.of_problem(problem)
    if _is_machine(request):
        return JSONResponse(problem.body(), problem.status, problem.headers, media_type=problems.MEDIA_TYPE)
    return error_page(request, problem)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    workers = (Worker(services), Cutter(services), Copier(services)) if services.settings.embedded_worker else ()
    threads = [Thread(target=worker.run, name=worker.kind, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    yield
    for worker in workers:
        worker.stop()
    for thread in threads:
        thread.join(STOP_S)
    services.db.close()


def _add_errors(app: FastAPI) -> None:
    async def known(request: Request, error: Exception) -> Response:
        return answer(request, error)

    async def unknown(request: Request, error: Exception) -> Response:
        """Answered outside of all middleware, so that the standard headers must come from here."""
        response = answer(request, error)
        for name, value in (HEADERS | {REQUEST_ID: request_id(request.scope)}).items():
            response.headers.setdefault(name, value)
        return response

    for kind in (VaultError, StorageError, DataError, OperationalError, NoConnection, StaleDataError):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(Refusal, oauth.refused)
    app.add_exception_handler(Exception, unknown)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_gone)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Says where and what, never the value: it may be a password."""
    error = cast(RequestValidationError, error)
    found = [{"field": _place(e), "message": e["msg"]} for e in error.errors()]
    invalid = Invalid(found[0]["field"] if found else "body", "malformed")
    problem = problems.of(invalid, translator(language_of(request)))
    problem.members["errors"] = found
    return respond(request, problem)


def _place(error: Mapping[str, Any]) -> str:
    """Where in the request, in our own words: the name of an unknown member is text of the sender's."""
    known = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"][:2]
    return ".".join(map(str, known)) or "body"


async def _on_http(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if isinstance(error.__cause__, VaultError):  # met while the framework read the body
        return answer(request, error.__cause__)
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    problem = problems.make(code, translator(language_of(request)), headers=dict(error.headers or {}))
    return respond(request, problem)


async def _on_gone(request: Request, error: Exception) -> Response:
    """Nobody is there to read this; the upload left nothing behind."""
    return Response(status_code=400)


def _is_machine(request: Request) -> bool:
    return request.url.path.startswith(MACHINES) and request.url.path != oauth.AUTHORIZE


def _template(scope: Scope) -> str:
    """The route's template, once it is found: a path may hold ids, a query what somebody searched."""
    if (route := scope.get("route")) is not None:
        return str(route.path)
    if scope.get("root_path"):  # of what is mounted
        return str(scope["root_path"])
    return scope["path"] if scope["path"] == "/openapi.json" else "-"
