"""What the demo papers are drawn with: a sheet, text with dotted leaders, and the ornaments of an official paper.

Lengths are pixels of the sheet. Curves are drawn four times too large and shrunk, since Pillow does not smooth them.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFont

FONTS: Final = Path("/usr/share/fonts/truetype/dejavu")
SMOOTH: Final = 4

Colour = tuple[int, int, int]
BLACK: Final[Colour] = (28, 28, 32)
TYPED: Final[Colour] = (22, 26, 84)
GREY: Final[Colour] = (120, 120, 120)
RED: Final[Colour] = (186, 24, 32)
STAMP: Final[Colour] = (214, 60, 66)
GOLD: Final[Colour] = (222, 172, 44)
INK: Final[Colour] = (34, 46, 140)
WHITE: Final[Colour] = (255, 255, 255)

Point = tuple[float, float]


class FontsMissing(RuntimeError):
    """The fonts that the demo papers are drawn with are not installed."""

    def __init__(self) -> None:
        super().__init__(f"The demo papers need the DejaVu fonts in {FONTS}: install the package fonts-dejavu-core.")


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A DejaVu font such as `Serif-Bold`, `size` pixels high. Raises FontsMissing."""
    try:
        return ImageFont.truetype(FONTS / f"DejaVu{name}.ttf", size)
    except OSError:
        raise FontsMissing from None


class Sheet:
    """One side of a paper while it is drawn."""

    def __init__(self, width: int, height: int, paper: Colour, waves: Colour, face: str = "Serif") -> None:
        self.image = Image.new("RGB", (width, height), paper)
        self.width, self.height, self.face = width, height, face
        self._waves(waves)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, text: str, size: int, *, bold: bool = False, fill: Colour = BLACK, anchor: str = "ls"
    ) -> float:
        """Write `text` with its baseline at y; returns the x where it ends."""
        letters = font(f"{self.face}-Bold" if bold else self.face, size)
        self._draw.text((x, y), text, fill, letters, anchor)
        return x + letters.getlength(text)

    def centred(self, x: float, y: float, text: str, size: int, *, bold: bool = False, fill: Colour = BLACK) -> None:
        """Write `text` with its middle at x."""
        self.text(x, y, text, size, bold=bold, fill=fill, anchor="ms")

    def mono(self, x: float, y: float, text: str, size: int) -> None:
        """Write `text` in letters of one width, as machine-readable zones want it."""
        self._draw.text((x, y), text, BLACK, font("SansMono-Bold", size), "ls")

    def field(self, x: float, y: float, label: str, value: str, size: int, *, until: float) -> None:
        """Write `label: value` and dotted leaders from the value to `until` (none where `until` is 0)."""
        start = self.text(x, y, f"{label}: ", size)
        end = self.text(start, y, value, size, fill=TYPED)
        for dot in range(math.ceil(end) + 8, int(until), 10):
            self._draw.rectangle((dot, y, dot + 1, y + 1), GREY)

    def line(self, points: Sequence[Point], *, width: int = 2, fill: Colour = BLACK) -> None:
        """A line through `points`."""
        self._draw.line(points, fill, width)

    def frame(self, inset: int, colour: Colour) -> None:
        """A double frame with cut corners."""
        for gap, width in ((inset, 5), (inset + 14, 2)):
            right, bottom, cut = self.width - gap, self.height - gap, 26
            corners = [(gap + cut, gap), (right - cut, gap), (right, gap + cut), (right, bottom - cut)]
            corners += [(right - cut, bottom), (gap + cut, bottom), (gap, bottom - cut), (gap, gap + cut)]
            self.line([*corners, corners[0]], width=width, fill=colour)

    def paste(self, picture: Image.Image, x: int, y: int) -> None:
        """Put a picture on the sheet with its top left corner at x, y."""
        self.image.paste(picture, (x, y))

    def smooth(self, x: int, y: int, size: int, paint: Callable[[ImageDraw.ImageDraw, float], None]) -> None:
        """Lay ink in a square of `size` at x, y, smoothly; `paint` gets a drawing on white and the enlarged size.

        Ink multiplies with what is below, so that text under a stamp stays to be read.
        """
        layer = Image.new("RGB", (size * SMOOTH, size * SMOOTH), WHITE)
        paint(ImageDraw.Draw(layer), size * SMOOTH)
        ink = layer.resize((size, size), Image.Resampling.LANCZOS)
        box = (x, y, x + size, y + size)
        self.image.paste(ImageChops.multiply(self.image.crop(box), ink), box)

    def specimen(self, size: int) -> None:
        """Say across the sheet, faintly, that it is a specimen."""
        layer = Image.new("RGB", self.image.size, WHITE)
        letters = font("Sans-Bold", size)
        pen = ImageDraw.Draw(layer)
        middle = (self.width / 2, self.height / 2)
        pen.text(middle, "MẪU / SPECIMEN", (244, 234, 234), letters, "mm")
        angle = math.degrees(math.atan2(self.height, self.width)) * 0.8
        turned = layer.rotate(angle, Image.Resampling.BICUBIC, fillcolor=WHITE)
        self.image.paste(ImageChops.multiply(self.image, turned))

    def _waves(self, colour: Colour) -> None:
        pen = ImageDraw.Draw(self.image)
        for line, top in enumerate(range(-20, self.height + 20, 22)):
            points = [(x, top + 8 * math.sin(x / 46 + line / 3)) for x in range(0, self.width + 8, 8)]
            pen.line(points, colour, 2)


def star(x: float, y: float, radius: float) -> list[Point]:
    """The ten corners of a five-pointed star around x, y."""
    reach = (radius, radius * 0.4)
    turns = [(reach[corner % 2], math.pi * (corner / 5 - 0.5)) for corner in range(10)]
    return [(x + length * math.cos(turn), y + length * math.sin(turn)) for length, turn in turns]
