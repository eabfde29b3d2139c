"""The demo's two cards, 85.6 x 54 mm at 300 dpi: the citizen card of 2024 (two sides) and the driving licence."""

from datetime import date
from typing import Final

import zxingcpp
from PIL import Image

from vault.demo.draw import RED, Sheet
from vault.demo.mrz import td1
from vault.demo.ornaments import MOTTO, NATION, chip, emblem, portrait, signature, stamp
from vault.demo.people import CITIZEN, CITY, HOME, SEX_WORDS, STREET, WARD, day

DPI: Final = 300
CARD: Final = (1012, 638)

CARD_ISSUED: Final = date(2024, 8, 15)
CARD_EXPIRES: Final = date(2030, 3, 14)  # the fortieth birthday, when a card made at 34 is renewed

LICENCE_NUMBER: Final = "480194006215"
LICENCE_CLASS: Final = "B2"
LICENCE_ISSUED: Final = date(2019, 6, 10)
LICENCE_EXPIRES: Final = date(2029, 6, 10)


def qr_text() -> str:
    """What the card's QR says: id, old id, name, birth, sex, address, issued; separated by bars."""
    born, issued = f"{CITIZEN.born:%d%m%Y}", f"{CARD_ISSUED:%d%m%Y}"
    return "|".join((CITIZEN.id, CITIZEN.old_id, CITIZEN.name, born, SEX_WORDS[CITIZEN.sex], HOME, issued))


def card_front() -> Image.Image:
    """The side with the photograph."""
    sheet = _card((226, 240, 240), (204, 228, 228))
    emblem(sheet, 40, 34, 120)
    sheet.centred(590, 64, NATION, 27, bold=True)
    sheet.centred(590, 100, MOTTO, 25, bold=True)
    sheet.centred(590, 126, "SOCIALIST REPUBLIC OF VIET NAM", 17)
    sheet.centred(590, 182, "CĂN CƯỚC", 46, bold=True, fill=RED)
    sheet.centred(590, 212, "IDENTITY CARD", 22, bold=True, fill=RED)
    portrait(sheet, 44, 232, 236, 314)
    _stacked(sheet, 312, 264, "Số định danh cá nhân / Personal identification number:", CITIZEN.id, 42)
    _stacked(sheet, 312, 356, "Họ, chữ đệm và tên khai sinh / Full name:", CITIZEN.capitals, 34)
    sheet.text(sheet.text(312, 456, "Ngày sinh / Date of birth: ", 22), 456, day(CITIZEN.born), 27, bold=True)
    sheet.text(sheet.text(312, 506, "Giới tính / Sex: ", 22), 506, SEX_WORDS[CITIZEN.sex], 27, bold=True)
    sheet.text(sheet.text(580, 506, "Quốc tịch / Nationality: ", 22), 506, "Việt Nam", 27, bold=True)
    sheet.text(312, 590, "MẪU / SPECIMEN", 28, bold=True, fill=RED)
    return sheet.image


def card_back() -> Image.Image:
    """The side with the QR and the machine-readable zone."""
    sheet = _card((226, 240, 240), (204, 228, 228))
    _stacked(sheet, 44, 62, "Nơi cư trú / Place of residence:", f"{STREET}, {WARD},", 22)
    sheet.text(44, 130, CITY, 22, bold=True)
    _stacked(sheet, 44, 180, "Nơi đăng ký khai sinh / Place of birth:", f"{WARD}, {CITY}", 20)
    _stacked(sheet, 44, 264, "Ngày, tháng, năm cấp / Date of issue:", day(CARD_ISSUED), 25)
    _stacked(sheet, 44, 346, "Ngày, tháng, năm hết hạn / Date of expiry:", day(CARD_EXPIRES), 25)
    chip(sheet, 572, 250, 104)
    sheet.centred(624, 384, "BỘ CÔNG AN", 20, bold=True)
    sheet.text(752, 384, "MẪU / SPECIMEN", 22, bold=True, fill=RED)
    qr = _qr(qr_text(), 250)
    sheet.paste(qr, sheet.width - qr.width - 32, 32)
    for place, line in enumerate(td1(CITIZEN, CARD_EXPIRES)):
        sheet.mono(44, 466 + place * 58, line, 51)
    return sheet.image


