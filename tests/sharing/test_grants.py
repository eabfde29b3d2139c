"""Grants: each attack on a grant, and the step that stops it (docs/formats/sharing.md)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sharing import errors, grants
from sharing.encoding import b64url_decode, b64url_encode
from sharing.keys import KeySet, SigningKey, jwks, parse_jwks
from sharing.limits import GRANT_BYTES, LEEWAY, LEEWAY_MOST
from sharing.terms import Terms

ISSUER, AGENCY = "https://vault.example", "agency-1"


class Desk:
    """An agency's desk: verifies what it is handed, and knows how the vault would have signed it."""

    def __init__(self, key: SigningKey, keys: KeySet, terms: Terms, now: datetime, forge: Callable[..., str]) -> None:
        self.keys, self.now, self.terms, self.key, self._forge = keys, now, terms, key, forge
        self.header = {"alg": "Ed25519", "typ": "docvault-grant+jwt", "kid": key.kid}
        self.sign = Ed25519PrivateKey.from_private_bytes(key.private_bytes()).sign

    def verify(self, token: str, **changes: Any) -> Terms:
        asked = {"audience": AGENCY, "now": self.now, "issuer": ISSUER, "keys": self.keys, **changes}
        return grants.verify(token, **asked)

    def with_header(self, **members: Any) -> str:
        return self._forge({**self.header, **members}, self.terms.to_claims(), self.sign)

    def with_raw(self, header: bytes | None = None, payload: bytes | None = None) -> str:
        return self._forge(header or self.header, payload or self.terms.to_claims(), self.sign)

    def with_claims(self, **claims: Any) -> str:
        return self._forge(self.header, {**self.terms.to_claims(), **claims}, self.sign)


@pytest.fixture(scope="module")
def desk(key: SigningKey, keys: KeySet, terms: Terms, now: datetime, forge: Callable[..., str]) -> Desk:
    return Desk(key, keys, terms, now, forge)


@pytest.fixture(scope="module")
def token(key: SigningKey, terms: Terms) -> str:
    return grants.sign(terms, key)


def refused(error: type[errors.GrantError], step: int, desk: Desk, token: str, **changes: Any) -> None:
    with pytest.raises(errors.GrantError) as caught:
        desk.verify(token, **changes)
    assert type(caught.value) is error
    assert caught.value.step == step


def test_agency_verifies_what_the_vault_signed(desk: Desk, token: str, terms: Terms) -> None:
    assert desk.verify(token) == terms


def test_an_honest_grant_written_by_other_software_verifies(desk: Desk, terms: Terms) -> None:
    assert desk.verify(desk.with_claims()) == terms


def test_the_header_is_exactly_what_the_format_says(token: str, key: SigningKey) -> None:
    header = json.loads(b64url_decode(token.split(".")[0]))
    assert header == {"alg": "Ed25519", "typ": "docvault-grant+jwt", "kid": key.kid}


# 1 form


def test_oversized_grant_is_refused_before_it_is_parsed(desk: Desk, token: str) -> None:
    refused(errors.GrantMalformed, 1, desk, token + "A" * GRANT_BYTES)


@pytest.mark.parametrize("junk", ["", "a", "a.b", "..", "a.b.c.d", "{}", "đ.đ.đ", "\ud800.a.a", "e30"])
def test_junk_is_refused(desk: Desk, junk: str) -> None:
    refused(errors.GrantMalformed, 1, desk, junk)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("spoiled", ["{}=", "{}\n", " {}", "{}A===", "{}\u0661"])
def test_noncanonical_base64url_in_any_part_is_refused(desk: Desk, token: str, part: int, spoiled: str) -> None:
    parts = token.split(".")
    parts[part] = spoiled.format(parts[part])
    refused(errors.GrantMalformed, 1, desk, ".".join(parts))


def test_unused_bits_of_the_signature_cannot_give_a_grant_a_second_spelling(desk: Desk, token: str) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    lenient = base64.urlsafe_b64decode(other.split(".")[2] + "==")
    assert lenient == b64url_decode(token.split(".")[2])
    refused(errors.GrantMalformed, 1, desk, other)


