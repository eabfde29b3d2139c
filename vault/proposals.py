"""What a wallet has for what is asked: the papers that would go along, what is wrong with others, the form filled."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from vault import candidates, forms, matching
from vault.db import now
from vault.documents import Paper
from vault.figures import ZONE
from vault.forms import Filled
from vault.matching import Candidate, Match, Problem, Reason
from vault.oauth.details import AskedComponent
from vault.principals import Citizen
from vault.procedures import Component
from vault.questions import BEST, Draft, Question
from vault.services import Services


@dataclass(frozen=True)
class Slot:
    """A component and what stands there: the paper that would go along (`chosen`), or why there is none.

    `offered` is what can be taken with one tap. With a `problem`, `nearest` is the paper that almost fits.
    """

    asked: AskedComponent
    match: Match
    chosen: Candidate | None
    offered: Candidate | None
    problem: Problem | None
    nearest: Candidate | None

    @property
    def name(self) -> str:
        return self.asked.component.name

    @property
    def needed(self) -> bool:
        return self.asked.component.needed


@dataclass(frozen=True)
class Proposal:
    """Everything that the citizen is to see before answering. `papers` are those of the slots, by version id.

    `coming` was put in since the question came, is still being read, and stands at no slot yet.
    """

    question: Question
    slots: tuple[Slot, ...]
    form: tuple[Filled, ...]
    papers: Mapping[str, Paper]
    days: int
    until: datetime
    openings: int
    today: date
    coming: Paper | None = None

    @property
    def lacking(self) -> tuple[Slot, ...]:
        """What must be there before the citizen can agree."""
        return tuple(slot for slot in self.slots if slot.needed and slot.chosen is None)

    def slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


def propose(session: Session, services: Services, citizen: Citizen, question: Question, draft: Draft) -> Proposal:
    """The best papers of the wallet, and what the citizen has said since. Nothing that is not needed is taken along."""
    components, today = [asked.component for asked in question.components], today_of(session)
    papers = candidates.of(session, services.kinds, citizen.wallet, components)
    known = {paper.version_id: paper for paper in papers}
    others = {said for said in draft.components.values() if said and said != BEST} - known.keys()
    if others:
        known |= candidates.named(session, services.kinds, citizen.wallet, components, others)
    matches = _matches(components, papers, question.sent, today)
    slots = tuple(
        _slot(asked, match, known, draft.components.get(match.component.name), today)
        for asked, match in zip(question.components, matches, strict=True)
    )
    shown = {paper for slot in slots for paper in (slot.chosen, slot.offered, slot.nearest) if paper}
    busy = candidates.coming(session, citizen.wallet, components, question.asked_at)
    coming = next((paper for paper in busy if paper not in shown), None)
    opened = candidates.opened(session, citizen.wallet, shown | ({coming} if coming else set()))
    chosen = {slot.name: opened[slot.chosen.version_id] for slot in slots if slot.chosen}
    days = days_of(services, question)
    return Proposal(
        question=question,
        slots=slots,
        form=forms.fill(services.kinds, question.fields, chosen),
        papers=opened,
        days=days,
        until=now(session) + timedelta(days=days),
        openings=services.settings.dossier_openings,
        today=today,
        coming=opened.get(coming.version_id) if coming else None,
    )


def today_of(session: Session) -> date:
    """The day that it is in Viet Nam."""
    return now(session).astimezone(ZONE).date()


def days_of(services: Services, question: Question) -> int:
    """How long the agency needs the papers, by its procedure and as far as this vault allows."""
    procedure, settings = services.procedures.get(question.procedure), services.settings
    return min(procedure.days if procedure else settings.grant_days, settings.grant_days_max)


def _matches(
    components: Sequence[Component], papers: Sequence[Candidate], sent: Collection[str], today: date
) -> tuple[Match, ...]:
    """What the agency has already is no answer when it asks for more; it can still be chosen."""
    found = matching.match(components, [paper for paper in papers if paper.version_id not in sent], today)
    again = [paper for paper in papers if paper.version_id in sent]
    return tuple(_with(each, _fitting(each.component, again, today)) for each in found)


def _with(match: Match, more: tuple[Candidate, ...]) -> Match:
    """`more` to choose from; where there is some, the best is no longer the only one."""
    reasons = tuple(reason for reason in match.reasons if not more or reason is not Reason.ONLY_ONE)
    return replace(match, others=(*match.others, *more), reasons=reasons)


def _fitting(component: Component, papers: Iterable[Candidate], today: date) -> tuple[Candidate, ...]:
    return tuple(paper for paper in papers if matching.problem_of(component, paper, today) is None)


def _slot(asked: AskedComponent, match: Match, known: Mapping[str, Candidate], said: str | None, today: date) -> Slot:
    own = known.get(said) if said else None
    if own is not None:
        problem = matching.problem_of(asked.component, own, today)
        fits = own if problem is None else None
        return Slot(asked, match, fits, own if fits else match.best, problem, None if fits else own)
    takes = match.best if asked.component.needed or said == BEST else None
    return Slot(asked, match, takes, match.best, match.problem, match.nearest)
