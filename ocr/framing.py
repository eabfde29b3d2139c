"""Where on a photograph the paper lies: the four sides along which paper and table part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.uint8]  # height x width x 3, RGB
Corners = NDArray[np.float64]  # 4 x 2, pixels: top left, top right, bottom right, bottom left
Quads = NDArray[np.float64]  # so many x 4 x 2, in the same order
_Floats = NDArray[np.float64]

_SIDE = 480  # pixels of the longer side at which edges are looked for
_LEAST_SIDE, _LEAST_WIDTH = 120, 20  # pixels: smaller pictures, and narrower small ones, show no paper on a table
_LEAST_SEGMENT = 0.06  # of the longer side
_ALIKE = 0.02  # of the longer side: segments as near as that are one line
_MOST_LINES = 9  # in each direction, the best
_AWAY = 8.0  # pixels of the small picture from a segment to where its banks are compared
_LEAN = 35.0  # degrees by which a side may lean from the picture's own
_SAMPLES = 32  # along a side
_BANK = 4.0  # pixels of the small picture from a side to where its two banks are compared
_STEP = 0.10  # least difference of logarithms of brightness, or of colour, between paper and table
_TRIED = 12  # quadrilaterals, from the best on
_OTHER = 0.15, 0.08, 0.08  # least difference of what lies outside as a whole, in each plane: no margin around a frame
_STRONG = 0.6  # difference beyond which more says no more
_LEAST_SUPPORT, _LEAST_MEAN = 0.55, 0.75  # shares of a side along which the banks differ: of each, of all four
_LEAST_AREA, _MOST_AREA = 0.15, 0.97  # of the picture; beyond that the paper fills it
_LEAST_DARK_AREA = 0.3  # of the picture, where paper is not lighter than the table: pictures on paper are not either
_MOST_COSINE = 0.57  # of the angle at a corner: 55 to 125 degrees
_OUTSIDE = 0.04  # of the longer side by which a corner may lie outside of the picture


@dataclass(frozen=True)
class _Line:
    """a*x + b*y = c with (a, b) of length 1, pointing right or down; `weight` of the segments on it."""

    a: float
    b: float
    c: float
    weight: float


def find_paper(picture: Colour) -> Corners | None:
    """Corners of the paper, None where it fills the picture or its sides are not to be seen."""
    height, width = picture.shape[:2]
    share = _SIDE / max(height, width)
    if max(height, width) < _LEAST_SIDE or min(height, width) * share < _LEAST_WIDTH:
        return None
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    planes = _planes(np.asarray(small, dtype=np.uint8))
    quads = _paper_shaped(_quads(*_lines(planes)), planes[0].shape)
    lighter, other, strength = _supports(planes, quads)
    areas = _areas(quads)
    large = areas >= _LEAST_DARK_AREA * planes[0].size
    score = np.where(_enough(lighter) | (large & _enough(other)), np.sqrt(areas) * strength, 0)
    for place in np.argsort(-score)[:_TRIED]:
        if score[place] > 0 and _lies_on_another(planes, quads[place]):
            found: Corners = quads[place] / share
            return found
    return None


def _lies_on_another(planes: Sequence[_Floats], quad: Corners) -> bool:
    """Whether what lies around it is something else, and not the margin of the same paper."""
    inside = np.zeros(planes[0].shape, np.uint8)
    cv2.fillConvexPoly(inside, np.rint(quad).astype(np.int32), 1)
    around = cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0  # without the frame itself
    if not around.any():
        return False
    mask = inside.astype(bool)
    differences = [abs(np.median(plane[mask]) - np.median(plane[around])) for plane in planes]
    return any(difference >= least for difference, least in zip(differences, _OTHER, strict=True))


def _enough(supports: _Floats) -> NDArray[np.bool_]:
    """Of each of the four sides and of all together."""
    enough: NDArray[np.bool_] = (supports.min(axis=1) >= _LEAST_SUPPORT) & (supports.mean(axis=1) >= _LEAST_MEAN)
    return enough


def _planes(small: Colour) -> tuple[_Floats, ...]:
    """Logarithm of brightness, in which a shadow moves both banks of a side alike, and two planes of colour."""
    soft = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float64) + 8
    light = np.log(soft.mean(axis=2))
    return light, np.log(soft[:, :, 0]) - light, np.log(soft[:, :, 2]) - light


def _lines(planes: Sequence[_Floats]) -> tuple[list[_Line], list[_Line]]:
    """The best straight edges, lying and standing, from the top and from the left."""
    light = planes[0]
    low, high = np.percentile(light, (1, 99))
    gray = np.clip((light - low) / max(high - low, 0.2) * 255, 0, 255).astype(np.uint8)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(gray)[0]
    segments = np.reshape([] if found is None else found, (-1, 4)).astype(np.float64)
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    segments = segments[lengths >= _LEAST_SEGMENT * max(light.shape)]
    lying: list[_Line] = []
    standing: list[_Line] = []
    for (x0, y0, x1, y1), weight in zip(segments, _weights(planes, segments), strict=True):
        lean = abs(np.degrees(np.arctan2(y1 - y0, x1 - x0))) % 180
        if min(lean, 180 - lean) <= _LEAN:
            lying.append(_line(x0, y0, x1, y1, weight, standing=False))
        elif abs(lean - 90) <= _LEAN:
            standing.append(_line(x0, y0, x1, y1, weight, standing=True))
    return _merged(lying, light.shape), _merged(standing, light.shape)


def _weights(planes: Sequence[_Floats], segments: _Floats) -> _Floats:
    """Their lengths times how much the banks differ farther away: behind a line of text lies the same paper."""
    starts, ends = segments[:, :2], segments[:, 2:]
    along = ends - starts
    lengths = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1) / lengths[:, None]
    points = starts[:, None] + along[:, None] * np.linspace(0.1, 0.9, 5)[:, None]
    one, other = (_places(points + normals[:, None] * bank, planes[0].shape) for bank in (_AWAY, -_AWAY))
    blurred = [cv2.blur(plane, (5, 5)).ravel() for plane in planes]
    steps = np.maximum.reduce([np.abs((values[one] - values[other]).mean(axis=1)) for values in blurred])
    weights: _Floats = lengths * np.minimum(steps, _STRONG)
    return weights


def _line(x0: float, y0: float, x1: float, y1: float, weight: float, *, standing: bool) -> _Line:
    length = float(np.hypot(x1 - x0, y1 - y0))
    a, b = (y1 - y0) / length, (x0 - x1) / length
    if (a if standing else b) < 0:
        a, b = -a, -b
    return _Line(a, b, a * x0 + b * y0, weight)


def _merged(lines: list[_Line], shape: tuple[int, ...]) -> list[_Line]:
    """One line for all segments that run on along it; of these the best, in order of their place."""
    near = _ALIKE * max(shape)
    groups: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: -line.weight):
        ends = _ends(line, shape)
        same = (group for group in groups if np.abs(np.subtract(ends, _ends(group[0], shape))).max() < near)
        group = next(same, None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    joined = [replace(group[0], weight=sum(line.weight for line in group)) for group in groups]
    best = sorted(joined, key=lambda line: -line.weight)[:_MOST_LINES]
    return sorted(best, key=lambda line: sum(_ends(line, shape)))


def _ends(line: _Line, shape: tuple[int, ...]) -> tuple[float, float]:
    """Where the line crosses the picture: heights at its left and right side, or places at its top and bottom."""
    height, width = shape
    if abs(line.b) > abs(line.a):
        return line.c / line.b, (line.c - line.a * width) / line.b
    return line.c / line.a, (line.c - line.b * height) / line.a


def _quads(lying: Sequence[_Line], standing: Sequence[_Line]) -> Quads:
    """Every two lying lines with every two standing ones."""
    found = [
        [_crossing(top, left), _crossing(top, right), _crossing(bottom, right), _crossing(bottom, left)]
        for top, bottom in combinations(lying, 2)
        for left, right in combinations(standing, 2)
    ]
    return np.array(found, dtype=np.float64).reshape(-1, 4, 2)


def _crossing(one: _Line, other: _Line) -> tuple[float, float]:
    across = one.a * other.b - other.a * one.b  # not 0: they lean by less than 45 degrees
    return (one.c * other.b - other.c * one.b) / across, (one.a * other.c - other.a * one.c) / across


def _paper_shaped(quads: Quads, shape: tuple[int, ...]) -> Quads:
    """Those that lie in the picture, are large, do not fill it, and have corners about as paper has them."""
    height, width = shape
    slack, edges = _OUTSIDE * max(shape), np.array([width, height])
    inside = ((quads >= -slack) & (quads <= edges + slack)).all(axis=(1, 2))
    areas = _areas(quads)
    ahead, behind = np.roll(quads, -1, axis=1) - quads, np.roll(quads, 1, axis=1) - quads
    lengths = np.linalg.norm(ahead, axis=2) * np.linalg.norm(behind, axis=2)
    lean = np.abs((ahead * behind).sum(axis=2)) / np.maximum(lengths, 1e-9)
    large = (areas >= _LEAST_AREA * height * width) & (areas <= _MOST_AREA * height * width)
    chosen: Quads = quads[inside & large & (lean <= _MOST_COSINE).all(axis=1)]
    return chosen


def _areas(quads: Quads) -> _Floats:
    x, y = quads[:, :, 0], quads[:, :, 1]
    areas: _Floats = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    return areas


def _supports(planes: Sequence[_Floats], quads: Quads) -> tuple[_Floats, _Floats, _Floats]:
    """Share of each side along which the inside is lighter than the outside; along which it differs in any one way.

    And of each quadrilateral how much the banks differ, over all sides.
    """
    sides = np.roll(quads, -1, axis=1) - quads
    points = quads[:, :, None] + sides[:, :, None] * np.linspace(0.04, 0.96, _SAMPLES)[:, None]
    normals = np.stack([-sides[:, :, 1], sides[:, :, 0]], axis=2)  # inwards: corners go clockwise
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)
    inside, outside = (_places(points + normals[:, :, None] * bank, planes[0].shape) for bank in (_BANK, -_BANK))
    shares, strengths = [], []
    for plane in planes:
        values = cv2.blur(plane, (5, 5)).ravel()
        step = values[inside] - values[outside]
        shares += [(step > _STEP).mean(axis=2), (step < -_STEP).mean(axis=2)]
        strengths.append(np.abs(np.clip(step, -_STRONG, _STRONG).mean(axis=2)))
    return shares[0], np.maximum.reduce(shares), np.maximum.reduce(strengths).mean(axis=1)


def _places(points: _Floats, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Of the nearest pixels in the flat plane; for what lies outside, of those at the picture's rim."""
    height, width = shape
    xs, ys = np.rint(points[..., 0]).astype(np.int64), np.rint(points[..., 1]).astype(np.int64)
    return np.clip(ys, 0, height - 1) * width + np.clip(xs, 0, width - 1)
