"""Where the link of a share lands. Its secret is in the fragment: it comes here only in an officer's form."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from vault import problems, redeeming
from vault.api.principals import OfficerDep, ServicesDep
from vault.errors import LinkUnusable
from vault.grantkeys import LINK_PATH
from vault.pages.addresses import go
from vault.pages.home import signed_in
from vault.pages.render import page, translate_for

router = APIRouter()

LINK_MAX = 1000


@router.get(LINK_PATH)
def land(request: Request, services: ServicesDep) -> Response:
    """The same page for every link: the server never learns from the address which one it is."""
    return page(request, "share/link.html", signed_in(request, services), problem=None, link="")


@router.post(LINK_PATH)
def redeem(
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    link: Annotated[str, Form(max_length=LINK_MAX)] = "",
) -> Response:
    """From a pasted, scanned or followed link to the papers behind it."""
    try:
        redeemed = redeeming.redeem_by_officer(services.db, services.signer, officer, link)
    except LinkUnusable as error:
        problem = problems.of(error, translate_for(request))
        return page(request, "share/link.html", officer, status=problem.status, problem=problem, link=link)
    return go(f"/officer/grants/{redeemed.grant_id}", {"done": "redeemed"})
