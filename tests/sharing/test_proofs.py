"""Proofs of possession: each way to use somebody else's token or proof, and the step that stops it."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from sharing import errors, nonces
from sharing.encoding import b64url_decode
from sharing.keys import SigningKey, parse_public_key
from sharing.limits import PROOF_AGE, PROOF_BYTES, PROOF_SKEW
from sharing.proofs import Proof, sign_proof, token_hash, verify_proof

URL, TOKEN, SECRET = "https://vault.example/agency/grants/g-1", "the-token", bytes(range(32))
SECOND = timedelta(seconds=1)

RFC_9449_KEY = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC_9449_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_9449_HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
RFC_9449_FIGURE_2 = (
    f"{RFC_9449_HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t"
    "L3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37"
    "xRZT3Lg"
)
RFC_9449_FIGURE_13 = (
    f"{RFC_9449_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9y"
    "Zy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtz"
    "bVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
RFC_9449_AT = datetime.fromtimestamp(1562262618, UTC)


class Door:
    """The door of a vault, and a system that knows how to write proofs by hand."""

    def __init__(self, key: SigningKey, now: datetime, forge: Callable[..., str]) -> None:
        self.key, self.now, self._forge = key, now, forge
        public = key.public_jwk()
        self.jwk = {name: public[name] for name in ("kty", "crv", "x")}
        self.header: dict[str, Any] = {"typ": "dpop+jwt", "alg": "Ed25519", "jwk": self.jwk}
        self.claims: dict[str, Any] = {
            "jti": "j-1",
            "htm": "GET",
            "htu": URL,
            "iat": int(now.timestamp()),
            "ath": token_hash(TOKEN),
            "nonce": nonces.issue(SECRET, now),
        }
        self.sign: Any = Ed25519PrivateKey.from_private_bytes(key.private_bytes()).sign

    def verify(self, proof: str, **changes: Any) -> Proof:
        now = changes.get("now", self.now)
        asked: dict[str, Any] = {"method": "GET", "url": URL, "now": now, "access_token": TOKEN}
        asked["fresh"] = lambda nonce: nonces.is_fresh(SECRET, nonce, now)
        return verify_proof(proof, **(asked | changes))

    def write(self, header: Any = None, claims: Any = None, sign: Any = None) -> str:
        """A proof with these members changed; None takes a member away, bytes are taken as they are."""

        def changed(whole: dict[str, Any], changes: Any) -> Any:
            if isinstance(changes, bytes):
                return changes
            return {name: value for name, value in {**whole, **(changes or {})}.items() if value is not None}

        return self._forge(changed(self.header, header), changed(self.claims, claims), sign or self.sign)


@pytest.fixture(scope="module")
def door(key: SigningKey, now: datetime, forge: Callable[..., str]) -> Door:
    return Door(key, now, forge)


def refused(error: type[errors.ProofRefused], step: int, door: Door, proof: str, **changes: Any) -> None:
    with pytest.raises(errors.ProofRefused) as caught:
        door.verify(proof, **changes)
    assert type(caught.value) is error
    assert caught.value.step == step


def test_rfc_9449_figure_2_a_proof_at_the_token_endpoint() -> None:
    asked: dict[str, Any] = {"method": "POST", "url": "https://server.example.com/token", "now": RFC_9449_AT}
    with pytest.raises(errors.ProofNonce):  # all but the nonce, which the example does not have
        verify_proof(RFC_9449_FIGURE_2, **asked, access_token=None, fresh=lambda _: True)


def test_rfc_9449_figure_13_a_proof_at_a_protected_resource() -> None:
    asked: dict[str, Any] = {"method": "GET", "url": "https://resource.example.org/protectedresource"}
    with pytest.raises(errors.ProofNonce):
        verify_proof(RFC_9449_FIGURE_13, **asked, now=RFC_9449_AT, access_token=RFC_9449_TOKEN, fresh=lambda _: True)
    with pytest.raises(errors.ProofToken):
        verify_proof(RFC_9449_FIGURE_13, **asked, now=RFC_9449_AT, access_token="another", fresh=lambda _: True)
    with pytest.raises(errors.ProofStale):
        late = RFC_9449_AT + PROOF_AGE
        verify_proof(RFC_9449_FIGURE_13, **asked, now=late, access_token=RFC_9449_TOKEN, fresh=lambda _: True)


def test_rfc_9449_thumbprint_and_hash_of_the_token() -> None:
    header = json.loads(b64url_decode(RFC_9449_HEADER))
    assert parse_public_key(header["jwk"]).thumbprint == RFC_9449_KEY
    assert token_hash(RFC_9449_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_system_proves_its_key_with_our_library(door: Door, key: SigningKey) -> None:
    def proof(**changes: Any) -> str:
        asked = {"method": "GET", "url": URL, "now": door.now, "nonce": door.claims["nonce"], **changes}
        return sign_proof(key, **asked)

    verified = door.verify(proof(access_token=TOKEN))
    assert verified.key == key.kid
    assert verified.expires_at == door.now + PROOF_AGE
    assert verified.jti != door.verify(proof(access_token=TOKEN)).jti
    assert door.verify(proof(url=f"{URL}?page=2#top", access_token=TOKEN)), "query and fragment are not proved"
    assert door.verify(proof(), access_token=None)
    refused(errors.ProofNonce, 13, door, proof(access_token=TOKEN, nonce=None))
    refused(errors.ProofToken, 12, door, proof())


def test_system_proves_its_key_with_other_software(door: Door) -> None:
    assert door.verify(door.write()) == Proof(door.key.kid, "j-1", door.now + PROOF_AGE)
    extra = {
        "kid": "x",
        "jwk": {**door.jwk, "kid": "x", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"], "ext": True},
    }
    assert door.verify(door.write({"alg": "EdDSA", **extra})).key == door.key.kid
    assert door.verify(door.write(claims={"iat": door.claims["iat"] + 0.25, "later": 1}))


def test_system_proves_a_p256_or_rsa_key(door: Door) -> None:
    p256, strong = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 4096)
    ec_jwk, rsa_jwk = ECKey.import_key(p256.public_key()), RSAKey.import_key(strong.public_key())

    def es256(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(p256.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def ps256(data: bytes) -> bytes:
        return strong.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())

    by_ec = door.write({"alg": "ES256", "jwk": ec_jwk.as_dict()}, sign=es256)
    by_rsa = door.write({"alg": "PS256", "jwk": rsa_jwk.as_dict()}, sign=ps256)
    assert door.verify(by_ec).key == ec_jwk.thumbprint()
    assert door.verify(by_rsa).key == rsa_jwk.thumbprint()
    mixed = door.write({"alg": "PS256", "jwk": ec_jwk.as_dict()}, sign=ps256)
    refused(errors.ProofKey, 5, door, mixed)
    refused(errors.ProofAlgorithm, 4, door, door.write({"alg": "RS256", "jwk": rsa_jwk.as_dict()}, sign=ps256))


@pytest.mark.parametrize(
    "proof", ["", "a.b", "a.b.c.d", "x" * (PROOF_BYTES + 1), "e30=.e30.AA", "W10.e30.AA", "\ud800"]
)
def test_junk_is_refused(door: Door, proof: str) -> None:
    refused(errors.ProofMalformed, 1, door, proof)


def test_duplicate_member_in_the_header_is_refused(door: Door) -> None:
    header = json.dumps(door.header)[:-1].encode() + b', "alg": "none"}'
    refused(errors.ProofMalformed, 1, door, door.write(header))


@pytest.mark.parametrize("members", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}])
def test_unknown_crit_is_refused(door: Door, members: dict[str, Any]) -> None:
    refused(errors.ProofCritical, 2, door, door.write(members))


@pytest.mark.parametrize("typ", ["JWT", "DPOP+JWT", "application/dpop+jwt", "client-authentication+jwt", "", 1, None])
def test_something_else_that_the_system_signed_is_no_proof(door: Door, typ: Any) -> None:
    refused(errors.ProofType, 3, door, door.write({"typ": typ}))


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "", 1, ["Ed25519"], None])
def test_alg_none_and_every_other_algorithm_is_refused(door: Door, alg: Any) -> None:
    refused(errors.ProofAlgorithm, 4, door, door.write({"alg": alg}, sign=lambda _: b""))


def test_symmetric_proof_with_the_public_key_as_secret_is_refused(door: Door) -> None:
    public = b64url_decode(door.jwk["x"])
    proof = door.write({"alg": "HS256"}, sign=lambda data: hmac.digest(public, data, hashlib.sha256))
    refused(errors.ProofAlgorithm, 4, door, proof)


def test_proof_that_gives_its_private_key_away_is_refused(door: Door) -> None:
    refused(errors.ProofKey, 5, door, door.write({"jwk": {**door.jwk, "d": "AA"}}))


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "x",
        [],
        {},
        {"kty": "oct", "k": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
    ],
)
def test_key_that_is_none_is_refused(door: Door, jwk: Any) -> None:
    refused(errors.ProofKey, 5, door, door.write({"jwk": jwk}))


@pytest.mark.parametrize("changes", [{"use": "enc"}, {"alg": "ES256"}, {"key_ops": ["encrypt"]}])
def test_key_that_is_not_for_signatures_of_this_kind_is_refused(door: Door, changes: dict[str, Any]) -> None:
    refused(errors.ProofKey, 5, door, door.write({"jwk": {**door.jwk, **changes}}))


def test_signature_without_a_private_key_under_a_point_of_small_order_is_refused(door: Door) -> None:
    """For the neutral element as key, R = B and S = 1 verify over every message."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    base_and_one = bytes.fromhex("58" + "66" * 31) + (1).to_bytes(32, "little")
    refused(errors.ProofKey, 5, door, door.write({"jwk": jwk}, sign=lambda _: base_and_one))


