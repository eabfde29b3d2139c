"""Each step of the clean-up on a picture whose right answer is known."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr import recognising
from ocr.cleaning import Colour, cleanings, edge, fade_stamps, fit, letter_heights, sharpen
from ocr.engine import Seen
from ocr.leaders import erase_leaders
from ocr.levelling import level_background
from ocr.limits import Limits
from ocr.recognising import is_right_way_up, sense
from tests.ocr.sheets import BIRTH, FONT, draw


@pytest.fixture(scope="module")
def page() -> Colour:
    return np.asarray(draw(BIRTH, (1240, 900)))


def gray(page: Colour) -> np.ndarray:
    return np.asarray(Image.fromarray(page).convert("L"))


def test_a_shadow_over_half_of_the_page_vanishes(page: Colour) -> None:
    shaded = (page * np.where(np.arange(page.shape[1]) < 600, 1.0, 0.45)[None, :, None]).astype(np.uint8)
    levelled = level_background(gray(shaded))
    assert np.median(levelled[:, :550]) > 245
    assert np.median(levelled[:, 650:]) > 245
    assert levelled.min() < 60


def test_a_red_stamp_fades_and_the_letters_under_it_stay(page: Colour) -> None:
    stamp = Image.new("RGB", (page.shape[1], page.shape[0]), "white")
    ImageDraw.Draw(stamp).ellipse((150, 300, 450, 600), fill=(240, 130, 130))
    stamped = np.minimum(page, np.asarray(stamp))
    faded = fade_stamps(stamped, level_background(gray(stamped)))
    inside = (slice(380, 520), slice(220, 380))
    assert np.percentile(faded[inside], 90) > 225
    assert faded[inside].min() < 70


def test_lines_in_red_stay(page: Colour) -> None:
    red = page.copy()
    red[gray(page) < 128] = (205, 60, 60)
    levelled = level_background(gray(red))
    assert np.array_equal(fade_stamps(red, levelled), levelled)


@pytest.mark.parametrize("factor", [0.6, 1.0, 2.0])
def test_letters_come_to_the_height_that_is_read_best(page: Colour, factor: float) -> None:
    image = Image.fromarray(gray(page))
    scaled = np.asarray(image.resize((round(image.width * factor), round(image.height * factor))))
    fitted, scale, _ = fit(scaled)
    assert 18 <= letter_heights(fitted)[0] <= 26
    assert fitted.shape[0] == round(scaled.shape[0] * scale)


def test_blurred_letters_are_made_smaller(page: Colour) -> None:
    blurred = np.asarray(cv2.GaussianBlur(gray(page), (0, 0), 1.5), dtype=np.uint8)
    assert fit(blurred)[1] < fit(gray(page))[1]


def test_leaders_are_erased_and_the_dot_under_a_letter_is_not() -> None:
    image = Image.new("L", (900, 90), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, 32)
    pen.text((20, 20), "họ tên mẹ", fill=0, font=font)
    before = np.asarray(image)[:, :200].copy()
    for x in range(240, 860, 10):
        pen.ellipse((x, 50, x + 3, 53), fill=0)
    erased = erase_leaders(np.asarray(image), 22.0)
    assert erased[:, 235:].min() > 150
    assert np.array_equal(erased[:, :200], before)


def steepest(page: np.ndarray) -> float:
    return float(np.percentile(np.abs(np.diff(page.astype(int), axis=1)), 99.5))


def test_blurred_letters_are_sharpened_more_than_sharp_ones(page: Colour) -> None:
    sharp = gray(page)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 2.5), dtype=np.uint8)
    softness = 0.4 - edge(blurred)
    assert softness > 0.1
    assert steepest(sharpen(blurred, softness)) > 1.6 * steepest(blurred)
    assert steepest(sharpen(sharp, 0.0)) <= 1.2 * steepest(sharp)


def test_noise_is_not_sharpened_into_letters(page: Colour) -> None:
    blurred = cv2.GaussianBlur(gray(page), (0, 0), 2.5).astype(float) * 0.9
    noisy = np.clip(blurred + np.random.default_rng(1).normal(0, 8, blurred.shape), 0, 255).astype(np.uint8)
    assert sharpen(noisy, 0.2)[600:].std() < 1.6 * noisy[600:].std()


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (700, 2), (30, 30), (6000, 12)])
@pytest.mark.parametrize("shade", [0, 255])
def test_no_picture_is_too_strange_to_be_cleaned(size: tuple[int, int], shade: int) -> None:
    cleaned = next(cleanings(np.full((size[1], size[0], 3), shade, np.uint8)))
    assert cleaned.gray.size > 0


def seen(words: str, confidence: float) -> list[Seen]:
    return [Seen(word, (0, 0, 1, 1), confidence, (1, 1, 1)) for word in words.split()]


def test_words_that_are_no_syllables_tell_that_a_page_is_upside_down() -> None:
    upright, around = seen("Họ và tên Bùi Đình Dũng quê quán", 0.9), seen("uẹnb ạnb ũnq qujq !ng uạj ẹA bxw", 0.3)
    assert is_right_way_up(upright)
    assert not is_right_way_up(around)
    assert sense(upright) > sense(around)
    assert is_right_way_up([])


class Doubtful:
    """An engine that is unsure of the first page that it gets, and knows the second one to the letter."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def recognise(self, page: np.ndarray, language: str) -> list[Seen]:
        self.asked.append(page.shape)
        sure = 0.6 if len(self.asked) == 1 else 0.95
        return [Seen("nguyen", (0, 0, 10, 10), sure, (1, 1, number)) for number in range(8)]


def test_a_page_that_reads_badly_is_read_again_in_other_sizes_until_one_makes_sense(
    page: Colour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Doubtful()
    monkeypatch.setattr(recognising, "engine", lambda *_: engine)
    read = recognising.Recogniser(tmp_path, Limits()).read(page)
    assert {line.confidence for line in read.lines} == {0.95}
    assert len(set(engine.asked)) == len(engine.asked) >= 2
