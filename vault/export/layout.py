"""A ZIP as a pure function of its entries: how long it is, and any range of its bytes without what lies before it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from vault.export import zipform
from vault.export.zipform import Entry

BLOCK = 64 * 1024

Content = Callable[[int, int, int], Iterable[bytes]]
"""`(number of the entry, offset, length)` → exactly those bytes of it."""


class Layout:
    """`size` in bytes, known before a byte of content is read."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries, self._offsets, at = tuple(entries), [], 0
        for entry in self._entries:
            self._offsets.append(at)
            at += zipform.local_size(entry) + entry.size
        self._directory_at = at
        self.size = at + zipform.directory_size(self._entries)

    def stream(self, start: int, length: int, content: Content) -> Iterator[bytes]:
        """Those of the bytes that there are, in blocks of at least 64 KiB but the last."""
        return gathered(self._range(start, min(start + length, self.size), content))

    def _range(self, start: int, end: int, content: Content) -> Iterator[bytes]:
        for number in range(max(bisect_right(self._offsets, start) - 1, 0), len(self._entries)):
            at = self._offsets[number]
            if at >= end:
                return
            entry = self._entries[number]
            header = zipform.local_header(entry)
            yield header[max(start - at, 0) : max(end - at, 0)]
            at += len(header)
            first, last = max(start - at, 0), min(end - at, entry.size)
            if first < last:
                yield from content(number, first, last - first)
        yield from self._directory(start, end)

    def _directory(self, start: int, end: int) -> Iterator[bytes]:
        at = self._directory_at
        if at >= end:
            return
        for piece in zipform.directory(self._entries):
            yield piece[max(start - at, 0) : max(end - at, 0)]
            at += len(piece)


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of at least `BLOCK`, but the last: thousands of headers are not sent one by one."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)
