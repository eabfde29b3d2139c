"""Blobs copied as they are, sealed: what an earlier backup keeps is not copied again."""

import hashlib
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby

from storage.blobs import Blobs
from storage.errors import BlobMissing
from storage.files import FileBlobs
from storage.sealed import HEAD
from vault import papers
from vault.backups.errors import BackupError
from vault.backups.sets import Entry
from vault.care.pace import Pace

BLOCK = 4 * 1024 * 1024
TRIES = 5
"""Times that a blob is copied which is replaced while it is."""


class Earlier:
    """Lists of earlier sets, walked along in the order of the versions' ids: nothing is held of what lies behind."""

    def __init__(self, lists: Iterable[Iterator[Entry]]) -> None:
        merged = merge(*lists, key=lambda entry: entry.version_id)
        self._groups = ((version_id, list(group)) for version_id, group in groupby(merged, lambda e: e.version_id))
        self._next = next(self._groups, None)

    def of(self, version_id: str) -> list[Entry]:
        """What is kept of this version; each call asks for a later one."""
        while self._next is not None and self._next[0] < version_id:
            self._next = next(self._groups, None)
        return self._next[1] if self._next is not None and self._next[0] == version_id else []


class Copier:
    """Copies the blobs of versions. `missing` are the ids of versions without original, for the caller to judge."""

    def __init__(self, source: Blobs, kept: FileBlobs, earlier: Earlier, set_id: str, pace: Pace) -> None:
        self._source, self._kept, self._earlier = source, kept, earlier
        self._set_id, self._pace = set_id, pace
        self.missing: list[str] = []
        self.copied = 0

    def version(self, version_id: str, pages: int) -> Iterator[Entry]:
        """What the backup keeps of a version: its original, and those of its other parts that there are."""
        there = self._earlier.of(version_id)
        for name in papers.names(version_id, pages):
            try:
                yield self._reused(name, there) or self._copied(name)
            except BlobMissing:
                if name == papers.original_name(version_id):
                    self.missing.append(version_id)

    def _reused(self, name: str, there: Iterable[Entry]) -> Entry | None:
        """Same name, same size: blobs never change, and a preview made anew shows what the one before it showed."""
        size = self._source.size(name)
        for entry in there:
            if (entry.name, entry.size) == (name, size) and _size(self._kept, entry.stored) == size:
                return entry
        return None

    def _copied(self, name: str) -> Entry:
        stored = f"{name}.{self._set_id}"
        for _ in range(TRIES):
            stream = _Stream(self._source, name, self._pace)
            size = self._kept.put(stored, stream)
            if stream.whole():
                self.copied += size
                return Entry(name, size, stream.digest.hexdigest(), stored)
        raise BackupError(f"The blob {name} changes all the time.")


class _Stream:
    """A blob's bytes on their way. `whole` tells afterwards whether they were all of one blob, not of two in turn."""

    def __init__(self, source: Blobs, name: str, pace: Pace) -> None:
        self._source, self._name, self._pace = source, name, pace
        self._size = source.size(name)
        self._head = source.read(name, 0, HEAD)  # the salt in it is another one for each sealing
        self.digest = hashlib.sha256()
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while self._sent < self._size:
            block = self._source.read(self._name, self._sent, min(BLOCK, self._size - self._sent))
            if not block:
                return
            self._pace.spend(len(block))
            self.digest.update(block)
            self._sent += len(block)
            yield block

    def whole(self) -> bool:
        same = self._source.size(self._name) == self._size and self._source.read(self._name, 0, HEAD) == self._head
        return same and self._sent == self._size


def _size(blobs: Blobs, name: str) -> int | None:
    try:
        return blobs.size(name)
    except BlobMissing:
        return None
