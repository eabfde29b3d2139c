"""PKCE: the published vector, and no way around the verifier."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing import pkce
from sharing.encoding import b64url_encode
from sharing.errors import VerifierInvalid

VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
verifiers = st.text("ABCXYZabcxyz0189-._~", min_size=43, max_size=128)


def test_rfc_7636_appendix_b() -> None:
    assert pkce.challenge_of(VERIFIER) == CHALLENGE
    assert pkce.matches(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 43 + "\n", "a" * 43 + "=", "đ" * 43, "\ud800" * 43]
)
def test_verifier_that_could_be_guessed_or_misread_is_refused(verifier: str) -> None:
    with pytest.raises(VerifierInvalid):
        pkce.challenge_of(verifier)
    assert not pkce.matches(verifier, b64url_encode(hashlib.sha256(verifier.encode("utf-8", "replace")).digest()))


@pytest.mark.parametrize("challenge", ["", VERIFIER, CHALLENGE[:-1], CHALLENGE + "=", CHALLENGE[:-1] + "N", "A" * 44])
def test_challenge_that_no_verifier_has_is_refused(challenge: str) -> None:
    assert pkce.is_challenge(challenge) == (challenge == VERIFIER)
    assert not pkce.matches(VERIFIER, challenge)


def test_downgrade_to_plain_does_not_match() -> None:
    assert not pkce.matches(VERIFIER, VERIFIER)


@given(verifier=verifiers, other=verifiers)
def test_only_the_verifier_behind_a_challenge_matches(verifier: str, other: str) -> None:
    challenge = pkce.challenge_of(verifier)
    assert pkce.is_challenge(challenge)
    assert pkce.matches(other, challenge) == (verifier == other)
