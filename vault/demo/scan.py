"""Makes a drawn sheet look as if a scanner had seen it: a little turned, uneven light, grain."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vault.demo.drawing.sheet import Colour

BED: Colour = (232, 232, 230)


def scanned(sheet: Image.Image, turn: float, seed: int) -> Image.Image:
    """The sheet turned by `turn` degrees, with light and grain that follow from `seed`; the same size."""
    turned = sheet.rotate(turn, Image.Resampling.BICUBIC, fillcolor=BED)
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.5)), dtype=np.float32)
    noise = np.random.default_rng(seed).normal(0.0, 3.0, pixels.shape[:2]).astype(np.float32)
    light = np.linspace(1.0, 0.965, pixels.shape[1], dtype=np.float32)
    seen = pixels * light[None, :, None] + noise[..., None]
    return Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))


def on_bed(card: Image.Image, margin: int) -> Image.Image:
    """A card with round corners on the scanner's bed, `margin` pixels around it."""
    bed = Image.new("RGB", (card.width + 2 * margin, card.height + 2 * margin), BED)
    corners = Image.new("L", card.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, card.width - 1, card.height - 1), 38, 255)
    shade = Image.new("L", bed.size, 0)
    shade.paste(corners.point(lambda value: value // 3), (margin + 5, margin + 6))
    bed.paste((120, 120, 120), mask=shade.filter(ImageFilter.GaussianBlur(5)))
    bed.paste(card, (margin, margin), corners)
    return bed