def test_proof_under_somebody_elses_public_key_is_refused(door: Door) -> None:
    refused(errors.ProofSignature, 6, door, door.write(sign=Ed25519PrivateKey.generate().sign))


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "x" * 256},
        {"jti": "a\nb"},
        {"htm": None},
        {"htm": ["GET"]},
        {"htu": None},
        {"htu": 1},
        {"iat": None},
        {"iat": "1"},
        {"iat": True},
        {"iat": 10**400},
        {"iat": -1},
        {"ath": 1},
        {"nonce": []},
        b"[]",
        b"x",
        b'{"jti": "a", "jti": "b"}',
        b'{"jti": "a", "htm": "GET", "htu": "x", "iat": 1, "nonce": null}',
        b'{"jti": "a", "htm": "GET", "htu": "x", "iat": 1e999}',
    ],
)
def test_missing_or_odd_claims_are_refused(door: Door, claims: Any) -> None:
    refused(errors.ProofClaims, 7, door, door.write(claims=claims))


@pytest.mark.parametrize("htm", ["POST", "get", "HEAD", "", "GET "])
def test_proof_for_another_method_is_refused(door: Door, htm: str) -> None:
    refused(errors.ProofMethod, 8, door, door.write(claims={"htm": htm}))


@pytest.mark.parametrize(
    "htu",
    [
        "https://vault.example/agency/grants/g-2",
        "https://vault.example/agency/grants/g-1/",
        "https://attacker.example/agency/grants/g-1",
        "http://vault.example/agency/grants/g-1",
        "/agency/grants/g-1",
        "",
    ],
)
def test_proof_for_another_url_is_refused(door: Door, htu: str) -> None:
    refused(errors.ProofUrl, 9, door, door.write(claims={"htu": htu}))


