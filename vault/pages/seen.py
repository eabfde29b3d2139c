"""Who has seen: the citizen's access log in plain words, day by day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from vault import history, readings
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.db import now
from vault.history import Entry
from vault.i18n import Translate
from vault.pages import telling
from vault.pages.cards import title
from vault.pages.render import ZONE, page, translate_for
from vault.readings import Kinds

router = APIRouter()

PAGE = 50


@dataclass(frozen=True)
class Line:
    """One entry in words. `look` is "opened", "refused", "received", "asked" or "own"; an address may be empty."""

    at: datetime
    text: str
    detail: str
    who: str
    look: str
    paper_address: str
    dossier_address: str


@dataclass(frozen=True)
class Day:
    day: date
    lines: tuple[Line, ...]


@router.get("/seen")
def who_has_seen(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    language: LanguageDep,
    show: Annotated[str, Query(max_length=16)] = "sharing",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    sharing_only = show != "all"
    with services.db.read() as session:
        found = history.entries(session, citizen.wallet, before=before, limit=PAGE + 1, sharing_only=sharing_only)
        today = now(session).astimezone(ZONE).date()
    shown, translate = found[:PAGE], translate_for(request)
    lines = [line(services.kinds, entry, language, translate) for entry in shown]
    more = shown[-1].event.id if len(found) > PAGE else None
    return page(
        request, "seen/list.html", citizen, days=_days(lines), more=more, sharing_only=sharing_only, today=today,
        first=before is None,
    )  # fmt: skip


def line(kinds: Kinds, entry: Entry, language: str, translate: Translate) -> Line:
    event, paper = entry.event, entry.paper
    named = title(readings.view(kinds, paper), language) if paper else ""
    return Line(
        at=event.at,
        text=telling.sentence(event, entry.agency, named, translate),
        detail=telling.detail(event, translate),
        who=entry.officer,
        look=telling.LOOKS.get(event.kind, "own"),
        paper_address=f"/papers/{paper.id}" if paper and paper.document.deleted_at is None else "",
        dossier_address=f"/dossiers/{event.detail}" if event.kind in history.DOSSIERS else "",
    )


def _days(lines: Iterable[Line]) -> list[Day]:
    """Lines by the day that it was in Viet Nam; they come newest first and stay so."""
    return [Day(day, tuple(of_day)) for day, of_day in groupby(lines, lambda line: line.at.astimezone(ZONE).date())]
