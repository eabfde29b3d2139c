"""What pdfium reads: where the streams of a page lie, and the large ones kept from it until it must have them."""

import os
from typing import BinaryIO

_STREAM = 1024  # bytes: what is read at once and is no more is no picture
_LARGE = 8 << 20  # bytes: pdfium would hold such a stream whole as soon as its page is loaded
_SEEN_MOST = 20_000


class Watched:
    """A file as pypdfium2 wants it. Until `generous`, a large stream reads as zeros, which cost no memory."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.begin()

    def begin(self, *, generous: bool = False) -> None:
        """The document is opened anew, and its streams will be read again; `given` counts their bytes."""
        self.generous, self.given = generous, 0
        self.withheld: set[tuple[int, int]] = set()
        """Places of the streams that pdfium was not given."""
        self._places: dict[tuple[int, int], None] = {}

    @property
    def seen(self) -> list[tuple[int, int]]:
        """Places of the streams read so far: offset and length in bytes."""
        return list(self._places)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, length: int = -1) -> bytes:
        return self.file.read(length)

    def readinto(self, buffer: memoryview) -> int:
        place = (self.file.tell(), len(buffer))
        if len(buffer) > _STREAM and len(self._places) < _SEEN_MOST:
            self._places[place] = None
        if len(buffer) >= _LARGE and not self.generous:
            self.withheld.add(place)
            return len(buffer)
        self.given += len(buffer)
        return self.file.readinto(buffer)  # type: ignore[attr-defined,no-any-return]  # as io.BufferedReader does
