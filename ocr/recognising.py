"""From the picture of a page to its lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.cleaning import Cleaned, cleanings
from ocr.engine import Engine, Gray, PixelBox, Seen
from ocr.engines import engine
from ocr.limits import Limits
from ocr.mrzband import Bands
from ocr.reading import Box, Line, Word
from ocr.syllables import is_syllable, looks_english

Colour = NDArray[np.uint8]  # height x width x 3, RGB

_LEAST_LETTERS = 2  # of a word
_LEAST_WORDS = 5
_SYLLABLES = 0.5  # least share of words that are built like syllables; upright 0.66 and more, upside down 0.32 and less
_CONFIDENT = 0.5
_SURE = 0.9  # of the letters of a page; below it is read again, cleaned in other ways
_CLEARER = 1.04  # by how much more sense another reading must make


@dataclass(frozen=True, eq=False)
class Read:
    """What was read of a page, and whether it had to be turned by 180 degrees for that."""

    language: str
    lines: tuple[Line, ...]
    turned: bool


class Recogniser:
    """Reads pages in Vietnamese, again upside down where that makes no sense, and in English where they are English."""

    def __init__(self, scratch: Path, limits: Limits) -> None:
        self._engine: Engine = engine(scratch, limits.page_wall_s)
        self._bands = Bands(scratch, limits.page_wall_s)

    def read(self, page: Colour) -> Read:
        """`page` flat, its lines level. Raises ReadingFailed."""
        ways = cleanings(page)
        gray, turned = next(ways).gray, False
        seen = self._engine.recognise(gray, "vie")
        if not is_right_way_up(seen):
            around = _around_by_half(gray)
            again = self._engine.recognise(around, "vie")
            if sense(again) > sense(seen):
                gray, seen, turned = around, again, True
        gray, seen = self._surest(gray, seen, ways, turned=turned)
        language = "vie"
        if looks_english(" ".join(word.text for word in seen)):
            language, seen = "eng", self._engine.recognise(gray, "eng")
        seen = self._bands.read(gray, seen)
        height, width = gray.shape
        return Read(language, tuple(_lines(seen, (width, height))), turned)

    def _surest(
        self, gray: Gray, seen: list[Seen], ways: Iterable[Cleaned], *, turned: bool
    ) -> tuple[Gray, list[Seen]]:
        """What makes the most sense of several readings, where the first one is unsure."""
        if not seen or certainty(seen) >= _SURE:
            return gray, seen
        for way in ways:
            other = _around_by_half(way.gray) if turned else way.gray
            again = self._engine.recognise(other, "vie")
            if sense(again) > _CLEARER * sense(seen):
                gray, seen = other, again
        return gray, seen


def is_right_way_up(seen: Sequence[Seen]) -> bool:
    """Upside down, few words are built like syllables; a page with hardly any words tells nothing."""
    words = [word.text for word in seen if len(_letters(word.text)) >= _LEAST_LETTERS]
    if len(words) < _LEAST_WORDS:
        return not words or sum(word.confidence for word in seen) / len(seen) >= _CONFIDENT
    return sum(is_syllable(_letters(word)) for word in words) >= _SYLLABLES * len(words)


def sense(seen: Sequence[Seen]) -> float:
    """Letters of which the recogniser is sure, and those of syllables twice."""
    return sum(
        word.confidence * len(letters) * (2 if is_syllable(letters) else 1)
        for word in seen
        if len(letters := _letters(word.text)) >= _LEAST_LETTERS
    )


def certainty(seen: Sequence[Seen]) -> float:
    """Of the usual letter, 0..1."""
    letters = sum(len(word.text) for word in seen)
    return sum(word.confidence * len(word.text) for word in seen) / max(letters, 1)


def _around_by_half(gray: Gray) -> Gray:
    return np.ascontiguousarray(gray[::-1, ::-1])


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _lines(seen: Iterable[Seen], size: tuple[int, int]) -> Iterable[Line]:
    for _, group in groupby(seen, key=lambda word: word.line):
        words = tuple(Word(word.text, _fractions(word.box, size), round(word.confidence, 3)) for word in group)
        sure = sum(word.confidence for word in words) / len(words)
        yield Line(" ".join(word.text for word in words), _around(words), round(sure, 3), words)


def _fractions(box: PixelBox, size: tuple[int, int]) -> Box:
    x0, x1 = (round(min(max(side / size[0], 0.0), 1.0), 4) for side in (box[0], box[2]))
    y0, y1 = (round(min(max(side / size[1], 0.0), 1.0), 4) for side in (box[1], box[3]))
    return x0, y0, x1, y1


def _around(words: tuple[Word, ...]) -> Box:
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
