"""Proofs of possession at this vault (DPoP, RFC 9449): checked, remembered, and the nonces that they need."""

import hashlib
from urllib.parse import quote

from sqlalchemy.exc import IntegrityError

from sharing import jws, nonces
from sharing.errors import ProofNonce, ProofRefused
from sharing.proofs import Proof, verify_proof
from storage.keys import context
from vault.db import now
from vault.errors import NonceNeeded, ProofInvalid, ProofNeeded
from vault.models import UsedProof
from vault.services import Services

ALGORITHMS = jws.PREFERRED
"""What proofs may be signed with (`algs`, RFC 9449 section 7.1)."""

REPLAYED = 14
"""The step after all of `verify_proof`: the `jti` was not seen before (docs/formats/grants-in-the-vault.md)."""

_PATH_SAFE = "/:@!$&'()*+,;=~"


def prove(services: Services, method: str, path: str, proof: str | None, access_token: str | None = None) -> str:
    """The RFC 7638 thumbprint of the key that whoever sends this request has just proved to hold.

    `path` is the request's path as routes see it (unescaped); with a token its hash must be in the proof. Raises
    `ProofNeeded` without a proof, `ProofInvalid` (also for one that was used before), `NonceNeeded` when all it lacks
    is a fresh nonce. Commits that the proof was used: call it outside of any transaction.
    """
    if proof is None:
        raise ProofNeeded
    verified = _verify(services, method, path, proof, access_token)
    _remember(services, verified)
    return verified.key


def new_nonce(services: Services) -> str:
    """A nonce that every process of this vault takes for some minutes (RFC 9449 section 8)."""
    with services.db.read() as session:
        return nonces.issue(services.signer.nonce_secret(session), now(session))


def _verify(services: Services, method: str, path: str, proof: str, access_token: str | None) -> Proof:
    url = services.settings.public_url.rstrip("/") + quote(path, safe=_PATH_SAFE)
    with services.db.read() as session:
        at, secret = now(session), services.signer.nonce_secret(session)
    try:
        return verify_proof(
            proof,
            method=method,
            url=url,
            now=at,
            access_token=access_token,
            fresh=lambda nonce: nonces.is_fresh(secret, nonce, at),
        )
    except ProofNonce:
        raise NonceNeeded from None
    except ProofRefused as refused:
        raise ProofInvalid(step=refused.step) from None


def _remember(services: Services, proof: Proof) -> None:
    """The primary key lets one of two equal proofs through, whichever process each came to."""
    used = hashlib.sha256(context("dpop-proof", proof.key, proof.jti)).digest()
    try:
        with services.db.write() as session:
            session.add(UsedProof(id=used, expires_at=proof.expires_at))
    except IntegrityError:
        raise ProofInvalid(step=REPLAYED) from None
