"""What is asked and what the wallet has for it, as the page of a consent shows it: codes become words here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from ocr.kinds import FieldSpec
from vault.documents import Paper
from vault.forms import Filled
from vault.i18n import Translate
from vault.matching import Candidate, Problem, Reason
from vault.oauth.details import AskedComponent
from vault.pages import words
from vault.pages.cards import Card, card
from vault.pages.facts import shown
from vault.pages.render import day
from vault.procedures import Component, Procedures
from vault.proposals import Proposal, Slot
from vault.questions import Draft, Question
from vault.readings import Kinds

OTHERS = 20
"""Other papers that are listed to choose from; whoever has more finds them by their date."""
MONTH_DAYS, YEAR_DAYS = 30.4, 365.25


@dataclass(frozen=True)
class Reader:
    """For whom words are chosen."""

    kinds: Kinds
    language: str
    translate: Translate
    today: date
    _cards: dict[str, Card] = field(default_factory=dict, repr=False, compare=False)

    def kind_names(self, component: Component) -> str:
        """The kinds that a component takes."""
        names = [(self.kinds.get(code) or self.kinds["other"]).names[self.language] for code in component.kinds]
        return f" {self.translate('or')} ".join(names)

    def card(self, paper: Paper) -> Card:
        """Made once: several values of the form stand on one paper, and each card opens a reading."""
        known = self._cards.get(paper.version.id)
        return known or self._cards.setdefault(paper.version.id, card(self.kinds, paper, self.language, self.today))


@dataclass(frozen=True)
class Place:
    """A component on the page. `card` is the paper that goes along or could; `wrong` says why none does, `advice` what
    to do about it.
    """

    slot: Slot
    label: str
    card: Card | None
    reasons: list[str]
    wrong: str
    advice: str
    limits: list[str]

    @property
    def name(self) -> str:
        return self.slot.name

    @property
    def version(self) -> str:
        """The version that the form sends for this component: what is taken along, or could be with one tap."""
        candidate = self.slot.chosen or self.slot.offered
        return candidate.version_id if candidate else ""

    @property
    def has_more(self) -> bool:
        """Whether there is something else to choose."""
        fitting = {paper.version_id for paper in (self.slot.match.best, *self.slot.match.others) if paper}
        return bool(fitting - {self.version})


@dataclass(frozen=True)
class Entry:
    """A field of the form: what stands in it, and where that comes from."""

    filled: Filled
    name: str
    label: str
    type: str
    text: str
    about: str
    included: bool


@dataclass(frozen=True)
class Asker:
    """The registration behind a name: since when, where answers go, and for which procedures papers may be asked."""

    name: str
    since: str
    host: str
    procedures: list[str]


def places(proposal: Proposal, reader: Reader, draft: Draft) -> list[Place]:
    return [_place(slot, proposal, reader, draft) for slot in proposal.slots]


def entries(proposal: Proposal, reader: Reader, draft: Draft) -> list[Entry]:
    return [_entry(filled, proposal, reader, draft) for filled in proposal.form]


def text_of(filled: Filled, translate: Translate) -> str:
    """The paper's value as a control of the form holds it: dates as people write them, the sex as its code."""
    field = filled.asked.field
    if field.type == "sex":
        return filled.value
    return shown(FieldSpec(field.name, field.labels, field.type), filled.value, translate)


def choices(slot: Slot) -> tuple[list[Candidate], int]:
    """The papers to choose from, what is taken now first, and how many more there are than are listed."""
    fitting = [paper for paper in (slot.chosen, slot.match.best, *slot.match.others) if paper]
    distinct = list({paper.version_id: paper for paper in fitting}.values())
    return distinct[: OTHERS + 1], max(0, len(distinct) - OTHERS - 1)


def asker(question: Question, procedures: Procedures, language: str) -> Asker:
    agency = question.agency
    names = [procedures[code].names[language] for code in agency.procedures if code in procedures]
    host = urlsplit(question.pending.pushed.redirect_uri).netloc if question.pending else ""
    return Asker(agency.name, day(agency.created_at), host, names)


def age_text(days: int, translate: Translate) -> str:
    """A greatest age as people say it."""
    if days >= 2 * YEAR_DAYS - 5:
        return translate("{n} years", n=round(days / YEAR_DAYS))
    if days >= 2 * MONTH_DAYS - 2:
        return translate("{n} months", n=round(days / MONTH_DAYS))
    return translate("{n} days", n=days)


