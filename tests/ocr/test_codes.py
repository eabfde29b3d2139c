"""Codes on pages: of every sort, at any turn, small as on photographed cards."""

import pytest
import zxingcpp
from PIL import Image

from ocr.codes import find_codes

CARD = "048090012347|201654320|Nguyễn Văn An|14031990|Nam|K25/7 Lê Đình Lý, Đà Nẵng|15082024"
QR = zxingcpp.BarcodeFormat.QRCode


def _page(text: str, form: zxingcpp.BarcodeFormat, scale: int) -> Image.Image:
    code = Image.fromarray(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, form), scale=scale))
    page = Image.new("L", (max(600, code.width + 200), max(400, code.height + 200)), 235)
    page.paste(code, (page.width - code.width - 90, 80))
    return page


@pytest.mark.parametrize("turn", [0, 37, 90, 180, 263])
def test_code_of_a_card_lying_at_any_turn(turn: int) -> None:
    page = _page(CARD, QR, 4).rotate(turn, expand=True, fillcolor=235, resample=Image.Resampling.BICUBIC)
    assert [code.text for code in find_codes(page, 1)] == [CARD]


def test_small_code_of_a_photographed_card() -> None:
    page = _page(CARD, QR, 4)
    small = page.resize((round(page.width * 0.33), round(page.height * 0.33)), Image.Resampling.BILINEAR)
    assert [code.text for code in find_codes(small, 1)] == [CARD]


@pytest.mark.parametrize(
    ("form", "text"),
    [(zxingcpp.BarcodeFormat.Code128, "H10.01.02-260125-0001"), (zxingcpp.BarcodeFormat.PDF417, "DC 644970|CS22404")],
)
def test_codes_that_say_nothing_to_us_are_kept_raw(form: zxingcpp.BarcodeFormat, text: str) -> None:
    found = find_codes(_page(text, form, 2), 3)
    assert [(code.text, code.page) for code in found] == [(text, 3)]
    x0, y0, x1, y1 = found[0].box
    assert 0 < x0 < x1 <= 1
    assert 0 < y0 < y1 <= 1


def test_page_without_a_code() -> None:
    assert find_codes(Image.new("L", (600, 400), 235), 1) == ()
