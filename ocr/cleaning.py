"""Light clean-up of a page before recognition; gray stays gray, because thresholding makes reading worse."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.leaders import erase_leaders
from ocr.levelling import level_background
from ocr.turning import INK

Gray = NDArray[np.uint8]
Colour = NDArray[np.uint8]  # height x width x 3, RGB

_RED = 30  # by how much red exceeds green and blue in red ink
_STAMP_LEAST = 95  # of 255 where paper is white: ink of stamps lets paper shine through, print does not
_LETTER = 22.0  # height in pixels of small letters that is read best
_LEAST_SCALE, _MOST_SCALE = 0.5, 2.5
_LEAST_CHANGE = 0.05
_MOST_PIXELS = 20_000_000
_LEAST_LETTERS = 30  # fewer measure nothing
_SHARPEN = 0.6


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A page ready for recognition, `scale` times as large as it was."""

    gray: Gray
    scale: float


def clean(page: Colour) -> Cleaned:
    """`page` upright and flat. All steps in the order that was measured to be best."""
    gray = fade_stamps(page, level_background(_bytes(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))))
    gray, scale = resize(gray, letter_height(gray))
    gray = erase_leaders(gray, letter_height(gray))
    return Cleaned(sharpen(gray), scale)


def fade_stamps(page: Colour, levelled: Gray) -> Gray:
    """Stamps lie over letters; the red channel sees their ink as paper. Dark red is a printed title and stays."""
    red, green, blue = cv2.split(page)
    reddish = cv2.subtract(red, cv2.max(green, blue)) > _RED
    stamp = reddish & (levelled > _STAMP_LEAST)
    if not stamp.any():
        return levelled
    faded: Gray = np.where(stamp, np.maximum(levelled, level_background(_bytes(red))), levelled)
    return faded


def letter_height(levelled: Gray) -> float:
    """Height in pixels of the small letters, 0 on a page with too few to tell."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((levelled < INK).astype(np.uint8), connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    usual = (height >= 5) & (height <= 120) & (width <= 3 * height) & (height <= 3 * width) & (area >= 12)
    heights = height[usual]
    if heights.size < _LEAST_LETTERS:
        return 0.0
    # dots and marks are many and flat: half the ink's letters are taller than this
    order = np.argsort(heights)
    share = np.cumsum(area[usual][order]) / area[usual].sum()
    return float(heights[order][np.searchsorted(share, 0.35)])


def resize(levelled: Gray, letter: float) -> tuple[Gray, float]:
    """Letters at the height that is read best, and the scale by which that is."""
    scale = _scale(levelled.size, letter)
    if abs(scale - 1) < _LEAST_CHANGE:
        return levelled, 1.0
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return _bytes(cv2.resize(levelled, None, fx=scale, fy=scale, interpolation=smooth)), scale


def _scale(pixels: int, letter: float) -> float:
    if letter <= 0:
        return 1.0
    scale = min(max(_LETTER / letter, _LEAST_SCALE), _MOST_SCALE)
    return float(min(scale, (_MOST_PIXELS / pixels) ** 0.5))


def sharpen(gray: Gray) -> Gray:
    soft = cv2.GaussianBlur(gray, (0, 0), 1.2)
    return _bytes(cv2.addWeighted(gray, 1 + _SHARPEN, soft, -_SHARPEN, 0))


def _bytes(image: object) -> Gray:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