def test_proof_for_the_same_url_in_another_spelling_is_taken(door: Door) -> None:
    assert door.verify(door.write(claims={"htu": "HTTPS://VAULT.example:443/agency/./grants/%67-1?x"}))


def test_proof_is_taken_for_as_long_as_its_jti_is_remembered(door: Door) -> None:
    fresh: dict[str, Any] = {"fresh": lambda _: True}
    last = door.now + PROOF_AGE
    assert door.verify(door.write(), now=last - SECOND, **fresh).expires_at == last
    refused(errors.ProofStale, 10, door, door.write(), now=last, **fresh)


def test_proof_made_ahead_of_time_is_refused(door: Door) -> None:
    fresh: dict[str, Any] = {"fresh": lambda _: True}
    assert door.verify(door.write(), now=door.now - PROOF_SKEW, **fresh)
    refused(errors.ProofNotYetValid, 11, door, door.write(), now=door.now - PROOF_SKEW - SECOND, **fresh)
    refused(errors.ProofNotYetValid, 11, door, door.write(claims={"iat": 253402300799 - 86_400}))


@pytest.mark.parametrize("ath", [None, "", "x", "\ud800", token_hash("another-token")])
def test_proof_for_another_token_is_refused(door: Door, ath: str | None) -> None:
    refused(errors.ProofToken, 12, door, door.write(claims={"ath": ath}))


@pytest.mark.parametrize(
    "nonce", [None, "", "x", "\ud800", nonces.issue(bytes(32), datetime(2026, 11, 23, 9, 30, tzinfo=UTC))]
)
def test_proof_without_the_servers_nonce_is_refused(door: Door, nonce: str | None) -> None:
    refused(errors.ProofNonce, 13, door, door.write(claims={"nonce": nonce}))


def test_proof_with_a_stale_nonce_is_refused(door: Door) -> None:
    old = nonces.issue(SECRET, door.now - timedelta(minutes=6))
    refused(errors.ProofNonce, 13, door, door.write(claims={"nonce": old}))


def test_the_first_failing_step_is_the_answer(door: Door) -> None:
    everything_wrong = {"htm": "PUT", "htu": "x", "iat": 1, "ath": "x", "nonce": "x"}
    refused(errors.ProofType, 3, door, door.write({"typ": "JWT", "alg": "none", "jwk": None}, everything_wrong))
    refused(errors.ProofMethod, 8, door, door.write(claims=everything_wrong))
    refused(errors.ProofStale, 10, door, door.write(claims={"iat": 1, "ath": "x", "nonce": "x"}))


@given(data=st.data())
def test_no_mutation_of_a_valid_proof_verifies(door: Door, data: st.DataObject) -> None:
    proof = door.write()
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = proof[:at] + data.draw(st.text(max_size=8)) + proof[data.draw(st.integers(at, min(len(proof), at + 8))) :]
    if changed != proof:
        with pytest.raises(errors.ProofRefused):
            door.verify(changed)
