"""Client assertions: each way to pretend to be an agency's system, and the step that stops it."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from sharing import errors
from sharing.assertions import Assertion, sign_assertion, verify_assertion
from sharing.encoding import b64url_decode
from sharing.keys import KeySet, SigningKey, jwks, parse_jwks
from sharing.limits import ASSERTION_BYTES, ASSERTION_LIFETIME, ASSERTION_SKEW

CLIENT, SERVER = "agency-1", "https://vault.example"
SECOND = timedelta(seconds=1)


class Door:
    """The authorisation server's door, and an agency's system that knows how to write assertions by hand."""

    def __init__(self, key: SigningKey, keys: KeySet, now: datetime, forge: Callable[..., str]) -> None:
        self.keys, self.now, self._forge = keys, now, forge
        self.header: dict[str, Any] = {"alg": "Ed25519", "kid": key.kid}
        self.at = int(now.timestamp())
        self.claims: dict[str, Any] = {"iss": CLIENT, "sub": CLIENT, "aud": SERVER, "jti": "j-1", "exp": self.at + 60}
        self.sign: Any = Ed25519PrivateKey.from_private_bytes(key.private_bytes()).sign

    def verify(self, token: str, **changes: Any) -> Assertion:
        asked = {"keys": self.keys, "client_id": CLIENT, "audience": SERVER, "now": self.now, **changes}
        return verify_assertion(token, **asked)

    def write(self, header: Any = None, claims: Any = None, sign: Any = None) -> str:
        """An assertion with these members changed; None takes a member away, bytes are taken as they are."""

        def changed(whole: dict[str, Any], changes: Any) -> Any:
            if isinstance(changes, bytes):
                return changes
            return {name: value for name, value in {**whole, **(changes or {})}.items() if value is not None}

        return self._forge(changed(self.header, header), changed(self.claims, claims), sign or self.sign)


@pytest.fixture(scope="module")
def door(key: SigningKey, keys: KeySet, now: datetime, forge: Callable[..., str]) -> Door:
    return Door(key, keys, now, forge)


def refused(error: type[errors.AssertionRefused], step: int, door: Door, token: str, **changes: Any) -> None:
    with pytest.raises(errors.AssertionRefused) as caught:
        door.verify(token, **changes)
    assert type(caught.value) is error
    assert caught.value.step == step


def test_agency_authenticates_with_our_library(door: Door, key: SigningKey) -> None:
    token = sign_assertion(key, client_id=CLIENT, audience=SERVER, now=door.now)
    assertion = door.verify(token)
    assert assertion.expires_at == door.now + timedelta(seconds=60)
    assert assertion.jti != door.verify(sign_assertion(key, client_id=CLIENT, audience=SERVER, now=door.now)).jti


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
@pytest.mark.parametrize("typ", [None, "JWT", "client-authentication+jwt"])
def test_agency_authenticates_with_other_software(door: Door, alg: str, typ: str | None) -> None:
    assert door.verify(door.write({"alg": alg, "typ": typ})).jti == "j-1"


def test_agency_authenticates_by_es256_and_ps256(door: Door) -> None:
    p256, strong = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    public = [
        {**ECKey.import_key(p256.public_key()).as_dict(), "kid": "ec"},
        {**RSAKey.import_key(strong.public_key()).as_dict(), "kid": "rsa"},
    ]
    keys = parse_jwks({"keys": public})

    def es256(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(p256.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def ps256(data: bytes) -> bytes:
        return strong.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())

    def rs256(data: bytes) -> bytes:
        return strong.sign(data, padding.PKCS1v15(), hashes.SHA256())

    assert door.verify(door.write({"alg": "ES256", "kid": "ec"}, sign=es256), keys=keys)
    assert door.verify(door.write({"alg": "PS256", "kid": "rsa"}, sign=ps256), keys=keys)
    assert door.verify(door.write({"alg": "ES256", "kid": None}, sign=es256), keys=keys)
    refused(errors.AssertionSignature, 6, door, door.write({"alg": "PS256", "kid": "rsa"}, sign=rs256), keys=keys)
    refused(errors.AssertionAlgorithm, 4, door, door.write({"alg": "RS256", "kid": "rsa"}, sign=rs256), keys=keys)
    refused(errors.AssertionKey, 5, door, door.write({"alg": "PS256", "kid": "ec"}, sign=ps256), keys=keys)
    zero = door.write({"alg": "ES256", "kid": "ec"}, sign=lambda _: bytes(64))
    refused(errors.AssertionSignature, 6, door, zero, keys=keys)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "x" * (ASSERTION_BYTES + 1), "e30=.e30.AA", "W10.e30.AA"])
def test_junk_is_refused(door: Door, token: str) -> None:
    refused(errors.AssertionMalformed, 1, door, token)


def test_duplicate_member_in_the_header_is_refused(door: Door) -> None:
    header = json.dumps(door.header)[:-1].encode() + b', "alg": "none"}'
    refused(errors.AssertionMalformed, 1, door, door.write(header))


@pytest.mark.parametrize("members", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}])
def test_unknown_crit_is_refused(door: Door, members: dict[str, Any]) -> None:
    refused(errors.AssertionCritical, 2, door, door.write(members))


@pytest.mark.parametrize("typ", ["docvault-grant+jwt", "dpop+jwt", "", 1])
def test_something_else_that_the_agency_signed_is_no_assertion(door: Door, typ: Any) -> None:
    refused(errors.AssertionType, 3, door, door.write({"typ": typ}))


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "", 1, ["Ed25519"]])
def test_alg_none_and_every_other_algorithm_is_refused(door: Door, alg: Any) -> None:
    refused(errors.AssertionAlgorithm, 4, door, door.write({"alg": alg}, sign=lambda _: b""))


def test_key_confusion_with_the_public_key_as_hmac_secret_is_refused(door: Door, key: SigningKey) -> None:
    public = b64url_decode(key.public_jwk()["x"])
    token = door.write({"alg": "HS256"}, sign=lambda data: hmac.digest(public, data, hashlib.sha256))
    refused(errors.AssertionAlgorithm, 4, door, token)


@pytest.mark.parametrize(("alg", "kid"), [("Ed25519", "other"), ("Ed25519", ""), ("Ed25519", 7), ("ES256", None)])
def test_key_that_the_client_does_not_have_is_refused(door: Door, alg: str, kid: Any) -> None:
    refused(errors.AssertionKey, 5, door, door.write({"alg": alg, "kid": kid}))


def test_ambiguous_key_is_refused(door: Door, key: SigningKey) -> None:
    two = parse_jwks(jwks([key, SigningKey.generate()]))
    refused(errors.AssertionKey, 5, door, door.write({"kid": None}), keys=two)


def test_another_agency_cannot_sign_for_this_one(door: Door) -> None:
    attacker = Ed25519PrivateKey.generate()
    refused(errors.AssertionSignature, 6, door, door.write(sign=attacker.sign))


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "x" * 256},
        {"jti": "a\nb"},
        {"exp": None},
        {"exp": "1"},
        {"exp": True},
        {"exp": 10**400},
        {"exp": -1},
        {"nbf": "x"},
        {"iat": []},
        b"[]",
        b"x",
        b'{"jti": "a", "jti": "b"}',
        b'{"exp": 1e999}',
    ],
)
def test_missing_or_odd_claims_are_refused(door: Door, claims: Any) -> None:
    refused(errors.AssertionClaims, 7, door, door.write(claims=claims))


@pytest.mark.parametrize("claims", [{"iss": "agency-2"}, {"sub": "agency-2"}, {"iss": None}, {"sub": [CLIENT]}])
def test_assertion_for_another_client_is_refused(door: Door, claims: dict[str, Any]) -> None:
    refused(errors.AssertionClient, 8, door, door.write(claims=claims))


@pytest.mark.parametrize(
    "aud", ["https://other.example", f"{SERVER}/", f"{SERVER}/oauth/token", [SERVER], [SERVER, "x"], None]
)
def test_assertion_for_another_audience_is_refused(door: Door, aud: Any) -> None:
    refused(errors.AssertionAudience, 9, door, door.write(claims={"aud": aud}))


def test_old_assertion_is_refused_from_its_last_second_on(door: Door) -> None:
    assert door.verify(door.write(), now=door.now + timedelta(seconds=59))
    refused(errors.AssertionExpired, 10, door, door.write(), now=door.now + timedelta(seconds=60))


def test_assertion_that_outlives_the_memory_of_its_jti_is_refused(door: Door) -> None:
    longest = door.at + int(ASSERTION_LIFETIME.total_seconds())
    assert door.verify(door.write(claims={"exp": longest}))
    refused(errors.AssertionTooLong, 11, door, door.write(claims={"exp": longest + 1}))
    refused(errors.AssertionTooLong, 11, door, door.write(claims={"exp": 253402300799 - 86_400}))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_assertion_made_ahead_of_time_is_refused(door: Door, claim: str) -> None:
    latest = door.at + int(ASSERTION_SKEW.total_seconds())
    assert door.verify(door.write(claims={claim: latest}))
    refused(errors.AssertionNotYetValid, 12, door, door.write(claims={claim: latest + 1}))


@given(data=st.data())
def test_no_mutation_of_a_valid_assertion_verifies(door: Door, data: st.DataObject) -> None:
    token = door.write()
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + data.draw(st.text(max_size=8)) + token[data.draw(st.integers(at, min(len(token), at + 8))) :]
    if changed != token:
        with pytest.raises(errors.AssertionRefused):
            door.verify(changed)
