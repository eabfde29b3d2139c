"""What I share: running, over and withdrawn; taken back with one tap and a question."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vault import grants
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.pages import shares
from vault.pages.addresses import go
from vault.pages.render import page

router = APIRouter()

GrantId = Annotated[str, Path(max_length=36)]


@router.get("/share")
def my_shares(request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep) -> Response:
    with services.db.read() as session:
        given = grants.mine(session, citizen.wallet)
        shown = [shares.share(session, services.kinds, citizen.wallet, one, language) for one in given]
    return page(request, "share/list.html", citizen, groups=shares.groups(shown))


@router.get("/share/{grant_id}/revoke")
def revoke_page(
    grant_id: GrantId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    """The question, for who comes here by a link from a paper."""
    with services.db.read() as session:
        given = grants.get(session, citizen.wallet, grant_id)
        shown = shares.share(session, services.kinds, citizen.wallet, given, language)
    return page(request, "share/revoke.html", citizen, share=shown)


@router.post("/share/{grant_id}/revoke")
def revoke(grant_id: GrantId, citizen: CitizenDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        grants.revoke(session, citizen, grant_id)
    return go("/share", {"done": "share-revoked"})
