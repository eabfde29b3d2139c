"""An export read while it arrives. Takes the one form that `vault.export.zipform` writes, byte for byte, and no other.

Nothing is unpacked, nothing is looked for: an entry's header must be the one that we would write for its name, size,
time and checksum, and the directory the one that we would write for the entries that came. So a directory that lies,
entries that overlap, hide, repeat, climb out of a folder or swell up have no place to stand in.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator
from datetime import datetime

from vault.errors import NotAnExport
from vault.export import zipform
from vault.export.zipform import FULL_32, LOCAL, LOCAL_MAGIC, ZIP64_LOCAL, ZONE, Entry

NAME_MOST = 200
ENTRIES_MOST = 100_000
NAME = re.compile(
    r"docvault\.json|index\.html|dossiers\.json"
    r"|(?:papers|bin)/[A-Z0-9-]{1,100}_[0-9]{8}_[a-z0-9-]{1,60}(?:\.reading)?\.[a-z0-9]{2,5}"
    r"|grants/(?:jwks\.json|[0-9a-f-]{1,40}\.jw?s(?:on)?)"
    r"|attestations/[a-z0-9-]{1,40}\.jw?s(?:on)?"
    r"|log/access-log\.(?:jsonl|csv)"
)


class Opened:
    """An entry whose bytes come next. They must be used up, by `chunks` or `drain`, before the next entry."""

    def __init__(self, entry: Entry, source: "_Source") -> None:
        self.entry, self._source, self._left = entry, source, entry.size
        self._hash, self._crc32 = hashlib.sha256(), 0

    @property
    def name(self) -> str:
        return self.entry.name

    def chunks(self) -> Iterator[bytes]:
        """Its bytes as they arrive. Raises `NotAnExport` at the end when they are not those of the checksum."""
        while self._left:
            chunk = self._source.some(self._left)
            self._left -= len(chunk)
            self._hash.update(chunk)
            self._crc32 = zlib.crc32(chunk, self._crc32)
            yield chunk
        if self._crc32 != self.entry.crc32:
            raise NotAnExport(reason="checksum-wrong")

    def whole(self, most: int) -> bytes:
        """All of it at once. Raises `NotAnExport` for more than `most` bytes."""
        if self.entry.size > most:
            raise NotAnExport(reason="export-malformed")
        return b"".join(self.chunks())

    def drain(self) -> None:
        for _ in self.chunks():
            pass

    def sha256(self) -> str:
        """Hex, of what was read so far."""
        return self._hash.hexdigest()


class Archive:
    """Entries one after the other, as they come. Raises `NotAnExport` for everything that we would not have written."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._source = _Source(chunks)
        self._entries: list[Entry] = []
        self._names: set[str] = set()

    def next(self) -> Opened | None:
        """None where the directory begins, or where there is no more."""
        if self._source.is_at_end() or self._source.peek(4) != LOCAL_MAGIC:
            return None
        entry = self._header()
        if entry.name in self._names or len(self._entries) == ENTRIES_MOST:
            raise NotAnExport(reason="export-malformed")
        self._names.add(entry.name)
        self._entries.append(entry)
        return Opened(entry, self._source)

    def finish(self) -> None:
        """The directory must be that of the entries that came, and the last thing there is."""
        for piece in zipform.directory(self._entries):
            if self._source.exactly(len(piece)) != piece:
                raise NotAnExport(reason="export-malformed")
        self.end()

    def end(self) -> None:
        """Nothing may follow."""
        if not self._source.is_at_end():
            raise NotAnExport(reason="export-malformed")

    def _header(self) -> Entry:
        raw = self._source.exactly(LOCAL.size)
        _, _, _, _, time, day, crc32, _, size, name_length, extra_length = LOCAL.unpack(raw)
        if not 0 < name_length <= NAME_MOST or extra_length not in (0, ZIP64_LOCAL.size):
            raise NotAnExport(reason="export-malformed")
        rest = self._source.exactly(name_length + extra_length)
        if extra_length:
            size = ZIP64_LOCAL.unpack(rest[name_length:])[2]
        entry = Entry(_name(rest[:name_length]), size, crc32, _moment(time, day))
        if zipform.local_header(entry) != raw + rest or bool(extra_length) != (size >= FULL_32):
            raise NotAnExport(reason="export-malformed")
        return entry


class _Source:
    """Bytes of a stream, as many as are wanted."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, b""

    def is_at_end(self) -> bool:
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._held = chunk
        return False

    def peek(self, size: int) -> bytes:
        while len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._held += chunk
        return self._held[:size]

    def exactly(self, size: int) -> bytes:
        found = self.peek(size)
        if len(found) < size:
            raise NotAnExport(reason="export-cut-off")
        self._held = self._held[size:]
        return found

    def some(self, most: int) -> bytes:
        """At least one byte, at most so many."""
        if self.is_at_end():
            raise NotAnExport(reason="export-cut-off")
        found, self._held = self._held[:most], self._held[most:]
        return found


def _name(raw: bytes) -> str:
    name = raw.decode("ascii", "replace")
    if not NAME.fullmatch(name):
        raise NotAnExport(reason="export-malformed")
    return name


def _moment(time: int, day: int) -> datetime:
    try:
        return datetime(
            1980 + (day >> 9), day >> 5 & 15, day & 31, time >> 11, time >> 5 & 63, 2 * (time & 31), tzinfo=ZONE
        )
    except ValueError:
        raise NotAnExport(reason="export-malformed") from None
