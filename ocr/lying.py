"""How a page lies on the picture of it: upright and whole, turned, or seen aslant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
"""`a b c d e f` of ISO 32000-1, 8.3.3."""

WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_STRAIGHT = 0.004  # of the picture's sides, by which opposite sides of a page may differ that is only turned
_LEAST = 0.01  # of the picture: a smaller page is none
_COVERS = 0.9  # of the picture: what lies beside a page is not part of its copy


@dataclass(frozen=True)
class Lie:
    """Where a page is on the upright picture of it: its corners from its own top left clockwise, as fractions of the
    picture; and the shape that it has when it is laid flat, as its height for each unit of width.
    """

    corners: tuple[Point, ...]
    shape: float

    @property
    def is_there(self) -> bool:
        """Whether there is anything between its corners."""
        return abs(_area(self.corners)) >= _LEAST

    @property
    def is_turned(self) -> bool:
        """Whether the picture itself shows the page, shifted and turned at most."""
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = self.corners
        aslant = max(abs(x0 - x1 + x2 - x3), abs(y0 - y1 + y2 - y3))
        return aslant <= _STRAIGHT and abs(_area(self.corners)) >= _COVERS

    def points(self, picture: Point) -> Point:
        """Size of the flat page, of a picture of that size in the same units."""
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ((x * picture[0], y * picture[1]) for x, y in self.corners)
        width = (math.hypot(x1 - x0, y1 - y0) + math.hypot(x2 - x3, y2 - y3)) / 2
        return width, width * self.shape

    def on_page(self, place: Point) -> Point:
        """From fractions of the picture to fractions of the page, for one that is only turned."""
        (x0, y0), (x1, y1), _, (x3, y3) = self.corners
        a, b, c, d = x1 - x0, x3 - x0, y1 - y0, y3 - y0
        x, y, whole = place[0] - x0, place[1] - y0, a * d - b * c
        return (d * x - b * y) / whole, (a * y - c * x) / whole


def placed(orientation: int, lie: Lie | None, points: Point) -> Matrix:
    """What lays a stored picture, which fills the unit square, over a page of that size in points."""
    origin, right, up = (_placed(orientation, lie, points, corner) for corner in ((0, 0), (1, 0), (0, 1)))
    return right[0] - origin[0], right[1] - origin[1], up[0] - origin[0], up[1] - origin[1], *origin


def _placed(orientation: int, lie: Lie | None, points: Point, corner: Point) -> Point:
    shown = upright(orientation, corner[0], 1 - corner[1])
    across, down = lie.on_page(shown) if lie else shown
    return across * points[0], (1 - down) * points[1]


def upright(orientation: int, x: float, y: float) -> Point:
    """A place on the stored picture, as fractions from its left and top, on the upright one (EXIF 2.32, tag 274)."""
    return {
        2: (1 - x, y), 3: (1 - x, 1 - y), 4: (x, 1 - y), 5: (y, x), 6: (1 - y, x), 7: (1 - y, 1 - x), 8: (y, 1 - x),
    }.get(orientation, (x, y))  # fmt: skip


def _area(corners: Sequence[Point]) -> float:
    around = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in around) / 2
