"""One paper: its pages, what was read beside what its owner says, who has it, and what can be done with it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from vault import documents, grants, intake, problems, readings, searchable
from vault.api.language import LanguageDep, language_of
from vault.api.principals import CitizenDep, ServicesDep
from vault.errors import Invalid
from vault.pages import cards, facts
from vault.pages.addresses import go, local
from vault.pages.forms import FormDep, problem_of
from vault.pages.papers import DocumentId, kind_names, today_of
from vault.pages.render import page, translate_for
from vault.pages.searchable import why_none
from vault.principals import Citizen
from vault.readings import ReadingView
from vault.services import Services

router = APIRouter()


@router.get("/papers/{document_id}")
def one_paper(document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    return _show(request, citizen, services, document_id)


@router.post("/papers/{document_id}")
def save(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, form: FormDep
) -> Response:
    """Title, kind and fields in one go; nothing is kept when one of them cannot be taken."""
    try:
        with services.db.write() as session:
            changed = _save(session, services, citizen, document_id, form)
    except Invalid as error:
        return _show(request, citizen, services, document_id, form, error)
    return go(f"/papers/{document_id}", {"done": "kind-changed" if changed else "confirmed"})


@router.get("/papers/{document_id}/progress")
def progress(
    document_id: DocumentId,
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    seen: Annotated[int, Query(ge=0)] = 0,
    back: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The reading's progress for a page that waits (`back`, if it is another than the paper's own).

    Pages that can be shown since the page knew of `seen` are put beside the others; at the first of them, and when
    all is read, the page is told to load itself anew.
    """
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
    version = paper.version
    anew = version.state not in cards.BUSY or (seen == 0 and version.shown > 0)
    headers = {"HX-Refresh": "true"} if anew else None
    news = range(seen + 1, version.shown + 1)
    return page(request, "papers/progress.html", citizen, headers=headers, paper=paper, back=local(back, ""), news=news)


@router.get("/papers/{document_id}/sheets")
def sheets(document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep) -> Response:
    """How far the large views are, for the paper's own page; tells it to load itself anew when all are made."""
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
    headers = None if paper.version.cutting else {"HX-Refresh": "true"}
    return page(request, "papers/sheets.html", citizen, headers=headers, paper=paper)


@router.post("/papers/{document_id}/read-again")
def read_again(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> Response:
    intake.read_again(services, citizen, document_id)
    return go(f"/papers/{document_id}")


@router.get("/papers/{document_id}/delete")
def delete_page(
    document_id: DocumentId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
        shown = cards.card(services.kinds, paper, language, today_of(session))
    return page(request, "papers/delete.html", citizen, card=shown, days=services.settings.bin_days)


@router.post("/papers/{document_id}/delete")
def delete(document_id: DocumentId, citizen: CitizenDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        documents.delete_to_bin(session, citizen, document_id)
    return go("/papers", {"done": "deleted"})


def _save(session: Session, services: Services, citizen: Citizen, document_id: str, form: Mapping[str, str]) -> bool:
    """Returns whether the kind changed: then the fields of the old one count no more."""
    paper = documents.held_live(session, citizen, document_id)
    kind, before = form.get("kind", ""), paper.document.kind
    if kind and kind not in services.kinds:
        raise Invalid("kind", "unknown")
    if form.get("title", "").strip() != paper.label.title:
        documents.retitle(session, citizen, document_id, form.get("title", ""))
    if kind and (kind != before or not paper.document.kind_confirmed):
        documents.set_kind(session, citizen, document_id, kind)
    session.flush()
    if kind and kind != before:
        return True
    seen = readings.view(services.kinds, documents.get_live(session, citizen.wallet, document_id))
    values = facts.filled_in(seen, form)
    if values:
        readings.confirm(session, services.kinds, citizen, document_id, values)
    return False


def _show(
    request: Request,
    citizen: Citizen,
    services: Services,
    document_id: str,
    form: Mapping[str, str] | None = None,
    error: Invalid | None = None,
) -> Response:
    language, translate = language_of(request), translate_for(request)
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id)
        seen = readings.view(services.kinds, paper)
        shared = grants.who_has(session, citizen.wallet, document_id)
        standing = searchable.standing(session, services.blobs, paper)
        today = today_of(session)
    labels = {spec.name: spec.labels[language] for spec in seen.kind.fields}
    problem = problem_of(request, error, labels) if error else None
    failure = problems.reason_text(paper.version.failure, translate, {}) if paper.version.failure else ""
    return page(
        request,
        "papers/paper.html",
        citizen,
        status=problem.status if problem else 200,
        problem=problem,
        card=cards.card(services.kinds, paper, language, today),
        paper=paper,
        seen=seen,
        title_typed=(form or {}).get("title", paper.label.title),
        kind_chosen=(form or {}).get("kind", paper.document.kind),
        rows=facts.rows(seen, language, translate, _typed(seen, form)),
        doubts=facts.doubt_texts(seen.kind, seen.doubts, language, translate),
        checked=any(fact.confirmed for fact in seen.facts) or paper.document.kind_confirmed,
        kinds=kind_names(services.kinds, language),
        shared=shared,
        failure=failure,
        standing=standing,
        why_none=why_none(request, standing),
        unread=[one.number for one in seen.reading.pages if one.error] if seen.reading else [],
    )


def _typed(seen: ReadingView, form: Mapping[str, str] | None) -> dict[str, str]:
    names = (fact.spec.name for fact in seen.facts)
    return {name: form[f"field.{name}"] for name in names if form and f"field.{name}" in form}
