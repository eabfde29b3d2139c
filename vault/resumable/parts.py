"""The sealed parts of an upload: where they lie, and how they become one paper."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from storage.blobs import Blobs
from storage.keys import Key, context
from storage.sealed import SealedReader, plain_size, seal
from vault import papers
from vault.models import UploadPart
from vault.papers import Remains
from vault.wallets import Wallet, document_key_context

FOLDER = "uploads"


@dataclass(frozen=True)
class Parts:
    """One citizen's upload with its key: what seals and opens its parts."""

    blobs: Blobs
    wallet: Wallet
    upload_id: str
    key: Key

    def put(self, part: UploadPart, chunks: Iterable[bytes]) -> int:
        """Seals while the chunks arrive; bytes of content. Nothing is left behind when they raise."""
        if part.wrapped_key is not None:
            return plain_size(papers.put_original(self.blobs, self._document_key(part), part.id, chunks))
        sealed = seal(self.key, self._context(part), chunks)
        return plain_size(self.blobs.put(name(self.upload_id, part.id), sealed, if_absent=True))

    def open(self, part: UploadPart) -> SealedReader:
        if part.wrapped_key is not None:
            return papers.open_original(self.blobs, self._document_key(part), part.id)
        blob, read = name(self.upload_id, part.id), self.blobs.read
        size, at_once = self.blobs.size(blob), self.blobs.at_once
        return SealedReader(self.key, self._context(part), size, lambda at, length: read(blob, at, length), at_once)

    def stream(self, parts: Sequence[UploadPart]) -> Iterator[bytes]:
        """All of them, one after the other, each authenticated to its end."""
        return (chunk for part in parts for chunk in self.open(part).stream())

    def joined(self, parts: Sequence[UploadPart]) -> "Joined":
        """The same, by range."""
        return Joined([self.open(part) for part in parts])

    def wrap_whole(self, part_id: str, document_key: Key) -> bytes:
        """The key of a part that is announced as the whole, as a version's row would hold it."""
        return self.wallet.key.wrap(document_key, document_key_context(self.wallet.citizen_id, part_id))

    def _document_key(self, part: UploadPart) -> Key:
        ctx = document_key_context(self.wallet.citizen_id, part.id)
        return self.wallet.key.unwrap(part.wrapped_key or b"", ctx)

    def _context(self, part: UploadPart) -> bytes:
        return context("upload-part", self.upload_id, str(part.number), part.id)

    def document_key(self, part: UploadPart) -> Key | None:
        """The key of a part that can become the paper as it is; None for all others."""
        return self._document_key(part) if part.wrapped_key is not None else None


class Joined:
    """All parts as one, by range."""

    def __init__(self, readers: Sequence[SealedReader]) -> None:
        self._readers = readers
        self.size = sum(reader.size for reader in readers)

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`; callers stay inside `size`. Raises `SealBroken`, `BlobMissing`."""
        found, start = [], 0
        for reader in self._readers:
            low, high = max(offset - start, 0), min(offset + length - start, reader.size)
            if low < high:
                found.append(reader.read(low, high - low))
            start += reader.size
        return b"".join(found)


def name(upload_id: str, part_id: str) -> str:
    return f"{FOLDER}/{upload_id}/{part_id}"


def remove(blobs: Blobs, parts: Iterable[UploadPart]) -> None:
    """The bytes of parts whose rows are gone."""
    for part in parts:
        if part.wrapped_key is not None:
            papers.remove(blobs, Remains(part.id, 1))  # with the pictures of somebody who was killed while finishing
        else:
            blobs.delete(name(part.upload_id, part.id))
