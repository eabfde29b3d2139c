"""What the vault asks of a place that keeps blobs, and how blobs are named."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

LONGEST_NAME = 200
_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]*(/[a-z0-9_][a-z0-9._-]*)*")
_PREFIX = re.compile(r"[a-z0-9._/-]*")


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """One blob of a listing: its name, its size in bytes, when it was last written (UTC)."""

    name: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """A store of immutable blobs. All methods may raise `StoreUnavailable`, and `ValueError` for what is no name."""

    at_once: int = 1024 * 1024
    """Bytes that are best read at once by who wants all of them: more where each read has a long way to go."""

    def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        """Store a stream, and tell its size in bytes.

        The blob is seen only whole, and what was acknowledged survives a crash. If `chunks` raises, that error passes
        through and nothing is stored. Raises `StoreFull`, and `BlobExists` with `if_absent` when the name is taken.
        """

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`, fewer only where the blob ends. Raises `BlobMissing`."""

    def size(self, name: str) -> int:
        """The size in bytes. Raises `BlobMissing`."""

    def delete(self, name: str) -> None:
        """Remove a blob; one that is not there is well too."""

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """Every blob whose name starts so, in no order. Blobs written or removed meanwhile may be in it or not."""

    def temporary(self) -> Iterator[BlobInfo]:
        """Writes under way and those that a crash cut off; only their age tells them apart.

        They are no blobs: nothing reads or lists them, their names mean something to `discard` alone, and their size
        and time may be those of the last part that arrived, or of the beginning.
        """

    def discard(self, name: str) -> None:
        """Remove one write that `temporary` named; one that is gone is well too. Raises `ValueError` for other names.

        A write that was under way all the same fails, and leaves no blob.
        """


def check_name(name: str) -> str:
    """The name itself. Raises `ValueError` unless it is of `[a-z0-9._-]`, in parts between `/`, 200 at most.

    No part is empty or starts with a dot or a dash: a name can step out of no folder and hide in none.
    """
    if not is_name(name):
        raise ValueError("not the name of a blob")
    return name


def is_name(name: str) -> bool:
    """Whether `check_name` lets it pass."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def check_prefix(prefix: str) -> str:
    """The prefix itself. Raises `ValueError` for letters that no name has."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("not the beginning of a blob's name")
    return prefix
