"""A sheet as a pyramid of tiles: which levels there are, and which tiles each has (docs/formats/storage.md#sheets)."""

from collections.abc import Iterator
from dataclasses import dataclass

TILE = 512
"""Pixels of a tile's side; tiles at the right and lower edge are smaller."""
SIDE_MOST = 1_000_000  # pixels


@dataclass(frozen=True, order=True)
class Place:
    """Where a tile lies. Level 0 is the whole sheet in one tile, the last level has every pixel; all count from 0."""

    level: int
    column: int
    row: int


@dataclass(frozen=True)
class Pyramid:
    """Levels of a sheet of so many pixels, each half as wide and high as the next, rounded up."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if not (0 < self.width <= SIDE_MOST and 0 < self.height <= SIDE_MOST):
            raise ValueError("no size of a sheet")

    @property
    def levels(self) -> int:
        count, longer = 1, max(self.width, self.height)
        while longer > TILE:
            count, longer = count + 1, -(-longer // 2)
        return count

    @property
    def tiles(self) -> int:
        """How many there are on all levels."""
        return self._before(self.levels)

    def size(self, level: int) -> tuple[int, int]:
        """Width and height of a level in pixels."""
        shrink = 1 << (self.levels - 1 - level)
        return -(-self.width // shrink), -(-self.height // shrink)

    def grid(self, level: int) -> tuple[int, int]:
        """Columns and rows of a level."""
        width, height = self.size(level)
        return -(-width // TILE), -(-height // TILE)

    def has(self, place: Place) -> bool:
        if not 0 <= place.level < self.levels:
            return False
        columns, rows = self.grid(place.level)
        return 0 <= place.column < columns and 0 <= place.row < rows

    def number(self, place: Place) -> int:
        """Number of a tile, from 0: level by level from the smallest, row by row. Raises `ValueError` for no tile."""
        if not self.has(place):
            raise ValueError("no tile of this sheet")
        return self._before(place.level) + place.row * self.grid(place.level)[0] + place.column

    def places(self) -> Iterator[Place]:
        """Every tile, in the order of its number."""
        for level in range(self.levels):
            columns, rows = self.grid(level)
            yield from (Place(level, column, row) for row in range(rows) for column in range(columns))

    def _before(self, level: int) -> int:
        return sum(columns * rows for columns, rows in map(self.grid, range(level)))
