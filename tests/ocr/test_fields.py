"""Fields of papers on lines as recognition gives them: every kind's own, in several layouts."""

import pytest

from ocr import findings
from ocr.kinds import load_kinds
from tests.ocr.pages import page

KINDS = load_kinds()


def _values(*rows: str | tuple[str, ...]) -> dict[str, str]:
    reading = findings.find([page(*rows)], [], KINDS)
    return {"kind": reading.kind, **{field.name: field.value for field in reading.fields}}


WIFE = (
    "Họ, chữ đệm, tên vợ: LÊ THỊ MAI",
    "Ngày, tháng, năm sinh: 18/12/1981",
    "Dân tộc: Tày Quốc tịch: Việt Nam",
    "Nơi cư trú: xã A, tỉnh Nghệ An",
    "Giấy tờ tùy thân: CCCD số 040181000012",
)
HUSBAND = (
    "Họ, chữ đệm, tên chồng: BÙI VĂN TUẤN",
    "Ngày, tháng, năm sinh: 15/03/1979",
    "Dân tộc: Kinh Quốc tịch: Việt Nam",
    "Nơi cư trú: xã B, tỉnh Nghệ An",
    "Giấy tờ tùy thân: CCCD số 040079000034",
)
SPOUSES = {
    "kind": "marriage-certificate",
    "number": "74/2005",
    "wife": "LÊ THỊ MAI",
    "wife-birth-date": "1981-12-18",
    "wife-id-number": "040181000012",
    "wife-ethnicity": "Tày",
    "wife-residence": "xã A, tỉnh Nghệ An",
    "husband": "BÙI VĂN TUẤN",
    "husband-birth-date": "1979-03-15",
    "husband-id-number": "040079000034",
    "husband-ethnicity": "Kinh",
    "husband-residence": "xã B, tỉnh Nghệ An",
    "issued-on": "2005-02-11",
}
TITLE, SIGNED = ("GIẤY CHỨNG NHẬN KẾT HÔN", "Số: 74/2005"), "Nghi Lộc, ngày 11 tháng 02 năm 2005"


@pytest.mark.parametrize(
    "rows",
    [
        (*TITLE, *zip(WIFE, HUSBAND, strict=True), SIGNED),
        (*TITLE, *zip(HUSBAND, WIFE, strict=True), SIGNED),
        (*TITLE, *WIFE, *HUSBAND, SIGNED),
        (*TITLE, *HUSBAND, *WIFE, SIGNED),
    ],
    ids=["wife left", "wife right", "wife first", "husband first"],
)
def test_what_belongs_to_each_spouse(rows: tuple[str, ...]) -> None:
    assert SPOUSES.items() <= _values(*rows).items()


def test_a_parents_year_is_not_the_childs_birthday() -> None:
    found = _values(
        "GIẤY KHAI SINH",
        "Họ, chữ đệm, tên: BÙI ĐÌNH DŨNG",
        "Giới tính: Nam Dân tộc: Tày Quốc tịch: Việt Nam",
        "Quê quán: xã Vạn Thuận, huyện Tuy An, tỉnh Phú Yên",
        "Họ, chữ đệm, tên người mẹ: LÊ THỊ MAI",
        "Ngày, tháng, năm sinh: 01/02/1985 Dân tộc: Mường",
        "Họ, chữ đệm, tên người cha: BÙI VĂN NGHĨA",
        "Năm sinh: 1986 Dân tộc: Thái",
    )
    assert "birth-date" not in found
    assert (found["mother-birth-year"], found["father-birth-year"], found["ethnicity"]) == ("1985", "1986", "Tày")
    assert found["origin"] == "xã Vạn Thuận, huyện Tuy An, tỉnh Phú Yên"


