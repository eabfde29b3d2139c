"""Text recognition: one gray page in, lines of words out."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytesseract  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ocr.confine import end_with_parent
from ocr.errors import ReadingFailed

_subprocess_args = pytesseract.pytesseract.subprocess_args


def _tied_args(*args: bool, **kwargs: bool) -> dict[str, Any]:
    """As pytesseract starts its program, but to end with us: what kills us when our parent ends does not reach it."""
    return {**_subprocess_args(*args, **kwargs), "preexec_fn": end_with_parent}


pytesseract.pytesseract.subprocess_args = _tied_args  # there is no other way in

PAGE = "--psm 3 --dpi 300"  # options for a page of text

Gray = NDArray[np.uint8]  # height x width, 0 black
PixelBox = tuple[int, int, int, int]  # x0, y0, x1, y1


@dataclass(frozen=True)
class Seen:
    """A recognised word; words of one line have equal `line`."""

    text: str
    box: PixelBox
    confidence: float  # 0..1
    line: tuple[int, int, int]


class Engine(Protocol):
    def recognise(self, page: Gray, language: str) -> list[Seen]:
        """Words in reading order; `language` is vie or eng. Raises ReadingFailed."""


class Tesseract:
    """tesseract as a program. Measured: a PGM on memory costs 4 ms, a PIL image through PNG 0.45 s and more."""

    def __init__(self, scratch: Path, page_wall_s: float, options: str = PAGE) -> None:
        self._scratch = scratch
        self._wall_s, self._options = page_wall_s, options

    def recognise(self, page: Gray, language: str) -> list[Seen]:
        height, width = page.shape
        path = self._scratch / f"page-{os.getpid()}.pgm"  # another page may be read at the same time
        path.write_bytes(b"P5 %d %d 255\n" % (width, height) + page.tobytes())
        try:
            data = pytesseract.image_to_data(
                str(path), lang=language, config=self._options, timeout=self._wall_s,
                output_type=pytesseract.Output.DICT,
            )  # fmt: skip
        except (pytesseract.TesseractNotFoundError, pytesseract.TesseractError) as error:
            raise ReadingFailed("engine") from error
        except RuntimeError as error:  # what pytesseract raises after its timeout
            raise ReadingFailed("time") from error
        finally:
            path.unlink(missing_ok=True)
        return seen(data)


def seen(data: Mapping[str, Sequence[object]]) -> list[Seen]:
    """Words from the columns of tesseract's TSV; confidences in whole percents, as pytesseract gives them."""
    found = []
    for index, text in enumerate(map(str, data["text"])):
        confidence = int(float(str(data["conf"][index])))
        if confidence < 0 or not text.strip():
            continue
        left, top, width, height = (_whole(data[name][index]) for name in ("left", "top", "width", "height"))
        block, paragraph, row = (_whole(data[name][index]) for name in ("block_num", "par_num", "line_num"))
        box = (left, top, left + width, top + height)
        found.append(Seen(text.strip(), box, confidence / 100, (block, paragraph, row)))
    return found


def _whole(number: object) -> int:
    return int(str(number))