def card_truth() -> dict[str, str]:
    """The true field values of the citizen card."""
    return {
        "id-number": CITIZEN.id,
        "old-id-number": CITIZEN.old_id,
        "full-name": CITIZEN.capitals,
        "birth-date": CITIZEN.born.isoformat(),
        "sex": CITIZEN.sex,
        "origin": f"{WARD}, {CITY}",
        "residence": HOME,
        "issued-on": CARD_ISSUED.isoformat(),
        "expires-on": CARD_EXPIRES.isoformat(),
    }


def driving_licence() -> tuple[Image.Image, dict[str, str]]:
    """The driving licence and its true field values."""
    sheet = _card((250, 240, 210), (242, 226, 182))
    sheet.centred(150, 66, "BỘ GTVT", 26, bold=True)
    sheet.centred(150, 100, "MOT", 22)
    sheet.centred(636, 58, NATION, 26, bold=True)
    sheet.centred(636, 92, MOTTO.upper(), 22, bold=True)
    sheet.centred(636, 144, "GIẤY PHÉP LÁI XE/DRIVER'S LICENSE", 31, bold=True, fill=RED)
    sheet.centred(636, 188, f"Số/No: {LICENCE_NUMBER}", 31, bold=True, fill=RED)
    portrait(sheet, 44, 126, 220, 293)
    for place, (label, value) in enumerate(_licence_rows()):
        sheet.text(sheet.text(296, 242 + place * 44, f"{label}: ", 24), 242 + place * 44, value, 24, bold=True)
    sheet.text(296, 418, f"quận Thanh Khê, {CITY}", 24, bold=True)
    sheet.text(sheet.text(44, 466, "Hạng/Class: ", 26), 466, LICENCE_CLASS, 38, bold=True)
    sheet.text(44, 520, f"Có giá trị đến/Expires: {day(LICENCE_EXPIRES)}", 23, bold=True)
    when = f"ngày/date {LICENCE_ISSUED:%d} tháng/month {LICENCE_ISSUED:%m} năm/year {LICENCE_ISSUED:%Y}"
    sheet.text(978, 452, f"Đà Nẵng, {when}", 19, anchor="rs")
    sheet.centred(790, 486, "GIÁM ĐỐC/DIRECTOR", 21, bold=True)
    signature(sheet, 726, 462, 150)
    stamp(sheet, 590, 458, 150, " SỞ GTVT MẪU * SPECIMEN *")
    sheet.centred(800, 612, "Trịnh Công Hậu", 22, bold=True)
    sheet.text(44, 596, "MẪU / SPECIMEN", 26, bold=True, fill=RED)
    return sheet.image, {
        "number": LICENCE_NUMBER,
        "full-name": CITIZEN.capitals,
        "birth-date": CITIZEN.born.isoformat(),
        "residence": f"{WARD}, {CITY}",
        "class": LICENCE_CLASS,
        "issued-on": LICENCE_ISSUED.isoformat(),
        "expires-on": LICENCE_EXPIRES.isoformat(),
    }


def _licence_rows() -> list[tuple[str, str]]:
    return [
        ("Họ tên/Full name", CITIZEN.capitals),
        ("Ngày sinh/Date of Birth", day(CITIZEN.born)),
        ("Quốc tịch/Nationality", "VIỆT NAM"),
        ("Nơi cư trú/Address", "phường Thạc Gián,"),
    ]


def _card(paper: tuple[int, int, int], waves: tuple[int, int, int]) -> Sheet:
    sheet = Sheet(*CARD, paper, waves, face="Sans")
    sheet.specimen(76)
    return sheet


def _stacked(sheet: Sheet, x: float, y: float, label: str, value: str, size: int) -> None:
    sheet.text(x, y, label, 20)
    sheet.text(x, y + size * 1.2 + 4, value, size, bold=True)


def _qr(text: str, least: int) -> Image.Image:
    """A QR code at a whole number of pixels per module, at most `least` wide."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules = Image.fromarray(code.to_image(scale=1, add_quiet_zones=True))
    scale = max(1, least // modules.width)
    return modules.resize((modules.width * scale, modules.height * scale), Image.Resampling.NEAREST).convert("RGB")
