"""Long papers, and papers of two sides: pages of every sort, one of them broken, and what they say together."""

import io
import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

import ocr
from ocr import BytesSource, Limits, PageDone, Reading, cores, parent, reader
from ocr.errors import ReadingFailed
from tests.ocr.pdfs import Sheet, lines, written
from tests.ocr.sheets import draw, saved

CARD = b"[0 0 330 200]"
SMALL = b"[0 0 100 40]"
SCANS = {7: 0, 40: 90, 77: 0}
"""Numbers of the pages that are scans → how they are turned by the PDF."""
BROKEN = 55
PAGES = 100


def scan(turned: int) -> Sheet:
    """A scan that lies on its side in the file where the page is turned."""
    image = draw((("GIẤY CHỨNG NHẬN", 44, 40), ("Số: 160/2024", 40, 40)), (640, 320))
    image = image.rotate(turned, expand=True)
    entries = b"/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode" % image.size
    wide, high = (160, 80) if not turned % 180 else (80, 160)
    box = b"[0 0 %d %d]" % (wide, high)
    return Sheet(b"q %d 0 0 %d 0 0 cm /I Do Q" % (wide, high), ((b"I", entries, saved(image, "JPEG")),), turned, box)


def long_paper() -> bytes:
    """A hundred pages: text in all four turns, a few scans, and one page that cannot be loaded."""
    sheets = []
    for number in range(1, PAGES + 1):
        if number in SCANS:
            sheets.append(scan(SCANS[number]))
        else:
            text = lines([b"Trang so %d cua mot ho so dai" % number], top=20, left=2, size=4)
            sheets.append(Sheet(text, turned=number % 4 * 90, box=SMALL))
    data = written(sheets)
    # its /Type says no page any more; the place of nothing else in the file moves
    places = [at for at in range(len(data)) if data.startswith(b"<</Type/Page/", at)]
    at = places[BROKEN - 1]
    return data[:at] + b"<</Type/Pagx/" + data[at + 13 :]


def read(data: bytes) -> tuple[Reading, list[PageDone], list[int]]:
    """With the pages as they were shown, and the numbers of those read."""
    shown: list[PageDone] = []
    done: list[int] = []
    reading = ocr.read(
        BytesSource(data), Limits(), on_page=lambda page: done.append(page.number), on_picture=shown.append
    )
    return reading, shown, done


@pytest.mark.usefixtures("tesseract")
def test_a_hundred_pages_of_which_one_is_broken_are_read_and_told_one_by_one() -> None:
    reading, shown, done = read(long_paper())
    assert done == [page.number for page in shown] == list(range(1, PAGES + 1))
    assert [page.number for page in reading.pages if page.error] == [BROKEN]
    assert [page.number for page in reading.pages if page.source == "ocr" and not page.error] == list(SCANS)
    assert all(f"so {page.number} cua" in page.text for page in reading.pages if page.source == "text-layer")
    assert all("160/2024" in reading.pages[number - 1].text for number in SCANS)


def test_a_card_scanned_from_both_sides_is_one_paper() -> None:
    front = [b"CAN CUOC CONG DAN", b"So / No.: 048090012347", b"Ho va ten / Full name: NGUYEN VAN AN"]
    back = [
        b"Dac diem nhan dang / Personal identification: not ruoi",
        b"Ngay, thang, nam / Date, month, year: 15/08/2024",
    ]
    data = written(
        [
            Sheet(lines(front, top=180, left=9, size=6), box=CARD),
            Sheet(lines(back, top=180, left=9, size=6), turned=180, box=CARD),
        ]
    )
    reading, _, _ = read(data)
    assert reading.kind == "citizen-card"
    found = {field.name: (field.value, field.page) for field in reading.fields}
    assert found["id-number"] == ("048090012347", 1)
    assert found["issued-on"] == ("2024-08-15", 2)


def test_pages_whose_code_trips_are_told_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library raises over one page is that page's own affair."""

    class Results:
        def __init__(self) -> None:
            self.pages: list[dict[str, object]] = []

        def picture(self, of: int, preview: bytes, thumbnail: bytes) -> None: ...

        def page(self, of: int, page: dict[str, object]) -> None:
            self.pages.append(page)

        def findings(self, findings: dict[str, object]) -> None:
            self.found = findings

    def tripping(image: Image.Image, number: int) -> list[ocr.Code]:
        if number == 2:
            raise ValueError("a library's own words")
        return []

    results = Results()
    monkeypatch.setattr(reader, "find_codes", tripping)
    data = written(
        [Sheet(lines([b"Trang %d cua mot ho so dai hon" % n], top=20, left=2, size=4), box=SMALL) for n in (1, 2, 3)]
    )
    reader.read_paper(io.BytesIO(data), Limits(), Path("/nonexistent"), None, results)
    assert [page["error"] for page in results.pages] == [None, "broken-paper", None]


@pytest.mark.usefixtures("tesseract")
def test_pages_that_are_read_at_the_same_time_say_what_they_say_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(
        [scan(0), Sheet(lines([b"Mot trang chu giua hai trang quet"], top=20, left=2, size=4), box=SMALL), scan(90)]
    )
    readings = []
    for at_once in (1, 2):
        monkeypatch.setattr(parent, "cores", lambda number=at_once: nullcontext(number))
        readings.append(read(data)[0])
    assert readings[0] == readings[1]
    assert [page.source for page in readings[0].pages] == ["ocr", "text-layer", "ocr"]


def test_a_machine_without_an_engine_is_to_blame_at_whatever_number_of_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(parent, "cores", lambda: nullcontext(2))
    with pytest.raises(ReadingFailed) as failure:
        read(written([scan(0), scan(0)]))
    assert failure.value.code == "reader-unusable"


def test_papers_that_are_read_at_the_same_time_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_NAME", f"test-core-{os.getpid()}")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    with cores.cores() as first, cores.cores() as second, cores.cores() as third:
        assert (first, second, third) == (2, 1, 1)
    with cores.cores() as again:
        assert again == 2