def test_the_other_base64_alphabet_is_refused(desk: Desk, token: str) -> None:
    signature = token.split(".")[2]
    swapped = ("+" if "-" in signature else "/") + signature[1:]
    refused(errors.GrantMalformed, 1, desk, token.removesuffix(signature) + swapped)


def test_duplicate_member_in_the_header_is_refused(desk: Desk) -> None:
    header = json.dumps(desk.header)[:-1].encode() + b', "alg": "Ed25519"}'
    refused(errors.GrantMalformed, 1, desk, desk.with_raw(header=header))


@pytest.mark.parametrize(
    "header", [b"[]", b'"x"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{", b"{}{}", b"[" * 900, b'{"alg":NaN}']
)
def test_header_that_is_not_one_json_object_is_refused(desk: Desk, header: bytes) -> None:
    refused(errors.GrantMalformed, 1, desk, desk.with_raw(header=header))


def test_utf_16_header_is_refused(desk: Desk) -> None:
    refused(errors.GrantMalformed, 1, desk, desk.with_raw(header=json.dumps(desk.header).encode("utf-16")))


def test_oversized_header_is_refused(desk: Desk) -> None:
    refused(errors.GrantMalformed, 1, desk, desk.with_header(kid="k" * 2000))


# 2 header members


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", None])
def test_unknown_crit_is_refused(desk: Desk, crit: Any) -> None:
    refused(errors.UnknownHeader, 2, desk, desk.with_header(crit=crit))


def test_unencoded_payload_is_refused(desk: Desk) -> None:
    refused(errors.UnknownHeader, 2, desk, desk.with_header(b64=False, crit=["b64"]))


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "zip", "cty"])
def test_attacker_cannot_bring_a_key_or_anything_else_in_the_header(desk: Desk, member: str, forge: Any) -> None:
    attacker = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(attacker.public_key().public_bytes_raw())}
    value = {"jwk": jwk, "jku": "https://attacker.example/jwks.json"}.get(member, "x")
    forged = forge({**desk.header, member: value}, desk.terms.to_claims(), attacker.sign)
    refused(errors.UnknownHeader, 2, desk, forged)


# 3 typ


@pytest.mark.parametrize(
    "typ", ["JWT", "docvault-receipt+jwt", "application/docvault-grant+jwt", "DOCVAULT-GRANT+JWT", "", None]
)
def test_something_else_that_the_vault_signed_is_no_grant(desk: Desk, typ: Any) -> None:
    refused(errors.WrongType, 3, desk, desk.with_header(typ=typ))


def test_token_without_typ_is_no_grant(desk: Desk, forge: Any) -> None:
    header = {name: desk.header[name] for name in ("alg", "kid")}
    refused(errors.WrongType, 3, desk, forge(header, desk.terms.to_claims(), desk.sign))


# 4 alg


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_alg_none_is_refused(desk: Desk, forge: Any, alg: str) -> None:
    forged = forge({**desk.header, "alg": alg}, desk.terms.to_claims(), lambda _: b"")
    refused(errors.WrongAlgorithm, 4, desk, forged)


def test_key_confusion_with_the_public_key_as_hmac_secret_is_refused(desk: Desk, forge: Any, key: SigningKey) -> None:
    public = b64url_decode(key.public_jwk()["x"])
    mac = lambda data: hmac.digest(public, data, hashlib.sha256)  # noqa: E731
    refused(errors.WrongAlgorithm, 4, desk, forge({**desk.header, "alg": "HS256"}, desk.terms.to_claims(), mac))


@pytest.mark.parametrize("alg", ["EdDSA", "Ed448", "ES256", "PS256", "RS256", "ed25519", None, ["Ed25519"], 1])
def test_any_other_algorithm_is_refused(desk: Desk, alg: Any) -> None:
    refused(errors.WrongAlgorithm, 4, desk, desk.with_header(alg=alg))


# 5 kid


@pytest.mark.parametrize("kid", ["other", "", None, 7, ["x"], "../../../dev/null"])
def test_unknown_key_is_refused(desk: Desk, kid: Any) -> None:
    refused(errors.UnknownKey, 5, desk, desk.with_header(kid=kid))


