"""Photographs that are hard to read are told at once, and nobody is asked to take a good one again."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

import ocr
from ocr.advice import ADVICE, Quality, advice
from ocr.limits import Limits
from ocr.quality import measure
from tests.ocr.photographs import blurred, cut, dark, far, glaring, on_a_table, shadowed, shaken, sheet
from tests.ocr.sheets import born_digital, saved


def told(image: Image.Image, scale: float = 1.0) -> tuple[str, ...]:
    return advice(measure(np.asarray(image), scale))


BAD: dict[str, tuple[str, Callable[[], Image.Image]]] = {
    "at night": ("too-dark", lambda: dark(sheet())),
    "out of focus": ("blurred", lambda: blurred(sheet())),
    "out of focus on a table": ("blurred", lambda: blurred(on_a_table(sheet()))),
    "blurred beyond letters": ("blurred", lambda: blurred(sheet(), 9)),
    "with a hand that shook": ("blurred", lambda: shaken(sheet())),
    "with a hand that shook the other way": ("blurred", lambda: shaken(sheet().rotate(90, expand=True))),
    "under a lamp": ("glare", lambda: glaring(sheet())),
    "with its right side cut off": ("cut-off", lambda: cut(sheet())),
    "with its lower side cut off": ("cut-off", lambda: cut(sheet().rotate(90, expand=True).rotate(180))),
    "from far away": ("too-small", lambda: far(sheet())),
}
GOOD: dict[str, Callable[[], Image.Image]] = {
    "scanned": sheet,
    "on a table": lambda: on_a_table(sheet()),
    "on its side": lambda: on_a_table(sheet()).rotate(90, expand=True),
    "a little soft": lambda: blurred(on_a_table(sheet()), 1.0),
    "in the shadow of a hand": lambda: shadowed(on_a_table(sheet())),
    "in the evening": lambda: dark(sheet(), 0.35),
    "with few pixels": lambda: far(sheet(), 0.62),
    "printed faintly": lambda: sheet(ink="#999999"),
    "on coloured paper": lambda: Image.blend(sheet(), Image.new("RGB", sheet().size, "#e8c0c8"), 0.5),
    "as a blank page": lambda: Image.new("RGB", (1240, 1754), "white"),
    "as a small blank picture": lambda: Image.new("RGB", (60, 40), "lavender"),
}


@pytest.mark.parametrize("how", BAD)
def test_somebody_who_took_a_poor_photo_hears_what_to_do(how: str) -> None:
    code, make = BAD[how]
    assert told(make()) == (code,)


@pytest.mark.parametrize("how", GOOD)
def test_nobody_is_asked_to_take_a_good_photo_again(how: str) -> None:
    assert told(GOOD[how]()) == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 9000), (9000, 1), (2, 3000), (7, 7), (4000, 40)])
def test_a_picture_of_any_shape_is_measured(size: tuple[int, int]) -> None:
    spots = np.random.default_rng(5).integers(0, 2, (size[1], size[0], 1)).repeat(3, axis=2) * 255
    for picture in (np.full((size[1], size[0], 3), 250, np.uint8), spots.astype(np.uint8)):
        assert set(advice(measure(picture, 4.0))) <= set(ADVICE)


def test_letters_are_measured_in_the_photo_and_not_in_the_small_copy_that_is_looked_at() -> None:
    small = far(sheet())
    assert told(small, scale=1.0) == ("too-small",)
    assert told(small, scale=3.0) == ()


def test_in_the_dark_nothing_else_is_told() -> None:
    assert advice(Quality(100, 20.0, height=4.0, blur=0.5, glare=0.9, cut=50)) == ("too-dark",)


def test_all_that_is_wrong_is_told_in_a_fixed_order() -> None:
    assert advice(Quality(100, 200.0, height=20.0, blur=0.5, glare=0.9, cut=50)) == ("blurred", "glare", "cut-off")
    assert set(advice(Quality(100, 200.0, height=4.0, blur=0.5))) < set(ADVICE)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_judged_while_it_is_looked_over(form: str) -> None:
    assert ocr.inspect(ocr.BytesSource(saved(blurred(sheet()), form)), Limits()).quality == ("blurred",)
    assert ocr.inspect(ocr.BytesSource(saved(sheet(), form)), Limits()).quality == ()


def test_only_a_photo_is_judged() -> None:
    bad = blurred(sheet())
    assert ocr.inspect(ocr.BytesSource(saved(bad, "PDF")), Limits()).quality == ()
    assert ocr.inspect(ocr.BytesSource(saved(bad, "TIFF", save_all=True, append_images=[bad])), Limits()).quality == ()
    assert ocr.inspect(ocr.BytesSource(born_digital(["Certificate"])), Limits()).quality == ()
