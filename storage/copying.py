"""Copying a store of blobs into another, sealed as they are: only what is missing or differs, each copy read back."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from storage.blobs import BlobInfo, Blobs
from storage.errors import BlobMissing

BLOCK = 4 * 1024 * 1024
TRIES = 3
"""Times that a blob is copied of which the copy is not what was sent, or which was replaced meanwhile."""

Moved = Callable[[int], None]
"""Is told how many bytes more of the source were looked at."""


class Outcome(StrEnum):
    """What became of one blob. `gone`: removed from the source meanwhile. `broken`: the target holds no good copy."""

    same = "same"
    copied = "copied"
    mended = "mended"
    gone = "gone"
    broken = "broken"


@dataclass(frozen=True, slots=True)
class Result:
    """One blob of the source, and what became of it."""

    blob: BlobInfo
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Look:
    """A blob as it was read: its size and SHA-256, and its first bytes, which no other sealing of it has."""

    size: int
    sha256: bytes
    head: bytes


def copy(source: Blobs, target: Blobs, blobs: list[BlobInfo], moved: Moved) -> Iterator[Result]:
    """Make the target hold these blobs of the source. What else it holds stays. Raises `StorageError`.

    Broken off anywhere it may be called again: what is there already is compared, byte by byte, and left alone.
    """
    there = {blob.name: blob.size for blob in target.list()}
    for blob in blobs:
        try:
            yield Result(blob, _settle(source, target, blob, there.get(blob.name), moved))
        except BlobMissing:
            yield Result(blob, Outcome.gone)


def _settle(source: Blobs, target: Blobs, blob: BlobInfo, there: int | None, moved: Moved) -> Outcome:
    told = moved
    if there == blob.size:
        if _look(source, blob.name, moved) == _held(target, blob.name):
            return Outcome.same
        told = _untold
    for _ in range(TRIES):
        if _send(source, target, blob.name, told):
            return Outcome.copied if there is None else Outcome.mended
        told = _untold
    return Outcome.broken


def _send(source: Blobs, target: Blobs, name: str, moved: Moved) -> bool:
    """Copy one blob; is what arrived what was sent, and still what the source holds?"""
    stream = Stream(source, name, moved)
    target.put(name, stream)
    sent = stream.seen()
    replaced = (source.size(name), source.read(name, 0, len(sent.head))) != (sent.size, sent.head)
    return not replaced and _held(target, name) == sent


def _look(blobs: Blobs, name: str, moved: Moved) -> Look:
    stream = Stream(blobs, name, moved)
    for _ in stream:
        pass
    return stream.seen()


def _held(target: Blobs, name: str) -> Look | None:
    try:
        return _look(target, name, _untold)
    except BlobMissing:
        return None


class Stream:
    """A blob's bytes in blocks of `BLOCK`, hashed on their way."""

    def __init__(self, blobs: Blobs, name: str, moved: Moved) -> None:
        self._blobs, self._name, self._moved = blobs, name, moved
        self._digest, self._size, self._head = hashlib.sha256(), 0, b""

    def __iter__(self) -> Iterator[bytes]:
        while block := self._blobs.read(self._name, self._size, BLOCK):
            self._head = self._head or block[:64]
            self._size += len(block)
            self._digest.update(block)
            self._moved(len(block))
            yield block

    def seen(self) -> Look:
        """What was read so far."""
        return Look(self._size, self._digest.digest(), self._head)


def _untold(_size: int) -> None:
    pass
