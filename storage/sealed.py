"""Sealed objects: what every blob of the vault is. The layout is in docs/formats/storage.md#sealed-object."""

from collections.abc import Callable, Iterable, Iterator

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from storage import chunked
from storage.errors import SealBroken
from storage.keys import Key, Use

FORMAT = b"\x01"
HEAD = len(FORMAT) + chunked.HEADER
BLOCK = 64 * 1024
"""Plaintext bytes gathered before they are sealed at once."""
BLOCK_MOST = 4 * BLOCK
"""Larger chunks are cut up."""


def sealed_size(plain: int) -> int:
    """Bytes that a sealed object has for `plain` bytes of content."""
    return len(FORMAT) + chunked.sealed_size(plain)


def plain_size(sealed: int) -> int:
    """Bytes of content in a sealed object of `sealed` bytes. Raises `SealBroken` for a size that none has."""
    return chunked.plain_size(sealed - len(FORMAT))


def seal(key: Key, ctx: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Seal a stream of any chunking, bound to `ctx`, into blocks of 64 to 256 KiB.

    Each call draws its own salt, so one key may seal any number of objects.
    """
    encryptor = Cobblestone256Encryptor(key.subkey(Use.object), ctx)
    head = FORMAT
    for block in _blocks(chunks):
        sealed = encryptor.update(block)
        yield head + sealed if head else sealed
        head = b""
    yield head + encryptor.finalize()


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `BLOCK` to `BLOCK_MOST`; only the last may be smaller."""
    gathered: list[bytes] = []
    held = 0
    for chunk in chunks:
        if not held and BLOCK <= len(chunk) <= BLOCK_MOST:
            yield chunk
            continue
        for start in range(0, len(chunk), BLOCK):
            part = chunk[start : start + BLOCK]
            gathered.append(part)
            held += len(part)
            if held >= BLOCK:
                yield b"".join(gathered)
                gathered, held = [], 0
    if gathered:
        yield b"".join(gathered)


class SealedReader:
    """Opens any range of a sealed object.

    `read_range(offset, length)` gives exactly that part of the stored bytes, of which there are `sealed_size`. Every
    byte that comes out is authenticated, with its place; a range that touches the end authenticates that it is the
    end. `size` is the content's, in bytes; it is proved once something that touches the end was read.
    """

    def __init__(
        self,
        key: Key,
        ctx: bytes,
        sealed_size: int,
        read_range: Callable[[int, int], bytes],
        at_once: int = chunked.AT_ONCE,
    ) -> None:
        """Check form, size, key and context. Raises `SealBroken`."""
        self.size = plain_size(sealed_size)
        self._sealed, self._read_range = sealed_size, read_range
        self._head = self._fetch(0, HEAD)
        if self._head[: len(FORMAT)] != FORMAT:
            raise SealBroken("not sealed in a form known here")
        self._subkey, self._ctx = key.subkey(Use.object), ctx
        header, inner = self._head[len(FORMAT) :], sealed_size - len(FORMAT)
        self._ranges = chunked.Reader(self._subkey, ctx, header, inner, self._inner, at_once=at_once)
        self._at_once = at_once

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer where the content ends. Raises `SealBroken`."""
        return b"".join(self.stream(offset, length))

    def stream(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same in blocks of about `at_once` bytes at most. Raises `SealBroken`, perhaps after some good blocks."""
        whole = offset == 0 and (length is None or length >= self.size)
        return self._whole() if whole else self._ranges.stream(offset, length)

    def _whole(self) -> Iterator[bytes]:
        # The library's own stream, which opens a chunk without a call from Python for each, is a quarter faster.
        decryptor = Cobblestone256Decryptor(self._subkey, self._ctx)
        try:
            decryptor.update(self._head[len(FORMAT) :])
            for start in range(HEAD, self._sealed, self._at_once):
                block = decryptor.update(self._fetch(start, min(self._at_once, self._sealed - start)))
                if block:
                    yield block
            rest = decryptor.finalize()
        except InvalidTag:
            raise SealBroken("a chunk does not authenticate") from None
        if rest:
            yield rest

    def _inner(self, offset: int, length: int) -> bytes:
        return self._fetch(offset + len(FORMAT), length)

    def _fetch(self, offset: int, length: int) -> bytes:
        sealed = self._read_range(offset, length)
        if len(sealed) != length:
            raise SealBroken("cut short: fewer bytes are stored than should be")
        return sealed
