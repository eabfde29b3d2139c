"""The upright, flattened page that people see and that is read, and how it lies in the picture of the paper."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.framing import Corners, find_paper
from ocr.levelling import level_background
from ocr.reading import Box
from ocr.reading import Corners as Fractions
from ocr.turning import turn_of

Colour = NDArray[np.uint8]  # height x width x 3, RGB
Gray = NDArray[np.uint8]

_LOOK_SIDE = 1500  # pixels of the longer side at which the turn is measured
_LEAST_SKEW = 0.15  # degrees
_INSET = 0.004  # of the paper's sides: its very edge shows the table
_SHAPES = 1.4142, 1.586  # of the longer side to the shorter: A4 and its kin, cards
_NEARLY = 0.07  # of that, by which perspective may have changed it
_LEAST_PIXELS = 16  # of a side


@dataclass(frozen=True, eq=False)
class Flat:
    """`corners` of the page in pixels of the picture, from the page's own top left clockwise; its size in pixels."""

    corners: Corners
    width: int
    height: int

    def sideways(self) -> "Flat":
        """The same page turned clockwise by 90 degrees."""
        return Flat(np.roll(self.corners, 1, axis=0), self.height, self.width)

    def fractions(self, picture: Colour) -> Fractions | None:
        """Its corners as fractions of the picture, perhaps outside of it; None where it is the whole picture."""
        height, width = picture.shape[:2]
        if self.is_whole(picture):
            return None
        return tuple((round(x / width, 5), round(y / height, 5)) for x, y in self.corners.tolist())

    def is_whole(self, picture: Colour) -> bool:
        """Whether this is the picture itself."""
        return bool(np.abs(self.corners - _edges(picture.shape[1], picture.shape[0])).max() < 0.5)


def lay_flat(picture: Colour) -> Flat:
    """The paper on the picture, its lines level; which of two ways is up only reading can tell."""
    found = find_paper(picture)
    height, width = picture.shape[:2]
    flat = Flat(_edges(width, height), width, height) if found is None else _fitted(found)
    across, angle = turn_of(_small(picture, flat))
    if across:
        flat = flat.sideways()
    return flat if abs(angle) < _LEAST_SKEW else _turned(flat, angle, grow=found is None)


def flattened(picture: Colour, flat: Flat) -> Colour:
    """The page; white where it reaches out of the picture. The picture itself where there is nothing to do."""
    if flat.is_whole(picture):
        return picture
    if (side := _quarter(picture, flat)) is not None:
        return _bytes(cv2.rotate(picture, side))
    size = flat.width, flat.height
    return _bytes(
        cv2.warpPerspective(
            picture, _matrix(flat), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,) * 3
        )
    )


def turned_corners(corners: Fractions | None) -> Fractions:
    """Of the same page turned by 180 degrees."""
    around = corners or ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    return (*around[2:], *around[:2])


def turned_box(box: Box) -> Box:
    """On the same page turned by 180 degrees."""
    x0, y0, x1, y1 = box
    return 1 - x1, 1 - y1, 1 - x0, 1 - y0


def _quarter(picture: Colour, flat: Flat) -> int | None:
    """OpenCV's name for a turn of the whole picture by a right angle."""
    edges = _edges(picture.shape[1], picture.shape[0])
    turns = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
    same = (side for by, side in turns.items() if np.abs(flat.corners - np.roll(edges, by, axis=0)).max() < 0.5)
    return next(same, None)


def _fitted(corners: Corners) -> Flat:
    """As large as the paper is on the picture, and of a paper's shape where it is nearly that."""
    middle = corners.mean(axis=0)
    inner = middle + (corners - middle) * (1 - 2 * _INSET)
    top, right, bottom, left = np.linalg.norm(np.roll(inner, -1, axis=0) - inner, axis=1)
    width, height = (top + bottom) / 2, (right + left) / 2
    shape = max(width, height) / max(min(width, height), 1.0)
    for usual in _SHAPES:
        if abs(shape / usual - 1) <= _NEARLY:
            stretch = (usual / shape) ** (0.5 if width > height else -0.5)
            width, height = width * stretch, height / stretch
    return Flat(inner, max(_LEAST_PIXELS, round(width)), max(_LEAST_PIXELS, round(height)))


def _turned(flat: Flat, angle: float, *, grow: bool) -> Flat:
    """Turned anticlockwise by `angle` degrees; larger by what would be cut off if it is to `grow`."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    width, height = flat.width, flat.height
    if grow:
        width, height = (round(width * cos + height * abs(sin)), round(width * abs(sin) + height * cos))
    around = _edges(width, height) - np.array([width, height]) / 2
    back = around @ np.array([[cos, sin], [-sin, cos]])
    on_page = back + np.array([flat.width, flat.height]) / 2
    corners = cv2.perspectiveTransform(on_page[None], np.linalg.inv(_matrix(flat)))[0]
    return Flat(np.asarray(corners, dtype=np.float64), width, height)


def _small(picture: Colour, flat: Flat) -> Gray:
    """The page in gray and levelled, as large as its turn is measured."""
    share = min(1.0, _LOOK_SIDE / max(flat.width, flat.height))
    gray = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    small = Flat(flat.corners * share, max(1, round(flat.width * share)), max(1, round(flat.height * share)))
    page = cv2.warpPerspective(
        gray, _matrix(small), (small.width, small.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return level_background(_bytes(page))


def _matrix(flat: Flat) -> NDArray[np.float64]:
    """From the picture to the page."""
    source, target = flat.corners.astype(np.float32), _edges(flat.width, flat.height).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, target), dtype=np.float64)


def _edges(width: int, height: int) -> Corners:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)


def _bytes(image: object) -> NDArray[np.uint8]:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
