"""The child's view of the paper: a file whose bytes the parent hands over range by range."""

import io
import os
from typing import TYPE_CHECKING

from ocr.frames import Channel
from ocr.limits import RANGE_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 256 * 1024


class RemoteFile(io.RawIOBase):
    """Read-only and seekable; each read asks the parent for at most RANGE_BYTES."""

    def __init__(self, channel: Channel, size: int) -> None:
        self._channel = channel
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
        self._channel.send({"ask": "range", "offset": self._at, "length": length})
        data = self._channel.receive()[1]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_remote(channel: Channel, size: int) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(channel, size), _BUFFER_BYTES)
