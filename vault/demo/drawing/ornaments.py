"""The ornaments of an official paper: emblem, round stamp, signature, portrait, chip, fingerprints, codes."""

import math
import random
from typing import Final

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from vault.demo.drawing.fonts import font
from vault.demo.drawing.sheet import COLOURS, SMOOTH, Colour, Point, Sheet

STAMPS: Final[tuple[Colour, ...]] = ((206, 44, 56), (214, 60, 66), (222, 70, 84), (228, 92, 100), (214, 48, 84))
"""Inks of stamps, from a fresh pad to a dry one."""
GOLD: Final = COLOURS["gold"]
_SKINS: Final[tuple[Colour, ...]] = ((224, 182, 152), (214, 168, 134), (198, 150, 118), (232, 194, 168))
_WEAR: Final[tuple[Colour, ...]] = ((44, 50, 82), (236, 238, 240), (92, 40, 48), (40, 66, 58), (70, 70, 76))
_BEHIND: Final[tuple[Colour, ...]] = ((156, 188, 218), (240, 242, 244), (176, 200, 226), (120, 158, 206))


def star(x: float, y: float, radius: float) -> list[Point]:
    """The ten corners of a five-pointed star around x, y."""
    reach = (radius, radius * 0.4)
    turns = [(reach[corner % 2], math.pi * (corner / 5 - 0.5)) for corner in range(10)]
    return [(x + length * math.cos(turn), y + length * math.sin(turn)) for length, turn in turns]


