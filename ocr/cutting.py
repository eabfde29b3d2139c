"""Cutting pages into tiles, in the child: strip by strip, with one strip of each level in memory."""

import io
from collections.abc import Iterator

from PIL import Image

from ocr.errors import BrokenPaper
from ocr.limits import SHEET_PIXELS
from ocr.papers import Paper
from ocr.pyramid import SIDE_MOST, TILE, Place, Pyramid

_QUALITY = 80


def sheets(paper: Paper) -> list[int]:
    """Numbers of the pages that are worth tiles, and can have them: a preview shows too little of them."""
    sizes = ((number, *paper.size(number)) for number in range(1, paper.pages + 1))
    return [
        number for number, width, height in sizes if width * height > SHEET_PIXELS and max(width, height) <= SIDE_MOST
    ]


def cut(paper: Paper, number: int) -> Iterator[tuple[Place, bytes]]:
    """Every tile of one page as JPEG, in the order in which they arise. Raises OcrError."""
    pyramid = Pyramid(*paper.size(number))
    cutter = _Cutter(pyramid)
    rows = 0
    for strip in paper.strips(number, TILE):
        rows += strip.height
        if strip.width != pyramid.width or rows > pyramid.height:
            raise BrokenPaper
        yield from cutter.push(pyramid.levels - 1, strip)
    if rows != pyramid.height:
        raise BrokenPaper


class _Cutter:
    """Takes the strips of the largest level and makes those of the smaller ones from them."""

    def __init__(self, pyramid: Pyramid) -> None:
        self._pyramid = pyramid
        self._row = [0] * pyramid.levels
        self._upper: list[Image.Image | None] = [None] * pyramid.levels

    def push(self, level: int, strip: Image.Image) -> Iterator[tuple[Place, bytes]]:
        """One row of tiles, and what comes to be whole with it on smaller levels."""
        row, self._row[level] = self._row[level], self._row[level] + 1
        for column in range(self._pyramid.grid(level)[0]):
            box = (column * TILE, 0, min((column + 1) * TILE, strip.width), strip.height)
            yield Place(level, column, row), _jpeg(strip.crop(box))
        if level == 0:
            return
        half, last = strip.reduce(2), row + 1 == self._pyramid.grid(level)[1]
        upper, self._upper[level] = self._upper[level], None
        if upper is not None:
            yield from self.push(level - 1, _joined(upper, half))
        elif last:
            yield from self.push(level - 1, half)
        else:
            self._upper[level] = half


def _joined(upper: Image.Image, lower: Image.Image) -> Image.Image:
    both = Image.new(upper.mode, (upper.width, upper.height + lower.height))
    both.paste(upper, (0, 0))
    both.paste(lower, (0, upper.height))
    return both


def _jpeg(tile: Image.Image) -> bytes:
    out = io.BytesIO()
    tile.save(out, "JPEG", quality=_QUALITY, subsampling=0)  # thin coloured lines are what maps are made of
    return out.getvalue()
