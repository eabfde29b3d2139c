"""The one constructor of the portal, which wires everything."""

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from examples.portal import citizen, keys, officer, procedures
from examples.portal.dossiers import Store
from examples.portal.pages import Portal, guard, nothing_there
from examples.portal.settings import HOST, Settings
from examples.portal.vault import Vault


def prepare(settings: Settings) -> Portal:
    """Keys, application and store, made where they are missing."""
    own = keys.load_or_make(settings.folder)
    known = procedures.load()
    keys.apply(settings, own, list(known))
    return Portal(settings, Store(settings.folder), Vault(settings, own), known)


def create_app(portal: Portal) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.portal = portal
    app.add_middleware(BaseHTTPMiddleware, dispatch=guard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])  # no name that somebody points at us
    app.add_exception_handler(HTTPException, nothing_there)
    app.include_router(citizen.router)
    app.include_router(officer.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    return app
