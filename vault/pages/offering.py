"""Sharing papers, in three steps: choose, read over what is agreed to, hand over the link that is shown once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlmodel import Session

from sharing.limits import OPENINGS, PURPOSE_CHARS
from vault import agencies, documents, grantkeys, grants, problems
from vault.api.language import language_of
from vault.api.principals import CitizenDep, ServicesDep
from vault.db import now
from vault.errors import Invalid
from vault.grants import Offer
from vault.models import Agency
from vault.pages import cards, qr
from vault.pages.addresses import go
from vault.pages.papers import today_of
from vault.pages.render import page, translate_for
from vault.principals import Citizen
from vault.services import Services
from vault.settings import Settings

router = APIRouter()

DAYS = (1, 3, 7, 14, 30, 60, 90)


@dataclass(frozen=True)
class Draft:
    """The form as it was typed; papers are named by their version, so that what was seen is what is signed."""

    versions: tuple[str, ...] = ()
    agency: str = ""
    purpose: str = ""
    days: str = ""
    openings: str = ""

    def offer(self, settings: Settings) -> Offer:
        """Raises `Invalid`."""
        if not self.versions:
            raise Invalid("versions", "missing")
        if not self.agency:
            raise Invalid("agency", "missing")
        days, openings = _number("days", self.days), _number("openings", self.openings)
        return grants.checked(Offer(self.agency, self.versions, self.purpose, days, openings), settings)


Short = Annotated[str, Form(max_length=36)]
Number = Annotated[str, Form(max_length=9)]


def draft_of(
    version: Annotated[list[str] | None, Form()] = None,
    agency: Short = "",
    purpose: Annotated[str, Form(max_length=4 * PURPOSE_CHARS)] = "",
    days: Number = "",
    openings: Number = "",
) -> Draft:
    return Draft(tuple(version or ()), agency, purpose, days, openings)


DraftDep = Annotated[Draft, Depends(draft_of)]


@router.get("/share/new")
def choose(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    document: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> Response:
    """Nothing is ticked but the papers that the reader came here with."""
    with services.db.read() as session:
        listed = documents.listed(session, citizen.wallet)
    versions = tuple(paper.version.id for paper in listed if paper.id in (document or ()))
    settings = services.settings
    draft = Draft(versions, days=str(settings.grant_days), openings=str(settings.grant_openings))
    return _form(request, citizen, services, draft)


@router.post("/share/new")
def change(request: Request, citizen: CitizenDep, services: ServicesDep, draft: DraftDep) -> Response:
    """Back from reading it over, with everything as it was typed."""
    return _form(request, citizen, services, draft)


@router.get("/share/check")
def nothing_to_check() -> Response:
    return go("/share/new")


@router.post("/share/check")
def read_over(request: Request, citizen: CitizenDep, services: ServicesDep, draft: DraftDep) -> Response:
    """Who, what, why, until when: signed only by the next step."""
    language = language_of(request)
    try:
        offer = draft.offer(services.settings)
    except Invalid as error:
        return _form(request, citizen, services, draft, error)
    with services.db.read() as session:
        agency, until = agencies.get(session, offer.agency_id), _until(session, offer)
        papers = [grants.own_version(session, citizen.wallet, version) for version in offer.version_ids]
        shown = [cards.card(services.kinds, paper, language, today_of(session)) for paper in papers]
    kinds = [services.kinds.get(paper.document.kind) for paper in papers]
    sensitive = any(kind is not None and kind.sensitive for kind in kinds)
    draft = replace(draft, purpose=offer.purpose)
    return page(
        request,
        "share/check.html",
        citizen,
        draft=draft,
        agency=agency,
        papers=shown,
        offer=offer,
        until=until,
        sensitive=sensitive,
    )


@router.post("/share")
def agree(request: Request, citizen: CitizenDep, services: ServicesDep, draft: DraftDep) -> Response:
    """The link is in this answer and nowhere else: the vault keeps only a hash of its secret."""
    settings = services.settings
    try:
        offer = draft.offer(settings)
    except Invalid as error:
        return _form(request, citizen, services, draft, error)
    with services.db.write() as session:
        grant, token = grants.create(session, services.signer, settings, citizen, offer)
        agency = agencies.get(session, offer.agency_id)
    link = grantkeys.link_url(settings.public_url, token)
    return page(
        request,
        "share/made.html",
        citizen,
        status=201,
        headers={"Cache-Control": "no-store"},
        link=link,
        picture=qr.data_uri(link),
        grant=grant,
        agency=agency,
    )


def _form(
    request: Request, citizen: Citizen, services: Services, draft: Draft, error: Invalid | None = None
) -> Response:
    language, translate = language_of(request), translate_for(request)
    with services.db.read() as session:
        today, at = today_of(session), now(session)
        papers = documents.listed(session, citizen.wallet)
        shown = [cards.card(services.kinds, paper, language, today) for paper in papers]
        known: list[Agency] = agencies.listed(session)
    errors = (
        {}
        if error is None
        else {str(error.values["field"]): problems.reason_text(str(error.values["reason"]), translate, error.values)}
    )
    return page(
        request,
        "share/new.html",
        citizen,
        status=422 if error else 200,
        draft=draft,
        papers=shown,
        agencies=known,
        ends=_ends(at, services.settings),
        openings_most=OPENINGS,
        purpose_most=PURPOSE_CHARS,
        errors=errors,
    )


def _ends(at: datetime, settings: Settings) -> list[tuple[int, datetime]]:
    """Numbers of days to choose from, each with the day on which it ends."""
    offered = {days for days in (*DAYS, settings.grant_days) if days <= settings.grant_days_max}
    return [(days, at + timedelta(days=days)) for days in sorted(offered)]


def _until(session: Session, offer: Offer) -> datetime:
    return now(session) + timedelta(days=offer.days)


def _number(field: str, text: str) -> int:
    """Raises `Invalid`."""
    text = text.strip()
    if not text:
        raise Invalid(field, "missing")
    if not (text.isascii() and text.isdigit()):
        raise Invalid(field, "malformed")
    return int(text)
