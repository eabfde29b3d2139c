"""What each type of problem means (RFC 9457 section 3.1.1: its address should lead to such a page)."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vault.api.principals import ServicesDep
from vault.errors import NotFound
from vault.pages import words
from vault.pages.home import signed_in
from vault.pages.render import page, translate_for
from vault.problems import TABLE

router = APIRouter()


@router.get("/problems/{code}")
def explain(code: Annotated[str, Path(max_length=64)], request: Request, services: ServicesDep) -> Response:
    if code not in TABLE:
        raise NotFound
    translate = translate_for(request)
    status, title, detail = TABLE[code]
    text = translate(words.PROBLEMS.get(code, detail))
    who = signed_in(request, services)
    return page(request, "problem.html", who, code=code, number=status, title=translate(title), text=text)
