"""A wallet's papers as the components of a procedure need them: found by kind, opened only where their age is asked."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from ocr.kinds import OTHER
from sharing.terms import Tier
from vault import documents, readings
from vault.documents import Paper
from vault.matching import Candidate
from vault.models import Document, ReadingState, Version
from vault.procedures import ISSUED, Component
from vault.readings import Kinds
from vault.wallets import Wallet

DATED = 12
"""Papers of one kind whose day of issue is looked up, the better ones first: each has to be opened for it."""

_BUSY = (ReadingState.waiting, ReadingState.reading)


def of(session: Session, kinds: Kinds, wallet: Wallet, components: Sequence[Component]) -> list[Candidate]:
    """The current versions of the wallet's papers, without those in the bin, of any kind that a component takes."""
    found = _found(session, wallet, _kinds(components))
    issued = _issued(session, kinds, wallet, [paper for kind in _dated(components) for paper in _best(found, kind)])
    plain = _kinds(component for component in components if component.max_age_days is None)
    known = (paper for paper in found if paper.version_id in issued or paper.kind in plain)
    return [_with_date(paper, issued) for paper in known]


def named(
    session: Session, kinds: Kinds, wallet: Wallet, components: Sequence[Component], versions: Collection[str]
) -> dict[str, Candidate]:
    """Those of the versions that `of` could give, by id: the citizen's own, current, live, of a kind that is taken."""
    found = _found(session, wallet, _kinds(components), col(Version.id).in_(versions))
    issued = _issued(session, kinds, wallet, [paper for paper in found if paper.kind in _dated(components)])
    return {paper.version_id: _with_date(paper, issued) for paper in found}


def coming(session: Session, wallet: Wallet, components: Sequence[Component], since: datetime) -> list[Candidate]:
    """What was put in since then and is being read, of a kind that is taken or not known yet; the newest first."""
    busy = (col(Version.state).in_(_BUSY), col(Version.created_at) > since)
    found = _found(session, wallet, _kinds(components) | {OTHER}, *busy)
    known = (paper for paper in found if paper.kind != OTHER or not paper.kind_sure)
    return sorted(known, key=lambda paper: paper.created_at, reverse=True)


def opened(session: Session, wallet: Wallet, candidates: Iterable[Candidate]) -> dict[str, Paper]:
    """The papers of the candidates, by version id."""
    papers = documents.of_versions(session, wallet, [candidate.version_id for candidate in candidates])
    return {paper.version.id: paper for paper in papers}


def issued_on(kinds: Kinds, paper: Paper) -> date | None:
    """The day a paper was issued: as its owner says, else as it was read when that is sure."""
    seen = readings.view(kinds, paper, pages=False)
    fact = next((fact for fact in seen.facts if fact.spec.name == ISSUED), None)
    if fact is None or not (fact.confirmed or (fact.read and fact.read.confidence >= readings.SURE)):
        return None
    try:
        return date.fromisoformat(fact.value)
    except ValueError:
        return None


def _kinds(components: Iterable[Component]) -> frozenset[str]:
    return frozenset(kind for component in components for kind in component.kinds)


def _dated(components: Iterable[Component]) -> frozenset[str]:
    return _kinds(component for component in components if component.max_age_days is not None)


def _found(
    session: Session, wallet: Wallet, kinds: Collection[str], *conditions: ColumnElement[bool]
) -> list[Candidate]:
    """Only columns that lie in the clear: a large wallet costs one query, and nothing of it is opened."""
    newest = (
        select(func.max(Version.number))
        .where(col(Version.document_id) == Document.id)
        .correlate(Document)
        .scalar_subquery()
    )
    query = (
        select(
            col(Document.id), col(Version.id), col(Document.kind), col(Document.kind_sure), col(Version.tier),
            col(Version.created_at), col(Document.expires_on), col(Version.state),
        )
        .join(Version, col(Version.document_id) == col(Document.id))
        .where(col(Document.citizen_id) == wallet.citizen_id, col(Version.citizen_id) == wallet.citizen_id)
        .where(col(Document.deleted_at).is_(None), col(Document.kind).in_(kinds), col(Version.number) == newest)
    )  # fmt: skip
    return [_candidate(tuple(row)) for row in session.connection().execute(query.where(*conditions))]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    document_id, version_id, kind, kind_sure, tier, created_at, expires_on, state = row
    ready = ReadingState(state) not in _BUSY
    return Candidate(document_id, version_id, kind, kind_sure, Tier(tier), created_at, None, expires_on, ready)


def _best(found: Iterable[Candidate], kind: str) -> list[Candidate]:
    papers = (paper for paper in found if paper.kind == kind)
    return sorted(papers, key=lambda paper: (paper.tier.rank, paper.created_at), reverse=True)[:DATED]


def _issued(session: Session, kinds: Kinds, wallet: Wallet, candidates: Sequence[Candidate]) -> dict[str, date | None]:
    papers = opened(session, wallet, candidates)
    return {version_id: issued_on(kinds, paper) for version_id, paper in papers.items()}


def _with_date(paper: Candidate, issued: dict[str, date | None]) -> Candidate:
    return replace(paper, issued_on=issued[paper.version_id]) if paper.version_id in issued else paper
