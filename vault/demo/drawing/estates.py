"""What papers about land, schools, businesses and health say, and a few others."""

from collections.abc import Callable, Mapping
from typing import Final

from vault.demo.drawing.facts import Facts
from vault.demo.drawing.inventing import MERGED, TODAY, Inventor
from vault.demo.drawing.people import Day, Words


def land(inventor: Inventor) -> Facts:
    """A land-use certificate from 2010 to 2024."""
    return _land(
        inventor, inventor.day(Day(2010, 1, 5), Day(2024, 12, 20)), f"{inventor.letters(2)} {inventor.digits(6)}"
    )


def new_land(inventor: Inventor) -> Facts:
    """A land-use certificate since 2025, with a QR code."""
    issued = inventor.day(Day(2025, 1, 6), TODAY)
    facts = dict(_land(inventor, issued, f"AA {inventor.number(1000000, 9999999):08}"))
    facts["qr"] = Words(
        f"{facts['serial'].replace(' ', '')}|{facts['holder'].name}|{facts['parcel']}|{facts['sheet']}|{facts['book']}"
    )
    return facts


def _land(inventor: Inventor, issued: Day, serial: str) -> Facts:
    merged = issued >= MERGED
    holder = inventor.person(1945, 1985, sex="male", merged=merged)
    where = inventor.place(merged=merged)
    area = inventor.number(400, 99999) / 10
    area_word = f"{area:.1f}".replace(".", ",")
    use = inventor.one("land_uses")
    term = "Lâu dài" if "ở" in use else f"Đến ngày {inventor.day(Day(2043, 10, 15), Day(2064, 12, 31))}"
    return {
        "holder": holder,
        "wife": inventor.person(1946, 1987, sex="female"),
        "where": where,
        "issued": issued,
        "parcel": Words(f"{inventor.number(1, 990)}"),
        "sheet": Words(f"{inventor.number(1, 120)}"),
        "area": Words(area_word),
        "use": use,
        "term": Words(term),
        "origin": inventor.one("land_origins"),
        "serial": Words(serial),
        "book": Words(f"{inventor.pick(['CS', 'CH', 'VP'])} {inventor.number(1, 99999):05}"),
        "director": inventor.person(),
        "edges": [
            [f"{a}", f"{inventor.number(40, 320) / 10:.2f}".replace(".", ",")] for a in ("1-2", "2-3", "3-4", "4-1")
        ],
        "office": Words("Chi nhánh Văn phòng đăng ký đất đai"),
        "area_words": Words(f"{area_word} m²"),
    }


def plan(inventor: Inventor) -> Facts:
    """A site plan of a plot."""
    facts = dict(land(inventor))
    facts["scale"] = Words(inventor.pick(["1:200", "1:500", "1:1000"]))
    facts["drawer"] = inventor.person()
    facts["checker"] = inventor.person()
    facts["firm"] = Words(f"CÔNG TY TNHH TƯ VẤN THIẾT KẾ {inventor.one('marks').upper()}")
    facts["sheet_no"] = Words(f"KT-{inventor.number(1, 24):02}")
    facts["corners"] = [
        [
            f"{number}",
            f"{inventor.number(1_100_000_00, 2_300_000_00) / 100:.2f}",
            f"{inventor.number(400_000_00, 600_000_00) / 100:.2f}",
        ]
        for number in range(1, 5)
    ]
    return facts


def diploma(inventor: Inventor) -> Facts:
    """A diploma of a university or a secondary school."""
    who = inventor.person(1968, 2002)
    year = who.born.year + inventor.number(22, 24)
    issued = inventor.year(year, year)
    school = inventor.place()
    return {
        "who": who,
        "issued": issued,
        "year": Words(f"{year}"),
        "major": inventor.one("majors"),
        "grade": inventor.one("grades"),
        "school": Words(f"Trường Đại học {inventor.one('schools')}"),
        "where": school,
        "head": inventor.person(),
        "degree": Words(inventor.pick(["CỬ NHÂN", "KỸ SƯ"])),
        "number": Words(f"{inventor.letters(2)}{inventor.digits(6)}"),
        "book": Words(f"{inventor.number(100, 9999)}/{year}-CQ"),
        "high": Words(f"THPT {inventor.one('schools')}"),
        "high_year": Words(f"{who.born.year + 18}"),
        "high_issued": inventor.year(who.born.year + 18, who.born.year + 18),
    }


