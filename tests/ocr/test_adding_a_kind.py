"""An operator adds a kind as docs/adding-a-kind.md says, and a paper of it is read."""

import re
from pathlib import Path

import pytest

import ocr
from ocr import findings
from ocr.kinds import load_kinds
from tests.ocr.pages import page
from tests.ocr.sheets import draw, saved

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-kind.md"
PAPER = (
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 30, 420), ("CHỨNG NHẬN ĐĂNG KÝ XE MÔ TÔ", 48, 380),
    ("Tên chủ xe / Owner's full name: TRẦN VĂN BÌNH", 32, 140),
    ("Địa chỉ / Address: phường Hải Châu, thành phố Đà Nẵng", 32, 140),
    ("Nhãn hiệu / Brand: Honda     Số loại: WAVE", 32, 140), ("Số máy / Engine N°: JA39E0123456", 32, 140),
    ("Biển số đăng ký / N° plate: 43-C1 123.45", 32, 140), ("Đà Nẵng, ngày 05 tháng 03 năm 2021", 32, 700),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's folder with the very file of the page."""
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    (tmp_path / "vehicle.yaml").write_text(found[1], "utf-8")
    return tmp_path


def test_the_kind_is_there_beside_those_of_the_package(folder: Path) -> None:
    assert load_kinds(folder).keys() == load_kinds().keys() | {"vehicle-registration"}


@pytest.mark.usefixtures("tesseract")
def test_a_paper_of_the_kind_is_read(folder: Path) -> None:
    data = saved(draw(PAPER, (1654, 1100)), "PNG")
    reading = ocr.read(ocr.BytesSource(data), ocr.Limits(), kinds_dir=folder, on_page=lambda _: None)
    assert reading.kind == "vehicle-registration"
    assert {field.name: field.value for field in reading.fields} == {
        "plate": "43-C1 123.45", "full-name": "TRẦN VĂN BÌNH", "residence": "phường Hải Châu, thành phố Đà Nẵng",
        "brand": "Honda", "engine-number": "JA39E0123456", "issued-on": "2021-03-05",
    }  # fmt: skip


def test_without_the_file_the_paper_is_of_no_kind() -> None:
    assert findings.find([page(*(text for text, _, _ in PAPER))], [], load_kinds()).kind == "other"
