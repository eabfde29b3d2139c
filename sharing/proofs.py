"""Proofs of possession (DPoP, RFC 9449): whoever sends this request holds that key.

Whether a `jti` was seen before is for the caller to know: it remembers each until `expires_at`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sharing import addresses, errors, jws
from sharing.encoding import b64url_encode, parse_object
from sharing.errors import EncodingInvalid, KeysInvalid
from sharing.keys import PublicKey, SigningKey, parse_public_key
from sharing.limits import ID_CHARS, PROOF_AGE, PROOF_BYTES, PROOF_HEADER_BYTES, PROOF_SKEW

TYPE = "dpop+jwt"

_GREATEST = datetime.max.replace(tzinfo=UTC).timestamp() - 86_400


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified proof: the RFC 7638 thumbprint of the key, and the `jti` to be refused when seen again before
    `expires_at` (aware, UTC)."""

    key: str
    jti: str
    expires_at: datetime


def sign_proof(
    key: SigningKey, *, method: str, url: str, now: datetime, nonce: str | None = None, access_token: str | None = None
) -> str:
    """A fresh proof by Ed25519 for one request: `url` as it is sent, `access_token` where one goes with it."""
    public = key.public_jwk()
    jwk = {name: public[name] for name in ("kty", "crv", "x")}
    claims: dict[str, Any] = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": int(now.timestamp()),
    }
    if access_token is not None:
        claims["ath"] = token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    return jws.sign({"typ": TYPE, "alg": jws.ED25519, "jwk": jwk}, claims, key.jose)


def verify_proof(
    token: str, *, method: str, url: str, now: datetime, access_token: str | None, fresh: Callable[[str], bool]
) -> Proof:
    """The proof that came with a request by `method` to `url` (without query), with `access_token` where one came.

    `fresh` says whether a nonce is the server's and not too old. Raises the ProofRefused of the first step that fails,
    in the order of docs/formats/sharing.md#verifying-a-proof.
    """
    proof = _parse(token)  # 1
    if proof.header.keys() & {"crit", "b64"}:  # 2
        raise errors.ProofCritical("The header asks for an extension that is not understood.")
    if proof.text("typ") != TYPE:  # 3
        raise errors.ProofType("This is not a proof of possession.")
    algorithm = proof.text("alg")
    if algorithm not in jws.ALGORITHMS:  # 4
        raise errors.ProofAlgorithm("Sign with Ed25519, EdDSA, ES256 or PS256.")
    key = _key(proof, algorithm)  # 5
    if not jws.signed_by(proof, algorithm, key.jose):  # 6
        raise errors.ProofSignature("The signature is not that of the key in the header.")
    claims = _claims(proof)  # 7
    if claims["htm"] != method:  # 8
        raise errors.ProofMethod("htm is not the method of this request.")
    if not _same_address(claims["htu"], url):  # 9
        raise errors.ProofUrl("htu is not the address of this request.")
    if now >= claims["iat"] + PROOF_AGE:  # 10
        raise errors.ProofStale(f"The proof was made more than {PROOF_AGE} ago.")
    if claims["iat"] > now + PROOF_SKEW:  # 11
        raise errors.ProofNotYetValid("The proof is from the future.")
    if access_token is not None and not _is_hash_of(claims["ath"], access_token):  # 12
        raise errors.ProofToken("ath is not the hash of the access token.")
    if claims["nonce"] is None or not fresh(claims["nonce"]):  # 13
        raise errors.ProofNonce("Use the nonce that the server gave last.")
    return Proof(key.thumbprint, claims["jti"], claims["iat"] + PROOF_AGE)


def token_hash(access_token: str) -> str:
    """`ath` (§4.2): base64url of the SHA-256 of the token's ASCII characters."""
    return b64url_encode(hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest())


def _parse(token: str) -> jws.Jws:
    try:
        return jws.parse(token, PROOF_BYTES, PROOF_HEADER_BYTES)
    except EncodingInvalid as error:
        raise errors.ProofMalformed(f"The proof cannot be read. {error}") from error


def _key(proof: jws.Jws, algorithm: str) -> PublicKey:
    """The key in the header, which says nothing yet about whose it is."""
    try:
        key = parse_public_key(proof.header.get("jwk"))
    except KeysInvalid as error:
        raise errors.ProofKey(f"jwk cannot be used. {error}") from error
    if algorithm not in key.algorithms:
        raise errors.ProofKey("jwk is a key for another algorithm.")
    return key


def _claims(proof: jws.Jws) -> dict[str, Any]:
    """The claims that are judged; `ath` and `nonce` are None where they are absent."""
    try:
        claims = parse_object(proof.payload)
    except EncodingInvalid as error:
        raise errors.ProofClaims(f"The claims cannot be read. {error}") from error
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= ID_CHARS or not jti.isprintable():
        raise errors.ProofClaims(f"jti is a string of 1 to {ID_CHARS} characters.")
    for name in ("htm", "htu", "ath", "nonce"):
        if not isinstance(claims.get(name, "" if name in {"ath", "nonce"} else None), str):
            raise errors.ProofClaims(f"{name} is not a string.")
    return {
        **{name: claims.get(name) for name in ("jti", "htm", "htu", "ath", "nonce")},
        "iat": _time(claims.get("iat")),
    }


def _time(value: object) -> datetime:
    """A NumericDate (RFC 7519 §2), which may have a fraction. Infinities lie outside the range, `true` is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _GREATEST:
        raise errors.ProofClaims("iat is not a time.")
    return datetime.fromtimestamp(value, UTC)


def _same_address(htu: str, url: str) -> bool:
    written = addresses.normal(htu)
    return written is not None and written == addresses.normal(url)


def _is_hash_of(ath: str | None, access_token: str) -> bool:
    return ath is not None and hmac.compare_digest(
        ath.encode("utf-8", "surrogatepass"), token_hash(access_token).encode()
    )
