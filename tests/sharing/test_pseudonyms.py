"""Pairwise pseudonyms: one person is somebody else at each agency."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.pseudonyms import subject

SECRET = bytes(range(32))


def test_the_same_citizen_is_the_same_at_one_agency_and_another_at_the_next() -> None:
    assert subject(SECRET, "agency-1", "citizen-1") == subject(SECRET, "agency-1", "citizen-1")
    assert subject(SECRET, "agency-1", "citizen-1") != subject(SECRET, "agency-2", "citizen-1")
    assert subject(SECRET, "agency-1", "citizen-1") != subject(SECRET, "agency-1", "citizen-2")
    assert subject(SECRET, "agency-1", "citizen-1") != subject(bytes(32), "agency-1", "citizen-1")


def test_published_vector() -> None:
    assert subject(SECRET, "agency-1", "citizen-1") == "UPtqS8XKzWaIsACRB58ic9G5fYU5tzbUI-jwi5jhROI"


@given(pairs=st.tuples(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text())))
def test_no_two_pairs_share_a_pseudonym(pairs: tuple[tuple[str, str], tuple[str, str]]) -> None:
    try:
        first, second = (subject(SECRET, *pair) for pair in pairs)
    except UnicodeEncodeError:
        return
    assert (first == second) == (pairs[0] == pairs[1])


def test_letters_moved_from_one_id_to_the_other_change_the_pseudonym() -> None:
    assert subject(SECRET, "ab", "c") != subject(SECRET, "a", "bc")


def test_a_pseudonym_fits_everywhere_and_says_nothing() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", subject(SECRET, "agency-1", "Nguyễn Văn An"))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        subject(bytes(31), "agency-1", "citizen-1")
