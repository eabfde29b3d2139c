"""Sealing for somebody whose keys are not at hand, with HPKE (RFC 9180) and a hybrid post-quantum KEM.

Layouts are in docs/formats/storage.md#inbox-hpke. The suite is MLKEM768-X25519 (draft-ietf-hpke-pq), HKDF-SHA-256
and AES-256-GCM: the seal holds as long as either of the two key agreements does.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from storage.errors import KeyUnusable, SealBroken

PUBLIC = b"\x31"
PRIVATE = b"\x41"
MESSAGE = b"\x51"

MLKEM_SEED = 64
MLKEM_PUBLIC = 1184
X25519_SIZE = 32
PRIVATE_SIZE = 1 + MLKEM_SEED + X25519_SIZE
PUBLIC_SIZE = 1 + MLKEM_PUBLIC + X25519_SIZE
OVERHEAD = 1 + KEM.MLKEM768_X25519.enc_length() + 16
"""Bytes that a sealed message is longer than its plaintext: 1137."""

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"docvault inbox v1"


def generate() -> tuple[bytes, bytes]:
    """A new inbox: its private key (97 bytes, to be sealed at once) and its public key (1217 bytes)."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    private = PRIVATE + mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    public = PUBLIC + mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return private, public


def seal_to(public: bytes, plaintext: bytes, ctx: bytes) -> bytes:
    """Seal for the holder of an inbox, bound to `ctx`. Raises `KeyUnusable` when `public` is no inbox key."""
    key = _public_key(public)
    try:
        return MESSAGE + _SUITE.encrypt(plaintext, key, _INFO + ctx)
    except ValueError:
        # A point of low order, with which no secret would be shared (RFC 7748 section 6.1).
        raise KeyUnusable("not the public key of an inbox") from None


def open_from(private: bytes, sealed: bytes, ctx: bytes) -> bytes:
    """Open what was sealed to this inbox with the same context. Raises `SealBroken`, `KeyUnusable`."""
    key = _private_key(private)
    if sealed[:1] != MESSAGE or len(sealed) < OVERHEAD:
        raise SealBroken("not a message to an inbox")
    try:
        return _SUITE.decrypt(sealed[1:], key, _INFO + ctx)
    except (InvalidTag, ValueError):
        # ValueError: an encapsulation that is no point or no ML-KEM ciphertext. To the caller both are one refusal.
        raise SealBroken("does not open with this inbox and context") from None


def _public_key(public: bytes) -> MLKEM768X25519PublicKey:
    if public[:1] != PUBLIC or len(public) != PUBLIC_SIZE:
        raise KeyUnusable("not the public key of an inbox")
    mlkem, x25519 = public[1 : 1 + MLKEM_PUBLIC], public[1 + MLKEM_PUBLIC :]
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(mlkem), X25519PublicKey.from_public_bytes(x25519)
        )
    except ValueError:
        raise KeyUnusable("not the public key of an inbox") from None


def _private_key(private: bytes) -> MLKEM768X25519PrivateKey:
    if private[:1] != PRIVATE or len(private) != PRIVATE_SIZE:
        raise KeyUnusable("not the private key of an inbox")
    seed, x25519 = private[1 : 1 + MLKEM_SEED], private[1 + MLKEM_SEED :]
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(seed), X25519PrivateKey.from_private_bytes(x25519)
    )
