"""Nonces: known again by whoever shares the secret, for a while; nobody else can make one."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing import nonces
from sharing.encoding import b64url_decode, b64url_encode
from sharing.limits import NONCE_AGE, NONCE_SKEW

SECRET = bytes(range(32))
SECOND = timedelta(seconds=1)


def test_a_nonce_is_fresh_for_its_time_and_no_longer(now: datetime) -> None:
    nonce = nonces.issue(SECRET, now)
    assert len(nonce) == 34
    assert nonces.is_fresh(SECRET, nonce, now)
    assert nonces.is_fresh(SECRET, nonce, now + NONCE_AGE - SECOND)
    assert not nonces.is_fresh(SECRET, nonce, now + NONCE_AGE)


def test_another_process_may_be_ahead_by_a_little(now: datetime) -> None:
    nonce = nonces.issue(SECRET, now)
    assert nonces.is_fresh(SECRET, nonce, now - NONCE_SKEW)
    assert not nonces.is_fresh(SECRET, nonce, now - NONCE_SKEW - SECOND)


def test_nobody_without_the_secret_makes_a_nonce(now: datetime) -> None:
    assert not nonces.is_fresh(SECRET, nonces.issue(bytes(32), now), now)


def test_a_nonce_cannot_be_renewed(now: datetime) -> None:
    stale = b64url_decode(nonces.issue(SECRET, now - NONCE_AGE))
    fresh = b64url_decode(nonces.issue(SECRET, now))
    assert not nonces.is_fresh(SECRET, b64url_encode(fresh[:9] + stale[9:]), now)


def test_a_nonce_of_the_end_of_time_breaks_nothing(now: datetime) -> None:
    stamp = b"\x01" + b"\xff" * 8
    assert not nonces.is_fresh(SECRET, b64url_encode(stamp + nonces._mac(SECRET, stamp)), now)


@pytest.mark.parametrize("junk", ["", "=", "A" * 34, "A" * 33, "x" * 5000, "đ", "\ud800"])
def test_junk_is_not_fresh(junk: str, now: datetime) -> None:
    assert not nonces.is_fresh(SECRET, junk, now)


@given(text=st.text(max_size=60))
def test_no_text_is_fresh_by_chance(text: str, now: datetime) -> None:
    assert not nonces.is_fresh(SECRET, text, now)


@given(at=st.integers(0, 33), letter=st.sampled_from("Aq_-9"))
def test_no_changed_nonce_is_fresh(at: int, letter: str, now: datetime) -> None:
    nonce = nonces.issue(SECRET, now)
    changed = nonce[:at] + letter + nonce[at + 1 :]
    assert nonces.is_fresh(SECRET, changed, now) == (changed == nonce)


def test_a_short_secret_is_not_used(now: datetime) -> None:
    with pytest.raises(ValueError, match="secret"):
        nonces.issue(bytes(31), now)
