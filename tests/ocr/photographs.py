"""Photographs of a paper made on the spot, good ones and bad ones: what is wrong with each is known."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.ocr.sheets import FONT

LINES = 24
SIZE = (1240, 1100)
LETTERS = 26  # points; small letters of DejaVu are 0.55 of that

Pixels = NDArray[np.uint8]


@cache
def sheet(points: int = LETTERS, size: tuple[int, int] = SIZE, ink: str = "black") -> Image.Image:
    """Lines of print on white, with a margin all around."""
    page = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(FONT, points)
    room = size[0] - 200
    for n in range(LINES):
        text = f"{n + 1}. Họ và tên, ngày tháng năm sinh, nơi cư trú, số định danh cá nhân và quê quán"
        while pen.textlength(text, font=font) > room:
            text = text[:-1]
        top = 90 + n * round(points * 1.45)
        if top > size[1] - 90 - points:
            break
        pen.text((100, top), text, fill=ink, font=font)
    return page


def on_a_table(page: Image.Image, turn: float = 4.0, brightness: float = 0.8) -> Image.Image:
    """Held at some distance over a dark table, with a little grain."""
    wide = Image.new("RGB", (round(page.width * 1.25), round(page.height * 1.25)), (70, 52, 40))
    mask = Image.new("L", page.size, 255).rotate(turn, expand=True)
    turned = page.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    wide.paste(turned, ((wide.width - turned.width) // 2, (wide.height - turned.height) // 2), mask)
    grain = np.random.default_rng(3).normal(0, 3, (wide.height, wide.width, 1))
    return _pixels(np.asarray(wide) * brightness + grain)


def shadowed(page: Image.Image) -> Image.Image:
    """The hand that holds the phone takes half of the light from one corner."""
    across = np.linspace(0.45, 1.0, page.width)[None, :, None]
    return _pixels(np.asarray(page) * np.minimum(1.0, across + np.linspace(0, 0.3, page.height)[:, None, None]))


def dark(page: Image.Image, light: float = 0.12) -> Image.Image:
    grain = np.random.default_rng(4).normal(0, 4, (page.height, page.width, 1))
    return _pixels(np.asarray(page) * light + grain)


def blurred(page: Image.Image, pixels: float = 4.0) -> Image.Image:
    return page.filter(ImageFilter.GaussianBlur(pixels))


def shaken(page: Image.Image, pixels: int = 13) -> Image.Image:
    """The hand moved to the right while the picture was taken."""
    return Image.fromarray(cv2.blur(np.asarray(page), (pixels, 1)))


def glaring(page: Image.Image, reach: float = 0.22) -> Image.Image:
    """A lamp reflected in the middle, which adds its light to paper and ink alike."""
    down, across = np.mgrid[0 : page.height, 0 : page.width].astype(np.float64)
    away = np.hypot(down - page.height / 2, across - page.width / 2) / (reach * page.width)
    return _pixels(np.asarray(page) * 0.75 + 400 * np.exp(-(away**2))[..., None])


def cut(page: Image.Image) -> Image.Image:
    """The right third is outside the picture."""
    return page.crop((0, 0, page.width * 2 // 3, page.height))


def far(page: Image.Image, share: float = 0.36) -> Image.Image:
    return page.resize((round(page.width * share), round(page.height * share)), Image.Resampling.BOX)


def _pixels(levels: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
