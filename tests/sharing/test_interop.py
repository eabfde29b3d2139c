"""Another implementation (npm `jose`) verifies what we sign, refuses what it should, and we verify what it signs."""

import dataclasses
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sharing import errors, grants
from sharing.assertions import verify_assertion
from sharing.keys import SigningKey, jwks, parse_jwks, parse_public_key
from sharing.limits import PROOF_AGE
from sharing.proofs import Proof, sign_proof, token_hash, verify_proof
from sharing.terms import Terms
from tests.sharing.test_signing_keys import EC, ED

NODE_FOLDER = Path(__file__).parent / "node"
CLIENT, SERVER = "agency-1", "https://vault.example"
URL, TOKEN = f"{SERVER}/agency/grants/g-1", "the-token"
RFC_7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
        "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM"
        "QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz"
        "KnqDKgw"
    ),
    "e": "AQAB",
}
KEYS = [RFC_7638, ED, EC]


def node() -> str:
    program = shutil.which("node")
    if program and (NODE_FOLDER / "node_modules" / "jose").is_dir():
        return program
    reason = "needs node, and `npm ci --prefix tests/sharing/node`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def other(key: SigningKey, terms: Terms, now: datetime) -> dict[str, Any]:
    """What `jose` says of our grant, of changed ones, and the tokens that it signed itself."""
    token = grants.sign(terms, key)
    swapped = (
        grants.sign(dataclasses.replace(terms, purpose="x"), key).rpartition(".")[0] + "." + token.rpartition(".")[2]
    )
    elsewhere = grants.sign(dataclasses.replace(terms, audience="agency-2"), key)
    stranger = grants.sign(terms, SigningKey.generate())
    grant = {"jwks": jwks([key]), "token": token, "issuer": terms.issuer, "audience": terms.audience}
    grant |= {"now": now.isoformat(), "tampered": [swapped, elsewhere, stranger]}
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": SERVER, "jti": "j-1", "exp": int(now.timestamp()) + 60}
    signed = sign_proof(key, method="GET", url=f"{URL}?a=b", now=now, nonce="n-1", access_token=TOKEN)
    proof = {"jti": "j-2", "htm": "GET", "htu": URL, "iat": int(now.timestamp()), "nonce": "n-1"}
    proof["ath"] = token_hash(TOKEN)
    question = json.dumps(
        {"grant": grant, "assertion": claims, "proof": {"token": signed, "claims": proof}, "keys": KEYS}
    )
    command = [node(), "interop.mjs"]
    done = subprocess.run(
        command, cwd=NODE_FOLDER, input=question, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_jose_verifies_our_grant(other: dict[str, Any], terms: Terms, key: SigningKey) -> None:
    assert other["payload"] == terms.to_claims()
    assert other["protectedHeader"] == {"alg": "Ed25519", "typ": "docvault-grant+jwt", "kid": key.kid}


def test_jose_finds_the_same_thumbprint(other: dict[str, Any], key: SigningKey) -> None:
    assert other["thumbprint"] == key.kid


def test_jose_refuses_our_grant_once_it_is_changed_misaddressed_or_of_an_unknown_key(other: dict[str, Any]) -> None:
    refusals = ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "ERR_JWT_CLAIM_VALIDATION_FAILED", "ERR_JWKS_NO_MATCHING_KEY"]
    assert other["refusals"] == refusals


def test_we_verify_a_grant_signed_by_jose(other: dict[str, Any], terms: Terms, now: datetime) -> None:
    keys = parse_jwks({"keys": [other["grant"]["jwk"]]})
    assert grants.verify(other["grant"]["token"], keys, terms.audience, now, issuer=terms.issuer) == terms


def test_we_verify_assertions_signed_by_jose_but_not_by_rs256(other: dict[str, Any], now: datetime) -> None:
    keys = parse_jwks({"keys": [each["jwk"] for each in other["assertions"]]})
    for each in other["assertions"]:
        if each["alg"] == "RS256":
            with pytest.raises(errors.AssertionAlgorithm):
                verify_assertion(each["token"], keys, client_id=CLIENT, audience=SERVER, now=now)
        else:
            assert verify_assertion(each["token"], keys, client_id=CLIENT, audience=SERVER, now=now).jti == "j-1"


def test_jose_verifies_our_proof(other: dict[str, Any], key: SigningKey, now: datetime) -> None:
    proof = other["proof"]
    assert proof.pop("jti")
    assert proof == {
        "htm": "GET",
        "htu": URL,
        "iat": int(now.timestamp()),
        "nonce": "n-1",
        "ath": token_hash(TOKEN),
    }
    assert other["proofThumbprint"] == key.kid


def test_we_verify_proofs_signed_by_jose_but_not_by_other_algorithms(other: dict[str, Any], now: datetime) -> None:
    for each in other["proofs"]:
        asked: dict[str, Any] = {"method": "GET", "url": URL, "now": now, "access_token": TOKEN}
        if each["alg"] in {"RS256", "ES384"}:
            with pytest.raises(errors.ProofAlgorithm):
                verify_proof(each["token"], **asked, fresh=lambda nonce: nonce == "n-1")
        else:
            proof = verify_proof(each["token"], **asked, fresh=lambda nonce: nonce == "n-1")
            assert proof == Proof(each["thumbprint"], "j-2", now + PROOF_AGE)


def test_thumbprints_are_those_of_jose_and_of_rfc_7638(other: dict[str, Any]) -> None:
    ours = [parse_public_key(jwk).thumbprint for jwk in KEYS]
    assert ours == other["thumbprints"]
    assert ours[0] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