def business(inventor: Inventor) -> Facts:
    """A registration of a company or of a household's business."""
    first = inventor.day(Day(2006, 1, 5), Day(2025, 12, 20))
    changed = inventor.day(first, TODAY)
    name = f"{inventor.one('trades')} {inventor.one('marks')}"
    where = inventor.place(merged=first >= MERGED)
    return {
        "number": Words(f"0{inventor.digits(9)}"),
        "house_number": Words(f"{inventor.digits(2)}{inventor.letters(1)}8{inventor.digits(6)}"),
        "first": first,
        "changed": changed,
        "times": Words(f"{inventor.number(1, 9)}"),
        "name": Words(f"CÔNG TY TNHH {name.upper()}"),
        "foreign": Words(f"{inventor.one('marks')} COMPANY LIMITED"),
        "house": Words(f"HỘ KINH DOANH {inventor.one('marks').upper()}"),
        "where": where,
        "seat": Words(f"{where.full}, Việt Nam"),
        "who": inventor.person(1960, 2000),
        "phone": Words(f"0{inventor.digits(9)}"),
        "director": inventor.person(),
        "capital": Words(f"{inventor.number(1, 90)}.{inventor.pick(['000', '500'])}.000.000 đồng"),
        "short": inventor.one("marks"),
        "line": Words(
            inventor.pick(["Bán lẻ lương thực, thực phẩm", "Dịch vụ ăn uống", "Sửa chữa xe máy", "Cắt tóc, gội đầu"])
        ),
        "house_capital": Words(f"{inventor.number(50, 900)}.000.000 đồng"),
    }


def insurance(inventor: Inventor) -> Facts:
    """A health-insurance card."""
    who = inventor.person(1945, 2015)
    since = inventor.day(Day(2017, 1, 1), Day(2026, 1, 1))
    group = inventor.pick(["DN", "HC", "GD", "HS", "HT"])
    old = f"{group} {inventor.number(1, 5)} {who.province[1:]} {inventor.digits(10)}"
    return {
        "who": who,
        "since": since,
        "number": inventor.digits(10),
        "old_number": Words(old),
        "clinic": Words(f"{inventor.pick(['Trạm Y tế', 'Bệnh viện Đa khoa', 'Trung tâm Y tế'])} {who.home.ward}"),
        "five": inventor.day(since, TODAY),
        "clinic_code": Words(f"{who.province[1:]} - {inventor.number(1, 399):03}"),
        "director": inventor.person(),
    }


def health(inventor: Inventor) -> Facts:
    """A health certificate."""
    issued = inventor.day(Day(2014, 1, 1), TODAY)
    who = inventor.person(1960, 2004, merged=issued >= MERGED)
    return {
        "who": who,
        "issued": issued,
        "doctor": inventor.person(),
        "clinic": Words(f"Bệnh viện Đa khoa {who.home.city}"),
        "number": Words(f"{inventor.number(100, 9999)}/GKSK-BV"),
        "age": Words(f"{issued.year - who.born.year}"),
        "height": Words(f"{inventor.number(148, 182)} cm"),
        "weight": Words(f"{inventor.number(42, 88)} kg"),
        "pulse": Words(f"{inventor.number(60, 92)} lần/phút"),
        "pressure": Words(f"{inventor.number(100, 138)}/{inventor.number(60, 88)} mmHg"),
        "conclusion": Words(
            inventor.pick(
                ["Đủ sức khỏe để học tập, làm việc", "Đủ điều kiện sức khỏe lái xe hạng B2", "Đủ sức khỏe loại II"]
            )
        ),
        "reason": Words(inventor.pick(["Xin việc làm", "Học lái xe", "Đi học"])),
    }


def other(inventor: Inventor) -> Facts:
    """A letter, an invoice, a contract, a decision: papers that no procedure names."""
    issued = inventor.day(Day(2015, 1, 5), TODAY)
    one, two = inventor.person(1960, 2000), inventor.person(1960, 2000)
    rows, total = _goods(inventor)
    return {
        "one": one,
        "two": two,
        "issued": issued,
        "number": Words(f"{inventor.number(1, 4000)}"),
        "goods": rows,
        "company": Words(f"CÔNG TY CỔ PHẦN {inventor.one('trades').upper()} {inventor.one('marks').upper()}"),
        "company_two": Words(f"CÔNG TY TNHH {inventor.one('trades').upper()} {inventor.one('marks').upper()}"),
        "tax": Words(f"0{inventor.digits(9)}"),
        "tax_two": Words(f"0{inventor.digits(9)}"),
        "total": Words(_money(total)),
        "vat": Words(_money(total // 10)),
        "sum": Words(_money(total + total // 10)),
        "sign": Words(f"1C{issued:%y}T{inventor.letters(2)}"),
        "place": inventor.place(),
        "place_two": inventor.place(),
        "salary": Words(_money(inventor.number(60, 300) * 100_000)),
        "months": Words(f"{inventor.pick([12, 24, 36])}"),
        "phone": Words(f"0{inventor.digits(9)}"),
    }


def _goods(inventor: Inventor) -> tuple[list[list[str]], int]:
    rows, total = [], 0
    for place, what in enumerate(inventor.some("goods", inventor.number(3, 6)), 1):
        count, price = inventor.number(1, 60), inventor.number(12, 480) * 1000
        rows.append(
            [
                f"{place}",
                what,
                inventor.pick(["cái", "kg", "bao", "hộp"]),
                f"{count}",
                _money(price),
                _money(count * price),
            ]
        )
        total += count * price
    return rows, total


def _money(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


FACTS: Final[Mapping[str, Callable[[Inventor], Facts]]] = {
    "land": land, "new-land": new_land, "plan": plan, "diploma": diploma, "business": business, "insurance": insurance,
    "health": health, "other": other,
}  # fmt: skip
