"""The demo's two certificates on A4 at 200 dpi: birth certificate and land-use certificate."""

from datetime import date
from typing import Final

from PIL import Image

from vault.demo.draw import RED, Sheet
from vault.demo.ornaments import MOTTO, NATION, NOTICE, emblem, header, signature, signed
from vault.demo.people import CITIZEN, CITY, FATHER, MOTHER, SEX_WORDS, STREET, WARD, Person, day, long_day

DPI: Final = 200
A4: Final = (1654, 2339)
LEFT: Final = 190
RIGHT: Final = 1464
BIRTH_SIZE: Final = 32
LAND_SIZE: Final = 29

BIRTH_NUMBER: Final = "87/2022"
BIRTH_PLACE: Final = f"Bệnh viện Phụ sản - Nhi, {CITY}"
BIRTH_ISSUED: Final = date(2022, 5, 20)
BIRTH_ISSUER: Final = "PHƯỜNG THẠC GIÁN"

PARCEL: Final = "125"
MAP_SHEET: Final = "38"
AREA: Final = "98,5"
LAND_PURPOSE: Final = "Đất ở tại đô thị"
LAND_TERM: Final = "Lâu dài"
LAND_SERIAL: Final = "DC 482915"
LAND_BOOK: Final = "CS 07316"
LAND_ISSUED: Final = date(2020, 11, 12)
LAND_ISSUER: Final = "SỞ TÀI NGUYÊN VÀ MÔI TRƯỜNG"

Row = list[tuple[str, str, float, float]]


def birth_certificate() -> tuple[Image.Image, dict[str, str]]:
    """The birth certificate and its true field values."""
    sheet = Sheet(*A4, (253, 250, 240), (248, 243, 222))
    sheet.specimen(150)
    sheet.frame(70, RED)
    sheet.centred(430, 210, "ỦY BAN NHÂN DÂN", 26)
    sheet.centred(430, 252, BIRTH_ISSUER, 26, bold=True)
    header(sheet, 1085, 210, 26)
    emblem(sheet, 757, 320, 140)
    sheet.centred(827, 570, "GIẤY KHAI SINH", 68, bold=True, fill=RED)
    sheet.centred(827, 640, f"Số: {BIRTH_NUMBER}", BIRTH_SIZE)
    _rows(sheet, 752, 77, _birth_rows(), BIRTH_SIZE, dotted=True)
    sheet.text(LEFT, 1760, f"Đăng ký {long_day(BIRTH_ISSUED)}", BIRTH_SIZE)
    sheet.centred(440, 1850, "NGƯỜI THỰC HIỆN", 26, bold=True)
    signature(sheet, 370, 1912, 150, lean=0.25)
    sheet.centred(440, 2096, "Võ Thanh Tâm", 26, bold=True)
    signed(sheet, 1160, 1850, 26, ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], "Lê Thị Minh", " UBND PHƯỜNG MẪU * SPECIMEN *")
    _notice(sheet)
    return sheet.image, _birth_truth()


def _birth_rows() -> list[Row]:
    return [
        _whole("Họ, chữ đệm, tên", CITIZEN.capitals),
        _whole("Ngày, tháng, năm sinh", day(CITIZEN.born)),
        _whole("Ghi bằng chữ", "ngày mười bốn tháng ba năm một nghìn chín trăm chín mươi"),
        _person_row(CITIZEN, "Giới tính", SEX_WORDS[CITIZEN.sex]),
        _whole("Nơi sinh", BIRTH_PLACE),
        _whole("Quê quán", "xã Hòa Tiến, huyện Hòa Vang, thành phố Đà Nẵng"),
        _whole("Số định danh cá nhân", CITIZEN.id),
        _whole("Họ, chữ đệm, tên người mẹ", MOTHER.capitals),
        _person_row(MOTHER, "Năm sinh", f"{MOTHER.born:%Y}"),
        _whole("Nơi cư trú", f"{WARD}, {CITY}"),
        _whole("Họ, chữ đệm, tên người cha", FATHER.capitals),
        _person_row(FATHER, "Năm sinh", f"{FATHER.born:%Y}"),
        _whole("Nơi cư trú", f"{WARD}, {CITY}"),
    ]


def _birth_truth() -> dict[str, str]:
    return {
        "number": BIRTH_NUMBER,
        "full-name": CITIZEN.capitals,
        "birth-date": CITIZEN.born.isoformat(),
        "sex": CITIZEN.sex,
        "birth-place": BIRTH_PLACE,
        "id-number": CITIZEN.id,
        "mother": MOTHER.capitals,
        "father": FATHER.capitals,
        "issued-on": BIRTH_ISSUED.isoformat(),
        "issuer": BIRTH_ISSUER,
    }