def test_the_number_of_the_next_item_is_no_part_of_a_value() -> None:
    found = _values(
        "XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ",
        "Số: 32/XN",
        "1. Họ, chữ đệm và tên: BÙI HỒNG HUYỀN",
        "5. Dân tộc: Mường 6. Tôn giáo: Không 7. Quốc tịch: Việt Nam",
        "8. Quê quán: xã Quỳnh Đàm. huyên Đức Phổ. tinh Quảng Ngai",
        "II. Công an xã Quỳnh Đàm xác nhận thông tin về cư trú như sau:",
        "2. Họ và tên chủ hộ: L.ý Công Hiếu",
    )
    assert (found["number"], found["ethnicity"], found["religion"]) == ("32/XN", "Mường", "Không")
    assert found["origin"] == "xã Quỳnh Đàm, huyện Đức Phổ, tỉnh Quảng Ngãi"
    assert found["householder"] == "Lý Công Hiếu"


def test_an_address_that_goes_on_in_the_middle_of_another_line() -> None:
    found = _values(
        "CĂN CƯỚC CÔNG DÂN",
        ("", "Nơi thường trú / Place of residence:"),
        ("", "thôn Đoài, xã Đông Thượng"),
        ("Có giá trị đến: 25/10/2038", "huyện Vĩnh Tường, tỉnh Vĩnh Phúc"),
    )
    assert found["residence"] == "thôn Đoài, xã Đông Thượng, huyện Vĩnh Tường, tỉnh Vĩnh Phúc"
    assert found["expires-on"] == "2038-10-25"


def test_an_address_ends_with_its_province() -> None:
    found = _values(
        "CĂN CƯỚC CÔNG DÂN", "Quê quán / Place of origin:", "xã Kỳ Bá, thành phố Hà Nội", "xã Mỹ Đức, huyện Đông Anh"
    )
    assert found["origin"] == "xã Kỳ Bá, thành phố Hà Nội"


def test_the_back_of_a_card_is_known_by_what_only_cards_say() -> None:
    found = _values(
        "Đặc điểm nhận dạng / Personal identification:",
        "Nốt ruồi cách 2 cm trên sau mép phải",
        "Ngày, tháng, năm / Date, month, year: 27/07/2022",
        "CỤC TRƯỞNG CỤC CẢNH SÁT",
        "Ngón trỏ trái",
    )
    assert (found["kind"], found["issued-on"]) == ("citizen-card", "2022-07-27")


@pytest.mark.parametrize(
    "title",
    [
        "TỜ KHAI ĐĂNG KÝ KHAI SINH",
        "GIẤY CHỨNG NHẬN ĐĂNG KÝ XE",
        "HỢP ĐỒNG CHUYỂN NHƯỢNG QUYỀN SỬ DỤNG ĐẤT",
        "QUYẾT ĐỊNH",
        "TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN",
        "ĐƠN ĐỀ NGHỊ CẤP ĐỔI GIẤY PHÉP LÁI XE",
        "GIẤY XÁC NHẬN",
    ],
)
def test_a_paper_about_another_is_not_that_other(title: str) -> None:
    assert _values(title, "Họ và tên: LÊ THỊ MAI")["kind"] == "other"


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("TRÍCH LỤC KHAI TỬ", "death-extract"),
        ("TRÍCH LỤC KHAI SINH", "birth-certificate"),
        ("GIẨY KHAl SINH", "birth-certificate"),
        ("GIẤY CHỨNG SINH", "birth-notification"),
        ("GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "marital-status"),
        ("PHIẾU LÝ LỊCH TƯ PHÁP SỐ 2", "criminal-record"),
        ("Sổ hộ khẩu", "household-book"),
    ],
)
def test_a_paper_with_its_title(title: str, kind: str) -> None:
    assert _values("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", title)["kind"] == kind


BLURRED = (
    "Họ, chữ đệm, tên: BÙI ĐÌNH DŨNG",
    "Họ, chữ đệm, tên người mẹ: LÊ THỊ MAI",
    "Nơi sinh: Trạm Y tế",
    "Họ, chữ đệm, tên người cha: BÙI VĂN AN",
    "Số định danh cá nhân: 054202875923",
    "Quê quán: tỉnh Phú Yên",
)


@pytest.mark.parametrize(
    ("title", "rows"), [("(TAY KHAI SINH", BLURRED), ("— CAN CƯỚC, CÔ) 0l(s", ("Quê quán: tỉnh Phú Yên",))]
)
def test_a_title_that_is_blurred(title: str, rows: tuple[str, ...]) -> None:
    assert _values(title, *rows)["kind"] == ("birth-certificate" if rows is BLURRED else "citizen-card")


