"""The demo's papers: they agree with each other, with the rules of the real ones, and a machine can read them."""

import io
import time
from datetime import date

import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from PIL import Image

from vault.demo import DemoPaper, papers
from vault.demo.drawing.mrz import check_digit, td1
from vault.demo.drawing.people import citizen_id
from vault.demo.people import CITIZEN

KINDS = ("birth-certificate", "citizen-card", "land-use-certificate", "driving-licence")


@pytest.fixture(scope="module")
def shelf() -> dict[str, DemoPaper]:
    return {paper.kind: paper for paper in papers()}


def _pages(paper: DemoPaper) -> list[Image.Image]:
    if paper.media_type != "application/pdf":
        return [Image.open(io.BytesIO(paper.data)).convert("RGB")]
    with pypdfium2.PdfDocument(paper.data) as document:
        return [page.render(scale=300 / 72).to_pil().convert("RGB") for page in document]


def test_a_visitor_finds_the_four_papers_of_one_citizen(shelf: dict[str, DemoPaper]) -> None:
    assert tuple(shelf) == KINDS
    assert {paper.truth.get("full-name") or paper.truth["holder"] for paper in shelf.values()} == {"NGUYỄN VĂN AN"}
    ids = [paper.truth["id-number"] for paper in shelf.values() if "id-number" in paper.truth]
    assert ids == [CITIZEN.id] * 3
    births = [paper.truth["birth-date"] for paper in shelf.values() if "birth-date" in paper.truth]
    assert births == [CITIZEN.born.isoformat()] * 3


def test_the_citizen_id_agrees_with_birth_date_and_sex(shelf: dict[str, DemoPaper]) -> None:
    truth = shelf["citizen-card"].truth
    born = date.fromisoformat(truth["birth-date"])
    assert truth["sex"] == "male"
    assert truth["id-number"] == f"0480{born:%y}" + truth["id-number"][-6:]
    assert len(truth["id-number"]) == 12


@pytest.mark.parametrize(
    ("born", "sex", "digit"),
    [
        (date(1999, 12, 31), "male", "0"),
        (date(1999, 12, 31), "female", "1"),
        (date(2000, 1, 1), "male", "2"),
        (date(2004, 5, 6), "female", "3"),
    ],
)
def test_the_fourth_digit_of_an_id_tells_century_and_sex(born: date, sex: str, digit: str) -> None:
    assert citizen_id("048", born, sex, "000001") == f"048{digit}{born:%y}000001"  # type: ignore[arg-type]


def test_the_qr_on_the_card_reads_back_as_the_card(shelf: dict[str, DemoPaper]) -> None:
    card = shelf["citizen-card"]
    front, back = _pages(card)
    assert zxingcpp.read_barcodes(front) == []
    [code] = zxingcpp.read_barcodes(back)
    number, _old, name, born, sex, address, issued = code.text.split("|")
    assert (number, name.upper(), sex, address) == (
        card.truth["id-number"],
        card.truth["full-name"],
        "Nam",
        card.truth["residence"],
    )
    assert [date(int(day[4:]), int(day[2:4]), int(day[:2])).isoformat() for day in (born, issued)] == [
        card.truth["birth-date"],
        card.truth["issued-on"],
    ]


def test_the_check_digits_follow_the_published_example() -> None:
    """ICAO 9303 part 5, appendix B: the specimen of Utopia."""
    assert check_digit("D23145890") == "7"
    assert check_digit("740812") == "2"
    assert check_digit("120415") == "9"
    assert check_digit("D231458907<<<<<<<<<<<<<<<" + "7408122" + "1204159" + "<" * 11) == "6"


def test_the_machine_readable_zone_carries_right_check_digits() -> None:
    first, second, third = td1(CITIZEN, date(2030, 3, 14))
    assert [len(line) for line in (first, second, third)] == [30, 30, 30]
    assert first[:5] == "IDVNM"
    assert first[5:14] == CITIZEN.id[-9:]
    assert first[14] == check_digit(first[5:14])
    assert first[15:27] == CITIZEN.id
    assert first[29] == check_digit(first[15:29])
    assert (second[:6], second[6]) == ("900314", check_digit("900314"))
    assert (second[8:14], second[14]) == ("300314", check_digit("300314"))
    assert second[29] == check_digit(first[5:] + second[:7] + second[8:15] + second[18:29])
    assert third == "NGUYEN<<VAN<AN".ljust(30, "<")


def test_a_scan_shows_the_whole_paper_at_the_resolution_that_offices_ask(shelf: dict[str, DemoPaper]) -> None:
    birth = Image.open(io.BytesIO(shelf["birth-certificate"].data))
    assert (birth.size, birth.info["dpi"]) == ((1654, 2339), (200, 200))
    assert len(_pages(shelf["citizen-card"])) == 2
    assert len(_pages(shelf["land-use-certificate"])) == 1
    assert _pages(shelf["driving-licence"])[0].width > 1000


def test_the_same_files_come_out_each_time(shelf: dict[str, DemoPaper]) -> None:
    time.sleep(1.1)  # a PDF may carry the second in which it was made
    again = {paper.kind: paper for paper in papers()}
    for kind in KINDS:
        assert again[kind].data == shelf[kind].data


def test_a_log_line_about_a_paper_shows_no_bytes_of_it(shelf: dict[str, DemoPaper]) -> None:
    assert "data=" not in repr(shelf["driving-licence"])
