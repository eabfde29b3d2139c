"""Consent: the citizen's answer to a portal's request or to a supplement (docs/formats/authorization.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from storage.keys import Key
from vault import accesslog, candidates, documents, dossiers, forms, grantkeys, grants, matching, readings, wallets
from vault.accesslog import Kind
from vault.db import now
from vault.documents import Paper
from vault.errors import ConsentIncomplete, Invalid, NotFound, RequestOver
from vault.grants import Attachment, Made, Offer
from vault.matching import Candidate, Problem
from vault.models import DossierItem, Grant, GrantHolder, Holder, Supplement
from vault.oauth import codes, requests
from vault.oauth.requests import Pending
from vault.principals import Citizen
from vault.procedures import ISSUED, Component
from vault.proposals import days_of, today_of
from vault.questions import Draft, Question
from vault.services import Services
from vault.supplements import Waiting
from vault.wallets import Wallet


@dataclass(frozen=True)
class Agreed:
    """What an agreement became; `url` leads back to the portal where one asked, with the code in it."""

    grant_id: str
    dossier_id: str
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _First:
    """The first grant of a dossier that still stands: its key, and the thumbprint that it is bound to."""

    key: Key = field(repr=False)
    bound_to: str | None


def agree(session: Session, services: Services, citizen: Citizen, question: Question, draft: Draft) -> Agreed:
    """Grants what `draft` names, refers the dossier to it and answers the portal, all in this transaction or none.

    Every version is judged once more. Raises `ConsentIncomplete` (a needed one is missing, one does not fit any more,
    none at all), `Invalid` (a value's form, or something that was not asked), `RequestOver`.
    """
    wallets.lock_wallet(session, citizen.citizen_id)
    chosen = _judged(session, services, citizen, question, draft)
    opened = candidates.opened(session, citizen.wallet, chosen.values())
    papers = {name: opened[candidate.version_id] for name, candidate in chosen.items()}
    form = forms.answers(forms.fill(services.kinds, question.fields, papers), draft.fields)
    if question.pending:
        return _answer_portal(session, services, citizen, question, question.pending, papers, form)
    if question.waiting:
        return _answer_supplement(session, services, citizen, question, question.waiting, papers)
    raise RequestOver


def refuse(session: Session, services: Services, citizen: Citizen, question: Question) -> str:
    """Answers the portal with nothing but that it was refused: where the browser goes. Raises `RequestOver`."""
    if question.pending is None:
        raise RequestOver
    requests.claim(session, question.pending, citizen)
    requests.answer(session, question.pending, citizen.citizen_id)
    accesslog.record(
        session,
        Kind.consent_refused,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        agency_id=question.agency.id,
    )
    return codes.answer_url(question.pending.pushed, services.settings.public_url, error=codes.REFUSED)


def confirm(
    session: Session, services: Services, citizen: Citizen, question: Question, version_id: str, issued: str | None
) -> None:
    """The citizen says that a paper is what it was taken for and, where asked, when it was `issued`.

    Raises `NotFound` for a version that is not among those that could serve, `Invalid`.
    """
    wallets.lock_wallet(session, citizen.citizen_id)
    components = [asked.component for asked in question.components]
    found = candidates.named(session, services.kinds, citizen.wallet, components, {version_id}).get(version_id)
    if found is None:
        raise NotFound
    if not found.kind_sure:
        documents.set_kind(session, citizen, found.document_id, found.kind)
    if issued is not None:
        if not issued.strip():
            raise Invalid(ISSUED, "missing")
        readings.confirm(session, services.kinds, citizen, found.document_id, {ISSUED: issued})


def _judged(
    session: Session, services: Services, citizen: Citizen, question: Question, draft: Draft
) -> dict[str, Candidate]:
    """The versions that were chosen, by component, each as it is now."""
    components = {asked.component.name: asked.component for asked in question.components}
    _only_asked("component", draft.components, components)
    _only_asked("field", draft.fields, {asked.field.name for asked in question.fields})
    said = {name: version for name, version in draft.components.items() if version}
    found = candidates.named(session, services.kinds, citizen.wallet, [*components.values()], set(said.values()))
    today = today_of(session)
    wrong = [name for name, version in said.items() if _problem(components[name], found.get(version), today)]
    lacking = [name for name, component in components.items() if component.needed and name not in said]
    if wrong or lacking or not said:
        raise ConsentIncomplete
    return {name: found[said[name]] for name in components if name in said}


def _problem(component: Component, candidate: Candidate | None, today: date) -> Problem | None:
    return Problem.MISSING if candidate is None else matching.problem_of(component, candidate, today)


def _only_asked(what: str, said: Mapping[str, str], asked: Mapping[str, Any] | set[str]) -> None:
    if any(name not in asked for name in said):
        raise Invalid(what, "unknown")


def _answer_portal(
    session: Session,
    services: Services,
    citizen: Citizen,
    question: Question,
    pending: Pending,
    papers: Mapping[str, Paper],
    form: Sequence[Mapping[str, Any]],
) -> Agreed:
    requests.claim(session, pending, citizen)
    made = _make(session, services, citizen, question, papers)
    dossier_id = _attach(session, citizen, question, made)
    code = codes.issue(session, pending, made.grant, made.key, form, dossier_id=dossier_id)
    url = codes.answer_url(pending.pushed, services.settings.public_url, code=code)
    return Agreed(made.grant.id, dossier_id, url)


def _answer_supplement(
    session: Session,
    services: Services,
    citizen: Citizen,
    question: Question,
    waiting: Waiting,
    papers: Mapping[str, Paper],
) -> Agreed:
    """The agency has asked within the vault, so the grant is in its hands at once; the key of its system stays."""
    first = _first_standing(session, citizen.wallet, waiting.dossier.id)
    made = _make(session, services, citizen, question, papers, first.bound_to if first else None)
    made.grant.redeemed_at = now(session)
    session.add_all((made.grant, grantkeys.hold_by_agency(made.key, made.grant.id, question.agency)))
    if first is not None:
        session.add(grantkeys.hold_by_dossier(made.key, made.grant.id, first.key))
    try:
        dossier_id = _attach(session, citizen, question, made, waiting.supplement)
    except NotFound:  # answered or withdrawn a moment ago
        raise RequestOver from None
    waiting.supplement.draft = None
    return Agreed(made.grant.id, dossier_id)


def _make(
    session: Session,
    services: Services,
    citizen: Citizen,
    question: Question,
    papers: Mapping[str, Paper],
    key: str | None = None,
) -> Made:
    """The signed grant over the chosen papers, one item for each version, with an entry in the log for each."""
    names: dict[str, tuple[str, ...]] = {}
    for name, paper in papers.items():
        names[paper.version.id] = (*names.get(paper.version.id, ()), name)
    offer = Offer(
        agency_id=question.agency.id,
        version_ids=tuple(names),
        purpose=question.purpose,
        days=days_of(services, question),
        openings=services.settings.dossier_openings,
    )
    attachment = Attachment(question.procedure, question.reference, names, key)
    made = grants.make(session, services.signer, services.settings, citizen, offer, attachment)
    for paper in made.papers:
        accesslog.record(
            session,
            Kind.granted,
            citizen_id=citizen.citizen_id,
            account_id=citizen.account_id,
            agency_id=question.agency.id,
            document_id=paper.id,
            version_id=paper.version.id,
            grant_id=made.grant.id,
        )
    return made


def _attach(
    session: Session, citizen: Citizen, question: Question, made: Made, supplement: Supplement | None = None
) -> str:
    """The dossier's id. Raises `NotFound` for a supplement that is over."""
    session.flush()
    dossier = dossiers.attach(
        session,
        citizen,
        agency_id=question.agency.id,
        procedure=question.procedure,
        reference=question.reference,
        grant=made.grant,
        terms=made.terms,
        asked_at=question.asked_at,
        supplement=supplement,
    )
    return dossier.id


def _first_standing(session: Session, wallet: Wallet, dossier_id: str) -> _First | None:
    at = now(session)
    query = (
        select(Grant, GrantHolder)
        .join(GrantHolder, col(GrantHolder.grant_id) == col(Grant.id))
        .where(GrantHolder.holder == Holder.citizen, Grant.citizen_id == wallet.citizen_id)
        .where(col(Grant.id).in_(select(DossierItem.grant_id).where(DossierItem.dossier_id == dossier_id)))
        .where(col(Grant.revoked_at).is_(None), col(Grant.redeemed_at).is_not(None), Grant.expires_at > at)
        .order_by(col(Grant.created_at), Grant.id)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    grant, holder = row
    key = grantkeys.open_by_citizen(holder, wallet)
    return _First(key, grants.read_terms(grantkeys.open_grant(key, grant)).key)
