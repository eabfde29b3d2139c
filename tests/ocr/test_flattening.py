"""The upright, flat page: found, turned and straightened on pictures whose right answer is known."""

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr.flattening import Colour, flattened, lay_flat
from ocr.framing import find_paper
from ocr.turning import turn_of
from tests.ocr.sheets import BIRTH, draw

TABLE = (70, 60, 50)


@pytest.fixture(scope="module")
def page() -> Colour:
    return np.asarray(draw(BIRTH, (1240, 1754)))


def photographed(page: Colour, corners: list[tuple[int, int]], size: tuple[int, int]) -> Colour:
    """The page on a table of one colour, its corners where they are asked for."""
    height, width = page.shape[:2]
    edges = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(edges, np.array(corners, np.float32))
    photo = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_AREA, borderValue=TABLE)
    return np.asarray(photo, dtype=np.uint8)


def test_a_paper_on_a_table_is_found_to_its_corners(page: Colour) -> None:
    corners = [(190, 140), (1080, 210), (1150, 1500), (110, 1430)]
    found = find_paper(photographed(page, corners, (1300, 1640)))
    assert found is not None
    assert np.abs(found - np.array(corners)).max() < 12


def test_a_scan_is_left_as_it_is(page: Colour) -> None:
    assert find_paper(page) is None
    flat = lay_flat(page)
    assert flat.is_whole(page)
    assert flattened(page, flat) is page


def test_a_printed_frame_is_no_paper_on_a_table(page: Colour) -> None:
    framed = cv2.rectangle(page.copy(), (60, 60), (1180, 1694), (160, 30, 30), 22)
    assert find_paper(np.asarray(framed, dtype=np.uint8)) is None


@pytest.mark.parametrize(("turn", "sideways"), [(0, False), (90, True), (180, False), (270, True)])
@pytest.mark.parametrize("skew", [-4.0, 0.0, 3.0])
def test_lines_are_level_whichever_way_the_picture_was_taken(
    page: Colour, turn: int, sideways: bool, skew: float
) -> None:
    picture = Image.fromarray(page).rotate(
        turn + skew, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC
    )
    flat = lay_flat(np.asarray(picture))
    straight = flattened(np.asarray(picture), flat)
    assert flat.width < flat.height
    assert turn_of(np.asarray(Image.fromarray(straight).convert("L"))) == (False, pytest.approx(0, abs=0.2))
    assert straight.shape[:2] == (flat.height, flat.width)
    across, down = np.abs(flat.corners[1] - flat.corners[0])
    assert bool(down > across) is sideways


def test_corners_say_where_the_page_lies_in_the_picture(page: Colour) -> None:
    picture = photographed(page, [(1500, 200), (1450, 1050), (180, 1100), (150, 140)], (1640, 1300))
    flat = lay_flat(picture)
    straight = flattened(picture, flat)
    ink = np.argwhere(straight[:, :, 0] < 90)
    assert len(ink) > 1000
    x, y = ink[0][1] / flat.width, ink[0][0] / flat.height
    corners = flat.fractions(picture)
    assert corners is not None
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, np.array(corners, np.float32))
    ((across, down),) = cv2.perspectiveTransform(np.array([[(x, y)]]), matrix)[0]
    column, row = round(across * 1640), round(down * 1300)
    around = picture[row - 4 : row + 5, column - 4 : column + 5]
    assert around.min() < 90


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (40, 40), (8000, 30), (30, 8000)])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_pictures_without_a_page_are_taken_as_they_are(size: tuple[int, int], shade: int) -> None:
    picture = np.full((size[1], size[0], 3), shade, np.uint8)
    flat = lay_flat(picture)
    assert flattened(picture, flat).shape == picture.shape
