"""Random secrets that are handed out once: 32 bytes, written as base64url; the database holds only their SHA-256."""

import hashlib
import secrets

from sharing.encoding import b64url_decode, b64url_encode
from sharing.errors import EncodingInvalid

SECRET_BYTES = 32


def new() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def encode(secret: bytes) -> str:
    """43 characters of base64url."""
    return b64url_encode(secret)


def decode(text: str) -> bytes | None:
    """The secret that `encode` wrote; None for any other text."""
    try:
        secret = b64url_decode(text)
    except EncodingInvalid:
        return None
    return secret if len(secret) == SECRET_BYTES else None


def digest(secret: bytes) -> bytes:
    """What the database holds: enough to find a row, useless for opening anything."""
    return hashlib.sha256(secret).digest()
