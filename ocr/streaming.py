"""Large pictures row by row, through libvips: a sheet of half a gigapixel passes in a few megabytes."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyvips  # type: ignore[import-untyped]
from PIL import Image

from ocr.limits import BAND_PIXELS

_LOADERS = {
    "image/jpeg": "VipsForeignLoadJpegSource",
    "image/png": "VipsForeignLoadPngSource",
    "image/tiff": "VipsForeignLoadTiffSource",
}
STREAMED = frozenset(_LOADERS)
"""Media types that can be decoded row by row."""

_TURNS = {
    1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True),
    5: (90, True), 6: (90, False), 7: (270, True), 8: (270, False),
}  # fmt: skip
"""EXIF orientation → degrees to turn clockwise, then whether to mirror (EXIF 2.32, tag 274; as libvips does it)."""
_M_MMAP_THRESHOLD = -3  # mallopt(3): beyond this many bytes memory goes back to the system as soon as it is freed
_LARGE = 1 << 20
_NO_MEMORY = re.compile("(out of|insufficient) memory", re.IGNORECASE)


def prepare(media_type: str) -> None:
    """Keep libvips without a cache, and to the one decoder that this paper needs (ocr.sandbox: to one thread)."""
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
    pyvips.cache_set_max(0)
    pyvips.operation_block_set("VipsForeignLoad", True)
    pyvips.operation_block_set(_LOADERS[media_type], False)
    pyvips.block_untrusted_set(True)


class Stream:
    """One picture in a file, decoded anew from its start at each use; `page` counts from 0 in a TIFF.

    Every method raises `OSError` for a file that is damaged or cut, `MemoryError` when memory ends.
    """

    def __init__(self, file: BinaryIO, media_type: str, page: int = 0, orientation: int = 1) -> None:
        prepare(media_type)
        self._file, self._media_type, self._page = file, media_type, page
        self._alive: Any = None
        self._degrees, self._mirror = _TURNS.get(orientation, (0, False))

    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels, from the header."""
        with _decoding():
            image = self._open()
        return (image.height, image.width) if self._degrees in (90, 270) else (image.width, image.height)

    def reduced(self, width: int, height: int) -> Image.Image:
        """The whole picture, every row of it decoded, in RGB, upright, to fit into `width` by `height`."""
        if self._degrees in (90, 270):
            width, height = height, width
        with _decoding():
            image = self._shrunk(width, height)
            share = min(width / image.width, height / image.height, 1.0)
            small = self._turned(_plain(image.resize(share) if share < 1 else image).copy_memory())
            return _picture(small.write_to_memory(), small)

    def _shrunk(self, width: int, height: int) -> Any:
        """Opened, and where the decoder itself can make it smaller, no larger than needed. (libvips' own thumbnails
        pass over the missing end of a JPEG.)
        """
        image = self._open()
        if self._media_type != "image/jpeg":
            return image
        least = min(image.width / width, image.height / height)
        return self._open(shrink=next((by for by in (8, 4, 2) if by <= least), 1))

    def strips(self, rows: int) -> Iterator[Image.Image]:
        """The upright picture in strips of so many rows, from the top; RGB or gray."""
        with _decoding():
            if self._degrees == 0:
                yield from _rows(self._turned(_plain(self._open())), rows)
            else:
                for band in self._bands(rows):
                    yield from _rows(band, rows)

    def _bands(self, rows: int) -> Iterator[Any]:
        """Bands of the turned picture: each costs a decoding of the whole, and only the band is in memory."""
        width, height = self.size()
        step = max(BAND_PIXELS // width // rows, 1) * rows
        for top in range(0, height, step):
            deep = min(step, height - top)
            box = {
                180: (0, height - top - deep, width, deep),
                90: (top, 0, deep, width),
                270: (height - top - deep, 0, deep, width),
            }[self._degrees]
            yield self._turned(_plain(self._open()).crop(*box).copy_memory())

    def _turned(self, image: Any) -> Any:
        image = image.rot(f"d{self._degrees}") if self._degrees else image
        return image.fliphor() if self._mirror else image

    def _open(self, **options: int) -> Any:
        if self._media_type == "image/tiff":
            options["page"] = self._page
        return pyvips.Image.new_from_source(self._source(), "", access="sequential", fail_on="error", **options)

    def _source(self) -> Any:
        """libvips sees a stream that it may read and seek in, never a name."""
        self._file.seek(0)
        source = pyvips.SourceCustom()
        source.on_read(self._file.read)
        source.on_seek(self._seek)
        self._alive = source  # libvips calls into it as long as the picture is in use, but does not hold it
        return source

    def _seek(self, offset: int, whence: int) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError:
            return -1  # as a pipe, whose end nobody knows


def _plain(image: Any) -> Any:
    """8 bits, gray or RGB, on white."""
    if image.interpretation not in ("b-w", "srgb"):
        image = image.colourspace("b-w" if image.bands < 3 else "srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    return image if image.format == "uchar" else image.cast("uchar")


def _rows(image: Any, rows: int) -> Iterator[Image.Image]:
    region = pyvips.Region.new(image)
    for top in range(0, image.height, rows):
        deep = min(rows, image.height - top)
        yield _picture(region.fetch(0, top, image.width, deep), image, deep)


def _picture(pixels: Any, image: Any, height: int | None = None) -> Image.Image:
    mode = "L" if image.bands == 1 else "RGB"
    return Image.frombuffer(mode, (image.width, height or image.height), pixels, "raw", mode, 0, 1)


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except pyvips.Error as error:
        if _NO_MEMORY.search(str(error)):
            raise MemoryError from error
        raise OSError("libvips cannot decode it") from error
