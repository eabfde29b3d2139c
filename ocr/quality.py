"""How good a photograph of a paper is, measured before it is read, in some 50 ms: a better one can be taken at once."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.advice import Quality

Gray = NDArray[np.uint8]
Colour = NDArray[np.uint8]  # height x width x 3, RGB
Mask = NDArray[np.bool_]
Slopes = NDArray[np.float32]
Boxes = NDArray[np.intp]  # n x 4: left, top, width, height

_SIDE = 2000  # pixels of the longer side at which letters are looked at
_LIGHT_SIDE = 500  # and at which light is
_INK = 185  # of 255 where paper is white: blurred ink is pale
_BLANK = 225  # of 255: nothing is printed here
_BLANK_SHARE = 0.36  # of the surroundings; text leaves two thirds blank, and one third where it is bold and blurred
_WINDOWS = 25  # so many of them make the longer side: a window holds two lines or three
_LEAST_LETTERS = 30  # fewer tell nothing
_LOOKED_AT = 400  # letters whose edges are measured
_TABLE = 0.45  # of the brightness of the brightest tenth: what is darker is no paper
_AS_TALL = 0.6, 2.5  # of the usual height: letters that are measured
_DIRECTIONS = ((1.0, 0.0), (0.0, 1.0), (0.7071, 0.7071), (0.7071, -0.7071))
_ALONG = 0.93  # of a slope: it lies in a direction, or within 21 degrees of it
_SHARP_SHARE = 70  # per cent of letters: the others may have no edge in a direction
_SHARPEST = 0.8  # pixels: the width that the sharpest edge seems to have
_LEAST_SLOPE = 0.004  # contrasts a pixel
_FAINT = 25.0  # levels: less contrast is a blank page
_USUAL = 12.0  # pixels of small letters at _SIDE, where none can be told
_BLOWN = 250  # of 255: no camera tells such pixels apart
_NEAR = 3.0  # heights of letters
_EDGE = 2  # pixels
_PIECE = 0.35  # of the usual height: what may be left of a letter
_COMPANY = 2  # letters near one that is cut
_AS_PAPER = 0.85  # of the paper's brightness about those: the same paper


def measure(picture: Colour, scale: float = 1.0) -> Quality:
    """`scale`: pixels of the photograph for each of `picture`, which may be a reduced copy of it."""
    gray = _bytes(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    share = min(1.0, _SIDE / max(gray.shape))
    gray = _resized(gray, share)
    small = _resized(gray, min(1.0, _LIGHT_SIDE / max(gray.shape)))
    light = _light(small)
    paper = _bytes(cv2.resize(light, gray.shape[::-1], interpolation=cv2.INTER_LINEAR))
    levelled = _bytes(cv2.divide(gray, paper, scale=255))
    boxes = _pieces((levelled < _INK) & (paper > _TABLE * np.percentile(light, 90)) & _is_blank_between(levelled))
    letters = _letters(boxes)
    if len(letters) < _LEAST_LETTERS:
        return Quality(len(letters), float(np.median(light)), blur=_softness(levelled) / _USUAL)
    height = float(np.median(letters[:, 3]))
    looked_at = letters[:: max(1, len(letters) // _LOOKED_AT)]
    edges, contrast = _edges(levelled, looked_at)
    around = _at(paper, looked_at)
    return Quality(
        letters=len(letters),
        height=height * scale / share,
        blur=edges / height,
        paper=float(np.median(around)),
        contrast=float(np.median(contrast)),
        glare=_glare(small, looked_at, contrast, height, gray.shape),
        cut=_cut(boxes, letters, paper, height),
    )


def _light(small: Gray) -> Gray:
    """The brightness of the paper everywhere, as if nothing were printed on it."""
    around = max(7, round(max(small.shape) / 45) | 1)
    bright = cv2.dilate(small, np.ones((around, around), np.uint8))
    return _bytes(cv2.medianBlur(bright, min(around * 2 + 1, 255)))


def _is_blank_between(levelled: Gray) -> Mask:
    """Where much of what lies around is blank: on paper between letters, but not on stone, wood or cloth."""
    window = max(3, max(levelled.shape) // _WINDOWS)
    blank = cv2.boxFilter((levelled > _BLANK).astype(np.float32), -1, (window, window))
    return np.asarray(blank > _BLANK_SHARE, dtype=np.bool_)


def _pieces(ink: Mask) -> Boxes:
    """Boxes of what hangs together and is about as large as letters or words."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    usual = (height >= 4) & (height <= 120) & (width <= 14 * height) & (height <= 4 * width) & (area >= 8)
    return np.asarray(stats[1:][usual, :4], dtype=np.intp)


def _letters(boxes: Boxes) -> Boxes:
    """Those of the usual height: no dots and marks, no titles and drawings."""
    if len(boxes) < _LEAST_LETTERS:
        return boxes
    order = np.argsort(boxes[:, 3])
    ink = np.cumsum((boxes[:, 2] * boxes[:, 3])[order])
    usual = boxes[order, 3][np.searchsorted(ink, 0.35 * ink[-1])]
    least, most = (share * usual for share in _AS_TALL)
    tall: Boxes = boxes[(boxes[:, 3] >= least) & (boxes[:, 3] <= most)]
    return tall


