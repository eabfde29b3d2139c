"""What the reading child is given, and what it is not."""

from pathlib import Path

import pytest

import ocr
from ocr import BytesSource, Limits
from ocr.errors import ReadingFailed
from tests.ocr.sheets import draw, saved


def test_a_machine_without_tesseract_does_not_blame_the_paper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = saved(draw((("GIẤY KHAI SINH", 56, 200),), (900, 400)), "PNG")
    with pytest.raises(ReadingFailed) as failure:
        ocr.read(BytesSource(picture), Limits(), on_page=lambda _: None)
    assert (failure.value.reason, failure.value.code) == ("engine", "reader-unusable")


@pytest.mark.parametrize(("reason", "code"), [("time", "reading-failed"), ("scratch", "reader-unusable")])
def test_who_is_to_blame_is_told_by_the_code(reason: str, code: str) -> None:
    assert ReadingFailed(reason).code == code
