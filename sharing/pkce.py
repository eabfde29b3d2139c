"""Proof key for code exchange (RFC 7636) by S256, the one method that FAPI 2.0 lets stand."""

import hashlib
import hmac
import re

from sharing.encoding import b64url_encode
from sharing.errors import VerifierInvalid

METHOD = "S256"

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier, 43 characters (§4.2). Raises VerifierInvalid for what §4.1 does not allow."""
    if _VERIFIER.fullmatch(verifier) is None:
        raise VerifierInvalid("A code verifier has 43 to 128 characters of A-Z, a-z, 0-9, '-', '.', '_' and '~'.")
    return b64url_encode(hashlib.sha256(verifier.encode("ascii")).digest())


def is_challenge(text: str) -> bool:
    """Whether a challenge is one that some verifier can match: SHA-256 in base64url, in its one spelling."""
    return _CHALLENGE.fullmatch(text) is not None


def matches(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one behind the challenge (§4.6); False also for malformed ones. In constant time."""
    if not is_challenge(challenge) or _VERIFIER.fullmatch(verifier) is None:
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
