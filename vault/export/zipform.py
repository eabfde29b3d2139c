"""The one form of ZIP that is written and taken here (PKWARE APPNOTE 6.3.10; docs/formats/export.md#the-zip).

Every entry is stored, its name is UTF-8, its sizes and CRC-32 stand in front of it, and nothing lies between entries:
so all bytes follow from names, sizes, times and checksums, and a file can be read while it arrives.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""A ZIP keeps the time on the wall: section 4.4.6."""

LOCAL = struct.Struct("<4s5H3I2H")
LOCAL_MAGIC = b"PK\x03\x04"
ZIP64_LOCAL = struct.Struct("<2H2Q")
DIRECTORY_MAGIC = b"PK\x01\x02"
UTF8 = 0x0800
"""Bit 11 of the flags: section 4.4.4. No other bit is ever set."""
STORED = 0
PLAIN, ZIP64 = 20, 45
"""Versions needed to extract: section 4.4.3."""
FULL_32, FULL_16 = 0xFFFFFFFF, 0xFFFF

_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4s1I1Q1I")
_MADE_BY = 3 << 8 | ZIP64  # Unix: the external attributes hold a mode
_MODE = 0o100644 << 16
_ZIP64_ID = 1


@dataclass(frozen=True)
class Entry:
    """One file: `size` in bytes, `crc32` of its content, `at` to two seconds between 1980 and 2107."""

    name: str
    size: int
    crc32: int
    at: datetime


def local_header(entry: Entry) -> bytes:
    """What stands before an entry's bytes: section 4.3.7."""
    name, big = entry.name.encode(), entry.size >= FULL_32
    time, day = dos_moment(entry.at)
    size = FULL_32 if big else entry.size
    extra = ZIP64_LOCAL.pack(_ZIP64_ID, 16, entry.size, entry.size) if big else b""
    needed = ZIP64 if big else PLAIN
    head = LOCAL.pack(
        LOCAL_MAGIC, needed, UTF8, STORED, time, day, entry.crc32, size, size, len(name), len(extra)
    )  # fmt: skip
    return head + name + extra


def local_size(entry: Entry) -> int:
    """Bytes of `local_header`, without making it."""
    return LOCAL.size + len(entry.name.encode()) + (ZIP64_LOCAL.size if entry.size >= FULL_32 else 0)


def central_header(entry: Entry, offset: int) -> bytes:
    """An entry's place in the directory at the end: section 4.3.12."""
    name, big, far = entry.name.encode(), entry.size >= FULL_32, offset >= FULL_32
    time, day = dos_moment(entry.at)
    size = FULL_32 if big else entry.size
    values = [entry.size, entry.size] * big + [offset] * far
    extra = struct.pack(f"<2H{len(values)}Q", _ZIP64_ID, 8 * len(values), *values) if values else b""
    head = _CENTRAL.pack(
        DIRECTORY_MAGIC, _MADE_BY, ZIP64 if values else PLAIN, UTF8, STORED, time, day, entry.crc32, size, size,
        len(name), len(extra), 0, 0, 0, _MODE, FULL_32 if far else offset,
    )  # fmt: skip
    return head + name + extra


def directory(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Everything after the last entry, piece by piece: sections 4.3.12 to 4.3.16."""
    offset = length = 0
    for entry in entries:
        header = central_header(entry, offset)
        yield header
        length += len(header)
        offset += local_size(entry) + entry.size
    yield _end(len(entries), length, offset)


def directory_size(entries: Sequence[Entry]) -> int:
    return sum(map(len, directory(entries)))


def dos_moment(at: datetime) -> tuple[int, int]:
    """Time and day as section 4.4.6 packs them."""
    local = at.astimezone(ZONE)
    year = min(max(local.year, 1980), 2107)
    return local.hour << 11 | local.minute << 5 | local.second // 2, year - 1980 << 9 | local.month << 5 | local.day


def _end(count: int, length: int, offset: int) -> bytes:
    end = _END.pack(
        b"PK\x05\x06", 0, 0, min(count, FULL_16), min(count, FULL_16), min(length, FULL_32), min(offset, FULL_32), 0
    )
    if count < FULL_16 and length < FULL_32 and offset < FULL_32:
        return end
    end_64 = _END_64.pack(b"PK\x06\x06", _END_64.size - 12, _MADE_BY, ZIP64, 0, 0, count, count, length, offset)
    return end_64 + _LOCATOR.pack(b"PK\x06\x07", 0, offset + length, 1) + end
