"""From the picture of a page to its lines."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from ocr.cleaning import Cleaned, clean
from ocr.engine import Engine, Seen
from ocr.engines import engine
from ocr.limits import Limits
from ocr.mrzband import Bands
from ocr.reading import Box, Line, Page, Word
from ocr.syllables import looks_english


class Recogniser:
    """Reads pages in Vietnamese, and again in English where they turn out to be English."""

    def __init__(self, scratch: Path, limits: Limits) -> None:
        self._engine: Engine = engine(scratch, limits.page_wall_s)
        self._bands = Bands(scratch, limits.page_wall_s)

    def read(self, image: Image.Image, number: int) -> Page:
        """`image` in RGB, upright. Raises ReadingFailed."""
        cleaned = clean(np.asarray(image))
        language, seen = "vie", self._engine.recognise(cleaned.gray, "vie")
        if looks_english(" ".join(word.text for word in seen)):
            language, seen = "eng", self._engine.recognise(cleaned.gray, "eng")
        seen = self._bands.read(cleaned.gray, seen)
        return Page(number, *image.size, "ocr", language, tuple(_lines(seen, cleaned, image.size)))


def _lines(seen: Iterable[Seen], cleaned: Cleaned, size: tuple[int, int]) -> Iterable[Line]:
    for _, group in groupby(seen, key=lambda word: word.line):
        words = tuple(
            Word(word.text, _fractions(cleaned.back(*word.box), size), round(word.confidence, 3)) for word in group
        )
        sure = sum(word.confidence for word in words) / len(words)
        yield Line(" ".join(word.text for word in words), _around(words), round(sure, 3), words)


def _fractions(box: Box, size: tuple[int, int]) -> Box:
    x0, x1 = (round(min(max(side / size[0], 0.0), 1.0), 4) for side in (box[0], box[2]))
    y0, y1 = (round(min(max(side / size[1], 0.0), 1.0), 4) for side in (box[1], box[3]))
    return x0, y0, x1, y1


def _around(words: tuple[Word, ...]) -> Box:
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
