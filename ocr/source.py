"""Where the bytes of a paper come from."""

from dataclasses import dataclass
from typing import Protocol


class Source(Protocol):
    """A paper by ranges: nothing here needs it whole or on a disk."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`; callers stay inside `size`."""


@dataclass(frozen=True, repr=False)
class BytesSource:
    """A paper that is in memory already."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]