def _place(slot: Slot, proposal: Proposal, reader: Reader, draft: Draft) -> Place:
    candidate = slot.chosen or slot.nearest or slot.offered
    paper = proposal.papers.get(candidate.version_id) if candidate else None
    wrong, advice = _wrong(slot, reader)
    return Place(
        slot=slot,
        label=slot.asked.component.labels[reader.language],
        card=reader.card(paper) if paper else None,
        reasons=list(_reasons(slot, reader, draft)),
        wrong=wrong,
        advice=advice,
        limits=list(_limits(slot.asked, reader)),
    )


def _reasons(slot: Slot, reader: Reader, draft: Draft) -> Iterator[str]:
    """Why this paper: what it had to meet and what it has over the others."""
    candidate, translate = slot.chosen or slot.offered, reader.translate
    if candidate is None or slot.problem is not None:
        return
    if candidate != slot.match.best:
        yield translate(words.CHOSEN_BY_YOU)
        return
    if candidate.version_id == draft.components.get(slot.name):
        yield translate(words.CHOSEN_BY_YOU)
    for reason in slot.match.reasons:
        yield translate(words.MATCH_REASONS[reason.value], **_values(reason, candidate))


def _values(reason: Reason, candidate: Candidate) -> Mapping[str, object]:
    when = candidate.expires_on if reason is Reason.IN_DATE else candidate.issued_on
    return {"day": day(when)} if reason in (Reason.IN_DATE, Reason.RECENT) and when else {}


def _wrong(slot: Slot, reader: Reader) -> tuple[str, str]:
    """What is wrong, and what to do about it; two empty texts where nothing is."""
    if slot.problem is None:
        return "", ""
    component, near, translate = slot.asked.component, slot.nearest, reader.translate
    values = {
        "day": _day_of(slot.problem, near),
        "age": age_text(component.max_age_days, translate) if component.max_age_days else "",
        "tier": translate(words.TIERS[near.tier.value]) if near else "",
        "least": translate(words.TIERS[component.tier.value]),
        "kind": reader.kinds[near.kind].names[reader.language] if near and near.kind in reader.kinds else "",
    }
    problem, advice = words.MATCH_PROBLEMS[slot.problem.value], words.MATCH_ADVICE[slot.problem.value]
    if slot.problem is Problem.MISSING and slot.match.others:
        problem = words.NO_OTHER
    return _filled(translate, problem, values), _filled(translate, advice, values)


def _filled(translate: Translate, message: str, values: Mapping[str, str]) -> str:
    return translate(message, **values)


def _day_of(problem: Problem, near: Candidate | None) -> str:
    when = None if near is None else near.expires_on if problem is Problem.EXPIRED else near.issued_on
    return day(when) if when else ""


def _limits(asked: AskedComponent, reader: Reader) -> Iterator[str]:
    """What a paper must meet here, where it is more than its kind; and its kind where the label is the portal's own."""
    component, translate = asked.component, reader.translate
    kinds = reader.kind_names(component)
    if not asked.registered and kinds != component.labels[reader.language]:
        yield kinds
    if component.max_age_days is not None:
        yield translate("issued within {age}", age=age_text(component.max_age_days, translate))
    if component.tier.rank > 0:
        yield translate("at least: {tier}", tier=translate(words.TIERS[component.tier.value]))
    if component.copies > 1:
        yield translate("{n} copies on paper", n=component.copies)


def _entry(filled: Filled, proposal: Proposal, reader: Reader, draft: Draft) -> Entry:
    field, own = filled.asked.field, text_of(filled, reader.translate)
    return Entry(
        filled=filled,
        name=field.name,
        label=field.labels[reader.language],
        type=field.type,
        text=draft.fields.get(field.name, own),
        about=_about(filled, proposal, reader, draft),
        included=filled.asked.registered or bool(draft.fields.get(field.name)),
    )


def _about(filled: Filled, proposal: Proposal, reader: Reader, draft: Draft) -> str:
    translate, origin = reader.translate, filled.origin
    if origin is None:
        return translate("Not on the papers that go along. It may stay empty.")
    typed = draft.fields.get(filled.name)
    if typed is not None and typed != text_of(filled, translate):
        return translate("Changed by you; the paper says: {value}", value=_readable(filled, translate))
    paper = proposal.papers[origin.version]
    return translate(
        "{paper}: {source}. {tier}.",
        paper=reader.card(paper).title,
        source=translate(words.SOURCES[origin.read]),
        tier=translate(words.TIERS[filled.tier.value]),
    )


def _readable(filled: Filled, translate: Translate) -> str:
    field = filled.asked.field
    return shown(FieldSpec(field.name, field.labels, field.type), filled.value, translate)