def test_key_of_another_vault_is_unknown(desk: Desk, token: str) -> None:
    refused(errors.UnknownKey, 5, desk, token, keys=parse_jwks(jwks([SigningKey.generate()])))


def test_kid_that_names_a_key_of_another_type_is_refused(desk: Desk, token: str, key: SigningKey) -> None:
    coordinates = {
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    p256 = {"kty": "EC", "crv": "P-256", **coordinates, "kid": key.kid}
    refused(errors.UnknownKey, 5, desk, token, keys=parse_jwks({"keys": [p256]}))


# 6 signature


def test_grant_signed_by_an_attacker_under_the_vaults_kid_is_refused(desk: Desk, forge: Any) -> None:
    forged = forge(desk.header, desk.terms.to_claims(), Ed25519PrivateKey.generate().sign)
    refused(errors.BadSignature, 6, desk, forged)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_signature_of_another_length_is_refused(desk: Desk, forge: Any, length: int) -> None:
    refused(errors.BadSignature, 6, desk, forge(desk.header, desk.terms.to_claims(), lambda _: bytes(length)))


def test_signature_of_one_grant_does_not_serve_another(desk: Desk, token: str) -> None:
    other = desk.with_claims(jti="grant-2")
    refused(errors.BadSignature, 6, desk, other.rpartition(".")[0] + "." + token.rpartition(".")[2])


def test_malleated_signature_is_refused(desk: Desk, forge: Any) -> None:
    order = 2**252 + 27742317777372353535851937790883648493

    def plus_order(data: bytes) -> bytes:
        signature = desk.sign(data)
        return signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")

    refused(errors.BadSignature, 6, desk, forge(desk.header, desk.terms.to_claims(), plus_order))


# 7 terms


def test_duplicate_claim_is_refused_even_when_signed(desk: Desk) -> None:
    claims = json.dumps(desk.terms.to_claims())[:-1].encode() + b', "aud": "agency-2"}'
    refused(errors.BadTerms, 7, desk, desk.with_raw(payload=claims))


def test_duplicate_member_inside_an_item_is_refused(desk: Desk) -> None:
    claims = json.dumps(desk.terms.to_claims()).replace('"size": 7,', '"size": 7, "size": 8,').encode()
    refused(errors.BadTerms, 7, desk, desk.with_raw(payload=claims))


@pytest.mark.parametrize("payload", [b"[]", b"null", b"\xff", b"x", b"[" * 50_000])
def test_signed_payload_that_is_no_object_is_refused(desk: Desk, payload: bytes) -> None:
    refused(errors.BadTerms, 7, desk, desk.with_raw(payload=payload))


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "purpose", "openings", "authorization_details"]
)
def test_missing_claim_is_refused(desk: Desk, claim: str, forge: Any) -> None:
    claims = desk.terms.to_claims()
    del claims[claim]
    refused(errors.BadTerms, 7, desk, forge(desk.header, claims, desk.sign))


BAD_CLAIMS: list[tuple[str, Any]] = [
    ("aud", ["agency-1"]),
    ("aud", ""),
    ("iss", None),
    ("sub", 1),
    ("jti", "a b"),
    ("jti", "x" * 256),
    ("exp", "1"),
    ("exp", True),
    ("exp", 1.5),
    ("exp", -1),
    ("exp", 10**30),
    ("exp", 1e300),
    ("nbf", 0),
    ("purpose", ""),
    ("purpose", "   "),
    ("purpose", "x" * 501),
    ("purpose", "a\nb"),
    ("purpose", "a\u202eb"),
    ("purpose", "\ud800"),
    ("openings", 0),
    ("openings", -1),
    ("openings", 1.0),
    ("openings", True),
    ("openings", 10_001),
    ("procedure", "birth-registration"),
    ("dossier", "H10.01"),
    ("procedure", None),
    ("dossier", None),
    ("cnf", None),
    ("cnf", []),
    ("cnf", {}),
    ("cnf", {"jkt": None}),
    ("cnf", {"jkt": "x"}),
    ("cnf", {"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4l"}),
    ("cnf", {"x5t#S256": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}),
    ("authorization_details", []),
    ("authorization_details", {}),
    ("authorization_details", [1]),
]


