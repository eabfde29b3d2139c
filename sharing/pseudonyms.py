"""Pairwise pseudonyms: each agency knows a citizen by another name (OpenID Connect Core §8.1)."""

import hashlib
import hmac

from sharing.encoding import b64url_encode
from sharing.limits import SECRET_BYTES

_ROLE = b"docvault pairwise subject v1"


def subject(secret: bytes, agency_id: str, citizen_id: str) -> str:
    """The name of this citizen at this agency: 43 characters of base64url, always the same for the same secret.

    Without the secret (at least 32 bytes, else ValueError) two agencies cannot tell that their subjects are one
    person, and nobody can try citizens' ids until one fits. Ids are length-prefixed: no two pairs are encoded alike.
    """
    if len(secret) < SECRET_BYTES:
        raise ValueError(f"The secret has at least {SECRET_BYTES} bytes.")
    encoded = (part.encode("utf-8") for part in (agency_id, citizen_id))
    message = _ROLE + b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return b64url_encode(hmac.digest(secret, message, hashlib.sha256))
