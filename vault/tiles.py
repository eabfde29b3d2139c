"""Sheets as they are stored: tiles, an index, a footer (docs/formats/storage.md#sheets)."""

import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ocr import Place, Pyramid
from ocr.limits import TILE_BYTES
from ocr.pyramid import TILE
from storage.errors import SealBroken
from storage.sealed import SealedReader

MEDIA_TYPE = "image/jpeg"
TAIL_BYTES = 48 * 1024
"""Read at once from the end: footer and index of any sheet of up to 1.2 gigapixels."""

_FORM = bytes((0x61, TILE.bit_length() - 1, 0, 1))  # a sheet, version 1; sides of a power of two; JPEG
_FOOTER = struct.Struct(">4sII")
_ENTRY = struct.Struct(">Q")  # 5 bytes of offset, 3 of length
_OFFSET_MOST = 1 << 40
_SHIFT = 24


def pack(pyramid: Pyramid, tiles: Iterable[tuple[Place, bytes]]) -> Iterator[bytes]:
    """The content of a sheet from its tiles, which come in any order. Raises `ValueError` unless each comes once."""
    index, at = [0] * pyramid.tiles, 0
    for place, tile in tiles:
        number = pyramid.number(place)
        if index[number] or not 0 < len(tile) <= TILE_BYTES or at >= _OFFSET_MOST:
            raise ValueError("no tile for this place")
        index[number] = at << _SHIFT | len(tile)
        at += len(tile)
        yield tile
    if not all(index):
        raise ValueError("a tile is missing")
    yield b"".join(map(_ENTRY.pack, index)) + _FOOTER.pack(_FORM, pyramid.width, pyramid.height)


class StoredSheet:
    """Reads single tiles. Raises `SealBroken` for what `pack` did not make, here or in `tile`."""

    def __init__(self, reader: SealedReader) -> None:
        self._reader = reader
        tail = reader.read(max(0, reader.size - TAIL_BYTES), TAIL_BYTES)
        self.pyramid = _pyramid(tail)
        end = reader.size - _FOOTER.size
        start = end - _ENTRY.size * self.pyramid.tiles
        if start < 0:
            raise SealBroken("not a sheet: shorter than its index")
        within = start - (reader.size - len(tail))
        raw = tail[within : -_FOOTER.size] if within >= 0 else reader.read(start, end - start)
        self._index = _index(raw, start)

    def tile(self, place: Place) -> bytes:
        """One tile. Raises `ValueError` for a place that the sheet does not have."""
        offset, length = self._index[self.pyramid.number(place)]
        return self._reader.read(offset, length)


def _pyramid(tail: bytes) -> Pyramid:
    if len(tail) < _FOOTER.size:
        raise SealBroken("not a sheet: too short")
    form, width, height = _FOOTER.unpack(tail[-_FOOTER.size :])
    if form != _FORM:
        raise SealBroken("not a sheet in a form known here")
    try:
        return Pyramid(width, height)
    except ValueError:
        raise SealBroken("not a sheet: no size") from None


def _index(raw: bytes, end: int) -> list[tuple[int, int]]:
    """Offset and length of each tile; all together they fill everything before `end`."""
    index = [(entry >> _SHIFT, entry & ((1 << _SHIFT) - 1)) for (entry,) in _ENTRY.iter_unpack(raw)]
    ordered = sorted(index)
    whole = all(offset + length == following for (offset, length), (following, _) in pairwise([*ordered, (end, 0)]))
    if not whole or ordered[0][0] != 0 or not all(0 < length <= TILE_BYTES for _, length in index):
        raise SealBroken("not a sheet: its index does not fit")
    return index
