"""What is printed under the text: guilloches, waves, frames, and the faint word across a specimen."""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vault.demo.drawing.fonts import font
from vault.demo.drawing.sheet import Colour, Point, Sheet

TINTS: Final[Mapping[str, tuple[Colour, Colour, Colour]]] = {
    "white": ((253, 253, 251), (246, 246, 244), (246, 246, 244)),
    "old": ((243, 234, 210), (236, 224, 194), (238, 228, 200)),
    "cream": ((253, 249, 236), (246, 234, 204), (244, 222, 190)),
    "pink": ((254, 240, 243), (246, 208, 218), (250, 222, 214)),
    "rose": ((252, 236, 232), (238, 186, 188), (244, 210, 184)),
    "yellow": ((252, 243, 214), (240, 220, 158), (236, 206, 166)),
    "green": ((232, 244, 236), (196, 226, 208), (214, 226, 190)),
    "blue": ((230, 241, 247), (190, 218, 234), (206, 222, 214)),
    "mint": ((224, 240, 238), (182, 218, 216), (206, 222, 196)),
}
"""tint → paper, and two inks of what is printed on it."""


def lay(sheet: Sheet, kind: str, tint: str) -> None:
    """Print the ground `kind` (none, waves, net, rosette) on the whole sheet, finer on small ones."""
    inks = TINTS[tint][1:]
    scale = max(0.4, min(1.0, min(sheet.width, sheet.height) / 200))
    for curves, ink in zip(_GROUNDS[kind](sheet.width / scale, sheet.height / scale), inks, strict=False):
        dots = sheet.dpi / 25.4 * scale
        layer = Image.new("L", sheet.image.size, 255)
        pen = ImageDraw.Draw(layer)
        for curve in curves:
            pen.line([(x * dots, y * dots) for x, y in curve], 0, max(1, round(dots / 6)))
        mask = ImageChops.invert(layer.filter(ImageFilter.GaussianBlur(sheet.dpi / 400)))
        sheet.image.paste(ink, mask=mask)


Curves = list[list[Point]]


def _nothing(width: float, height: float) -> list[Curves]:
    return []


def _waves(width: float, height: float) -> list[Curves]:
    across = np.arange(0, width + 1, 1.2)
    rows = np.arange(-2, height + 2, 2.8)
    return [
        [
            _points(across, top + math.sin(row / 3) + 1.0 * np.sin(across / 5.8 + row / 3))
            for row, top in enumerate(rows)
        ]
    ]


def _net(width: float, height: float) -> list[Curves]:
    across = np.arange(0, width + 1, 1.0)
    rows = list(np.arange(-6, height + 6, 3.4))
    one = [_points(across, top + 2.6 * np.sin(across / 7 + row / 2)) for row, top in enumerate(rows)]
    two = [_points(across, top - 2.6 * np.sin(across / 7 + row / 2 + 0.8)) for row, top in enumerate(rows)]
    return [one, two]


def _rosette(width: float, height: float) -> list[Curves]:
    """Waves, and a large rosette of turning loops in the middle."""
    turns = np.linspace(0, math.tau, 721)
    full = min(width, height)
    loops = []
    for part in range(14):
        radius = full * (0.12 + 0.02 * part) * (1 + 0.16 * np.sin(12 * turns + part * 0.9))
        loops.append(_points(width / 2 + radius * np.cos(turns), height / 2 + radius * np.sin(turns)))
    return [*_waves(width, height), loops]


_GROUNDS: Final[Mapping[str, Callable[[float, float], list[Curves]]]] = {
    "none": _nothing, "waves": _waves, "net": _net, "rosette": _rosette,
}  # fmt: skip


def _points(x: np.ndarray, y: np.ndarray) -> list[Point]:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def frame(sheet: Sheet, kind: str, colour: str, inset: float = 9) -> None:
    """A frame around the sheet: `plain`, `double`, or `band` with a woven pattern."""
    right, bottom = sheet.width - inset, sheet.height - inset
    if kind == "plain":
        sheet.box(inset, inset, right, bottom, width=0.5, colour=colour)
    elif kind in {"double", "band"}:
        sheet.box(inset, inset, right, bottom, width=0.8, colour=colour)
        gap = 1.6 if kind == "double" else 6
        sheet.box(inset + gap, inset + gap, right - gap, bottom - gap, width=0.3, colour=colour)
    if kind == "band":
        _weave(sheet, inset, 6, colour)


def _weave(sheet: Sheet, inset: float, gap: float, colour: str) -> None:
    """Two waves that cross each other along the four sides."""
    for phase in (0.0, math.pi, math.pi / 2, -math.pi / 2):
        for horizontal in (True, False):
            length = (sheet.width if horizontal else sheet.height) - 2 * inset
            along = np.arange(0, length, 0.4)
            across = gap / 2 + (gap / 2 - 0.6) * np.sin(along / 1.6 + phase)
            for far in (False, True):
                other = (sheet.height if horizontal else sheet.width) - inset - across if far else inset + across
                points = _points(inset + along, other) if horizontal else _points(other, inset + along)
                sheet.rule(points, width=0.15, colour=colour)


def specimen(sheet: Sheet) -> None:
    """Say across the sheet, faintly, that it is a specimen."""
    layer = Image.new("RGB", sheet.image.size, "white")
    words = "MẪU / SPECIMEN"
    length = math.hypot(*layer.size) * 0.62
    letters = font("sans", max(12, round(length / len(words) / 0.72)), "b")
    ImageDraw.Draw(layer).text((layer.width / 2, layer.height / 2), words, (247, 240, 240), letters, "mm")
    angle = math.degrees(math.atan2(layer.height, layer.width)) * 0.8
    turned = layer.rotate(angle, Image.Resampling.BICUBIC, fillcolor="white")
    sheet.image.paste(ImageChops.multiply(sheet.image, turned))
