"""Random access into C2SP chunked-encryption with AES-256-GCM; with SHA-512 (ours) it is called Cobblestone-256.

https://c2sp.org/chunked-encryption; section names below are that document's. `cryptography` ships the two streams
of Cobblestone-256; this is the part it has not: opening a range without what lies before it.
"""

from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from storage.errors import KeyUnusable, SealBroken

KEY_SIZE = 32
NONCE = 12
CHUNK = 16 * 1024
TAG = 16
SEALED_CHUNK = CHUNK + TAG
SALT = 24
COMMITMENT = 32
HEADER = SALT + COMMITMENT
MOST_CHUNKS = 2**38
"""Section "Message chunking": no message has more (4 PiB)."""

AT_ONCE = 1024 * 1024
"""Bytes of the message that are read and opened at once when streaming, unless told otherwise."""

_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_SHA512 = hashes.SHA512()


def sealed_size(plain: int) -> int:
    """Bytes that a message of `plain` bytes has when encrypted."""
    if plain < 0:
        raise ValueError("a size is not negative")
    return HEADER + plain + TAG * (plain // CHUNK + 1)


def plain_size(sealed: int) -> int:
    """Bytes that a message has whose encryption has `sealed` bytes. Raises `SealBroken` for a size that none has.

    The last chunk is always shorter than 16 KiB, so a message cut at the border of a chunk has no such size.
    """
    full, rest = divmod(sealed - HEADER, SEALED_CHUNK)
    if sealed < HEADER or rest < TAG or full >= MOST_CHUNKS:
        raise SealBroken("cut short: no sealed object has this size")
    return full * CHUNK + rest - TAG


class Reader:
    """Opens any range of one encrypted message.

    `header` is the first 56 of the `sealed` encrypted bytes, and `read_range(offset, length)` gives exactly that part
    of them. Every byte that comes out is authenticated, with its place. A range that touches the end of the message
    authenticates that this is its end.
    """

    def __init__(
        self,
        key: bytes,
        context: bytes,
        header: bytes,
        sealed: int,
        read_range: Callable[[int, int], bytes],
        algorithm: hashes.HashAlgorithm = _SHA512,
        at_once: int = AT_ONCE,
    ) -> None:
        """Check size and commitment. Raises `SealBroken`, `KeyUnusable`."""
        if len(key) != KEY_SIZE:
            raise KeyUnusable(f"a key has {KEY_SIZE} bytes, not {len(key)}")
        self.size = plain_size(sealed)
        self._sealed, self._read_range = sealed, read_range
        self._ahead = max(1, at_once // CHUNK)
        self._aead, self._nonce = _derive(key, context, header, algorithm)

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer where the message ends. Raises `SealBroken`."""
        return b"".join(self.stream(offset, length))

    def stream(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same in blocks of up to `at_once` bytes. Raises `SealBroken`, perhaps after some good blocks."""
        if offset < 0 or (length is not None and length < 0):
            raise ValueError("offset and length are not negative")
        end = self.size if length is None else min(offset + length, self.size)
        return self._range(min(offset, self.size), end)

    def _range(self, start: int, end: int) -> Iterator[bytes]:
        # Reaching the end takes in the last chunk even where it is empty: it alone proves that this is the end.
        last = self.size // CHUNK if end == self.size else max(start, end - 1) // CHUNK
        for first in range(start // CHUNK, last + 1, self._ahead):
            block = self._open(first, min(first + self._ahead - 1, last))
            block = block[max(start - first * CHUNK, 0) : end - first * CHUNK]
            if block:
                yield block

    def _open(self, first: int, last: int) -> bytes:
        start = HEADER + first * SEALED_CHUNK
        end = min(HEADER + (last + 1) * SEALED_CHUNK, self._sealed)
        sealed = memoryview(self._fetch(start, end - start))
        nonce, decrypt = self._nonce, self._aead.decrypt
        try:
            # Section "AEAD usage": the nonce is the base nonce XOR the chunk's number; no associated data.
            return b"".join(
                [
                    decrypt((nonce ^ number).to_bytes(NONCE), sealed[at : at + SEALED_CHUNK], None)
                    for number, at in enumerate(range(0, end - start, SEALED_CHUNK), first)
                ]
            )
        except InvalidTag:
            raise SealBroken("a chunk does not authenticate") from None

    def _fetch(self, start: int, length: int) -> bytes:
        sealed = self._read_range(start, length)
        if len(sealed) != length:
            raise SealBroken("cut short: fewer bytes are stored than should be")
        return sealed


def _derive(key: bytes, context: bytes, header: bytes, algorithm: hashes.HashAlgorithm) -> tuple[AESGCM, int]:
    """Section "Key derivation": key, base nonce, and the commitment that must match before anything is opened."""
    if len(header) != HEADER:
        raise SealBroken("cut short: the header is not whole")
    salt, commitment = header[:SALT], header[SALT:]
    length = KEY_SIZE + NONCE + COMMITMENT
    derived = HKDFExpand(algorithm, length, _INFO + salt + context).derive(key)
    if not constant_time.bytes_eq(derived[KEY_SIZE + NONCE :], commitment):
        raise SealBroken("sealed with another key or context")
    return AESGCM(derived[:KEY_SIZE]), int.from_bytes(derived[KEY_SIZE : KEY_SIZE + NONCE])
