"""The ornaments of an official paper: national header, emblem, round stamp, signature, portrait, chip."""

import math
from typing import Final

from PIL import Image, ImageDraw

from vault.demo.draw import BLACK, GOLD, INK, RED, SMOOTH, STAMP, WHITE, Colour, Sheet, font, star

NATION: Final = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO: Final = "Độc lập - Tự do - Hạnh phúc"
NOTICE: Final = "MẪU / SPECIMEN - giấy tờ tưởng tượng để dùng thử, không có giá trị pháp lý"

_ACROSS: Final = (0.0, 0.14, 0.2, 0.3, 0.38, 0.5, 0.55, 1.0)
_DOWN: Final = (0.6, 0.2, 0.8, 0.35, 0.7, 0.3, 0.65, 0.4)


def header(sheet: Sheet, x: float, y: float, size: int) -> None:
    """The nation's name and motto, underlined, around x; the first baseline at y."""
    sheet.centred(x, y, NATION, size, bold=True)
    sheet.centred(x, y + size * 1.55, MOTTO, size, bold=True)
    half = font(f"{sheet.face}-Bold", size).getlength(MOTTO) / 2
    sheet.line([(x - half, y + size * 1.95), (x + half, y + size * 1.95)])


def emblem(sheet: Sheet, x: int, y: int, size: int) -> None:
    """An ornament that stands for the national emblem, in a square of `size` with its top left corner at x, y."""

    def paint(pen: ImageDraw.ImageDraw, full: float) -> None:
        middle = full / 2
        pen.ellipse((0, 0, full - 1, full - 1), GOLD)
        for ear in range(36):
            turn = math.tau * ear / 36
            at = (middle + 0.44 * full * math.cos(turn), middle + 0.44 * full * math.sin(turn))
            pen.circle(at, full * 0.022, (188, 132, 20))
        pen.ellipse((full * 0.12, full * 0.12, full * 0.88, full * 0.88), RED)
        pen.polygon(star(middle, middle, full * 0.28), (255, 214, 64))

    sheet.smooth(x, y, size, paint)


def stamp(sheet: Sheet, x: int, y: int, size: int, words: str) -> None:
    """A red round stamp with `words` around a star, in a square of `size` with its top left corner at x, y."""

    def paint(pen: ImageDraw.ImageDraw, full: float) -> None:
        middle, line = full / 2, int(full * 0.014)
        for radius, width in ((0.49, line * 2), (0.465, line), (0.3, line)):
            pen.circle((middle, middle), full * radius, outline=STAMP, width=width)
        pen.polygon(star(middle, middle, full * 0.13), STAMP)
        _around(pen, full, words)

    sheet.smooth(x, y, size, paint)


def _around(pen: ImageDraw.ImageDraw, full: float, words: str) -> None:
    letters = font("Sans-Bold", int(full * 0.085))
    step = math.tau / len(words)
    for place, letter in enumerate(words):
        turn = place * step - math.pi
        tile = Image.new("L", (int(full * 0.16), int(full * 0.16)), 0)
        ImageDraw.Draw(tile).text((tile.width / 2, tile.height / 2), letter, 255, letters, "mm")
        tile = tile.rotate(-math.degrees(turn) - 90, Image.Resampling.BICUBIC)
        at = (full / 2 + 0.385 * full * math.cos(turn), full / 2 + 0.385 * full * math.sin(turn))
        pen.bitmap((int(at[0] - tile.width / 2), int(at[1] - tile.height / 2)), tile, STAMP)


def signature(sheet: Sheet, x: int, y: int, size: int, *, lean: float = 0.0) -> None:
    """A scribble in blue ink in a square of `size` with its top left corner at x, y."""

    def paint(pen: ImageDraw.ImageDraw, full: float) -> None:
        hand = zip(_ACROSS, _DOWN, strict=True)
        knots = [(full * (0.04 + 0.92 * px), full * (0.2 + 0.6 * py + lean * (0.5 - px))) for px, py in hand]
        pen.line(_curve(knots), INK, int(full * 0.024), "curve")

    sheet.smooth(x, y, size, paint)


def _curve(knots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A smooth line through `knots` (Catmull-Rom)."""
    ends = [knots[0], *knots, knots[-1]]
    points = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in (step / 12 for step in range(12)):
            points.append((_blend(a[0], b[0], c[0], d[0], t), _blend(a[1], b[1], c[1], d[1], t)))
    return [*points, knots[-1]]


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))) / 2


def portrait(sheet: Sheet, x: int, y: int, width: int, height: int) -> None:
    """A photograph of nobody: a drawn bust on light blue."""
    full = Image.new("RGB", (width * SMOOTH, height * SMOOTH), (156, 188, 218))
    pen = ImageDraw.Draw(full)
    across, down = full.size

    def ellipse(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        pen.ellipse((across * left, down * top, across * right, down * bottom), colour)

    ellipse(0.06, 0.7, 0.94, 1.4, (44, 50, 82))
    pen.polygon([(across * 0.38, down * 0.71), (across * 0.62, down * 0.71), (across * 0.5, down * 0.9)], WHITE)
    pen.rectangle((across * 0.41, down * 0.56, across * 0.59, down * 0.74), (208, 164, 134))
    ellipse(0.28, 0.14, 0.72, 0.56, (30, 26, 26))
    ellipse(0.31, 0.22, 0.69, 0.66, (224, 182, 152))
    for left in (0.39, 0.54):
        ellipse(left, 0.4, left + 0.07, 0.425, (50, 38, 34))
    pen.arc((across * 0.42, down * 0.46, across * 0.58, down * 0.58), 35, 145, (150, 90, 80), SMOOTH * 3)
    sheet.paste(full.resize((width, height), Image.Resampling.LANCZOS), x, y)


def chip(sheet: Sheet, x: int, y: int, size: int) -> None:
    """The contact chip of a card."""

    def paint(pen: ImageDraw.ImageDraw, full: float) -> None:
        pen.rounded_rectangle((0, full * 0.1, full - 1, full * 0.9), full * 0.14, GOLD, (140, 106, 30), SMOOTH * 2)
        for part in (0.35, 0.65):
            pen.line((full * part, full * 0.1, full * part, full * 0.9), (140, 106, 30), SMOOTH * 2)
            pen.line((0, full * part, full, full * part), (140, 106, 30), SMOOTH * 2)

    sheet.smooth(x, y, size, paint)


def signed(sheet: Sheet, x: int, y: int, size: int, lines: list[str], name: str, words: str) -> None:
    """Who signed: titles around x from y down, a round stamp left of the signature, the name below."""
    for place, line in enumerate(lines):
        sheet.centred(x, y + place * size * 1.5, line, size, bold=True, fill=BLACK)
    top = int(y + len(lines) * size * 1.5 - size * 0.6)
    signature(sheet, int(x - size * 2.4), top, size * 6)
    stamp(sheet, int(x - size * 7.2), top - size, size * 8, words)
    sheet.centred(x, top + size * 7.2, name, size, bold=True)
