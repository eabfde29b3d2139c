"""What pages say together."""

from ocr import findings
from ocr.kinds import load_kinds
from ocr.reading import Code, Line, Page, Word

KINDS = load_kinds()
CARD_QR = "048090012347|201654320|Nguyễn Văn An|14031990|Nam|Đà Nẵng|15082024"


def _page(*texts: str) -> Page:
    lines = []
    for place, text in enumerate(texts):
        top = 0.05 + place * 0.04
        box = (0.1, top, 0.9, top + 0.03)
        width = 0.8 / max(1, len(text.split()))
        words = tuple(
            Word(word, (0.1 + n * width, top, 0.1 + (n + 0.9) * width, top + 0.03), 0.95)
            for n, word in enumerate(text.split())
        )
        lines.append(Line(text, box, 0.95, words))
    return Page(1, 1000, 1400, "ocr", "vie", tuple(lines))


def test_a_card_whose_title_was_not_read_is_known_by_its_code() -> None:
    reading = findings.find([_page("chữ không đọc được")], [Code("QRCode", CARD_QR, 1, (0, 0, 1, 1))], KINDS)
    assert reading.kind == "citizen-card"
    assert {field.name: field.value for field in reading.fields}["id-number"] == "048090012347"


def test_a_paper_without_title_or_code_is_of_no_kind() -> None:
    reading = findings.find([_page("chữ không đọc được")], [], KINDS)
    assert (reading.kind, reading.fields) == ("other", ())


def test_the_fields_of_another_kind_are_found_in_the_same_text() -> None:
    page = _page("Số/No: 480194006215", "Ngày sinh/Date of Birth: 14/03/1990")
    found = {field.name: field.value for field in findings.fields_of(KINDS["driving-licence"], [page], [])}
    assert found["number"] == "480194006215"
    assert found["birth-date"] == "1990-03-14"


def test_a_birth_notification_says_who_was_born_when_and_to_whom() -> None:
    page = _page(
        "GIẤY CHỨNG SINH", "Số: 0231/2026", "Họ và tên mẹ: TRẦN THỊ MAI", "Năm sinh: 1994", "Số CCCD: 048194006215",
        "Họ và tên cha: NGUYỄN VĂN AN", "Đã sinh con vào lúc: 07 giờ 30 phút, ngày 12 tháng 4 năm 2026",
        "Tại: Bệnh viện Phụ sản - Nhi Đà Nẵng", "Giới tính của con: Nữ", "Cân nặng: 3200 g",
        "Dự định đặt tên con là: NGUYỄN TRẦN AN NHIÊN", "Đà Nẵng, ngày 14 tháng 4 năm 2026",
    )  # fmt: skip
    reading = findings.find([page], [], KINDS)
    assert reading.kind == "birth-notification"
    assert {field.name: field.value for field in reading.fields} == {
        "number": "0231/2026", "mother": "TRẦN THỊ MAI", "mother-id-number": "048194006215", "father": "NGUYỄN VĂN AN",
        "birth-date": "2026-04-12", "birth-place": "Bệnh viện Phụ sản - Nhi Đà Nẵng", "sex": "female",
        "child-name": "NGUYỄN TRẦN AN NHIÊN", "issued-on": "2026-04-14",
    }  # fmt: skip
    assert reading.warnings == ()
