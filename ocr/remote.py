"""The child's view of the paper: a file whose bytes the parent hands over range by range."""

import io
import os
from typing import TYPE_CHECKING

from ocr.frames import Channel, Header
from ocr.limits import RANGE_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 256 * 1024


class Ranges(Channel):
    """A channel that asks for ranges; while a file is read from front to back, one range ahead of what is needed.

    So the parent opens seals while the child decodes. What was asked for ahead is taken in before anything else is
    sent: two sides that both wait to be read would wait for ever.
    """

    _asked: tuple[int, int] | None = None
    _ahead: bytes | None = None
    _end = 0

    def read(self, offset: int, length: int, size: int) -> bytes:
        """A range of a file of so many bytes, which lies inside it."""
        if self._asked != (offset, length):
            self._ask(offset, length)
        self._settle()
        data, self._ahead, self._asked = self._ahead or b"", None, None
        following, self._end = offset == self._end, offset + length
        if following and self._end < size:
            self._ask(self._end, min(length, size - self._end))
        return data

    def send(self, header: Header, body: bytes = b"") -> None:
        self._settle()
        super().send(header, body)

    def _ask(self, offset: int, length: int) -> None:
        self.send({"ask": "range", "offset": offset, "length": length})
        self._asked, self._ahead = (offset, length), None

    def _settle(self) -> None:
        if self._asked is not None and self._ahead is None:
            self._ahead = self.receive()[1]


class RemoteFile(io.RawIOBase):
    """Read-only and seekable; each read asks the parent for at most RANGE_BYTES."""

    def __init__(self, ranges: Ranges, size: int) -> None:
        self._ranges = ranges
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        length = min(len(view), RANGE_BYTES, self._size - self._at)
        if length <= 0:
            return 0
        data = self._ranges.read(self._at, length, self._size)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_remote(ranges: Ranges, size: int) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(ranges, size), _BUFFER_BYTES)