def emblem(sheet: Sheet, x: float, y: float, size: float, *, colour: str = "") -> None:
    """An ornament that stands for the national emblem: ears of rice around a red disc with a star, half a cogwheel."""
    gold, red = (COLOURS[colour],) * 2 if colour else (GOLD, COLOURS["red"])
    star_ink = (255, 255, 255) if colour else (255, 214, 64)

    def paint(pen: ImageDraw.ImageDraw, full: int, _down: int) -> None:
        middle = full / 2
        pen.circle((middle, middle), full * 0.37, red, gold, max(1, full // 60))
        pen.polygon(star(middle, middle * 0.86, full * 0.17), star_ink)
        for tooth in range(7):
            turn = math.pi * (0.25 + tooth / 12)
            at = (middle + 0.27 * full * math.cos(turn), middle + 0.27 * full * math.sin(turn))
            pen.circle(at, full * 0.035, gold)
        for side in (-1, 1):
            for ear in range(15):
                turn = math.pi * (0.5 + side * (0.08 + 0.8 * ear / 14))
                for reach in (0.4, 0.455):
                    at = (middle + reach * full * math.cos(turn), middle + reach * full * math.sin(turn))
                    pen.circle(at, full * 0.028, gold, (170, 116, 20) if not colour else None, max(1, full // 160))
        pen.chord((full * 0.3, full * 0.8, full * 0.7, full * 0.99), 20, 160, red, gold, max(1, full // 90))

    sheet.smooth(x, y, size, size, paint)


def stamp(sheet: Sheet, x: float, y: float, size: float, words: str, *, chance: random.Random) -> None:
    """A red round stamp around x, y: rings, `words` around a star; unevenly inked and a little turned."""

    red = chance.choice(STAMPS)

    def paint(pen: ImageDraw.ImageDraw, full: int, _down: int) -> None:
        middle, line = full / 2, max(1, int(full * 0.012))
        for radius, width in ((0.485, line * 2), (0.455, line), (0.29, line)):
            pen.circle((middle, middle), full * radius, outline=red, width=width)
        pen.polygon(star(middle, middle, full * 0.12), red)
        _around(pen, full, words, red)
        for _ in range(260):  # ink that did not take
            at = (chance.uniform(0, full), chance.uniform(0, full))
            pen.circle(at, chance.uniform(0.002, 0.006) * full, (255, 255, 255))

    sheet.smooth(x - size / 2, y - size / 2, size, size, paint, turn=chance.uniform(-25, 25))


def _around(pen: ImageDraw.ImageDraw, full: int, words: str, red: Colour) -> None:
    letters = font("arial", int(full * 0.082), "b")
    text = f"{words} ★ " if len(words) < 34 else f"{words[:40]} * "
    step = math.tau / len(text)
    for place, letter in enumerate(text.replace("★", "*")):
        turn = place * step - math.pi
        tile = Image.new("L", (int(full * 0.16), int(full * 0.16)), 0)
        ImageDraw.Draw(tile).text((tile.width / 2, tile.height / 2), letter, 255, letters, "mm")
        tile = tile.rotate(-math.degrees(turn) - 90, Image.Resampling.BICUBIC)
        at = (full / 2 + 0.37 * full * math.cos(turn), full / 2 + 0.37 * full * math.sin(turn))
        pen.bitmap((int(at[0] - tile.width / 2), int(at[1] - tile.height / 2)), tile, red)


def signature(sheet: Sheet, x: float, y: float, width: float, *, chance: random.Random, colour: str = "ink") -> None:
    """A scribble around x, y; another hand for each seed."""
    loops = chance.randint(5, 9)
    knots = [(0.04, chance.uniform(0.3, 0.8))]
    for place in range(loops):
        knots.append((0.08 + 0.7 * place / loops + chance.uniform(-0.08, 0.12), chance.uniform(0.08, 0.92)))
    knots.append((0.98, chance.uniform(0.35, 0.6)))

    def paint(pen: ImageDraw.ImageDraw, across: int, down: int) -> None:
        curve = _curve([(across * px, down * py) for px, py in knots])
        pen.line(curve, COLOURS[colour], max(2, across // 70), "curve")

    sheet.smooth(x - width / 2, y - width / 4, width, width / 2, paint)


def _curve(knots: list[Point]) -> list[Point]:
    """A smooth line through `knots` (Catmull-Rom)."""
    ends = [knots[0], *knots, knots[-1]]
    points = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in (step / 12 for step in range(12)):
            points.append((_blend(a[0], b[0], c[0], d[0], t), _blend(a[1], b[1], c[1], d[1], t)))
    return [*points, knots[-1]]


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))) / 2


def portrait(
    sheet: Sheet, x: float, y: float, width: float, height: float, *, chance: random.Random, male: bool = True
) -> None:
    """A photograph of nobody: a drawn bust."""
    skin, wear, behind = chance.choice(_SKINS), chance.choice(_WEAR), chance.choice(_BEHIND)
    hair = (30 + chance.randint(0, 18), 26, 26)
    shade = tuple(int(part * 0.9) for part in skin)
    collar = tuple((part + 255) // 2 for part in wear)

    across, down = sheet.px(width) * SMOOTH, sheet.px(height) * SMOOTH
    face = Image.new("RGB", (across, down), behind)
    pen = ImageDraw.Draw(face)

    def ellipse(left: float, top: float, right: float, bottom: float, colour: tuple[int, ...]) -> None:
        pen.ellipse((across * left, down * top, across * right, down * bottom), colour)

    if not male:
        ellipse(0.24, 0.14, 0.76, 0.86, hair)
    ellipse(0.04, 0.72, 0.96, 1.5, wear)
    pen.polygon([(across * 0.4, down * 0.72), (across * 0.6, down * 0.72), (across * 0.5, down * 0.84)], collar)
    pen.rectangle((across * 0.42, down * 0.56, across * 0.58, down * 0.74), shade)
    ellipse(0.28, 0.13, 0.72, 0.56, hair)
    ellipse(0.31, 0.21, 0.69, 0.67, skin)
    pen.chord((across * 0.29, down * 0.12, across * 0.71, down * 0.44), 185, 355, hair)
    for left in (0.385, 0.535):
        ellipse(left, 0.405, left + 0.08, 0.428, (46, 36, 34))
        pen.line((across * left, down * 0.385, across * (left + 0.08), down * 0.38), hair, max(1, down // 120))
    pen.line((across * 0.5, down * 0.43, across * 0.485, down * 0.5), shade, max(1, down // 120))
    pen.arc((across * 0.43, down * 0.5, across * 0.57, down * 0.58), 30, 150, (164, 96, 88), max(2, down // 110))
    soft = face.filter(ImageFilter.GaussianBlur(across / 70))  # a photograph has no outlines
    sheet.paste(soft.resize((sheet.px(width), sheet.px(height)), Image.Resampling.LANCZOS), x, y)


def chip(sheet: Sheet, x: float, y: float, size: float) -> None:
    """The contact chip of a card."""

    def paint(pen: ImageDraw.ImageDraw, full: int, _down: int) -> None:
        line, dark = max(1, full // 50), (140, 106, 30)
        pen.rounded_rectangle((0, full * 0.1, full - 1, full * 0.9), full * 0.14, (222, 186, 96), dark, line)
        for part in (0.35, 0.65):
            pen.line((full * part, full * 0.1, full * part, full * 0.9), dark, line)
            pen.line((0, full * part, full, full * part), dark, line)

    sheet.smooth(x, y, size, size, paint)


def finger(sheet: Sheet, x: float, y: float, width: float, height: float, *, chance: random.Random) -> None:
    """A fingerprint of nobody."""
    bend = chance.uniform(-0.2, 0.2)

    def paint(pen: ImageDraw.ImageDraw, across: int, down: int) -> None:
        for ring in range(1, 11):
            reach = ring / 22
            left, top = across * (0.5 - reach + bend * reach), down * (0.52 - reach * 1.02)
            box = (left, top, across * (0.5 + reach), down * (0.52 + reach))
            start = chance.randint(0, 90)
            pen.arc(box, start, start + chance.randint(230, 330), (110, 44, 60), max(1, SMOOTH * across // 160))

    sheet.smooth(x, y, width, height, paint)


def qr(sheet: Sheet, x: float, y: float, size: float, text: str) -> None:
    """A QR code about `size` wide, at a whole number of pixels per module."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules = Image.fromarray(code.to_image(scale=1, add_quiet_zones=True))
    scale = max(1, sheet.px(size) // modules.width)
    wide = modules.resize((modules.width * scale, modules.height * scale), Image.Resampling.NEAREST)
    sheet.paste(wide.convert("RGB"), x, y)
