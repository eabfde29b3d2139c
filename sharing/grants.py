"""Grants: terms, signed by the vault, that anybody with its published keys can verify offline.

The format, and the steps of `verify` by number, are in docs/formats/sharing.md.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from sharing import errors, jws
from sharing.encoding import parse_object
from sharing.errors import EncodingInvalid, TermsInvalid, WrongHash, WrongSize
from sharing.keys import KeySet, PublicKey, SigningKey
from sharing.limits import GRANT_BYTES, LEEWAY, LEEWAY_MOST
from sharing.terms import Item, Terms

TYPE = "docvault-grant+jwt"
"""`typ` of a grant: explicit, so that nothing else we sign can pass for one (RFC 8725 §3.11)."""


def sign(terms: Terms, key: SigningKey) -> str:
    """The grant over these terms as a compact JWS (RFC 7515 §7.1), by Ed25519 (RFC 9864)."""
    return jws.sign({"alg": jws.ED25519, "typ": TYPE, "kid": key.kid}, terms.to_claims(), key.jose)


def verify(token: str, keys: KeySet, audience: str, now: datetime, *, issuer: str, leeway: timedelta = LEEWAY) -> Terms:
    """The terms of a grant that `issuer` gave to `audience` and that holds at `now` (aware).

    `keys` are the issuer's published keys; `leeway` (at most LEEWAY_MOST, else ValueError) allows for clocks
    that differ. Raises the GrantError of the first step that fails, in the order of
    docs/formats/sharing.md#verifying-a-grant.
    """
    if not timedelta(0) <= leeway <= LEEWAY_MOST:
        raise ValueError(f"leeway is 0 to {LEEWAY_MOST}")
    grant = _parse(token)  # 1
    if grant.header.keys() - {"alg", "typ", "kid"}:  # 2
        raise errors.UnknownHeader("The header asks for something that a grant does not have.")
    if grant.header.get("typ") != TYPE:  # 3
        raise errors.WrongType("This is not a grant.")
    if grant.header.get("alg") != jws.ED25519:  # 4
        raise errors.WrongAlgorithm("A grant is signed by Ed25519 and nothing else.")
    key = _issuer_key(grant, keys)  # 5
    if not jws.signed_by(grant, jws.ED25519, key.jose):  # 6
        raise errors.BadSignature("The signature is not the issuer's.")
    terms = _terms(grant)  # 7
    if terms.issuer != issuer:  # 8
        raise errors.WrongIssuer("The grant comes from another vault.")
    if terms.audience != audience:  # 9
        raise errors.WrongAudience("The grant is addressed to another agency.")
    if now < terms.not_before - leeway:  # 10
        raise errors.NotYetValid("The grant does not hold yet.")
    if now >= terms.expires_at + leeway:  # 11
        raise errors.Expired("The grant has ended.")
    return terms


def check_file(item: Item, chunks: Iterable[bytes]) -> None:
    """Whether these bytes are the version that the item names: raises WrongSize or WrongHash when not.

    Stops reading as soon as there are more bytes than the item has.
    """
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > item.size:
            break
        digest.update(chunk)
    if size != item.size:
        raise WrongSize(f"The file does not have {item.size} bytes.")
    if not hmac.compare_digest(digest.digest(), item.sha256):
        raise WrongHash("The file has been changed: its SHA-256 is not the one in the grant.")


def _parse(token: str) -> jws.Jws:
    try:
        return jws.parse(token, GRANT_BYTES)
    except EncodingInvalid as error:
        raise errors.GrantMalformed(f"The grant cannot be read. {error}") from error


def _issuer_key(grant: jws.Jws, keys: KeySet) -> PublicKey:
    key = keys.find(grant.text("kid"), jws.ED25519)
    if key is None:
        raise errors.UnknownKey("The issuer has no such key.")
    return key


def _terms(grant: jws.Jws) -> Terms:
    try:
        return Terms.from_claims(parse_object(grant.payload))
    except (EncodingInvalid, TermsInvalid) as error:
        raise errors.BadTerms(f"The grant is signed, but does not say what a grant says. {error}") from error
