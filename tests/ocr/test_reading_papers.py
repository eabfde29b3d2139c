"""Whole papers through the child, with real recognition."""

import io
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageStat

import ocr
from ocr import BytesSource, Limits, PageDone, Reading
from ocr.errors import ReadingFailed
from ocr.scratch import ROOT, scratch_folder
from tests.ocr.children import children
from tests.ocr.sheets import born_digital, draw, saved

CARD = "054202875923|201234567|Bùi Đình Dũng|11122002|Nam|Thôn Trại Cũ, Phú Yên|19082021"


def _read(data: bytes, limits: Limits | None = None) -> tuple[Reading, list[PageDone]]:
    done: list[PageDone] = []
    return ocr.read(BytesSource(data), limits or Limits(), on_page=done.append), done


def _values(reading: Reading) -> dict[str, str]:
    return {item.name: item.value for item in reversed(reading.fields)}


@pytest.mark.usefixtures("tesseract")
def test_birth_certificate_from_a_picture(birth_page: Image.Image) -> None:
    reading, done = _read(saved(birth_page, "PNG"))
    assert reading.kind == "birth-certificate"
    expected = {
        "number": "160/2024", "full-name": "BÙI ĐÌNH DŨNG", "birth-date": "2002-12-11", "sex": "male",
        "id-number": "054202875923", "mother": "HUỲNH HỒNG NGÂN", "father": "BÙI VĂN NGHĨA", "issued-on": "2024-08-19",
    }  # fmt: skip
    assert expected.items() <= _values(reading).items()
    assert reading.warnings == ()
    assert Reading.from_json(reading.to_json()) == reading
    assert [(page.number, page.pages) for page in done] == [(1, 1)]


@pytest.mark.usefixtures("tesseract")
def test_boxes_of_a_turned_page_lie_where_the_words_are(birth_page: Image.Image) -> None:
    turned = birth_page.rotate(3, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    reading, done = _read(saved(turned, "PNG"))
    field = next(item for item in reading.fields if item.name == "id-number")
    assert field.value == "054202875923"
    assert field.box is not None
    x0, y0, x1, y1 = field.box
    shown = Image.open(io.BytesIO(done[0].preview)).convert("L")
    crop = shown.crop((int(x0 * shown.width), int(y0 * shown.height), int(x1 * shown.width), int(y1 * shown.height)))
    assert crop.getextrema()[0] < 100


@pytest.mark.usefixtures("tesseract")
def test_a_page_put_in_upside_down_is_read_and_shown_upright(birth_page: Image.Image) -> None:
    shown: list[PageDone] = []
    paper = saved(birth_page.rotate(180), "PNG")
    reading = ocr.read(BytesSource(paper), Limits(), on_page=lambda _: None, on_picture=shown.append)
    assert _values(reading)["id-number"] == "054202875923"
    assert reading.pages[0].corners == ((1, 1), (0, 1), (0, 0), (1, 0))
    assert [page.number for page in shown] == [1, 1]
    preview = Image.open(io.BytesIO(shown[-1].preview)).convert("L")
    expected = birth_page.convert("L").resize(preview.size)
    assert ImageStat.Stat(ImageChops.difference(preview, expected)).mean[0] < 4
    assert Reading.from_json(reading.to_json()) == reading


@pytest.mark.usefixtures("tesseract")
def test_english_page_is_read_in_english() -> None:
    text = "This certificate confirms that the person named below has completed the training with great success"
    page = draw(tuple((text, 28, 80) for _ in range(6)))
    reading, _ = _read(saved(page, "PNG"))
    assert reading.pages[0].language == "eng"
    assert "completed the training" in reading.pages[0].text
    assert reading.kind == "other"


def test_born_digital_page_keeps_its_own_text() -> None:
    reading, done = _read(born_digital(["GIAY PHEP LAI XE", "So/No: 790123456789", "Full name: TRAN VAN BINH"]))
    assert reading.pages[0].source == "text-layer"
    assert reading.kind == "driving-licence"
    fields = {item.name: (item.value, item.source) for item in reading.fields}
    assert fields["number"] == ("790123456789", "text")
    assert len(done) == 1


@pytest.mark.usefixtures("tesseract")
def test_card_with_its_qr_shows_both_sources_and_their_disagreement() -> None:
    page = draw((("CĂN CƯỚC CÔNG DÂN", 50, 500), ("Họ và tên / Full name: BÙI ĐÌNH DŨNG", 32, 140),
                 ("Ngày sinh / Date of birth: 12/12/2002", 32, 140)), (1654, 1000))  # fmt: skip
    code = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(CARD, zxingcpp.BarcodeFormat.QRCode), scale=5)
    page.paste(Image.fromarray(code), (1150, 500))
    reading, _ = _read(saved(page, "JPEG", quality=90))
    assert reading.kind == "citizen-card"
    assert _values(reading)["id-number"] == "054202875923"
    assert [item.source for item in reading.fields if item.name == "birth-date"] == ["qr", "ocr"]
    assert [(warning.code, warning.fields) for warning in reading.warnings] == [("sources-differ", ("birth-date",))]


