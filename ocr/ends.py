"""Is a file that cannot be decoded cut short, or damaged? Judged from its structure alone."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

_TAIL_BYTES = 2048
_FAR_TAIL_BYTES = 65536
_MOST_DIRECTORIES = 1000


def is_cut(file: BinaryIO, media_type: str) -> bool:
    """True when the end of the file is missing by the rules of its format; never raises for odd content."""
    size = file.seek(0, os.SEEK_END)
    try:
        return _RULES[media_type](file, size)
    except (struct.error, OSError, ValueError):
        return True  # a length or an offset lies beyond the end


def pdf_is_cut(file: BinaryIO, size: int) -> bool:
    """No end marker near the end (ISO 32000-1, 7.5.5), or shorter than its linearization says (annex F)."""
    head = _at(file, 0, _TAIL_BYTES)
    if b"/Linearized" in head and b"/L " in head:
        length = head.partition(b"/L ")[2].split(b"/")[0].split(b">")[0].strip()
        if length.isdigit() and int(length) > size:
            return True
    if b"%%EOF" in _tail(file, size, _TAIL_BYTES):
        return False
    # some writers leave padding after the end; objects after the last marker mean that an update was cut
    _, marker, after = _tail(file, size, _FAR_TAIL_BYTES).rpartition(b"%%EOF")
    return not marker or b" obj" in after or b"stream" in after


def _jpeg(file: BinaryIO, size: int) -> bool:
    return b"\xff\xd9" not in _tail(file, size, _TAIL_BYTES)


def _png(file: BinaryIO, size: int) -> bool:
    return b"IEND" not in _tail(file, size, _TAIL_BYTES)


def _webp(file: BinaryIO, size: int) -> bool:
    return 8 + int.from_bytes(_at(file, 4, 4), "little") > size


def _heic(file: BinaryIO, size: int) -> bool:
    """Walk the top-level boxes (ISO/IEC 14496-12, 4.2): one that reaches beyond the end was cut."""
    at = 0
    while at < size:
        length = int.from_bytes(_at(file, at, 4), "big")
        if length == 1:
            length = int.from_bytes(_at(file, at + 8, 8), "big")
        if length == 0:  # to the end of the file
            return False
        if length < 8:
            return False  # nonsense rather than cut
        at += length
    return at > size


def _tiff(file: BinaryIO, size: int) -> bool:
    """The directories, their entries' values and every strip or tile lie within the file (TIFF 6.0, section 2)."""
    order = "<" if _at(file, 0, 2) == b"II" else ">"
    directory = struct.unpack(order + "I", _at(file, 4, 4))[0]
    for _ in range(_MOST_DIRECTORIES):
        if directory == 0:
            return False
        count = struct.unpack(order + "H", _at(file, directory, 2))[0]
        entries = struct.iter_unpack(order + "HHII", _at(file, directory + 2, 12 * count))
        if _tiff_page_is_cut(file, order, size, entries):
            return True
        directory = struct.unpack(order + "I", _at(file, directory + 2 + 12 * count, 4))[0]
    return False


def _tiff_page_is_cut(file: BinaryIO, order: str, size: int, entries: Iterator[tuple[int, ...]]) -> bool:
    values = {tag: _tiff_values(file, order, kind, number, value) for tag, kind, number, value in entries}
    offsets, lengths = values.get(273) or values.get(324) or (), values.get(279) or values.get(325) or ()
    return any(offset + length > size for offset, length in zip(offsets, lengths, strict=False))


def _tiff_values(file: BinaryIO, order: str, kind: int, number: int, value: int) -> tuple[int, ...]:
    """Values of a SHORT or LONG entry; one value alone stands in the entry itself."""
    if kind not in (3, 4) or number > 65536:
        return ()
    if number == 1:
        return (value,)
    width = {3: 2, 4: 4}[kind]
    if number * width <= 4:
        return ()  # two shorts in place: no file that matters has two one-byte strips
    return struct.unpack(f"{order}{number}{'H' if kind == 3 else 'I'}", _at(file, value, number * width))


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _tail(file: BinaryIO, size: int, length: int) -> bytes:
    return _at(file, max(0, size - length), length)


_RULES = {
    "application/pdf": pdf_is_cut,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/heic": _heic,
    "image/tiff": _tiff,
}
