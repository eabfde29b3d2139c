"""My papers: the list, searched and filtered."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from vault import documents, search, supplements
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.db import now
from vault.documents import Cursor
from vault.pages.cards import card, hit_card
from vault.pages.dossiers import question
from vault.pages.render import ZONE, page
from vault.readings import Kinds

router = APIRouter()

PAGE = 20
DocumentId = Annotated[str, Path(max_length=36)]


@router.get("/papers")
def my_papers(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    language: LanguageDep,
    q: Annotated[str, Query(max_length=search.QUERY_MAX)] = "",
    kind: Annotated[str, Query(max_length=64)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    kinds, more, searched = services.kinds, "", bool(q.strip())
    after = Cursor.decode(cursor) if cursor and not searched else None
    with services.db.read() as session:
        today = today_of(session)
        limit = None if searched else PAGE + 1
        found = documents.listed(session, citizen.wallet, kind=kind or None, after=after, limit=limit)
        waiting = supplements.waiting_for(session, citizen.wallet)
    # readings are opened and searched from here on: it may take long, and no connection is held meanwhile
    if searched:
        cards = [hit_card(kinds, hit, language, today) for hit in search.find(kinds, found, q)]
    else:
        cards = [card(kinds, paper, language, today) for paper in found[:PAGE]]
        more = Cursor(found[PAGE - 1].document.created_at, found[PAGE - 1].id).encode() if found[PAGE:] else ""
    names = kind_names(kinds, language)
    questions = [question(services, one, language) for one in waiting]
    return page(
        request, "papers/list.html", citizen, cards=cards, more=more, q=q, kind=kind, kinds=names, questions=questions
    )


@router.get("/papers/{document_id}/card")
def one_card(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    """One entry of the list, for a list that waits for a reading."""
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
        shown = card(services.kinds, paper, language, today_of(session))
    return page(request, "papers/card.html", citizen, card=shown)


def today_of(session: Session) -> date:
    """The day that it is in Viet Nam."""
    return now(session).astimezone(ZONE).date()


def kind_names(kinds: Kinds, language: str) -> list[tuple[str, str]]:
    """Codes and names of all kinds, by name; `other` last."""
    names = [(code, kind.names[language]) for code, kind in kinds.items()]
    return sorted(names, key=lambda pair: (pair[0] == "other", search.fold(pair[1])))
