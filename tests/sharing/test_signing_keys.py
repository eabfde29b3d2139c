"""Keys: ours never show themselves, and what agencies publish is read strictly. Vectors: RFC 8037 appendix A."""

import copy
import json
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sharing import jws
from sharing.encoding import b64url_decode, b64url_encode
from sharing.errors import KeysInvalid
from sharing.keys import KeySet, SigningKey, jwks, parse_jwks, parse_public_key

D, X = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
ED = {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "ed"}
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "ec",
}


def rsa_jwk(bits: int, exponent: int = 65537) -> dict[str, Any]:
    public = rsa.generate_private_key(exponent, bits).public_key().public_numbers()
    n, e = (b64url_encode(number.to_bytes((number.bit_length() + 7) // 8)) for number in (public.n, public.e))
    return {"kty": "RSA", "n": n, "e": e, "kid": "rsa"}


def test_rfc_8037_a2_and_a3_public_key_and_thumbprint() -> None:
    key = SigningKey.from_private_bytes(b64url_decode(D))
    assert key.public_jwk() == {**ED, "kid": THUMBPRINT, "use": "sig", "alg": "Ed25519"}
    assert key.private_bytes() == b64url_decode(D)


def test_rfc_8037_a4_and_a5_signature() -> None:
    parsed = jws.parse(SIGNED, 1000)
    (key,) = parse_jwks({"keys": [ED]})
    assert jws.signed_by(parsed, "EdDSA", key.jose)
    assert parsed.payload == b"Example of Ed25519 signing"


def test_a_signing_key_does_not_show_itself() -> None:
    key = SigningKey.generate()
    for shown in (repr(key), str(key), f"{key}", repr([key]), json.dumps(jwks([key]))):
        assert b64url_encode(key.private_bytes()) not in shown
        assert key.private_bytes().hex() not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)


def test_two_keys_differ_and_a_seed_has_32_bytes() -> None:
    assert SigningKey.generate().kid != SigningKey.generate().kid
    with pytest.raises(KeysInvalid):
        SigningKey.from_private_bytes(bytes(31))


def test_published_keys_parse_to_what_they_were() -> None:
    keys = [SigningKey.generate(), SigningKey.generate()]
    parsed = parse_jwks(json.dumps(jwks(keys)))
    assert [key.kid for key in parsed] == [key.kid for key in keys]
    again = parse_jwks(jwks(parsed))
    assert list(again) == list(parsed)


def test_each_key_serves_its_own_algorithms_alone() -> None:
    keys = parse_jwks({"keys": [ED, EC, rsa_jwk(2048)]})
    fits = {(kid, alg) for kid in ("ed", "ec", "rsa") for alg in jws.ALGORITHMS if keys.find(kid, alg)}
    assert fits == {("ed", "Ed25519"), ("ed", "EdDSA"), ("ec", "ES256"), ("rsa", "PS256")}


def test_keys_meant_for_something_else_are_passed_over() -> None:
    others = [
        {**ED, "kid": "a", "use": "enc"},
        {**ED, "kid": "b", "key_ops": ["encrypt"]},
        {**ED, "kid": "c", "crv": "X25519"},
        {**EC, "kid": "d", "crv": "P-384"},
        {**EC, "kid": "e", "alg": "ES512"},
        {"kty": "AKP", "kid": "f"},
        {"kty": 7},
    ]
    assert [key.kid for key in parse_jwks({"keys": [*others, ED]})] == ["ed"]
    with pytest.raises(KeysInvalid, match="No key here"):
        parse_jwks({"keys": others})


@pytest.mark.parametrize("secret", [{"d": D}, {"p": "AQ"}, {"k": "AQ"}])
def test_an_agency_that_sends_its_private_key_is_told(secret: dict[str, str]) -> None:
    with pytest.raises(KeysInvalid, match="private") as caught:
        parse_jwks({"keys": [{**ED, **secret}]})
    assert D not in str(caught.value)


def test_a_symmetric_key_is_refused() -> None:
    with pytest.raises(KeysInvalid, match="symmetric"):
        parse_jwks({"keys": [{"kty": "oct", "k": "AQ", "kid": "x"}, ED]})


@pytest.mark.parametrize(
    "key",
    [
        "x",
        None,
        {**ED, "kid": None},
        {**ED, "kid": ""},
        {**ED, "kid": "k" * 256},
        {**ED, "x": X + "="},
        {**ED, "x": X[:-1]},
        {**ED, "x": X[:-1] + "p"},
        {**ED, "x": 5},
        {**ED, "x": "A" * 43},
        {**ED, "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {**ED, "x": "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"},
        {**ED, "x": "7v____________________________________________38"},
        {**ED, "x": "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {**EC, "y": EC["x"]},
        {**EC, "x": "AA"},
        {"kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB"},
    ],
)
def test_a_malformed_or_weak_key_is_refused(key: Any) -> None:
    with pytest.raises(KeysInvalid):
        parse_jwks({"keys": [key]})


def test_weak_rsa_is_refused() -> None:
    long_zero = b64url_encode(bytes(256) + b64url_decode(rsa_jwk(2048)["n"]))
    for weak in (rsa_jwk(1024), rsa_jwk(2048, 3), {**rsa_jwk(2048), "n": long_zero}):
        with pytest.raises(KeysInvalid, match="RSA"):
            parse_jwks({"keys": [weak]})


def test_one_key_alone_is_named_by_its_thumbprint() -> None:
    key = parse_public_key({**ED, "kid": "some name"})
    assert key.kid == key.thumbprint == THUMBPRINT
    assert key.public_jwk() == {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": THUMBPRINT, "use": "sig"}
    assert parse_jwks({"keys": [{**ED, "kid": "some name"}]}).find("some name", "EdDSA").thumbprint == THUMBPRINT  # type: ignore[union-attr]


@pytest.mark.parametrize("jwk", [None, [], "x", {}, {**ED, "d": D}, {"kty": "oct", "k": "AQ"}, {**ED, "use": "enc"}])
def test_what_is_no_public_key_for_signatures_is_refused(jwk: Any) -> None:
    with pytest.raises(KeysInvalid) as caught:
        parse_public_key(jwk)
    assert D not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        b"\xff",
        "\ud800",
        " " * 70_000,
        json.dumps(ED),
        json.dumps({"keys": [ED, ED]}),
        json.dumps({"keys": [{**ED, "kid": str(n)} for n in range(33)]}),
    ],
)
def test_a_set_that_is_none_is_refused(data: Any) -> None:
    with pytest.raises(KeysInvalid):
        parse_jwks(data)


def test_without_kid_only_an_unambiguous_key_serves() -> None:
    assert parse_jwks({"keys": [ED, EC]}).only("ES256") is not None
    assert parse_jwks({"keys": [ED, EC]}).only("PS256") is None
    assert parse_jwks({"keys": [ED, {**ED, "kid": "ed2"}]}).only("Ed25519") is None
    assert len(KeySet([])) == 0
