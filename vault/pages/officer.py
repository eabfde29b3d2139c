"""What was shared with my agency: listed, looked into, opened."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vault import redeeming, releases
from vault.api.language import LanguageDep
from vault.api.principals import OfficerDep, ServicesDep
from vault.errors import NotFound, ReleaseRefused
from vault.grants import State
from vault.pages import shares
from vault.pages.render import page
from vault.pages.shares import SharedPaper
from vault.readings import Kinds
from vault.redeeming import Received

router = APIRouter(prefix="/officer")

GrantId = Annotated[str, Path(max_length=36)]
VersionId = Annotated[str, Path(max_length=36)]
JWS = "application/jose"
"""RFC 7515 section 9.2.1: a JWS in the compact form."""


@dataclass(frozen=True)
class Case:
    """A share as the officer sees it; without papers once it was withdrawn."""

    received: Received
    papers: tuple[SharedPaper, ...]

    @property
    def openable(self) -> bool:
        """Whether asking makes sense. With all openings used it may: one that has begun goes on for some minutes."""
        return bool(self.papers) and self.received.state in (State.running, State.used_up)


@router.get("")
def shared_with_us(request: Request, officer: OfficerDep, services: ServicesDep, language: LanguageDep) -> Response:
    with services.db.read() as session:
        received = redeeming.for_agency(session, officer.ring)
    cases = [_case(services.kinds, one, language) for one in received]
    return page(request, "officer/list.html", officer, cases=cases)


@router.get("/grants/{grant_id}")
def one_share(
    grant_id: GrantId, request: Request, officer: OfficerDep, services: ServicesDep, language: LanguageDep
) -> Response:
    with services.db.read() as session:
        received = redeeming.get_for_agency(session, officer.ring, grant_id)
    return page(request, "officer/grant.html", officer, case=_case(services.kinds, received, language))


@router.get("/grants/{grant_id}/grant.jws")
def signed_grant(grant_id: GrantId, officer: OfficerDep, services: ServicesDep) -> Response:
    """The grant itself, to be kept with the dossier and verified without this vault."""
    with services.db.read() as session:
        received = redeeming.get_for_agency(session, officer.ring, grant_id)
    if received.signed is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="grant-{received.grant.id}.jws"'}
    return Response(received.signed, media_type=JWS, headers=headers)


@router.get("/grants/{grant_id}/documents/{version_id}")
def open_paper(
    grant_id: GrantId,
    version_id: VersionId,
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    language: LanguageDep,
) -> Response:
    """One opening: decided, counted and logged here; the pictures of the pages then belong to it."""
    try:
        released = releases.release(services.db, services.blobs, officer, grant_id, version_id)
    except ReleaseRefused:
        return page(request, "officer/refused.html", officer, status=404, grant_id=grant_id)
    with services.db.read() as session:
        received = redeeming.get_for_agency(session, officer.ring, grant_id)
    shown = shares.received_paper(services.kinds, released.item, language)
    pages = range(1, released.pages + 1)
    return page(
        request,
        "officer/paper.html",
        officer,
        received=received,
        paper=shown,
        pages=pages,
        sheets=released.version.sheets,
    )


def _case(kinds: Kinds, received: Received, language: str) -> Case:
    items = received.terms.items if received.terms else ()
    return Case(received, tuple(shares.received_paper(kinds, item, language) for item in items))
