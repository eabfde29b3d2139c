"""The consent: who asks for which papers and why, what the wallet has for it, and the citizen's answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from vault import candidates, consents, matching, questions
from vault.api.language import language_of
from vault.api.principals import PrincipalDep, ServicesDep
from vault.errors import ConsentIncomplete, Invalid, NotFound, RequestOver
from vault.middleware import PAGE_POLICY
from vault.oauth import requests
from vault.pages import asked, consenting, drafts
from vault.pages.addresses import go
from vault.pages.consenting import Reader
from vault.pages.forms import FormDep, problem_of
from vault.pages.render import page, translate_for
from vault.principals import Citizen, Officer
from vault.problems import Problem
from vault.procedures import ISSUED
from vault.proposals import Proposal, Slot, propose
from vault.questions import Draft, Question
from vault.services import Services

router = APIRouter()

Id = Annotated[str, Path(max_length=36)]
Choose = Annotated[str, Query(max_length=64)]
Form = Mapping[str, str]
Load = Callable[[Session, Citizen], Question]

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True)
class Visit:
    """One request for one of these pages: who came, and how the question is looked up for them."""

    request: Request
    services: Services
    citizen: Citizen
    path: str
    load: Load

    def go(self, slot: str = "", **query: str) -> Response:
        """Back to the page, at the place of a component."""
        place = f"#c-{slot}" if slot else ""
        return go(self.path + (f"?{urlencode(query)}" if query else "") + place)


@router.get("/consent/{request_id}")
def consent(
    request_id: Id, request: Request, who: PrincipalDep, services: ServicesDep, choose: Choose = ""
) -> Response:
    """What a portal asks. It becomes the question of the citizen who first looks at it."""
    load = _of_portal(request, services, request_id)
    return _visited(request, services, who, load, lambda visit: _show(visit, choose))


@router.post("/consent/{request_id}")
def answer(request_id: Id, request: Request, who: PrincipalDep, services: ServicesDep, form: FormDep) -> Response:
    load = _of_portal(request, services, request_id)
    return _visited(request, services, who, load, lambda visit: _answer(visit, form))


@router.get("/supplements/{supplement_id}")
def supplement(
    supplement_id: Id, request: Request, who: PrincipalDep, services: ServicesDep, choose: Choose = ""
) -> Response:
    """What an agency asks for a dossier that it has."""
    load = _of_agency(services, supplement_id)
    return _visited(request, services, who, load, lambda visit: _show(visit, choose))


@router.post("/supplements/{supplement_id}")
def answer_supplement(
    supplement_id: Id, request: Request, who: PrincipalDep, services: ServicesDep, form: FormDep
) -> Response:
    load = _of_agency(services, supplement_id)
    return _visited(request, services, who, load, lambda visit: _answer(visit, form))


def _of_portal(request: Request, services: Services, request_id: str) -> Load:
    secret = request.cookies.get(requests.cookie_name(services.settings), "")
    return lambda session, citizen: questions.of_request(session, citizen, request_id, secret)


def _of_agency(services: Services, supplement_id: str) -> Load:
    return lambda session, citizen: questions.of_supplement(session, services, citizen, supplement_id)


def _visited(
    request: Request,
    services: Services,
    who: Citizen | Officer,
    load: Load,
    then: Callable[[Visit], Response],
) -> Response:
    """An officer is told that a citizen must answer; whatever is over, or never was, looks alike."""
    if not isinstance(who, Citizen):
        return page(request, "consent/officer.html", who, status=403)
    try:
        return then(Visit(request, services, who, request.url.path, load))
    except RequestOver:
        return page(request, "consent/over.html", who, status=404)


def _show(visit: Visit, choose: str = "", draft: Draft | None = None, problem: Problem | None = None) -> Response:
    services, citizen = visit.services, visit.citizen
    with services.db.read() as session:
        question = visit.load(session, citizen)
        kept = draft or question.draft(citizen.wallet)
        proposal = propose(session, services, citizen, question, kept)
    if question.pending and question.pending.row.citizen_id is None:
        with services.db.write() as session:
            requests.claim(session, question.pending, citizen)
    slot = proposal.slot(choose)
    if slot is not None:
        return _choose(visit, proposal, slot, kept)
    return _ask(visit, proposal, kept, problem)


def _answer(visit: Visit, form: Form) -> Response:
    match form.get("decision"):
        case "agree":
            return _agree(visit, form)
        case "refuse":
            return _refuse(visit)
    name = next((form[button] for button in ("choose", "upload", "confirm") if form.get(button)), "")
    if form.get("confirm"):
        return _confirm(visit, form, name)
    question = _keep(visit, form)
    component = question.component(name)
    if component is not None and form.get("upload"):
        return go("/papers/new?" + urlencode([("back", visit.path), *(("kind", kind) for kind in component.kinds)]))
    return visit.go(form.get("only", ""), **({"choose": name} if component else {}))


def _agree(visit: Visit, form: Form) -> Response:
    """What cannot be agreed to comes back with all that was chosen and typed."""
    services, citizen = visit.services, visit.citizen
    try:
        with services.db.write() as session:
            question = visit.load(session, citizen)
            agreed = consents.agree(session, services, citizen, question, drafts.sent(form))
    except (ConsentIncomplete, Invalid) as error:
        question = _keep(visit, form)
        language = language_of(visit.request)
        labels = {item.field.name: item.field.labels[language] for item in question.fields}
        return _show(visit, problem=problem_of(visit.request, error, labels))
    if agreed.url is None:
        return go(f"/dossiers/{agreed.dossier_id}", {"done": "supplement-answered"})
    return RedirectResponse(agreed.url, 303, {"Content-Security-Policy": _policy(question)})


def _refuse(visit: Visit) -> Response:
    services, citizen = visit.services, visit.citizen
    with services.db.write() as session:
        question = visit.load(session, citizen)
        if question.waiting:
            return go(f"/dossiers/{question.waiting.dossier.id}", {"done": "supplement-waits"})
        url = consents.refuse(session, services, citizen, question)
    return RedirectResponse(url, 303, {"Content-Security-Policy": _policy(question)})


def _confirm(visit: Visit, form: Form, name: str) -> Response:
    """The citizen looked at a paper and says what it is; it then stands where it almost stood before."""
    services, citizen, version = visit.services, visit.citizen, form.get(f"nearest.{name}", "")
    _keep(visit, form)
    try:
        with services.db.write() as session:
            question = visit.load(session, citizen)
            consents.confirm(session, services, citizen, question, version, form.get(f"issued.{name}"))
            kept = question.draft(citizen.wallet)
            question.keep(session, citizen.wallet, Draft({**kept.components, name: version}, kept.fields))
    except NotFound:  # gone meanwhile
        return visit.go(name)
    except Invalid as error:
        labels = {ISSUED: translate_for(visit.request)("Issued on")}
        return _show(visit, problem=problem_of(visit.request, error, labels))
    return visit.go(name)


def _keep(visit: Visit, form: Form) -> Question:
    """Keeps what was chosen and typed, told from what merely stood there as proposed."""
    services, citizen = visit.services, visit.citizen
    with services.db.write() as session:
        question = visit.load(session, citizen)
        before = question.draft(citizen.wallet)
        if only := form.get("only"):
            draft = Draft({**before.components, only: form.get(f"component.{only}", "")}, before.fields)
        else:
            proposal = propose(session, services, citizen, question, before)
            draft = drafts.changed(proposal, before, form, translate_for(visit.request))
        question.keep(session, citizen.wallet, draft)
    return question


def _ask(visit: Visit, proposal: Proposal, draft: Draft, problem: Problem | None) -> Response:
    question, services = proposal.question, visit.services
    reader = _reader(visit, proposal)
    shown = consenting.places(proposal, reader, draft)
    entries = consenting.entries(proposal, reader, draft)
    lacking = [place for place in shown if place.slot in proposal.lacking]
    taken = [slot.chosen.kind for slot in proposal.slots if slot.chosen]
    return page(
        visit.request,
        "consent/ask.html",
        visit.citizen,
        status=problem.status if problem else 200,
        headers={"Content-Security-Policy": _policy(question)},
        problem=problem,
        question=question,
        proposal=proposal,
        asker=consenting.asker(question, services.procedures, reader.language),
        procedure=asked.procedure_name(services, question.procedure, reader.language),
        needed=[place for place in shown if place.slot.needed],
        optional=[place for place in shown if not place.slot.needed and place.slot.asked.registered],
        beyond=[place for place in shown if not place.slot.asked.registered],
        entries=[entry for entry in entries if entry.filled.asked.registered],
        entries_beyond=[entry for entry in entries if not entry.filled.asked.registered],
        waiting=[place.label for place in lacking if place.slot.problem is matching.Problem.BEING_READ],
        undone=[place.label for place in lacking if place.slot.problem is not matching.Problem.BEING_READ],
        sensitive=any((kind := services.kinds.get(code)) is not None and kind.sensitive for code in taken),
        here=visit.path,
    )


def _choose(visit: Visit, proposal: Proposal, slot: Slot, draft: Draft) -> Response:
    """One component alone: the papers that can stand there."""
    listed, more = consenting.choices(slot)
    with visit.services.db.read() as session:
        opened = candidates.opened(session, visit.citizen.wallet, listed)
    reader = _reader(visit, proposal)
    cards = [reader.card(opened[paper.version_id]) for paper in listed if paper.version_id in opened]
    return page(
        visit.request,
        "consent/choose.html",
        visit.citizen,
        question=proposal.question,
        slot=slot,
        label=slot.asked.component.labels[reader.language],
        cards=cards,
        chosen=slot.chosen.version_id if slot.chosen else "",
        more=more,
        here=visit.path,
    )


def _reader(visit: Visit, proposal: Proposal) -> Reader:
    request = visit.request
    return Reader(visit.services.kinds, language_of(request), translate_for(request), proposal.today)


def _policy(question: Question) -> str:
    """Browsers hold a redirect after a form against `form-action` too, so the one address of the answer is let in."""
    if question.pending is None:
        return PAGE_POLICY
    parts = urlsplit(question.pending.pushed.redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    if _ORIGIN.fullmatch(origin) is None:
        return PAGE_POLICY
    return PAGE_POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")
