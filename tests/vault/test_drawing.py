"""The papers that are drawn: of every kind, alike for the same seed, and as their truth says."""

import re
from datetime import date

import numpy as np
import pytest
import zxingcpp

from ocr.kinds import load_kinds
from tests import needs
from vault.demo.drawing import Drawn, FontsMissing, draw, fonts, layouts
from vault.demo.drawing.facts import CARDS
from vault.demo.drawing.inventing import TODAY, Inventor
from vault.demo.drawing.mrz import check_digit, td3
from vault.demo.drawing.people import Day, Person, Words, citizen_id, spelt
from vault.demo.drawing.sheet import Sheet, Style

DPI = 75
"""Too coarse to read, fine enough to see where things stand."""


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    for face in ("times", "arial", "courier", "mono"):
        needs.need_font(face)
    return [draw(layout, "7", dpi=DPI) for layout in layouts().values()]


def test_every_kind_is_drawn(drawn: list[Drawn]) -> None:
    assert {paper.layout.kind for paper in drawn} == set(load_kinds())
    for paper in drawn:
        assert paper.lines
        assert paper.layout.kind in {"other", "site-plan"} or paper.values


def test_the_truth_names_fields_that_the_kind_has(drawn: list[Drawn]) -> None:
    kinds = load_kinds()
    for paper in drawn:
        assert set(paper.values) <= {field.name for field in kinds[paper.layout.kind].fields}, paper.layout.name


def test_each_text_stands_on_its_page_and_on_no_other(drawn: list[Drawn]) -> None:
    for paper in drawn:
        boxes = np.array([line.box for line in paper.lines])
        assert (boxes[:, :2] >= 0).all(), paper.layout.name
        assert (boxes[:, 2] <= paper.image.width).all(), paper.layout.name
        assert (boxes[:, 3] <= paper.image.height).all(), paper.layout.name
        for place, one in enumerate(boxes):
            for other in boxes[place + 1 :]:
                assert _shared(one, other) < 0.35, (paper.layout.name, paper.lines[place].text)


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """How much of the smaller box the other covers."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    smaller = min(np.prod(one[2:] - one[:2]), np.prod(other[2:] - other[:2]))
    return float(np.prod(np.maximum(sides, 0)) / max(1, smaller))


@pytest.mark.parametrize("face", sorted(fonts.FACES))
def test_a_box_covers_all_ink_of_its_text(face: str) -> None:
    needs.need_font(face)
    sheet = Sheet(160, 30, 200, (255, 255, 255))
    sheet.write(8, 14, [("Ngày: ", Style(face, 13)), ("ẨỘ Nguyễn Thị Hường g", Style(face, 18, bold=True))], until=150)
    down, across = np.nonzero(np.asarray(sheet.image.convert("L")) < 200)
    [line] = sheet.lines
    assert line.text == "Ngày: ẨỘ Nguyễn Thị Hường g"
    left, top, right, bottom = line.box
    assert left <= across.min() and across.max() <= right
    assert top <= down.min() and down.max() <= bottom
    assert (across.min() - left, down.min() - top) <= (6, 6)


def test_the_same_seed_draws_the_same_page_and_another_seed_another() -> None:
    layout = layouts()["trich_luc_khai_tu.form"]
    one, two, three = (draw(layout, seed, dpi=DPI) for seed in ("1", "1", "2"))
    assert one.image.tobytes() == two.image.tobytes()
    assert (one.lines, one.values) == (two.lines, two.values)
    assert one.values["full-name"] != three.values["full-name"]


def test_ids_agree_with_birth_sex_and_province() -> None:
    inventor = Inventor("ids")
    for person in (inventor.person() for _ in range(50)):
        assert person.id == citizen_id(person.id[:3], person.born, person.sex, person.serial)
        assert person.id[3] == str((person.born.year - 1900) // 100 * 2 + (person.sex == "female"))


def test_parents_are_of_age_and_nothing_comes_after_today() -> None:
    inventor = Inventor("families")
    for child, mother, father in (inventor.family() for _ in range(50)):
        assert min(child.born.year - mother.born.year, child.born.year - father.born.year) >= 18
        assert child.born <= TODAY
        assert child.name.split()[0] == father.name.split()[0]


def test_both_sides_of_a_card_are_of_one_person() -> None:
    front = draw(layouts()["can_cuoc_mat_truoc.front"], "4", dpi=DPI)
    back = draw(layouts()["can_cuoc_mat_sau.back"], "4")
    assert back.mrz is not None
    number = front.values["id-number"]
    assert back.mrz[0][15:27] == number
    assert back.mrz[0][5:14] == number[3:]
    [code] = zxingcpp.read_barcodes(back.image)
    assert code.text == back.fields["qr_payload"]
    assert code.text.split("|")[0] == number
    assert code.text.split("|")[2].upper() == front.values["full-name"]


def test_the_zone_of_a_passport_carries_right_check_digits() -> None:
    who = Inventor("passport").person()
    first, second = td3(who, "C1234567", date(2031, 5, 6))
    assert (len(first), len(second), first[:5]) == (44, 44, "P<VNM")
    assert second[9] == check_digit("C1234567<")
    assert second[19] == check_digit(second[13:19])
    assert (second[21:27], second[27]) == ("310506", check_digit("310506"))
    assert second[28:40] == who.id
    assert second[42] == check_digit(second[28:42])
    assert second[43] == check_digit(second[:10] + second[13:20] + second[21:43])


def test_the_longest_names_fit_a_zone() -> None:
    who = Inventor("long").person(sex="female")
    long = Person(Words("Nguyễn Hoàng Thị Phương Quỳnh Như Khánh Hường Diệu"), *list(vars(who).values())[1:])
    assert {len(line) for line in td3(long, "C1234567", date(2031, 5, 6))} == {44}


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "một"), (10, "mười"), (15, "mười lăm"), (21, "hai mươi mốt"), (1990, "một nghìn chín trăm chín mươi"),
     (2002, "hai nghìn không trăm linh hai"), (2024, "hai nghìn không trăm hai mươi tư"), (2000, "hai nghìn")],
)  # fmt: skip
def test_a_year_is_spelt_as_clerks_spell_it(number: int, words: str) -> None:
    assert spelt(number) == words


def test_days_are_printed_as_layouts_ask() -> None:
    day = Day(2024, 8, 5)
    assert f"{day}" == "05/08/2024"
    assert f"{day:long}" == "ngày 05 tháng 08 năm 2024"
    assert f"{day:compact}" == "05082024"
    assert re.fullmatch("ngày năm tháng tám năm hai nghìn .*", f"{day:words}")
    assert Day(2021, 1, 5) == CARDS


def test_a_machine_without_the_fonts_is_told_what_to_install() -> None:
    fonts.FACES["nobody-has"] = ("fonts-nobody-has", ("nowhere",), "Nobody", fonts._BARE)  # type: ignore[index]
    try:
        with pytest.raises(FontsMissing, match="install the package fonts-nobody-has"):
            fonts.font("nobody-has", 12)
    finally:
        del fonts.FACES["nobody-has"]  # type: ignore[attr-defined]
