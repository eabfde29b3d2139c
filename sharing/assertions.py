"""Client assertions: how an agency's system says who it is (`private_key_jwt`, RFC 7523 §3, OpenID Connect Core §9).

The profile is that of FAPI 2.0 (§5.3.2.1): `aud` is the issuer of the authorisation server, as one string. Whether a
`jti` was seen before is for the caller to know: it remembers each until `expires_at`.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sharing import errors, jws
from sharing.encoding import parse_object
from sharing.errors import EncodingInvalid
from sharing.keys import KeySet, PublicKey, SigningKey
from sharing.limits import ASSERTION_BYTES, ASSERTION_LIFETIME, ASSERTION_SKEW, ID_CHARS

TYPES = frozenset({"JWT", "client-authentication+jwt"})
"""`typ` of an assertion, where there is one: what RFC 7519 §5.1 and the revision of RFC 7523 name."""

_GREATEST = datetime.max.replace(tzinfo=UTC).timestamp() - 86_400


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion: its `jti`, to be refused when seen again before `expires_at` (aware, UTC)."""

    jti: str
    expires_at: datetime


def sign_assertion(
    key: SigningKey, *, client_id: str, audience: str, now: datetime, lifetime: timedelta = timedelta(seconds=60)
) -> str:
    """A fresh client assertion by Ed25519 for the authorisation server whose issuer is `audience`."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
    }
    header = {"alg": jws.ED25519, "typ": "client-authentication+jwt", "kid": key.kid}
    return jws.sign(header, claims, key.jose)


def verify_assertion(token: str, keys: KeySet, *, client_id: str, audience: str, now: datetime) -> Assertion:
    """The assertion by which the client `client_id`, whose keys are `keys`, authenticates to `audience` at `now`.

    Raises the AssertionRefused of the first step that fails, in the order of
    docs/formats/sharing.md#verifying-a-client-assertion.
    """
    assertion = _parse(token)  # 1
    if assertion.header.keys() & {"crit", "b64"}:  # 2
        raise errors.AssertionCritical("The header asks for an extension that is not understood.")
    if "typ" in assertion.header and assertion.text("typ") not in TYPES:  # 3
        raise errors.AssertionType("This is not a client assertion.")
    algorithm = assertion.text("alg")
    if algorithm not in jws.ALGORITHMS:  # 4
        raise errors.AssertionAlgorithm("Sign with Ed25519, EdDSA, ES256 or PS256.")
    key = _client_key(assertion, keys, algorithm)  # 5
    if not jws.signed_by(assertion, algorithm, key.jose):  # 6
        raise errors.AssertionSignature("The signature is not the client's.")
    claims = _claims(assertion)  # 7
    if claims["iss"] != client_id or claims["sub"] != client_id:  # 8
        raise errors.AssertionClient("iss and sub are not this client.")
    if claims["aud"] != audience:  # 9
        raise errors.AssertionAudience("aud is not this authorisation server's issuer.")
    if now >= claims["exp"]:  # 10
        raise errors.AssertionExpired("The assertion has ended.")
    if claims["exp"] > now + ASSERTION_LIFETIME:  # 11
        raise errors.AssertionTooLong(f"The assertion ends more than {ASSERTION_LIFETIME} ahead.")
    if max(claims["nbf"], claims["iat"]) > now + ASSERTION_SKEW:  # 12
        raise errors.AssertionNotYetValid("The assertion is from the future.")
    return Assertion(claims["jti"], claims["exp"])


def _parse(token: str) -> jws.Jws:
    try:
        return jws.parse(token, ASSERTION_BYTES)
    except EncodingInvalid as error:
        raise errors.AssertionMalformed(f"The assertion cannot be read. {error}") from error


def _client_key(assertion: jws.Jws, keys: KeySet, algorithm: str) -> PublicKey:
    """The key that `kid` names, or without `kid` the only one that fits."""
    named = "kid" in assertion.header
    key = keys.find(assertion.text("kid"), algorithm) if named else keys.only(algorithm)
    if key is None:
        raise errors.AssertionKey("The client has no such key for this algorithm.")
    return key


def _claims(assertion: jws.Jws) -> dict[str, Any]:
    """The claims that are judged: `nbf` and `iat` may be absent (RFC 7523 §3), the rest may not."""
    try:
        claims = parse_object(assertion.payload)
    except EncodingInvalid as error:
        raise errors.AssertionClaims(f"The claims cannot be read. {error}") from error
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= ID_CHARS or not jti.isprintable():
        raise errors.AssertionClaims(f"jti is a string of 1 to {ID_CHARS} characters.")
    texts = {name: claims.get(name) for name in ("iss", "sub", "aud", "jti")}
    times = {name: _time(claims.get(name, 0), name) for name in ("nbf", "iat")}
    return {**texts, **times, "exp": _time(claims.get("exp"), "exp")}


def _time(value: object, name: str) -> datetime:
    """A NumericDate (RFC 7519 §2), which may have a fraction. Infinities lie outside the range, `true` is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _GREATEST:
        raise errors.AssertionClaims(f"{name} is not a time.")
    return datetime.fromtimestamp(value, UTC)
