"""Papers that are images: JPEG, PNG, WebP, TIFF and HEIC, through Pillow; large ones row by row (ocr.streaming)."""

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, ImageOps

from ocr.ends import is_cut
from ocr.errors import BrokenPaper, OcrError, TooManyPages, TooManyPixels, TruncatedPaper
from ocr.limits import PREVIEW_WIDTH, RANGE_BYTES, WHOLE_PIXELS, WORKING_PIXELS, Limits
from ocr.reading import Line
from ocr.scans import Scan, scanned, size_in_points

if TYPE_CHECKING:
    from ocr.streaming import Stream

_FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/heic": ("HEIF",),
}
_WHOLE = ("image/webp", "image/heic")  # their decoders know no rows
_ORIENTATION = 0x0112  # EXIF 2.32, and a tag of TIFF
_SIDEWAYS = (5, 6, 7, 8)  # orientations whose width lies along the upright picture's height
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""EXIF orientation → what makes the picture upright."""


class Pictures:
    """An image file; only a TIFF has more than one page."""

    def __init__(self, file: BinaryIO, media_type: str, limits: Limits, orientation: int | None = None) -> None:
        """`orientation` holds instead of what the file says of itself, in the terms of EXIF."""
        self.media_type = media_type
        self._file = file
        self._limits = limits
        self._told_orientation = orientation
        self._checked: Image.Image | None = None
        Image.MAX_IMAGE_PIXELS = limits.pixels
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the exact check is ours, below
        _load_plugin(media_type)
        with self._decoding():
            self._image = Image.open(file, formats=_FORMATS[media_type])
            self._check_pixels()
            self.pages = self._count() if media_type == "image/tiff" else 1

    def check(self) -> None:
        """Decode every page. Raises OcrError."""
        for number in range(self.pages, 0, -1):
            self._checked = self._small(number)

    def first(self) -> Image.Image:
        """Page 1 as `check` has seen it, at least as wide as a preview. Raises OcrError."""
        return self._checked or self._small(1)

    def text(self, number: int) -> tuple[Line, ...]:
        """Images have no text layer."""
        return ()

    def size(self, number: int) -> tuple[int, int]:
        """Pixels of page `number` (from 1) turned upright, from the header. Raises OcrError."""
        with self._decoding():
            self._seek(number)
            width, height = self._image.size
            return (height, width) if self._orientation() in _SIDEWAYS else (width, height)

    def points(self, number: int) -> tuple[float, float] | None:
        """As large as the resolution in the file says. Raises OcrError."""
        with self._decoding():
            self._seek(number)
            points = size_in_points(self._image.size, self._image.info.get("dpi"))
            return points[::-1] if points and self._orientation() in _SIDEWAYS else points

    def scan(self, number: int) -> Scan:
        """The page itself. Raises OcrError."""
        with self._decoding():
            self._seek(number)
            place = (0, self._file.seek(0, io.SEEK_END)) if self.media_type == "image/jpeg" else None
            return scanned(self._image, self._orientation(), place, lambda: self.image(number))

    def image(self, number: int) -> Image.Image:
        """Page `number` (from 1) in RGB, turned upright by its EXIF, reduced to WORKING_PIXELS. Raises OcrError."""
        return self._reduced(number, WORKING_PIXELS)

    def strips(self, number: int, rows: int) -> Iterator[Image.Image]:
        """Page `number` upright, every pixel of it, in strips of so many rows. Raises OcrError."""
        with self._decoding():
            self._seek(number)
            stream = self._stream(number)
            yield from stream.strips(rows) if stream else _cut(self._whole(), rows)

    def _small(self, number: int) -> Image.Image:
        """Every pixel is decoded; what is kept is enough for a preview."""
        with self._decoding():
            self._seek(number)
            if self.media_type == "image/jpeg":
                return self._drafted()
            stream = self._stream(number)
            return stream.reduced(PREVIEW_WIDTH, 2 * PREVIEW_WIDTH) if stream else self._whole()

    def _drafted(self) -> Image.Image:
        """As JPEG's own blocks give it smaller by themselves: only their codes are read to the end."""
        width, height = self.size(1)
        share = min(PREVIEW_WIDTH / width, 2 * PREVIEW_WIDTH / height, 1.0)
        least = math.ceil(width * share), math.ceil(height * share)
        turned = self._orientation()
        self._file.seek(0)
        image = Image.open(self._file, formats=_FORMATS[self.media_type])
        image.draft(None, least[::-1] if turned in _SIDEWAYS else least)
        image.decodermaxblock = RANGE_BYTES
        image.load()
        small = _flattened(image)
        return small.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else small

    def _reduced(self, number: int, pixels: int) -> Image.Image:
        with self._decoding():
            self._seek(number)
            stream = self._stream(number)
            if stream is None:
                return _shrunk(self._whole(), pixels)
            width, height = stream.size()
            share = min((pixels / (width * height)) ** 0.5, 1.0)
            return stream.reduced(max(1, int(width * share)), max(1, int(height * share))).convert("RGB")

    def _count(self) -> int:
        """Pages of a TIFF, one by one: the time that Pillow takes for all grows with the square of their number.

        Raises TooManyPages.
        """
        for number in range(1, self._limits.pages + 1):
            try:
                self._image.seek(number)
            except EOFError:
                return number
        raise TooManyPages

    def _seek(self, number: int) -> None:
        if self.media_type == "image/tiff":
            self._image.seek(number - 1)
        self._check_pixels()

    def _stream(self, number: int) -> "Stream | None":
        """For a page that is too large to be held whole, where its type allows it."""
        from ocr.streaming import STREAMED, Stream  # loaded only where it is needed

        if self.media_type not in STREAMED or self._image.width * self._image.height <= WORKING_PIXELS:
            return None
        return Stream(self._file, self.media_type, number - 1, self._orientation())

    def _orientation(self) -> int:
        if self._told_orientation is not None:
            return self._told_orientation
        if self.media_type == "image/png" and "exif" not in self._image.info:
            return 1  # Pillow would decode the whole picture to look for one behind it
        return int(self._image.getexif().get(_ORIENTATION, 1))

    def _whole(self) -> Image.Image:
        self._image.load()
        return _flattened(ImageOps.exif_transpose(self._image))

    def _check_pixels(self) -> None:
        """From the header, before anything is decoded."""
        info = self._image.info
        whole = self.media_type in _WHOLE or info.get("progressive") or info.get("interlace")
        most = min(self._limits.pixels, WHOLE_PIXELS) if whole else self._limits.pixels
        if self._image.width * self._image.height > most:
            raise TooManyPixels

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (OcrError, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise TooManyPixels from error
        except Exception as error:  # decoders meet hostile bytes: they raise whatever their code trips over
            raise TruncatedPaper if is_cut(self._file, self.media_type) else BrokenPaper from error


def _load_plugin(media_type: str) -> None:
    """Only the decoder that is needed: less start-up time, less code that a hostile file can reach."""
    if media_type == "image/heic":
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = 1
        pillow_heif.register_heif_opener(thumbnails=False)
    elif media_type == "image/tiff":
        from PIL import TiffImagePlugin  # noqa: F401 - registers itself
    elif media_type == "image/webp":
        from PIL import WebPImagePlugin  # noqa: F401


def _cut(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _shrunk(image: Image.Image, pixels: int) -> Image.Image:
    share = (pixels / (image.width * image.height)) ** 0.5
    if share >= 1:
        return image
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(size, Image.Resampling.BOX, reducing_gap=1.0)


def _flattened(image: Image.Image) -> Image.Image:
    """RGB on white: scans of 16 bits are scaled, what is transparent is paper."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        low, high = image.getextrema()
        spread = (float(high) - float(low)) or 1.0  # type: ignore[arg-type]
        image = image.convert("F").point(lambda value: value * (255 / spread) - float(low) * 255 / spread)  # type: ignore[arg-type]
        return image.convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        paper = Image.new("RGB", rgba.size, "white")
        paper.paste(rgba, mask=rgba.getchannel("A"))
        return paper
    return image.convert("RGB")
