"""Light clean-up of a page before recognition; gray stays gray, because thresholding makes reading worse."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.leaders import erase_leaders

Gray = NDArray[np.uint8]
Colour = NDArray[np.uint8]  # height x width x 3, RGB
Matrix = NDArray[np.float64]  # 2 x 3, from pixels of the page to pixels of the cleaned page

_RED = 30  # by how much red exceeds green and blue in red ink
_STAMP_LEAST = 95  # of 255 where paper is white: ink of stamps lets paper shine through, print does not
_BACKGROUND_SIDE = 700  # pixels of the longer side at which the paper's brightness is estimated
_INK = 140  # of 255 on a levelled page
_LETTER = 22.0  # height in pixels of small letters that is read best
_LEAST_SCALE, _MOST_SCALE = 0.5, 2.5
_MOST_PIXELS = 20_000_000
_LEAST_LETTERS = 30  # fewer measure nothing
_SKEW_SIDE = 1500  # pixels of the longer side at which the turn is measured
_LEAST_SKEW, _MOST_SKEW = 0.15, 20.0  # degrees
_SHARPEN = 0.6


@dataclass(frozen=True)
class Cleaned:
    """A page ready for recognition and how it came from the picture."""

    gray: Gray
    matrix: Matrix

    def back(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """Box on the cleaned page → the box around it on the picture, in pixels."""
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]], dtype=np.float64)
        inverse = cv2.invertAffineTransform(self.matrix)
        points = corners @ inverse.T
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def clean(page: Colour) -> Cleaned:
    """All steps in the order that was measured to be best."""
    gray = fade_stamps(page, level_background(_bytes(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))))
    gray, matrix = straighten(gray, letter_height(gray))
    gray = erase_leaders(gray, letter_height(gray))
    return Cleaned(sharpen(gray), matrix)


def fade_stamps(page: Colour, levelled: Gray) -> Gray:
    """Stamps lie over letters; the red channel sees their ink as paper. Dark red is a printed title and stays."""
    red, green, blue = cv2.split(page)
    reddish = cv2.subtract(red, cv2.max(green, blue)) > _RED
    stamp = reddish & (levelled > _STAMP_LEAST)
    if not stamp.any():
        return levelled
    faded: Gray = np.where(stamp, np.maximum(levelled, level_background(_bytes(red))), levelled)
    return faded


def level_background(gray: Gray) -> Gray:
    """Divide by the paper's brightness nearby, so that shadows and lamps vanish and paper is white."""
    height, width = gray.shape
    share = min(1.0, _BACKGROUND_SIDE / max(height, width))
    small = cv2.resize(gray, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    around = max(7, round(max(small.shape) / 45) | 1)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((around, around), np.uint8)), min(around * 2 + 1, 255))
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return _bytes(cv2.divide(gray, paper, scale=255))


def letter_height(levelled: Gray) -> float:
    """Height in pixels of the small letters, 0 on a page with too few to tell."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((levelled < _INK).astype(np.uint8), connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    usual = (height >= 5) & (height <= 120) & (width <= 3 * height) & (height <= 3 * width) & (area >= 12)
    heights = height[usual]
    if heights.size < _LEAST_LETTERS:
        return 0.0
    # dots and marks are many and flat: half the ink's letters are taller than this
    order = np.argsort(heights)
    share = np.cumsum(area[usual][order]) / area[usual].sum()
    return float(heights[order][np.searchsorted(share, 0.35)])


def straighten(levelled: Gray, letter: float) -> tuple[Gray, Matrix]:
    """Turn lines level and letters to the height that is read best, in one interpolation."""
    height, width = levelled.shape
    scale = _scale(levelled.size, letter)
    angle = skew(levelled)
    if abs(angle) < _LEAST_SKEW and abs(scale - 1) < 0.05:
        return levelled, np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float64)
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale), dtype=np.float64)
    across, aslant = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * across + height * aslant), round(width * aslant + height * across)
    matrix[:, 2] += size[0] / 2 - width / 2, size[1] / 2 - height / 2
    smooth = cv2.INTER_AREA if scale < 0.8 else cv2.INTER_CUBIC
    turned = cv2.warpAffine(levelled, matrix, size, flags=smooth, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,))
    return _bytes(turned), matrix


def _scale(pixels: int, letter: float) -> float:
    if letter <= 0:
        return 1.0
    scale = min(max(_LETTER / letter, _LEAST_SCALE), _MOST_SCALE)
    return float(min(scale, (_MOST_PIXELS / pixels) ** 0.5))


def skew(levelled: Gray) -> float:
    """Degrees by which to turn the page anticlockwise so that its lines lie level; 0 when nothing tells."""
    share = min(1.0, _SKEW_SIDE / max(levelled.shape))
    small = cv2.resize(levelled, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    ink = (small < _INK).astype(np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, max(9, small.shape[1] // 50)), np.uint8))
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    angles, weights = [], []
    for contour in contours:
        (_, _), (w, h), turn = cv2.minAreaRect(contour)
        if w < h:
            w, h, turn = h, w, turn - 90
        if w < 0.06 * small.shape[1] or h > 0.03 * small.shape[0] or w < 5 * h or abs(turn) > _MOST_SKEW:
            continue
        angles.append(turn)
        weights.append(w)
    if len(angles) < 3:
        return 0.0
    order = np.argsort(angles)
    middle = np.searchsorted(np.cumsum(np.array(weights)[order]), sum(weights) / 2)
    return float(np.array(angles)[order][middle])


def sharpen(gray: Gray) -> Gray:
    soft = cv2.GaussianBlur(gray, (0, 0), 1.2)
    return _bytes(cv2.addWeighted(gray, 1 + _SHARPEN, soft, -_SHARPEN, 0))


def _bytes(image: object) -> Gray:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