def test_the_day_of_signing_is_not_another_day() -> None:
    found = _values(
        "TRÍCH LỤC KHAI TỬ", "An Hải, ngày 09 tháng 03 năm 2021", "Họ, chữ đệm, tên: PHAN XUÂN KHẢI",
        "Đã chết vào lúc: 07 giờ 30 phút, ngày 20 tháng 02 năm 2021",
    )  # fmt: skip
    assert (found["issued-on"], found["death-date"]) == ("2021-03-09", "2021-02-20")


def test_the_number_of_a_registration_is_not_that_of_its_extract() -> None:
    found = _values(
        "TRÍCH LỤC KẾT HÔN", "Số: 308/TLKH-BS", "Nơi đăng ký kết hôn: Ủy ban nhân dân xã A, tỉnh Nghệ An", "Số: 97/2012"
    )
    assert (found["number"], found["registration-number"]) == ("308/TLKH-BS", "97/2012")


def test_a_street_number_is_no_number_of_the_paper() -> None:
    found = _values(
        "GIẤY PHÉP LÁI XE", "Số/No: 726777459957", "Nơi cư trú/Address:", "số 413 Lý Thường Kiệt, phường Điện Thọ",
        "thành phố Sa Đéc, tỉnh Đồng Tháp", "Hạng/Class: B1",
    )  # fmt: skip
    assert found["residence"] == "số 413 Lý Thường Kiệt, phường Điện Thọ, thành phố Sa Đéc, tỉnh Đồng Tháp"
    assert (found["number"], found["class"]) == ("726777459957", "B1")


def test_a_usual_value_that_lost_its_marks() -> None:
    found = _values(
        "BẰNG TỐT NGHIỆP ĐẠI HỌC", "Cho: Ông LÊ VĂN AN", "Xếp loại tốt nghiệp: Xuất sác", "Số hiệu: QS223546"
    )
    assert (found["degree"], found["holder"], found["number"]) == ("Xuất sắc", "LÊ VĂN AN", "QS223546")


def test_what_follows_a_colon_is_a_value() -> None:
    found = _values("GIẤY CHỨNG NHẬN QUYỀN SỬ DỤNG ĐẤT", "Thửa đất số: 83", "Mục đích sử dụng: Đất trồng cây lâu năm")
    assert (found["parcel"], found["purpose"]) == ("83", "Đất trồng cây lâu năm")


def _sure(*rows: str, confidence: float = 0.95) -> set[str]:
    reading = findings.find([page(*rows, confidence=confidence)], [], KINDS)
    return {field.name for field in reading.fields if field.sure}


CARD = (
    "CĂN CƯỚC CÔNG DÂN",
    "Số / No.: 048090012347",
    "Họ và tên / Full name: NGUYỄN VĂN AN",
    "Ngày sinh / Date of birth: 14/03/1990",
    "Giới tính / Sex: Nam",
)


def test_what_was_seen_clearly_and_agrees_is_sure() -> None:
    assert {"id-number", "full-name", "birth-date", "sex"} <= _sure(*CARD)


def test_what_was_seen_dimly_is_not_sure() -> None:
    assert not _sure(*CARD, confidence=0.7)


def test_what_does_not_agree_is_not_sure() -> None:
    assert not {"id-number", "birth-date"} & _sure(*CARD[:3], "Ngày sinh / Date of birth: 14/03/1991")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Ngày sinh / Date of birth: 14/03I1990", "birth-date"),
        ("Họ và tên / Full name: NGUYỄN VĂN AUN", "full-name"),
        ("Số / No.: O48090012347", "id-number"),
        ("Nơi thường trú / Place of residence: xã A, tỉnh B", "residence"),
    ],
)
def test_what_was_repaired_or_is_unheard_of_is_not_sure(line: str, name: str) -> None:
    assert name not in _sure("CĂN CƯỚC CÔNG DÂN", line)
