"""Secret keys, and the small things sealed or wrapped under them.

Layouts are in docs/formats/storage.md#wrapped-keys-and-small-sealed-things. A key never encrypts by itself: each use
has its own subkey (HKDF-SHA-256 expand, RFC 5869 section 2.3), so what one use produced means nothing to another.
"""

import hmac
import os
from enum import Enum
from typing import NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from storage.errors import KeyUnusable, SealBroken

KEY_SIZE = 32
NONCE_SIZE = 12
TAG_SIZE = 16
LEAST_SECRET = 16
"""Fewest bytes that `Key.derive` takes: it stretches random tokens, not passwords."""

WRAPPED = b"\x11"
SMALL = b"\x21"
WRAPPED_SIZE = 1 + NONCE_SIZE + KEY_SIZE + TAG_SIZE
"""Of a key wrapped under a key that needs no name; under a root key its head is longer, see `storage.rootkey`."""


class Use(Enum):
    """What a subkey is for; the value is the `info` of its derivation."""

    wrap = b"docvault storage v1 wrap"
    seal = b"docvault storage v1 seal"
    mac = b"docvault storage v1 mac"
    object = b"docvault storage v1 object"


def context(*parts: str) -> bytes:
    """Encode ids and a role so that no two lists of parts give the same bytes.

    Each part is its UTF-8 length in bytes (4 bytes, big-endian), then its UTF-8 bytes.
    """
    encoded = [part.encode() for part in parts]
    return b"".join(_prefixed(part) for part in encoded)


def _prefixed(part: bytes) -> bytes:
    return len(part).to_bytes(4) + part


class Key:
    """32 secret bytes that are compared in constant time and refuse to be printed, formatted, copied or pickled."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise KeyUnusable(f"a key has {KEY_SIZE} bytes, not {len(secret)}")
        self._secret = bytes(secret)

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's random source."""
        return cls(os.urandom(KEY_SIZE))

    @classmethod
    def from_bytes(cls, secret: bytes) -> Self:
        """The key with these 32 bytes. Raises `KeyUnusable` for any other length."""
        return cls(secret)

    @classmethod
    def derive(cls, secret: bytes, context: bytes) -> Self:
        """The key that belongs to a random secret (a session or access token) and a context.

        HKDF-SHA-256 (RFC 5869) without salt. Raises `KeyUnusable` for secrets under 16 bytes: passwords need argon2.
        """
        if len(secret) < LEAST_SECRET:
            raise KeyUnusable(f"a secret to derive from has at least {LEAST_SECRET} bytes")
        info = b"docvault storage v1 derive" + context
        return cls(HKDF(hashes.SHA256(), KEY_SIZE, None, info).derive(secret))

    def wrap(self, other: "Key", ctx: bytes, head: bytes = WRAPPED) -> bytes:
        """Seal another key under this one: `head` and 60 bytes, bound to `head` and `ctx`."""
        return self._encrypt(Use.wrap, head, other._secret, ctx)

    def unwrap(self, wrapped: bytes, ctx: bytes, head: bytes = WRAPPED) -> "Key":
        """The key that `wrap` sealed with the same key, context and head. Raises `SealBroken`."""
        if len(wrapped) != len(head) + NONCE_SIZE + KEY_SIZE + TAG_SIZE:
            raise SealBroken("a wrapped key has another length")
        return Key(self._decrypt(Use.wrap, head, wrapped, ctx))

    def seal(self, plaintext: bytes, ctx: bytes) -> bytes:
        """Seal something small (held in memory at once): 29 bytes longer than it was, bound to `ctx`."""
        return self._encrypt(Use.seal, SMALL, plaintext, ctx)

    def open(self, sealed: bytes, ctx: bytes) -> bytes:
        """What `seal` sealed with the same key and context. Raises `SealBroken`."""
        return self._decrypt(Use.seal, SMALL, sealed, ctx)

    def mac(self, data: bytes, ctx: bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) over the length-prefixed context and the data."""
        return hmac.digest(self.subkey(Use.mac), _prefixed(ctx) + data, "sha256")

    def subkey(self, use: Use) -> bytes:
        """The 32 bytes that this key uses for one purpose alone."""
        return HKDFExpand(hashes.SHA256(), KEY_SIZE, use.value).derive(self._secret)

    def expose(self) -> bytes:
        """The secret bytes: the one deliberate way to them."""
        return self._secret

    def _encrypt(self, use: Use, head: bytes, plaintext: bytes, ctx: bytes) -> bytes:
        # Random 96-bit nonces are safe up to 2**32 messages a key (SP 800-38D section 8.3); a key here sees far fewer.
        nonce = os.urandom(NONCE_SIZE)
        return head + nonce + AESGCM(self.subkey(use)).encrypt(nonce, plaintext, head + ctx)

    def _decrypt(self, use: Use, head: bytes, sealed: bytes, ctx: bytes) -> bytes:
        start = len(head) + NONCE_SIZE
        if not sealed.startswith(head) or len(sealed) < start + TAG_SIZE:
            raise SealBroken("not sealed in a form known here")
        nonce, box = sealed[len(head) : start], sealed[start:]
        try:
            return AESGCM(self.subkey(use)).decrypt(nonce, box, head + ctx)
        except InvalidTag:
            raise SealBroken("does not open with this key and context") from None

    def __eq__(self, other: object) -> bool:
        return hmac.compare_digest(self._secret, other._secret) if isinstance(other, Key) else NotImplemented

    # A hash would tell something about the secret to whoever sees a set's order.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<Key>"

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a key does not belong in text")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is not copied or pickled")
