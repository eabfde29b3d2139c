"""The classes of pictures that a set holds: what is done to a clean page, one step after the other."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from bench.papers import degrade
from bench.papers.degrade import Chance, Picture, Step
from bench.papers.tables import laid, rounded

CARD_FACTOR: Final = 1.25
"""Cards are drawn, and photographed, from nearer than pages: at so many times the dots of a page."""


@dataclass(frozen=True)
class Class:
    """A class: the resolution of a page in it (dots per inch), its steps, and how strongly JPEG presses it."""

    name: str
    dpi: int
    steps: Sequence[Step]
    quality: tuple[int, int]


def _laid(picture: Picture, chance: Chance) -> Picture:
    return laid(picture, chance)


def _photographed(*more: Step) -> tuple[Step, ...]:
    return (_laid, degrade.shadowed, degrade.coloured, degrade.slightly_blurred, *more, degrade.grained)


CLASSES: Final[Mapping[str, Class]] = {
    each.name: each
    for each in (
        Class("clean200", 200, (), (88, 94)),
        Class("skew", 250, (degrade.skewed,), (84, 92)),
        Class("shadow", 250, (degrade.shadowed,), (80, 90)),
        Class("persp", 250, (_laid,), (82, 92)),
        Class("low120", 120, (), (72, 86)),
        Class("blur", 250, (degrade.blurred,), (80, 90)),
        Class("photo", 230, _photographed(), (62, 82)),
        Class("photo_rot", 230, _photographed(degrade.quarter_turned), (62, 82)),
        Class("glare", 230, (_laid, degrade.glaring, degrade.slightly_blurred, degrade.grained), (70, 86)),
        Class("folds", 230, (degrade.folded, _laid, degrade.coloured, degrade.grained), (72, 88)),
        Class("stamp", 200, (degrade.stamped,), (84, 92)),
        Class("noise", 200, (degrade.noisy,), (66, 84)),
    )
}


def picture(page: Image.Image, dpi: int, class_: Class, seed: Sequence[int], *, card: bool) -> bytes:
    """A JPEG of the clean `page` (drawn at `dpi`) in `class_`; the same for the same seed."""
    chance = np.random.default_rng(seed)
    seen: Picture = np.asarray(page.convert("RGB"))
    if card:
        seen = rounded(seen, round(0.125 * dpi))
    seen = degrade.scaled(seen, class_.dpi * (CARD_FACTOR if card else 1) / dpi)
    for step in class_.steps:
        seen = step(seen, chance)
    out = io.BytesIO()
    Image.fromarray(seen).save(out, "JPEG", quality=int(chance.integers(*class_.quality)))
    return out.getvalue()
