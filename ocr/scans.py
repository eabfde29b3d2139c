"""How a picture of a page is stored: which of its bytes can be shown as they are, and how large the page is."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

_POINT = 72  # points per inch (ISO 32000-1, 8.3.2.3)
_A4 = 841.89  # points of the longer side
_LEAST_POINTS, _MOST_POINTS = 3.0, 14_400.0  # of a page (ISO 19005-2, 6.1.13)
_LEAST_DPI, _MOST_DPI = 100.0, 2400.0  # cameras write 72, which means nothing
_RGB_PARTS = [ord(letter) for letter in "RGB"]  # a JPEG's components so named are not luma and chroma


@dataclass(frozen=True)
class Scan:
    """A page that is one picture. `place`: offset and length in the paper's file of a JPEG that can be shown as it is,
    turned as `orientation` (of EXIF) says; `image` decodes it, upright, in RGB.
    """

    size: tuple[int, int]  # pixels as stored
    colours: int  # 1 or 3
    orientation: int
    bilevel: bool
    place: tuple[int, int] | None
    image: Callable[[], Image.Image] = field(repr=False)

    def within(self, place: tuple[int, int] | None) -> "Scan":
        """The same in the file that it is a part of."""
        return replace(self, place=self.place and place)


def scanned(
    image: Image.Image, orientation: int, place: tuple[int, int] | None, decode: Callable[[], Image.Image]
) -> Scan:
    plain = image.mode in ("L", "RGB") and not _is_named_rgb(image)
    colours = 1 if image.mode in ("1", "L") else 3
    upright = orientation if 1 <= orientation <= 8 else 1
    return Scan(image.size, colours, upright, image.mode == "1", place if plain else None, decode)


def size_in_points(pixels: tuple[int, int], dpi: Any) -> tuple[float, float] | None:
    """Of a picture with that resolution; None where it is not to be believed."""
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not all(math.isfinite(value) and _LEAST_DPI <= value <= _MOST_DPI for value in (across, down)):
        return None
    return pixels[0] * _POINT / across, pixels[1] * _POINT / down


def fitted(size: tuple[float, float]) -> tuple[float, float]:
    """Points of a page of that shape that is as long as A4."""
    share = _A4 / max(size)
    return size[0] * share, size[1] * share


def bounded(points: tuple[float, float]) -> tuple[float, float]:
    """Of the same shape, and no larger than a page may be."""
    share = min(1.0, _MOST_POINTS / max(*points, _LEAST_POINTS))
    width, height = (max(side * share, _LEAST_POINTS) for side in points)
    return width, height


def _is_named_rgb(image: Image.Image) -> bool:
    """Decoders take its components for what their names say; a PDF's reader may not (ISO 32000-1, table 13)."""
    return [part[0] for part in getattr(image, "layer", [])] == _RGB_PARTS and "adobe" not in image.info