@pytest.mark.usefixtures("tesseract")
def test_previews_are_small_and_upright(birth_page: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned a quarter
    turned = birth_page.rotate(90, expand=True)
    _, done = _read(saved(turned, "JPEG", exif=exif))
    preview, thumbnail = Image.open(io.BytesIO(done[0].preview)), Image.open(io.BytesIO(done[0].thumbnail))
    assert preview.format == "WEBP"
    assert preview.width == 1240
    assert preview.height < preview.width
    assert thumbnail.width == 360


@pytest.mark.usefixtures("tesseract")
def test_pages_of_a_tiff_are_told_one_by_one(birth_page: Image.Image) -> None:
    small = birth_page.resize((413, 350))
    _, done = _read(saved(small, "TIFF", save_all=True, append_images=[small, small]))
    assert [(page.number, page.pages) for page in done] == [(1, 3), (2, 3), (3, 3)]


class _Killing:
    """A source during whose reading somebody kills the child."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        for process in children():
            os.kill(process, signal.SIGKILL)
        return self._data[offset : offset + length]


def test_child_killed_in_the_middle_leaves_nothing(samples: dict[str, bytes]) -> None:
    with pytest.raises(ReadingFailed):
        ocr.read(_Killing(samples["image/png"]), Limits(), on_page=lambda _: None)
    assert not list(ROOT.glob(f"docvault-{os.getpid()}-*"))
    assert not children()


@pytest.mark.usefixtures("tesseract")
def test_wall_time_ends_a_reading(birth_page: Image.Image) -> None:
    started = time.monotonic()
    with pytest.raises(ReadingFailed) as failure:
        ocr.read(BytesSource(saved(birth_page, "PNG")), Limits(wall_s=0.4), on_page=lambda _: None)
    assert failure.value.reason == "time"
    assert time.monotonic() - started < 5
    assert not children()


def test_processor_time_ends_a_reading() -> None:
    many = born_digital(["Don xin cap lai giay to tuy than, kinh gui uy ban nhan dan"] * 20, pages=200)
    with pytest.raises(ReadingFailed) as failure:
        ocr.read(BytesSource(many), Limits(cpu_s=1), on_page=lambda _: None)
    assert failure.value.reason == "time"
    assert not children()


def test_error_of_the_source_passes_through_and_ends_the_child() -> None:
    class Broken:
        size = 5000

        def read_at(self, offset: int, length: int) -> bytes:
            raise PermissionError("seal broken")

    with pytest.raises(PermissionError):
        ocr.inspect(Broken(), Limits())
    assert not children()


def test_scratch_is_private_and_of_dead_processes_swept() -> None:
    stale = ROOT / "docvault-999999999-1-00"
    stale.mkdir()
    with scratch_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not stale.exists()
    assert not folder.exists()


def test_scratch_of_a_living_process_is_left_alone() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with scratch_folder() as folder:
            (folder / "page.pgm").write_bytes(b"x")
            held.append(folder)
            entered.set()
            leave.wait(10)

    held: list[Path] = []
    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    with scratch_folder():
        assert (held[0] / "page.pgm").exists()
    leave.set()
    thread.join()
