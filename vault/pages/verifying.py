"""Verifying a grant step by step, as anybody with the vault's published keys could."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from sharing.errors import GrantError
from sharing.grants import verify
from sharing.keys import parse_jwks
from sharing.limits import GRANT_BYTES
from sharing.terms import Terms
from vault import grants, redeeming, signing
from vault.api.language import LanguageDep
from vault.api.principals import OfficerDep, ServicesDep
from vault.db import now
from vault.errors import NotFound
from vault.pages import shares, telling
from vault.pages.render import page
from vault.principals import Officer
from vault.services import Services

router = APIRouter(prefix="/officer")


@dataclass(frozen=True)
class Step:
    """`outcome` is "passed", "failed" or "skipped"."""

    number: int
    text: str
    outcome: str


@router.get("/verify")
def ask(request: Request, officer: OfficerDep) -> Response:
    return page(request, "officer/verify.html", officer, token="", most=GRANT_BYTES)


@router.post("/verify")
def check(
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    language: LanguageDep,
    grant: Annotated[str, Form(max_length=2 * GRANT_BYTES)] = "",
) -> Response:
    token = "".join(grant.split())
    if not token:
        return page(request, "officer/verify.html", officer, token="", most=GRANT_BYTES)
    terms, failed = _verified(services, officer, token)
    items = terms.items if terms else ()
    return page(
        request,
        "officer/verified.html",
        officer,
        token=token,
        steps=steps(failed),
        terms=terms,
        papers=[shares.received_paper(services.kinds, item, language) for item in items],
        state=_state_here(services, officer, terms) if terms else None,
    )


def steps(failed: int | None) -> list[Step]:
    """All steps with their outcome, where `failed` is the number of the first that did not hold."""
    stop = failed or len(telling.STEPS) + 1
    numbered = enumerate(telling.STEPS, 1)
    return [Step(n, text, "passed" if n < stop else "failed" if n == stop else "skipped") for n, text in numbered]


def _verified(services: Services, officer: Officer, token: str) -> tuple[Terms | None, int | None]:
    settings = services.settings
    with services.db.read() as session:
        keys = parse_jwks(signing.published(session, timedelta(days=settings.grant_days_max)))
        at = now(session)
    try:
        return verify(token, keys, officer.agency_id, at, issuer=settings.public_url), None
    except GrantError as error:
        return None, error.step


def _state_here(services: Services, officer: Officer, terms: Terms) -> grants.State | None:
    """What no offline check can see: where the grant stands today. None when it was not redeemed here."""
    with services.db.read() as session:
        return _state(session, officer, terms.grant_id)


def _state(session: Session, officer: Officer, grant_id: str) -> grants.State | None:
    try:
        return redeeming.get_for_agency(session, officer.ring, grant_id).state
    except NotFound:
        return None
