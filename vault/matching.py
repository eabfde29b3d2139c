"""Which paper of a wallet serves which component of a procedure. Pure: no database, no clock.

Of the papers that fit, the better one is: of the kind that the component names earlier; of the higher tier; valid for
longer (a paper without an end for the longest); newer; and, so that the order never wavers, of the lower id.
Components choose in their order, the needed ones first, and each takes a paper of its own as long as there are enough:
an earlier one moves on to its next paper when a later one would else have none. When there are not enough, a needed
component shares a paper; one that is not needed stays empty instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sharing.terms import Tier
from vault.procedures import Component

_RANKS: Mapping[Tier, int] = {tier: tier.rank for tier in Tier}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of one paper, as far as it matters here.

    `kind_sure`: its owner confirmed the kind, or it was read without doubt. `ready`: it is not being read any more.
    """

    document_id: str
    version_id: str
    kind: str
    kind_sure: bool
    tier: Tier
    created_at: datetime
    issued_on: date | None
    expires_on: date | None
    ready: bool


class Problem(StrEnum):
    """Why a paper cannot serve, the hardest to mend first."""

    MISSING = "missing"  # there is none, or it is of another kind
    EXPIRED = "expired"
    TOO_OLD = "too-old"
    TIER_TOO_LOW = "tier-too-low"
    AGE_UNKNOWN = "age-unknown"  # its owner can say when it was issued
    KIND_UNCERTAIN = "kind-uncertain"  # its owner can say what it is
    BEING_READ = "being-read"  # wait


_EASE: Mapping[Problem, int] = {problem: rank for rank, problem in enumerate(Problem)}