@pytest.mark.parametrize(("claim", "value"), BAD_CLAIMS)
def test_claim_outside_its_limits_is_refused(desk: Desk, claim: str, value: Any) -> None:
    refused(errors.BadTerms, 7, desk, desk.with_claims(**{claim: value}))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "docvault_dossier"),
        ("type", None),
        ("version", ""),
        ("version", 1),
        ("kind", "Birth"),
        ("kind", "a/b"),
        ("tier", "gold"),
        ("tier", None),
        ("tier", []),
        ("sha-256", "AAAA"),
        ("sha-256", None),
        ("sha-256", "A" * 42 + "B"),
        ("size", 0),
        ("size", "7"),
        ("size", 2**60),
        ("size", True),
        ("media_type", "pdf"),
        ("media_type", "text/html; charset=x"),
        ("components", ["parent-id"]),
    ],
)
def test_item_outside_its_limits_is_refused(desk: Desk, member: str, value: Any) -> None:
    first, second = desk.terms.to_claims()["authorization_details"]
    refused(errors.BadTerms, 7, desk, desk.with_claims(authorization_details=[first, {**second, member: value}]))


def test_one_version_cannot_appear_twice_with_two_hashes(desk: Desk) -> None:
    first, second = desk.terms.to_claims()["authorization_details"]
    details = [first, {**second, "version": first["version"]}]
    refused(errors.BadTerms, 7, desk, desk.with_claims(authorization_details=details))


def test_grant_for_a_dossier_says_which_and_whose_key_opens_it(
    desk: Desk, attached: Terms, key: SigningKey, forge: Any
) -> None:
    assert desk.verify(grants.sign(attached, key)) == attached
    claims = attached.to_claims()
    assert (claims["procedure"], claims["dossier"]) == ("birth-registration", "H10.01.02-261123-0001")
    assert claims["cnf"] == {"jkt": key.kid}
    assert [detail["components"] for detail in claims["authorization_details"]] == [
        ["child-birth", "proof-of-birth"],
        ["parent-id"],
    ]
    later = {**claims, "cnf": {"jkt": key.kid, "later": "x"}}
    assert desk.verify(forge(desk.header, later, desk.sign)) == attached


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("procedure", "Birth registration"),
        ("procedure", 1),
        ("dossier", ""),
        ("dossier", "x" * 65),
        ("dossier", "a b"),
        ("dossier", "hồ-sơ"),
        ("dossier", None),
    ],
)
def test_dossier_outside_its_limits_is_refused(desk: Desk, attached: Terms, forge: Any, claim: str, value: Any) -> None:
    claims = {**attached.to_claims(), claim: value}
    refused(errors.BadTerms, 7, desk, forge(desk.header, claims, desk.sign))


@pytest.mark.parametrize(
    "components", [[], "parent-id", None, {}, [1], ["Parent"], ["a", "a"], [f"c{n}" for n in range(101)]]
)
def test_components_outside_their_limits_are_refused(desk: Desk, attached: Terms, forge: Any, components: Any) -> None:
    first, second = attached.to_claims()["authorization_details"]
    claims = {**attached.to_claims(), "authorization_details": [first, {**second, "components": components}]}
    refused(errors.BadTerms, 7, desk, forge(desk.header, claims, desk.sign))


def test_too_many_items_are_refused(desk: Desk) -> None:
    first = desk.terms.to_claims()["authorization_details"][0]
    details = [{**first, "version": f"v{n}"} for n in range(101)]
    refused(errors.BadTerms, 7, desk, desk.with_claims(authorization_details=details))


def test_claims_of_a_later_version_are_passed_over(desk: Desk, terms: Terms) -> None:
    details = [{**detail, "copies": 2} for detail in terms.to_claims()["authorization_details"]]
    token = desk.with_claims(authorization_details=details, level="province", status={})
    assert desk.verify(token) == terms