def land_certificate() -> tuple[Image.Image, dict[str, str]]:
    """The land-use certificate and its true field values."""
    sheet = Sheet(*A4, (254, 243, 245), (251, 230, 235))
    sheet.specimen(150)
    sheet.frame(70, RED)
    sheet.centred(827, 200, NATION, 30, bold=True)
    sheet.centred(827, 248, MOTTO, 30, bold=True)
    sheet.line([(640, 264), (1014, 264)])
    emblem(sheet, 757, 284, 140)
    for y, line, size in (
        (520, "GIẤY CHỨNG NHẬN", 54),
        (592, "QUYỀN SỬ DỤNG ĐẤT", 42),
        (645, "QUYỀN SỞ HỮU NHÀ Ở VÀ TÀI SẢN KHÁC GẮN LIỀN VỚI ĐẤT", 30),
    ):
        sheet.centred(827, y, line, size, bold=True, fill=RED)
    sheet.text(LEFT, 745, "I. Người sử dụng đất, chủ sở hữu nhà ở và tài sản khác gắn liền với đất", 28, bold=True)
    _rows(sheet, 815, 66, _holder_rows(), LAND_SIZE, dotted=False)
    sheet.text(LEFT, 1035, "II. Thửa đất, nhà ở và tài sản khác gắn liền với đất", 28, bold=True)
    _rows(sheet, 1105, 66, _parcel_rows(), LAND_SIZE, dotted=False)
    sheet.centred(1130, 1735, f"Đà Nẵng, {long_day(LAND_ISSUED)}", 26)
    titles = [LAND_ISSUER, "THÀNH PHỐ ĐÀ NẴNG", "GIÁM ĐỐC"]
    signed(sheet, 1130, 1785, 26, titles, "Phạm Quốc Dũng", " SỞ TÀI NGUYÊN MẪU * SPECIMEN *")
    sheet.text(LEFT, 2170, f"Số vào sổ cấp GCN: {LAND_BOOK}", 26)
    sheet.text(RIGHT, 2170, LAND_SERIAL, 38, bold=True, fill=RED, anchor="rs")
    _notice(sheet)
    return sheet.image, _land_truth()


def _holder_rows() -> list[Row]:
    return [
        [("Ông", CITIZEN.capitals, LEFT, 950), ("Năm sinh", f"{CITIZEN.born:%Y}", 980, RIGHT)],
        _whole("CCCD số", CITIZEN.id),
        _whole("Địa chỉ thường trú", f"{STREET}, {WARD}, Đà Nẵng"),
    ]


def _parcel_rows() -> list[Row]:
    return [
        [("a) Thửa đất số", PARCEL, LEFT, 800), ("b) Tờ bản đồ số", MAP_SHEET, 830, RIGHT)],
        _whole("c) Địa chỉ", f"{WARD}, {CITY}"),
        _whole("d) Diện tích", f"{AREA} m²"),
        _whole("đ) Hình thức sử dụng", "Sử dụng riêng"),
        _whole("e) Mục đích sử dụng đất", LAND_PURPOSE),
        _whole("g) Thời hạn sử dụng", LAND_TERM),
        _whole("h) Nguồn gốc sử dụng", "Công nhận quyền sử dụng đất như giao đất có thu tiền"),
        _whole("2. Nhà ở", f"nhà riêng lẻ 2 tầng, số {STREET}"),
        _whole("3. Ghi chú", "không"),
    ]


def _land_truth() -> dict[str, str]:
    return {
        "holder": CITIZEN.capitals,
        "id-number": CITIZEN.id,
        "parcel": PARCEL,
        "map-sheet": MAP_SHEET,
        "address": f"{WARD}, {CITY}",
        "area": AREA.replace(",", "."),
        "purpose": LAND_PURPOSE,
        "term": LAND_TERM,
        "serial": LAND_SERIAL,
        "register-number": LAND_BOOK,
        "issued-on": LAND_ISSUED.isoformat(),
    }


def _whole(label: str, value: str) -> Row:
    return [(label, value, LEFT, RIGHT)]


def _person_row(person: Person, label: str, value: str) -> Row:
    return [(label, value, LEFT, 600), ("Dân tộc", "Kinh", 630, 990), ("Quốc tịch", "Việt Nam", 1020, RIGHT)]


def _rows(sheet: Sheet, top: float, step: float, rows: list[Row], size: int, *, dotted: bool) -> None:
    for place, row in enumerate(rows):
        for label, value, left, right in row:
            sheet.field(left, top + place * step, label, value, size, until=right * dotted)


def _notice(sheet: Sheet) -> None:
    sheet.centred(827, 2232, NOTICE, 22, fill=RED)
