"""The release decision: each step refuses, in its order, and openings are counted as the citizen was told."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.limits import OPENING_WINDOW
from sharing.releases import Allowed, Reason, Refused, Request, State, decide

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKED = Request("agency-1", "ver-1", NOW, key="its-key")
OPEN = State(
    audience="agency-1",
    redeemed=True,
    revoked=False,
    not_before=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=1),
    versions=frozenset({"ver-1", "ver-2"}),
    kept=True,
    openings=5,
    opened=0,
    window_from=None,
    bound_to="its-key",
)
FAULTS: list[tuple[dict[str, Any], dict[str, Any], Refused]] = [
    ({"agency": None}, {}, Refused(1, Reason.NOT_AN_AGENCY)),
    ({}, {"audience": "agency-2"}, Refused(2, Reason.OTHER_AGENCY)),
    ({"key": "another"}, {}, Refused(3, Reason.KEY_NOT_PROVED)),
    ({}, {"redeemed": False}, Refused(4, Reason.NOT_REDEEMED)),
    ({}, {"revoked": True}, Refused(5, Reason.REVOKED)),
    ({}, {"expires_at": NOW}, Refused(6, Reason.EXPIRED)),
    ({"version": "ver-3"}, {}, Refused(7, Reason.NOT_IN_GRANT)),
    ({}, {"kept": False}, Refused(8, Reason.NO_LONGER_KEPT)),
    ({}, {"opened": 5}, Refused(9, Reason.OPENINGS_USED_UP)),
]


def asked(**changes: Any) -> Request:
    return dataclasses.replace(ASKED, **changes)


def state(**changes: Any) -> State:
    return dataclasses.replace(OPEN, **changes)


def test_right_agency_opens_what_was_shared_with_it() -> None:
    assert decide(ASKED, OPEN) == Allowed(counts_as_opening=True)


@pytest.mark.parametrize(("request_", "state_", "answer"), FAULTS)
def test_each_fault_alone_is_refused_at_its_step(request_: Any, state_: Any, answer: Refused) -> None:
    assert decide(asked(**request_), state(**state_)) == answer


def test_stranger_and_missing_grant() -> None:
    assert decide(asked(agency=None), None) == Refused(1, Reason.NOT_AN_AGENCY)
    assert decide(ASKED, None) == Refused(2, Reason.NO_SUCH_GRANT)


def test_a_token_without_the_proof_of_its_key_opens_nothing() -> None:
    assert decide(asked(key=None), OPEN) == Refused(3, Reason.KEY_NOT_PROVED)
    assert decide(asked(key=""), OPEN) == Refused(3, Reason.KEY_NOT_PROVED)


def test_who_does_not_come_with_a_token_needs_no_proof() -> None:
    assert decide(asked(key=None), state(bound_to=None)) == Allowed(counts_as_opening=True)


@given(faults=st.sets(st.integers(0, len(FAULTS) - 1), min_size=1))
def test_the_first_failing_step_is_the_answer_whatever_else_is_wrong(faults: set[int]) -> None:
    request_: dict[str, Any] = {}
    state_: dict[str, Any] = {}
    for fault in faults:
        request_ |= FAULTS[fault][0]
        state_ |= FAULTS[fault][1]
    assert decide(asked(**request_), state(**state_)) == FAULTS[min(faults)][2]


@given(faults=st.sets(st.integers(0, len(FAULTS) - 2), min_size=1))
def test_an_open_window_excuses_nothing_but_the_count(faults: set[int]) -> None:
    request_: dict[str, Any] = {}
    state_: dict[str, Any] = {"window_from": NOW}
    for fault in faults:
        request_ |= FAULTS[fault][0]
        state_ |= FAULTS[fault][1]
    assert isinstance(decide(asked(**request_), state(**state_)), Refused)


def test_grant_begins_and_ends_to_the_second() -> None:
    assert decide(asked(now=OPEN.not_before), OPEN) == Allowed(True)
    assert decide(asked(now=OPEN.not_before - SECOND), OPEN) == Refused(6, Reason.NOT_YET_VALID)
    assert decide(asked(now=OPEN.expires_at - SECOND), OPEN) == Allowed(True)
    assert decide(asked(now=OPEN.expires_at), OPEN) == Refused(6, Reason.EXPIRED)


def test_ranges_of_one_opening_count_once() -> None:
    last = state(opened=5, window_from=NOW)
    assert decide(ASKED, last) == Allowed(counts_as_opening=False)
    assert decide(asked(now=NOW + OPENING_WINDOW - SECOND), last) == Allowed(counts_as_opening=False)
    assert decide(asked(now=NOW + OPENING_WINDOW), last) == Refused(9, Reason.OPENINGS_USED_UP)
    assert decide(asked(now=NOW + OPENING_WINDOW), state(opened=4, window_from=NOW)) == Allowed(counts_as_opening=True)


def test_a_clock_set_back_opens_no_window() -> None:
    ahead = state(opened=5, window_from=NOW + SECOND)
    assert decide(ASKED, ahead) == Refused(9, Reason.OPENINGS_USED_UP)


@given(gaps=st.lists(st.integers(0, 1500), max_size=60), openings=st.integers(1, 5))
def test_no_pattern_of_requests_gets_more_windows_than_openings(gaps: list[int], openings: int) -> None:
    current, now = state(openings=openings), NOW
    counted, released = [], []
    for gap in gaps:
        now += timedelta(seconds=gap)
        answer = decide(asked(now=now), current)
        if isinstance(answer, Allowed):
            released.append(now)
            if answer.counts_as_opening:
                counted.append(now)
                current = dataclasses.replace(current, opened=current.opened + 1, window_from=now)
    assert len(counted) <= openings
    assert all(any(start <= at < start + OPENING_WINDOW for start in counted) for at in released)