# 8 to 11: issuer, audience, time


def test_grant_of_another_vault_that_shares_the_key_is_refused(desk: Desk, token: str) -> None:
    refused(errors.WrongIssuer, 8, desk, token, issuer="https://vault.example/")


def test_grant_stolen_from_another_agency_is_refused(desk: Desk, token: str) -> None:
    refused(errors.WrongAudience, 9, desk, token, audience="agency-2")


def test_grant_holds_from_its_first_second_to_the_one_before_its_last(desk: Desk, token: str, terms: Terms) -> None:
    none, second = timedelta(0), timedelta(seconds=1)
    assert desk.verify(token, now=terms.not_before, leeway=none)
    assert desk.verify(token, now=terms.expires_at - second, leeway=none)
    refused(errors.NotYetValid, 10, desk, token, now=terms.not_before - second, leeway=none)
    refused(errors.Expired, 11, desk, token, now=terms.expires_at, leeway=none)


def test_clocks_may_differ_by_the_leeway_and_no_more(desk: Desk, token: str, terms: Terms) -> None:
    second = timedelta(seconds=1)
    assert desk.verify(token, now=terms.not_before - LEEWAY)
    assert desk.verify(token, now=terms.expires_at + LEEWAY - second)
    refused(errors.NotYetValid, 10, desk, token, now=terms.not_before - LEEWAY - second)
    refused(errors.Expired, 11, desk, token, now=terms.expires_at + LEEWAY)


@pytest.mark.parametrize("leeway", [timedelta(seconds=-1), LEEWAY_MOST + timedelta(seconds=1)])
def test_nobody_can_switch_expiry_off_with_a_great_leeway(desk: Desk, token: str, leeway: timedelta) -> None:
    with pytest.raises(ValueError, match="leeway"):
        desk.verify(token, leeway=leeway)


def test_the_first_failing_step_is_the_answer(desk: Desk, now: datetime) -> None:
    everything_wrong = {"audience": "agency-2", "issuer": "https://other", "now": now + timedelta(days=99)}
    refused(errors.WrongType, 3, desk, desk.with_header(typ="JWT", alg="none", kid="x"), **everything_wrong)
    refused(errors.BadTerms, 7, desk, desk.with_claims(openings=0), **everything_wrong)
    refused(errors.WrongIssuer, 8, desk, desk.with_claims(), **everything_wrong)
    del everything_wrong["issuer"]
    refused(errors.WrongAudience, 9, desk, desk.with_claims(), **everything_wrong)


@given(data=st.data())
def test_no_mutation_of_a_valid_grant_verifies(desk: Desk, token: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(token) - 1))
    until = data.draw(st.integers(at, min(len(token), at + 8)))
    changed = token[:at] + data.draw(st.text(max_size=8)) + token[until:]
    if changed != token:
        with pytest.raises(errors.GrantError):
            desk.verify(changed)


@given(index=st.integers(0, 10_000), bit=st.integers(0, 7), part=st.integers(0, 2))
def test_no_flipped_bit_behind_canonical_base64_verifies(
    desk: Desk, token: str, index: int, bit: int, part: int
) -> None:
    parts = [bytearray(b64url_decode(text)) for text in token.split(".")]
    parts[part][index % len(parts[part])] ^= 1 << bit
    with pytest.raises(errors.GrantError):
        desk.verify(".".join(b64url_encode(bytes(raw)) for raw in parts))


# the file


def test_the_right_file_is_told_from_every_other(terms: Terms, paper: bytes) -> None:
    item = terms.items[0]
    grants.check_file(item, [paper[:1000], b"", paper[1000:]])
    with pytest.raises(errors.WrongHash):
        grants.check_file(item, [paper[:-1] + b"!"])
    for other in (paper[:-1], paper + b"x", b""):
        with pytest.raises(errors.WrongSize):
            grants.check_file(item, [other])


def test_endless_file_is_not_read_to_its_end(terms: Terms) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    with pytest.raises(errors.WrongSize):
        grants.check_file(terms.items[0], endless())
