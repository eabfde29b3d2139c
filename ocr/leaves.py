"""The pictures of a paper's pages for a copy of it, in the child: as they are where that can be, else made to weigh
about as much as they did.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from PIL import Image, ImageChops, ImageOps

from ocr.errors import OcrError
from ocr.limits import WORKING_PIXELS
from ocr.lying import WHOLE, Lie
from ocr.papers import Paper
from ocr.scans import Scan, bounded, fitted

_GROWTH = 1.1  # that a picture may weigh more than its share of the paper: words and font come to it
_DRAWN_BYTES = 400 * 1024  # that a page may weigh which was letters and lines
_LEAST_BYTES = 6 * 1024
_QUALITIES = (85, 70, 55, 40)
_SMALLER, _TIMES = 0.7, 6
_FEW = 256  # colours: of a drawing, which JPEG would blur and lossless packing keeps small
_BLACK_BELOW = 128
_STRIP_BYTES = 1 << 30


@dataclass(frozen=True)
class Packed:
    """A picture in one of the forms of `ocr.pdfa.Leaf`: its bytes, or where they lie in the paper."""

    form: str
    size: tuple[int, int]
    colours: int
    orientation: int = 1
    data: bytes = field(default=b"", repr=False)
    place: tuple[int, int] | None = None
    flat: bool = False  # the page was laid flat; else it may be turned on it


Placed = tuple[tuple[float, float], Packed | None]
"""Size of the upright page in points, and its picture, if there is one."""


def leaves(paper: Paper, size: int, lies: Sequence[Lie | None]) -> Iterator[Placed]:
    """Every page of a paper of `size` bytes; one that cannot be shown stays empty. `lies` tells how pages lie.

    Raises OcrError when it is the only one.
    """
    left = size * _GROWTH
    for number in range(1, paper.pages + 1):
        try:
            lie = lies[number - 1] if number <= len(lies) else None
            points, packed = _leaf(paper, number, int(left / (paper.pages - number + 1)), lie)
        except Exception:  # hostile pixels: code that looks at them raises whatever it trips over
            if paper.pages == 1:
                raise
            points, packed = (595.28, 841.89), None
        left -= (packed.place[1] if packed.place else len(packed.data)) if packed else 0
        yield points, packed


def _leaf(paper: Paper, number: int, share: int, lie: Lie | None) -> Placed:
    points = _points(paper, number, lie)
    if lie is not None and not lie.is_turned:
        page = laid_flat(paper.image(number), lie)
        return points, replace(packed(page, share), flat=True)
    return points, _of_scan(paper, number, share) or packed(paper.image(number), max(share, _DRAWN_BYTES))


def _points(paper: Paper, number: int, lie: Lie | None) -> tuple[float, float]:
    told = paper.points(number)
    size = told or paper.size(number)
    flat = lie.points(size) if lie else size
    return bounded(flat if told else fitted(flat))


def laid_flat(image: Image.Image, lie: Lie) -> Image.Image:
    """The page as it would lie on a scanner, white where it reaches out of the picture."""
    width, height = (max(1, round(side)) for side in lie.points(image.size))
    share = min(1.0, (WORKING_PIXELS / (width * height)) ** 0.5)
    width, height = max(1, int(width * share)), max(1, int(height * share))
    source = np.array(lie.corners, np.float32) * np.array(image.size, np.float32)
    target = np.array(WHOLE, np.float32) * np.array((width, height), np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    white = (255, 255, 255)
    page = cv2.warpPerspective(np.asarray(image), matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=white)
    return Image.fromarray(page)


def _of_scan(paper: Paper, number: int, share: int) -> Packed | None:
    """None for a page that must be drawn, also because only a renderer, which repairs much, can decode its picture."""
    try:
        scan = paper.scan(number)
        if scan is None or scan.place is None:
            return _reduced(scan, share) if scan else None
    except OcrError:
        return None
    return Packed("jpeg", scan.size, scan.colours, scan.orientation, place=scan.place)


def _reduced(scan: Scan, share: int) -> Packed:
    image = scan.image()
    return _fax(image.convert("L")) if scan.bilevel else packed(image, share)


def packed(image: Image.Image, most: int) -> Packed:
    """A picture in RGB in at most so many bytes, or nearly so where that cannot be; as good as it can be then."""
    most = max(most, _LEAST_BYTES)
    plain = image.convert("L") if _is_gray(image) else image
    colours = image.getcolors(_FEW)
    if colours and len(colours) <= 2 and plain.mode == "L":
        return _fax(plain)
    if colours and len((flat := _deflated(plain)).data) <= most:
        return flat
    return _squeezed(plain, most)


def _squeezed(image: Image.Image, most: int) -> Packed:
    """Lower quality first, then, without colour, black and white, and only then fewer pixels."""
    for quality in _QUALITIES:
        found = _jpeg(image, quality)
        if len(found.data) <= most:
            return found
    if image.mode == "L" and len((found := _fax(image)).data) <= most:
        return found
    for _ in range(_TIMES):
        image = image.resize([max(1, round(side * _SMALLER)) for side in image.size], Image.Resampling.BOX)
        found = _jpeg(image, _QUALITIES[-1])
        if len(found.data) <= most:
            break
    return found


def _is_gray(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return not ImageChops.difference(red, green).getbbox() and not ImageChops.difference(green, blue).getbbox()


def _jpeg(image: Image.Image, quality: int) -> Packed:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=image.width * image.height < 1 << 20)
    return Packed("jpeg", image.size, len(image.getbands()), data=out.getvalue())


def _deflated(image: Image.Image) -> Packed:
    """The rows as a PNG has them (ISO 32000-1, 7.4.4.4)."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return Packed("deflate", image.size, len(image.getbands()), data=b"".join(_pieces(out.getvalue())))


def _pieces(png: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            yield png[at + 8 : at + 8 + length]
        at += length + 12


def _fax(image: Image.Image) -> Packed:
    """Group 4 (ITU-T T.6), the paper as its white."""
    from PIL import TiffImagePlugin

    TiffImagePlugin.STRIP_SIZE = _STRIP_BYTES  # one strip
    out = io.BytesIO()
    ImageOps.invert(image).point(lambda value: 255 if value > 255 - _BLACK_BELOW else 0, "1").save(
        out, "TIFF", compression="group4"
    )
    with Image.open(out, formats=("TIFF",)) as tiff:
        offset, length = (tiff.tag_v2[tag][0] for tag in (273, 279))  # type: ignore[attr-defined]
    return Packed("fax", image.size, 1, data=out.getvalue()[offset : offset + length])
