"""Papers that are images: JPEG, PNG, WebP, TIFF and HEIC, through Pillow."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image, ImageOps

from ocr.ends import is_cut
from ocr.errors import BrokenPaper, OcrError, TooManyPages, TooManyPixels, TruncatedPaper
from ocr.limits import Limits
from ocr.reading import Line

_FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/heic": ("HEIF",),
}
WORKING_PIXELS = 24_000_000  # more than A4 at 400 dpi brings nothing to recognition


class Pictures:
    """An image file; only a TIFF has more than one page."""

    def __init__(self, file: BinaryIO, media_type: str, limits: Limits) -> None:
        self.media_type = media_type
        self._file = file
        self._limits = limits
        Image.MAX_IMAGE_PIXELS = limits.pixels
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the exact check is ours, below
        _load_plugin(media_type)
        with self._decoding():
            self._image = Image.open(file, formats=_FORMATS[media_type])
            self._check_pixels()
            self.pages = getattr(self._image, "n_frames", 1) if media_type == "image/tiff" else 1
        if self.pages > limits.pages:
            raise TooManyPages

    def check(self) -> None:
        """Decode every page. Raises OcrError."""
        for number in range(1, self.pages + 1):
            self._decoded(number)

    def text(self, number: int) -> tuple[Line, ...]:
        """Images have no text layer."""
        return ()

    def image(self, number: int) -> Image.Image:
        """Page `number` (from 1) in RGB, turned upright by its EXIF, reduced to WORKING_PIXELS. Raises OcrError."""
        image = self._decoded(number)
        with self._decoding():
            image = _reduced(image)
            return _flattened(ImageOps.exif_transpose(image))

    def _decoded(self, number: int) -> Image.Image:
        with self._decoding():
            if self.media_type == "image/tiff":
                self._image.seek(number - 1)
            self._check_pixels()
            self._image.load()
        return self._image

    def _check_pixels(self) -> None:
        """From the header, before anything is decoded."""
        if self._image.width * self._image.height > self._limits.pixels:
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


def _reduced(image: Image.Image) -> Image.Image:
    excess = image.width * image.height / WORKING_PIXELS
    if excess <= 1:
        return image
    exif = image.getexif()
    smaller = image.reduce(2) if excess >= 4 and image.mode != "P" else image
    share = (WORKING_PIXELS / (smaller.width * smaller.height)) ** 0.5
    if share < 1:
        size = max(1, round(smaller.width * share)), max(1, round(smaller.height * share))
        smaller = smaller.convert("RGB").resize(size, Image.Resampling.BOX)
    smaller.getexif().update(exif)
    return smaller


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
