"""Nonces that a server hands out and knows again without keeping them (RFC 9449 §8).

25 bytes in base64url: a version byte, the time in whole seconds since 1970 as an unsigned 64-bit big-endian number, and
the first 16 bytes of HMAC-SHA-256(secret, `docvault dpop nonce v1` + version byte + time). A nonce limits how long
ago a proof can have been made; that a proof is used once is for whoever remembers its `jti`.
"""

import hashlib
import hmac
from datetime import UTC, datetime

from sharing.encoding import b64url_decode, b64url_encode
from sharing.errors import EncodingInvalid
from sharing.limits import NONCE_AGE, NONCE_SKEW, SECRET_BYTES

_ROLE = b"docvault dpop nonce v1"
_VERSION = b"\x01"
_TIME_BYTES, _MAC_BYTES = 8, 16
_GREATEST = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 86_400


def issue(secret: bytes, now: datetime) -> str:
    """The nonce of this second: 34 characters. All processes that share the secret (32 bytes or more) know it."""
    stamp = _VERSION + int(now.timestamp()).to_bytes(_TIME_BYTES, "big")
    return b64url_encode(stamp + _mac(secret, stamp))


def is_fresh(secret: bytes, nonce: str, now: datetime) -> bool:
    """Whether `nonce` was issued with this secret, NONCE_AGE ago at most. False for any other text."""
    try:
        data = b64url_decode(nonce)
    except EncodingInvalid:
        return False
    stamp, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if len(data) != 1 + _TIME_BYTES + _MAC_BYTES or not hmac.compare_digest(mac, _mac(secret, stamp)):
        return False
    issued_at = datetime.fromtimestamp(min(int.from_bytes(stamp[1:], "big"), _GREATEST), UTC)
    return stamp[:1] == _VERSION and issued_at - NONCE_SKEW <= now < issued_at + NONCE_AGE


def _mac(secret: bytes, stamp: bytes) -> bytes:
    if len(secret) < SECRET_BYTES:
        raise ValueError(f"The secret has at least {SECRET_BYTES} bytes.")
    return hmac.digest(secret, _ROLE + stamp, hashlib.sha256)[:_MAC_BYTES]