class Reason(StrEnum):
    """Why the best one was taken: what it had to meet, then what it has over the next one."""

    IN_DATE = "in-date"  # it has an end, and that is still to come
    RECENT = "recent"  # a greatest age is asked, and it is younger
    TIER_REACHED = "tier-reached"  # more than a citizen's own scan is asked
    ONLY_ONE = "only-one"
    USUAL_KIND = "usual-kind"
    HIGHER_TIER = "higher-tier"
    VALID_LONGER = "valid-longer"
    NEWER = "newer"
    OTHER_TAKEN = "other-taken"  # a better one serves another component
    SHARED = "shared"  # it serves another component as well: there are not enough


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for a component: the best paper, or the problem and the paper that almost fits, if any.

    `others` fit too, best first. They may be there without a best one: then each serves another component.
    """

    component: Component
    best: Candidate | None
    reasons: tuple[Reason, ...]
    others: tuple[Candidate, ...]
    problem: Problem | None
    nearest: Candidate | None


def match(components: Sequence[Component], papers: Iterable[Candidate], today: date) -> tuple[Match, ...]:
    """One Match for each component, in their order. `today` is the day where the citizen is."""
    shelves = _shelves(components, papers)
    judged = [_judged(component, shelves, today) for component in components]
    fitting = [[paper for paper, problem in each if problem is None] for each in judged]
    own, shared = _assigned(components, fitting)
    return tuple(_match(*each) for each in zip(components, judged, fitting, own, shared, strict=True))


def problem_of(component: Component, candidate: Candidate, today: date) -> Problem | None:
    """Why this paper cannot serve this component, or None: the problem that is hardest to mend.

    What the reading under way will tell (the day of issue, the kind) is no problem of its own until it is over.
    """
    if candidate.kind not in component.kinds:
        return Problem.MISSING
    if candidate.expires_on is not None and candidate.expires_on < today:
        return Problem.EXPIRED
    unknown = False
    if component.max_age_days is not None:
        issued = candidate.issued_on
        if issued is None or issued > today:  # a day to come was misread
            unknown = True
        elif (today - issued).days > component.max_age_days:
            return Problem.TOO_OLD
    if component.tier is not Tier.SELF and _RANKS[candidate.tier] < _RANKS[component.tier]:
        return Problem.TIER_TOO_LOW
    if not candidate.ready:
        return Problem.BEING_READ
    if unknown:
        return Problem.AGE_UNKNOWN
    return None if candidate.kind_sure else Problem.KIND_UNCERTAIN


Judged = list[tuple[Candidate, Problem | None]]
Taken = list[Candidate | None]


def _shelves(components: Iterable[Component], papers: Iterable[Candidate]) -> Mapping[str, list[Candidate]]:
    """The papers of each asked kind, best first: so no component has to sort."""
    asked = {kind for component in components for kind in component.kinds}
    shelves: dict[str, list[Candidate]] = defaultdict(list)
    for paper in sorted((paper for paper in papers if paper.kind in asked), key=_preference):
        shelves[paper.kind].append(paper)
    return shelves


def _preference(paper: Candidate) -> tuple[int, int, float, str, str]:
    end = paper.expires_on or date.max
    return (-_RANKS[paper.tier], -end.toordinal(), -paper.created_at.timestamp(), paper.document_id, paper.version_id)


def _judged(component: Component, shelves: Mapping[str, list[Candidate]], today: date) -> Judged:
    kinds = dict.fromkeys(component.kinds)
    return [(paper, problem_of(component, paper, today)) for kind in kinds for paper in shelves.get(kind, ())]


def _assigned(components: Sequence[Component], fitting: Sequence[Sequence[Candidate]]) -> tuple[Taken, Taken]:
    """For each component a paper of its own, as far as there are enough; else, where it is needed, a shared one.

    Augmenting paths (Kuhn): a component that has a paper never loses it to one that comes later, it only moves on.
    """
    own: Taken = [None] * len(components)
    holders: dict[str, int] = {}  # document → the component that has it
    for index in sorted(range(len(components)), key=lambda index: not components[index].needed):
        _assign(index, fitting, own, holders, set())
    short = (component.needed and paper is None for component, paper in zip(components, own, strict=True))
    return own, [next(iter(papers), None) if alone else None for papers, alone in zip(fitting, short, strict=True)]


def _assign(
    index: int,
    fitting: Sequence[Sequence[Candidate]],
    taken: Taken,
    holders: dict[str, int],
    asked: set[str],
) -> bool:
    """Gives the component its best free paper, or one whose holder can move on to another."""
    free = next((paper for paper in fitting[index] if paper.document_id not in holders), None)
    if free is not None:
        taken[index], holders[free.document_id] = free, index
        return True
    for paper in fitting[index]:
        if paper.document_id not in asked:
            asked.add(paper.document_id)
            if _assign(holders[paper.document_id], fitting, taken, holders, asked):
                taken[index], holders[paper.document_id] = paper, index
                return True
    return False


def _match(
    component: Component, judged: Judged, fitting: Sequence[Candidate], own: Candidate | None, shared: Candidate | None
) -> Match:
    best = own or shared
    others = tuple(paper for paper in fitting if paper is not best)
    if best is not None:
        reasons = (*_met(component, best), *([Reason.SHARED] if own is None else _over_next(component, best, fitting)))
        return Match(component, best, reasons, others, None, None)
    almost = ((problem, paper) for paper, problem in judged if problem is not None)
    none: tuple[Problem, Candidate | None] = (Problem.MISSING, None)
    problem, nearest = max(almost, key=lambda each: _EASE[each[0]], default=none)  # of equals the better paper
    return Match(component, None, (), others, problem, nearest)


def _met(component: Component, best: Candidate) -> Iterator[Reason]:
    if best.expires_on is not None:
        yield Reason.IN_DATE
    if component.max_age_days is not None:
        yield Reason.RECENT
    if component.tier is not Tier.SELF:
        yield Reason.TIER_REACHED


def _over_next(component: Component, best: Candidate, fitting: Sequence[Candidate]) -> Iterator[Reason]:
    """What tells it from the next one, by the first rule that does."""
    if best is not fitting[0]:
        yield Reason.OTHER_TAKEN
    elif len(fitting) == 1:
        yield Reason.ONLY_ONE
    elif best.kind != fitting[1].kind:
        yield Reason.USUAL_KIND
    elif best.tier is not fitting[1].tier:
        yield Reason.HIGHER_TIER
    elif best.expires_on != fitting[1].expires_on:
        yield Reason.VALID_LONGER
    elif best.created_at != fitting[1].created_at:
        yield Reason.NEWER
