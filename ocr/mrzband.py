"""The band of a machine-readable zone: found where Vietnamese recognition stumbled over it, and read as what it is.

Measured: `eng` with only the letters of zones and one block of text reads 129 of 130 zones without a fault, `vie` none.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from ocr.engine import Gray, PixelBox, Seen, Tesseract
from ocr.errors import MrzInvalid, ReadingFailed
from ocr.mrz import LETTERS, TD1, TD3, parse

_OPTIONS = f"--psm 6 --dpi 300 -c tessedit_char_whitelist={LETTERS}"
_LEAST_LETTERS = 18  # of a line that Vietnamese recognition may have made of a zone's
_LEAST_FILLERS = 3
_FILLERS = "<«‹>»"
_PITCH = 2.6  # heights of a line from one line of a zone to the next, at most
_MARGIN = 0.6  # heights of a line around the band
_HEIGHT = 26.0  # pixels of a line that is read best
_MOST_PIXELS = 6_000_000
_BLOCK = 1_000_000  # numbers of the band's lines, which no other block of a page has


class Bands:
    """Reads a page's band once more; a page without one costs nothing."""

    def __init__(self, scratch: Path, page_wall_s: float) -> None:
        self._engine = Tesseract(scratch, page_wall_s, _OPTIONS)

    def read(self, page: Gray, seen: list[Seen]) -> list[Seen]:
        """The words of a page, those of its band put in place of what was seen there if they prove themselves."""
        band = find_band(page.shape[1], page.shape[0], seen)
        if band is None:
            return seen
        try:
            zone = _zone(self._lines(page, band))
        except ReadingFailed:
            return seen
        if not zone:
            return seen
        top = min(word.box[1] for word in zone)
        outside = [word for word in seen if (word.box[1] + word.box[3]) / 2 < top]
        below = [word for word in seen if (word.box[1] + word.box[3]) / 2 > max(word.box[3] for word in zone)]
        return [*outside, *zone, *below]

    def _lines(self, page: Gray, band: PixelBox) -> list[Seen]:
        """Each line of the band as one word, in pixels of the page."""
        x0, y0, x1, y1 = band
        strip = page[y0:y1, x0:x1]
        height = _line_height(strip)
        scale = min(_HEIGHT / height if height else 1.0, (_MOST_PIXELS / strip.size) ** 0.5)
        smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        scaled = np.asarray(cv2.resize(strip, None, fx=scale, fy=scale, interpolation=smooth), dtype=np.uint8)
        words = self._engine.recognise(scaled, "eng")
        return [_joined(list(line), band, scale, n) for n, (_, line) in enumerate(groupby(words, lambda w: w.line))]


def find_band(width: int, height: int, seen: Sequence[Seen]) -> PixelBox | None:
    """Where a zone stands, from lines that are long and full of fillers; None on most pages."""
    lines = [list(line) for _, line in groupby(seen, lambda word: word.line)]
    boxes = [_around(line) for line in lines if _is_like_zone("".join(word.text for word in line))]
    if not boxes:
        return None
    tall = float(np.median([box[3] - box[1] for box in boxes]))
    reach = _PITCH * tall * (TD1[0] - 1 if len(boxes) < TD1[0] else 0) + _MARGIN * tall
    x0, x1 = min(box[0] for box in boxes) - tall, max(box[2] for box in boxes) + tall
    y0, y1 = min(box[1] for box in boxes) - reach, max(box[3] for box in boxes) + reach
    return max(0, round(x0)), max(0, round(y0)), min(width, round(x1)), min(height, round(y1))


def _is_like_zone(text: str) -> bool:
    letters = "".join(text.split())
    return len(letters) >= _LEAST_LETTERS and sum(letter in _FILLERS for letter in letters) >= _LEAST_FILLERS


def _zone(lines: list[Seen]) -> list[Seen]:
    """The consecutive lines that are a zone, as it proves itself, or none."""
    lines = [line for line in lines if len(line.text) >= _LEAST_LETTERS]
    for count in (TD1[0], TD3[0]):
        for start in range(len(lines) - count + 1):
            part = lines[start : start + count]
            try:
                texts = parse([line.text for line in part]).lines()
            except MrzInvalid:
                continue
            return [replace(line, text=text) for line, text in zip(part, texts, strict=True)]
    return []


def _line_height(strip: Gray) -> float:
    """Height of the letters in pixels: the median of connected pieces that are letters by their shape."""
    dark = cv2.threshold(strip, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    heights = [row[3] for row in stats[1:] if row[3] > 6 and 0.2 < row[2] / row[3] < 1.5]
    return float(np.median(heights)) if heights else 0.0


def _joined(words: list[Seen], band: PixelBox, scale: float, number: int) -> Seen:
    x0, y0, x1, y1 = _around(words)
    box = tuple(round(side / scale + band[place % 2]) for place, side in enumerate((x0, y0, x1, y1)))
    confidence = sum(word.confidence for word in words) / len(words)
    return Seen("".join(word.text for word in words), (box[0], box[1], box[2], box[3]), confidence, (_BLOCK, 0, number))


def _around(words: Sequence[Seen]) -> PixelBox:
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
