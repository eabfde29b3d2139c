"""Light clean-up of a page before recognition; gray stays gray, because thresholding makes reading worse."""

from collections.abc import Iterator
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
_STAMP_SIDE, _STAMP_GAP = 700, 5  # pixels: the longer side at which stamps are told from lines, gaps in their ink
_STAMP_WIDTH, _STAMP_SHAPE = 0.06, 1.8  # least width, of the longer side; most length for each unit of it
_LETTER, _SOFT_LETTER = 22.0, 15.0  # heights in pixels of letters that are read best, sharp and blurred
_LOW, _USUAL = 0.4, 40  # least of the height of tall letters; per cent of the letters that are lower
_LEAST_SCALE, _MOST_SCALE = 0.25, 2.5
_LEAST_CHANGE = 0.05
_MOST_PIXELS = 20_000_000
_LEAST_LETTERS = 30  # fewer measure nothing
_SHARPEN, _SHARPEN_NOISY, _RADIUS = 0.6, 0.3, 1.2  # of a sharp page, of a noisy one; within so many pixels
_FEW_PIXELS = 1.3  # a page that would have to be enlarged by more is not enlarged further
_SHARP, _ENLARGED = 0.40, 0.10  # edges of a sharp page; by how much enlarging makes them softer
_SHARPEN_SOFT, _MOST_SHARPEN, _WIDE_RADIUS = 8.0, 2.0, 2.0  # for each unit of softness; at most; within
_NOISY = 2.3  # levels
_PAPER = 200  # of 255


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A page ready for recognition, `scale` times as large as it was."""

    gray: Gray
    scale: float


def cleanings(page: Colour) -> Iterator[Cleaned]:
    """`page` upright and flat, cleaned as is likely to be best, and then in other ways for a page that reads badly.

    All steps in the order that was measured to be best.
    """
    levelled = fade_stamps(page, level_background(_bytes(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))))
    gray, scale, softness = fit(levelled)
    yield Cleaned(sharpen(_without_leaders(gray), softness), scale)
    tall, usual = letter_heights(levelled)
    if softness:
        gray, scale = resize(levelled, tall, _LETTER)
        yield Cleaned(sharpen(_without_leaders(gray), 0.0), scale)
    gray, scale = resize(levelled, usual, _SOFT_LETTER)
    yield Cleaned(_sharpened(_without_leaders(gray), _SHARPEN_NOISY, _RADIUS), scale)


def _without_leaders(gray: Gray) -> Gray:
    return erase_leaders(gray, letter_heights(gray)[0])


def fade_stamps(page: Colour, levelled: Gray) -> Gray:
    """Stamps lie over letters; the red channel sees their ink as paper. A red title runs along a line and stays."""
    red, green, blue = cv2.split(page)
    reddish = cv2.subtract(red, cv2.max(green, blue)) > _RED
    stamp = reddish & (levelled > _STAMP_LEAST)
    if not stamp.any():
        return levelled
    stamp &= _round(stamp)
    faded: Gray = np.where(stamp, np.maximum(levelled, level_background(_bytes(red))), levelled)
    return faded


def _round(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same without what is small, as letters are, or much longer than wide, as lines are."""
    height, width = mask.shape
    share = min(1.0, _STAMP_SIDE / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    joined = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((_STAMP_GAP, _STAMP_GAP), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    usual = (np.minimum(wide, high) >= _STAMP_WIDTH * max(size)) & (
        np.maximum(wide, high) <= _STAMP_SHAPE * np.minimum(wide, high)
    )
    usual[0] = False
    kept = cv2.dilate(usual[np.asarray(labels, dtype=np.intp)].astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.resize(kept, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def fit(levelled: Gray) -> tuple[Gray, float, float]:
    """The page with its letters as high as they are read best, the scale of that, and how soft they are.

    Blurred letters are read best lower; 0 for the softness of sharp ones.
    """
    tall, usual = letter_heights(levelled)
    soft, scale = resize(levelled, usual, _SOFT_LETTER)
    softness = _SHARP - edge(soft)
    if scale > _FEW_PIXELS or softness > (0 if scale <= 1 else _ENLARGED):
        return soft, scale, max(softness, 0.0)
    return *resize(levelled, tall, _LETTER), 0.0


def letter_heights(levelled: Gray) -> tuple[float, float]:
    """Heights in pixels below which a third of the ink is, and of the usual letter; 0 with too few letters to tell."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((levelled < INK).astype(np.uint8), connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    likely = (height >= 5) & (height <= 120) & (width <= 3 * height) & (height <= 3 * width) & (area >= 12)
    heights = height[likely]
    if heights.size < _LEAST_LETTERS:
        return 0.0, 0.0
    # by ink first, because dots and marks are many; then by number, because titles and zones hold much ink
    order = np.argsort(heights)
    share = np.cumsum(area[likely][order]) / area[likely].sum()
    tall = float(heights[order][np.searchsorted(share, 0.35)])
    return tall, float(np.percentile(heights[heights >= _LOW * tall], _USUAL))


def resize(levelled: Gray, letter: float, wanted: float) -> tuple[Gray, float]:
    """From one height of letters to another, and the scale of that."""
    scale = _scale(levelled.size, letter, wanted)
    if abs(scale - 1) < _LEAST_CHANGE:
        return levelled, 1.0
    height, width = (max(1, round(side * scale)) for side in levelled.shape)
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return _bytes(cv2.resize(levelled, (width, height), interpolation=smooth)), scale


def _scale(pixels: int, letter: float, wanted: float) -> float:
    if letter <= 0:
        return 1.0
    scale = min(max(wanted / letter, _LEAST_SCALE), _MOST_SCALE)
    return float(min(scale, (_MOST_PIXELS / pixels) ** 0.5))


def sharpen(gray: Gray, softness: float) -> Gray:
    """A little, and the more the softer the edges of letters are, unless that would sharpen noise."""
    if softness and _noise(gray) > _NOISY:
        amount, radius = _SHARPEN_NOISY, _RADIUS
    elif softness:
        amount, radius = min(_SHARPEN_NOISY + softness * _SHARPEN_SOFT, _MOST_SHARPEN), _WIDE_RADIUS
    else:
        amount, radius = _SHARPEN, _RADIUS
    return _sharpened(gray, amount, radius)


def _sharpened(gray: Gray, amount: float, radius: float) -> Gray:
    soft = cv2.GaussianBlur(gray, (0, 0), radius)
    return _bytes(cv2.addWeighted(gray, 1 + amount, soft, -amount, 0))


def edge(gray: Gray) -> float:
    """By which part of the contrast between ink and paper the steepest edges of letters rise in one pixel."""
    ink = gray < INK
    if not ink.any():
        return 1.0
    across, down = (cv2.Sobel(gray, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    around = cv2.dilate(ink.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    contrast = 255 - float(np.percentile(gray[ink], 20))
    return float(np.percentile(cv2.magnitude(across, down)[around], 90)) / contrast


def _noise(gray: Gray) -> float:
    """Usual deviation of paper from paper nearby, in levels."""
    paper = cv2.erode((gray > _PAPER).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not paper.any():
        return 0.0
    fine = cv2.absdiff(gray, cv2.GaussianBlur(gray, (0, 0), 1.0))
    return float(np.mean(fine[paper]))


def _bytes(image: object) -> Gray:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
