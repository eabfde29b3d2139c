"""A sheet while it is drawn: text that remembers where it stands, lines, and inks that let text below them be read."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from vault.demo.drawing.fonts import SCALE, font

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[int, int, int, int]

SMOOTH: Final = 3
"""Curves are drawn so many times too large and shrunk, since Pillow does not smooth them."""
MM_PER_INCH: Final = 25.4
POINTS_PER_INCH: Final = 72

COLOURS: Final[dict[str, Colour]] = {
    "black": (28, 28, 32), "typed": (24, 26, 76), "grey": (112, 112, 112), "red": (188, 24, 34),
    "gold": (214, 164, 40), "ink": (34, 44, 140), "white": (255, 255, 255), "brown": (106, 58, 30),
    "green": (30, 92, 62), "blue": (30, 60, 132),
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a text is set; `size` in points."""

    face: str = "times"
    size: float = 13
    bold: bool = False
    italic: bool = False
    colour: str = "black"

    def but(self, **changes: object) -> "Style":
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def cut(self) -> str:
        """The font's style, as `font` names it."""
        return "b" * self.bold + "i" * self.italic


@dataclass(frozen=True)
class Line:
    """A line of text on the clean sheet; `box` in pixels covers its ink, and its leaders where it has some."""

    text: str
    box: Box
    mrz: bool = False


Run = tuple[str, Style]
"""A piece of a line."""


class Sheet:
    """One side of a paper; lengths in millimetres from the top left corner, sizes of letters in points."""

    def __init__(self, width: float, height: float, dpi: int, paper: Colour) -> None:
        self.dpi, self.width, self.height = dpi, width, height
        self.image = Image.new("RGB", (self.px(width), self.px(height)), paper)
        self.pen = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []

    def px(self, millimetres: float) -> int:
        """Millimetres in pixels."""
        return round(millimetres * self.dpi / MM_PER_INCH)

    def pixels(self, style: Style) -> float:
        """A style's size in pixels."""
        return style.size * SCALE.get(style.face, 1) * self.dpi / POINTS_PER_INCH

    def long(self, runs: Sequence[Run]) -> float:
        """How long a line is, in millimetres."""
        pixels = sum(font(style.face, self.pixels(style), style.cut).getlength(text) for text, style in runs)
        return pixels * MM_PER_INCH / self.dpi

    def write(
        self, x: float, y: float, runs: Sequence[Run], *, anchor: str = "l", until: float = 0, mrz: bool = False
    ) -> float:
        """Write a line with its baseline at y and remember it; `anchor` l, m or r; returns where it ends.

        `until`: dotted leaders run on to there.
        """
        start = x - self.long(runs) * {"l": 0, "m": 0.5, "r": 1}[anchor]
        at, boxes = start * self.dpi / MM_PER_INCH, []
        for text, style in runs:
            letters = font(style.face, self.pixels(style), style.cut)
            place = (round(at), self.px(y))
            self.pen.text(place, text, COLOURS[style.colour], letters, "ls")
            if text.strip():
                boxes.append(self.pen.textbbox(place, text, letters, "ls"))
            at += letters.getlength(text)
        end = at * MM_PER_INCH / self.dpi
        if until > end + 1.5:
            self.leaders(end + 0.8, until, y)
            boxes.append((self.px(end), self.px(y) - 2, self.px(until), self.px(y) + 2))
        said = " ".join("".join(text for text, _style in runs).split())
        if said:
            self.lines.append(Line(said, _around(boxes), mrz))
        return end

    def leaders(self, x: float, until: float, y: float) -> None:
        """Dots from x to `until` on the baseline y."""
        radius = max(1, round(self.dpi / 190))
        for step in range(math.floor((until - x) / 1.05)):
            left, top = self.px(x + step * 1.05), self.px(y) - radius
            self.pen.ellipse((left, top, left + radius, top + radius), COLOURS["grey"])

    def rule(self, points: Sequence[Point], *, width: float = 0.25, colour: str = "black") -> None:
        """A line through `points`, `width` millimetres thick."""
        pixels = [(self.px(x), self.px(y)) for x, y in points]
        self.pen.line(pixels, COLOURS[colour], max(1, self.px(width)))

    def box(
        self, left: float, top: float, right: float, bottom: float, *, width: float = 0.25, colour: str = "black"
    ) -> None:
        """The outline of a rectangle."""
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        self.rule(corners, width=width, colour=colour)

    def paste(self, picture: Image.Image, x: float, y: float) -> None:
        """Put a picture on the sheet with its top left corner at x, y."""
        self.image.paste(picture, (self.px(x), self.px(y)))

    def smooth(
        self, x: float, y: float, width: float, height: float, paint: Callable[[ImageDraw.ImageDraw, int, int], None],
        *, turn: float = 0,
    ) -> None:  # fmt: skip
        """Lay ink in a box, smoothly; `paint` gets a drawing on white and its enlarged size in pixels.

        Ink multiplies with what is below, so that text under a stamp stays to be read.
        """
        across, down = self.px(width), self.px(height)
        layer = Image.new("RGB", (across * SMOOTH, down * SMOOTH), "white")
        paint(ImageDraw.Draw(layer), layer.width, layer.height)
        ink = layer.resize((across, down), Image.Resampling.LANCZOS)
        if turn:
            ink = ink.rotate(turn, Image.Resampling.BICUBIC, fillcolor="white")
        left, top = self.px(x), self.px(y)
        box = (left, top, left + ink.width, top + ink.height)
        self.image.paste(ImageChops.multiply(self.image.crop(box), ink), box)


def _around(boxes: Sequence[tuple[float, float, float, float]]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return math.floor(min(lefts)), math.floor(min(tops)), math.ceil(max(rights)), math.ceil(max(bottoms))