def _edges(levelled: Gray, letters: Boxes) -> tuple[float, NDArray[np.float64]]:
    """How wide edges are (standard deviation in pixels), and each letter's contrast.

    An edge of contrast c that is blurred by s has the slope c / (s * sqrt(2 pi)) in its middle. A hand that shakes
    blurs edges of one direction alone, so the direction with the widest counts.
    """
    across, down = _slopes(levelled)
    found = []
    for x, y, width, height in letters:
        at = slice(max(y - 2, 0), y + height + 2), slice(max(x - 2, 0), x + width + 2)
        found.append((255 - int(levelled[at].min()), *_steepest(across[at], down[at])))
    contrast, *steepest = np.array(found, dtype=np.float64).T
    sharpest = (np.percentile(steep / contrast, _SHARP_SHARE) for steep in steepest)
    return _width(min(sharpest)), contrast / 255


def _slopes(levelled: Gray) -> tuple[Slopes, Slopes]:
    """To the right and downwards, in levels a pixel."""
    across, down = (cv2.Sobel(levelled, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)


def _steepest(across: Slopes, down: Slopes) -> list[float]:
    """The steepest slope of edges that lie in each of four directions, in levels a pixel."""
    slope = cv2.magnitude(across, down)
    steepest = []
    for x, y in _DIRECTIONS:
        along = np.abs(across * x + down * y)
        steepest.append(float(np.max(along, where=along > _ALONG * slope, initial=0.0)))
    return steepest


def _width(slope: float) -> float:
    """Of an edge with that slope (in contrasts a pixel), in pixels beyond what the sharpest edge seems to have."""
    width = 1 / (np.sqrt(2 * np.pi) * max(slope, _LEAST_SLOPE))
    return float(max(0.0, width**2 - _SHARPEST**2) ** 0.5)


def _softness(levelled: Gray) -> float:
    """How wide the sharpest edges are of a picture without letters: there may be some, blurred beyond recognition."""
    contrast = 255 - float(np.percentile(levelled[::4, ::4], 1))
    if contrast < _FAINT:
        return 0.0
    across, down = _slopes(levelled)
    return _width(float(np.percentile(cv2.magnitude(across, down), 99.9)) / contrast)


def _glare(small: Gray, letters: Boxes, contrast: NDArray[np.float64], height: float, shape: tuple[int, ...]) -> float:
    """By how much letters about a blown-out spot are paler than all others, 0..1: a reflection veils them."""
    share = small.shape[0] / shape[0]
    reach = max(1, round(_NEAR * height * share))
    spots = cv2.morphologyEx((small >= _BLOWN).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    near = cv2.dilate(spots, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    rows, columns = ((letters[:, side] + letters[:, side + 2] / 2) * share for side in (1, 0))
    veiled = near[np.clip(rows.astype(int), 0, small.shape[0] - 1), np.clip(columns.astype(int), 0, small.shape[1] - 1)]
    if veiled.sum() < 4 or veiled.all():
        return 0.0
    return max(0.0, 1 - float(np.median(contrast[veiled]) / np.median(contrast[~veiled])))


def _cut(boxes: Boxes, letters: Boxes, paper: Gray, height: float) -> int:
    """Letters that the edge of the picture cuts, of the side with the most. Others stand close by on the same paper."""
    rows, columns = paper.shape
    x, y, wide, tall = boxes.T
    sized = (tall >= _PIECE * height) & (tall <= _AS_TALL[1] * height) & (wide >= _PIECE * height)
    sides = x <= _EDGE, x + wide >= columns - _EDGE, y <= _EDGE, y + tall >= rows - _EDGE
    return max(_in_company(boxes[sized & side], letters, paper, height) for side in sides)


def _in_company(touching: Boxes, letters: Boxes, paper: Gray, height: float) -> int:
    here, there = (boxes[:, :2] + boxes[:, 2:] / 2 for boxes in (touching, letters))
    apart = np.abs(here[:, None] - there[None]).max(axis=2)
    alike = _at(paper, letters)[None] * _AS_PAPER <= _at(paper, touching)[:, None]
    near = (apart > 0) & (apart <= _NEAR * height) & alike
    return int((near.sum(axis=1) >= _COMPANY).sum())


def _at(paper: Gray, boxes: Boxes) -> NDArray[np.float64]:
    """The brightness of the paper under each."""
    rows, columns = boxes[:, 1] + boxes[:, 3] // 2, boxes[:, 0] + boxes[:, 2] // 2
    return np.asarray(paper[rows, columns], dtype=np.float64)


def _resized(gray: Gray, share: float) -> Gray:
    if share >= 1:
        return gray
    size = max(1, round(gray.shape[1] * share)), max(1, round(gray.shape[0] * share))
    return _bytes(cv2.resize(gray, size, interpolation=cv2.INTER_AREA))


def _bytes(image: object) -> Gray:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
