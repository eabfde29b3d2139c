"""Which paper serves which component: the order of preference, the problems, and what can never happen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.terms import Tier
from vault.matching import Candidate, Match, Problem, Reason, match, problem_of
from vault.procedures import Component

TODAY = date(2026, 5, 4)
MOMENT = datetime(2026, 1, 1, 8, tzinfo=UTC)
LABELS = {"vi": "Giấy", "en": "Paper"}
CARD = Component("card", LABELS, ("citizen-card", "passport"))
HEALTH = Component("health", LABELS, ("health-certificate",), max_age_days=366)
LAND = Component("land", LABELS, ("land-use-certificate",), Tier.CERTIFIED)


def paper(name: str, kind: str = "citizen-card", **changes: object) -> Candidate:
    fresh = Candidate(name, f"{name}-v1", kind, True, Tier.SELF, MOMENT, None, None, True)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def one(component: Component, *papers: Candidate) -> Match:
    (found,) = match([component], papers, TODAY)
    return found


def names(papers: Sequence[Candidate]) -> list[str]:
    return [each.document_id for each in papers]


def test_the_only_paper_that_fits_is_taken() -> None:
    card = paper("a")
    assert one(CARD, card, paper("b", "diploma")) == Match(CARD, card, (Reason.ONLY_ONE,), (), None, None)


def test_an_empty_wallet_misses_everything() -> None:
    assert one(CARD) == Match(CARD, None, (), (), Problem.MISSING, None)
    assert match([], [paper("a")], TODAY) == ()


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        ({}, {"kind": "passport", "tier": Tier.ISSUED}, Reason.USUAL_KIND),
        ({"tier": Tier.CHECKED, "expires_on": TODAY}, {}, Reason.HIGHER_TIER),
        ({"expires_on": date(2030, 1, 1)}, {"expires_on": date(2029, 1, 1)}, Reason.VALID_LONGER),
        ({}, {"expires_on": date(2099, 1, 1)}, Reason.VALID_LONGER),
        ({"created_at": MOMENT + timedelta(seconds=1)}, {}, Reason.NEWER),
    ],
)
def test_the_better_paper_is_taken_and_the_reason_said(
    better: dict[str, object], worse: dict[str, object], reason: Reason
) -> None:
    good, poor = paper("z", **better), paper("a", **worse)
    found = one(CARD, poor, good)
    assert (found.best, found.others) == (good, (poor,))
    assert found.reasons[-1] is reason
    assert (Reason.IN_DATE in found.reasons) is (good.expires_on is not None)


def test_papers_alike_keep_the_order_of_their_ids() -> None:
    found = one(CARD, paper("b"), paper("c"), paper("a"))
    assert found.best is not None
    assert names([found.best, *found.others]) == ["a", "b", "c"]
    assert found.reasons == ()


def test_what_a_component_asks_beyond_the_kind_is_a_reason() -> None:
    component = replace(LAND, max_age_days=10)
    land = paper("a", "land-use-certificate", tier=Tier.ISSUED, issued_on=TODAY, expires_on=TODAY)
    reasons = (Reason.IN_DATE, Reason.RECENT, Reason.TIER_REACHED, Reason.ONLY_ONE)
    assert one(component, land).reasons == reasons


@pytest.mark.parametrize(
    ("component", "changes", "problem"),
    [
        (CARD, {"kind": "diploma"}, Problem.MISSING),
        (CARD, {"expires_on": TODAY - timedelta(days=1)}, Problem.EXPIRED),
        (CARD, {"expires_on": TODAY}, None),
        (HEALTH, {"issued_on": TODAY - timedelta(days=367)}, Problem.TOO_OLD),
        (HEALTH, {"issued_on": TODAY - timedelta(days=366)}, None),
        (HEALTH, {"issued_on": TODAY}, None),
        (HEALTH, {"issued_on": TODAY + timedelta(days=1)}, Problem.AGE_UNKNOWN),
        (HEALTH, {"issued_on": None}, Problem.AGE_UNKNOWN),
        (HEALTH, {"issued_on": None, "ready": False}, Problem.BEING_READ),
        (HEALTH, {"issued_on": None, "ready": False, "expires_on": date(2020, 1, 1)}, Problem.EXPIRED),
        (HEALTH, {"issued_on": date(1, 1, 1)}, Problem.TOO_OLD),
        (LAND, {"tier": Tier.CHECKED}, Problem.TIER_TOO_LOW),
        (LAND, {"tier": Tier.CHECKED, "ready": False}, Problem.TIER_TOO_LOW),
        (LAND, {"tier": Tier.CERTIFIED}, None),
        (LAND, {"tier": Tier.ISSUED}, None),
        (CARD, {"kind_sure": False}, Problem.KIND_UNCERTAIN),
        (CARD, {"kind_sure": False, "ready": False}, Problem.BEING_READ),
        (CARD, {"ready": False}, Problem.BEING_READ),
    ],
)
def test_why_a_paper_cannot_serve(component: Component, changes: dict[str, object], problem: Problem | None) -> None:
    candidate = paper("a", **({"kind": component.kinds[0]} | changes))
    assert problem_of(component, candidate, TODAY) is problem
    found = one(component, candidate)
    assert found.problem is problem
    assert found.nearest == (None if problem in (None, Problem.MISSING) else candidate)


def test_the_paper_that_almost_fits_is_the_easiest_to_mend() -> None:
    expired = paper("a", expires_on=date(2020, 1, 1))
    unsure = paper("b", kind_sure=False)
    read = paper("c", ready=False)
    assert one(CARD, expired).nearest == expired
    assert one(CARD, expired, unsure).nearest == unsure
    assert one(CARD, read, expired, unsure).nearest == read


def test_each_component_gets_a_paper_of_its_own() -> None:
    older, newer = paper("old"), paper("new", created_at=MOMENT + timedelta(days=1))
    first, second = match([CARD, replace(CARD, name="second")], [older, newer], TODAY)
    assert (first.best, first.others) == (newer, (older,))
    assert (second.best, second.others) == (older, (newer,))
    assert second.reasons == (Reason.OTHER_TAKEN,)


def test_an_earlier_component_moves_on_so_that_a_later_one_is_served() -> None:
    only_card = replace(CARD, name="only-card", kinds=("citizen-card",))
    card, passport = paper("card"), paper("pass", "passport")
    either, strict = match([CARD, only_card], [card, passport], TODAY)
    assert (either.best, strict.best) == (passport, card)
    assert either.reasons == (Reason.OTHER_TAKEN,)


def test_what_is_needed_comes_before_what_is_not() -> None:
    optional, needed = match([replace(CARD, needed=False), replace(CARD, name="needed")], [paper("a")], TODAY)
    assert needed.best == paper("a")
    assert optional == Match(replace(CARD, needed=False), None, (), (paper("a"),), Problem.MISSING, None)


def test_one_card_is_never_proposed_as_that_of_both_partners() -> None:
    partner = replace(CARD, name="partner", needed=False)
    expired = paper("old", expires_on=date(2020, 1, 1))
    mine, theirs = match([CARD, partner], [paper("mine"), expired], TODAY)
    assert mine.best == paper("mine")
    assert (theirs.best, theirs.problem, theirs.nearest) == (None, Problem.EXPIRED, expired)


def test_two_needed_components_share_a_paper_when_there_is_one_alone() -> None:
    first, second = match([CARD, replace(CARD, name="second")], [paper("a")], TODAY)
    assert first.best == second.best == paper("a")
    assert second.reasons == (Reason.SHARED,)


def test_two_versions_of_a_document_are_one_paper() -> None:
    old = paper("a")
    new = replace(old, version_id="a-v2", created_at=MOMENT + timedelta(days=1))
    first, second = match([CARD, replace(CARD, name="second", needed=False)], [old, new], TODAY)
    assert (first.best, first.others) == (new, (old,))
    assert (second.best, second.others) == (None, (new, old))


KINDS = st.sampled_from(["k1", "k2", "k3"])
NEAR = st.none() | st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))
PAPER = st.builds(
    Candidate,
    document_id=st.integers(0, 12).map(str), version_id=st.uuids().map(str), kind=KINDS, kind_sure=st.booleans(),
    tier=st.sampled_from(Tier), created_at=st.integers(0, 3).map(lambda days: MOMENT + timedelta(days=days)),
    issued_on=NEAR, expires_on=NEAR, ready=st.booleans(),
)  # fmt: skip
PAPERS = st.lists(PAPER, max_size=12, unique_by=lambda each: each.version_id)
COMPONENT = st.builds(
    Component,
    name=st.just("component"), labels=st.just(LABELS),
    kinds=st.lists(KINDS, min_size=1, max_size=3, unique=True).map(tuple),
    tier=st.sampled_from(Tier), max_age_days=st.none() | st.integers(1, 400), needed=st.booleans(),
)  # fmt: skip
COMPONENTS = st.lists(COMPONENT, max_size=6)


@given(COMPONENTS, PAPERS)
def test_no_unfit_paper_is_ever_offered(components: list[Component], papers: list[Candidate]) -> None:
    for found in match(components, papers, TODAY):
        component = found.component
        for offered in (*filter(None, [found.best]), *found.others):
            assert offered.kind in component.kinds
            assert offered.kind_sure
            assert offered.ready
            assert offered.expires_on is None or offered.expires_on >= TODAY
            assert offered.tier >= component.tier
            if component.max_age_days is not None:
                assert offered.issued_on is not None
                assert timedelta() <= TODAY - offered.issued_on <= timedelta(days=component.max_age_days)


@given(COMPONENTS, PAPERS, st.randoms(use_true_random=False))
def test_the_order_of_the_wallet_changes_nothing(
    components: list[Component], papers: list[Candidate], random: Random
) -> None:
    shuffled = random.sample(papers, len(papers))
    assert match(components, shuffled, TODAY) == match(components, papers, TODAY)


@given(COMPONENTS, PAPERS)
def test_every_component_gets_one_answer_that_explains_itself(
    components: list[Component], papers: list[Candidate]
) -> None:
    found = match(components, papers, TODAY)
    assert [each.component for each in found] == components
    for each in found:
        fitting = {paper for paper in papers if problem_of(each.component, paper, TODAY) is None}
        assert {*each.others, *filter(None, [each.best])} == fitting
        assert len(each.others) == len(fitting) - (each.best is not None)
        assert (each.best is None) == (each.problem is not None)
        assert each.best is None or each.nearest is None
        if each.nearest is not None:
            assert problem_of(each.component, each.nearest, TODAY) is each.problem


@given(COMPONENTS, PAPERS)
def test_papers_are_distinct_as_far_as_they_can_be(components: list[Component], papers: list[Candidate]) -> None:
    found = match(components, papers, TODAY)
    own = [each.best.document_id for each in found if each.best and Reason.SHARED not in each.reasons]
    assert len(set(own)) == len(own)
    fitting = [
        {paper.document_id for paper in papers if problem_of(component, paper, TODAY) is None}
        for component in components
    ]
    assert len(own) == most(fitting)
    needed = [index for index, component in enumerate(components) if component.needed]
    served = [index for index in needed if found[index].best and Reason.SHARED not in found[index].reasons]
    assert len(served) == most([fitting[index] for index in needed])
    assert all(found[index].best for index in needed if fitting[index])


def most(fitting: Sequence[set[str]]) -> int:
    """The most components that distinct documents can serve (Hall's theorem: some group of components is the neck)."""
    groups = chain.from_iterable(combinations(fitting, size) for size in range(len(fitting) + 1))
    return min(len(fitting) - len(group) + len(set[str]().union(*group)) for group in groups)


@given(COMPONENT, PAPERS)
def test_no_other_choice_is_better_than_the_best(component: Component, papers: list[Candidate]) -> None:
    found = match([component], papers, TODAY)[0]
    ranks = [
        (component.kinds.index(each.kind), -each.tier.rank, -(each.expires_on or date.max).toordinal())
        for each in (*filter(None, [found.best]), *found.others)
    ]
    assert ranks == sorted(ranks)
