"""The child's view of the paper: a file whose bytes the parent hands over range by range."""

import io
import os
from typing import TYPE_CHECKING

from ocr.frames import Channel, Header
from ocr.limits import RANGE_BYTES
from ocr.window import Window

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 256 * 1024


class Ranges(Channel):
    """A channel that asks for ranges; while a file is read from front to back, one range ahead of what is needed.

    So the parent opens seals while the child decodes. Ahead it asks for as much as a range may have, because each costs
    a turn of both. That a range is there is taken in before anything else is sent: two sides that both wait to be read
    would wait for ever.
    """

    _window: memoryview | None = None
    _asked: int | None = None
    _given: memoryview | None = None
    _end = 0

    def read(self, offset: int, length: int, size: int) -> memoryview:
        """Bytes from a place inside a file of `size` bytes: so many, or what was asked ahead.

        They hold until the next call.
        """
        if self._asked != offset:
            self._ask(offset, length)
        data = self._settle()
        following, self._asked, self._end = offset == self._end, None, offset + len(data)
        if following and self._end < size:
            self._ask(self._end, min(RANGE_BYTES - self._end % RANGE_BYTES, size - self._end))
        return data

    def send(self, header: Header, body: bytes = b"") -> None:
        if self._asked is not None:
            self._settle()
        super().send(header, body)

    def _ask(self, offset: int, length: int) -> None:
        self.send({"ask": "range", "offset": offset, "length": length})
        self._asked, self._given = offset, None

    def _settle(self) -> memoryview:
        """What was asked for."""
        if self._given is None:
            told = self.receive()[0]
            if self._window is None:
                self._window = Window.received(self.socket).view()
            self._given = self._window[told["at"] : told["at"] + told["given"]]
        return self._given


class RemoteFile(io.RawIOBase):
    """Read-only and seekable; it holds the range that it was given last."""

    def __init__(self, ranges: Ranges, size: int) -> None:
        self._ranges = ranges
        self._size = size
        self._at = 0
        self._held, self._held_from = memoryview(b""), 0

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
        if not self._held_from <= self._at < self._held_from + len(self._held):
            self._held, self._held_from = self._ranges.read(self._at, length, self._size), self._at
        start = self._at - self._held_from
        data = self._held[start : start + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_remote(ranges: Ranges, size: int) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(ranges, size), _BUFFER_BYTES)
