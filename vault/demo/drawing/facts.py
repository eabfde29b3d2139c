"""What a paper of each kind says: invented facts that agree with each other, dates in order."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from vault.demo.drawing import mrz
from vault.demo.drawing.inventing import MERGED, TODAY, Inventor
from vault.demo.drawing.people import Day, Person, Words

Facts = Mapping[str, Any]
"""name → Words, Day, Person, Place, or rows of texts for a table."""

CARDS: Final = Day(2021, 1, 5)
"""Citizen cards with a chip are made since then, and cards of the new law since July 2024."""


def birth(inventor: Inventor) -> Facts:
    """A birth certificate and its extract."""
    child, mother, father = inventor.family()
    issued = inventor.soon(child.born, 90)
    return {
        "child": child,
        "mother": mother,
        "father": father,
        "issued": issued,
        "office": child.home,
        "number": Words(f"{inventor.number(1, 420)}/{issued.year}"),
        "clerk": inventor.person(),
        "chair": inventor.person(),
        "registrar": Words(f"Ủy ban nhân dân {child.home.area}"),
        "left": inventor.soon(child.born, 4),
        "hour": Words(f"{inventor.number(0, 23):02} giờ {inventor.number(0, 59):02} phút"),
        "notice": Words(f"{inventor.number(1, 4000)}/GCS"),
        "weight": Words(f"{inventor.number(24, 42) / 10:.1f} kg".replace(".", ",")),
        "birthplace": Words(f"{inventor.one('hospitals')} {child.home.far}"),
        "copied": inventor.day(issued, TODAY),
        "copy_number": Words(f"{inventor.number(1, 900)}/TLKS-BS"),
        "quyen": Words(f"{inventor.number(1, 4):02}/{issued.year}"),
    }


def marriage(inventor: Inventor) -> Facts:
    """A marriage certificate and its extract."""
    wife = inventor.person(1965, 2001, sex="female")
    husband = inventor.person(wife.born.year - 6, wife.born.year + 2, sex="male")
    adult = max(wife.born.year, husband.born.year) + 20
    issued = inventor.year(adult, min(adult + 10, 2025))
    return {
        "wife": wife,
        "husband": husband,
        "registrar": Words(f"Ủy ban nhân dân {wife.home.area}"),
        "issued": issued,
        "office": wife.home,
        "chair": inventor.person(),
        "number": Words(f"{inventor.number(1, 180)}/{issued.year}"),
        "copied": inventor.day(issued, TODAY),
        "copy_number": Words(f"{inventor.number(1, 900)}/TLKH-BS"),
    }


def marital(inventor: Inventor) -> Facts:
    """A certificate of marital status."""
    issued = inventor.day(Day(2016, 2, 1), TODAY)
    who = inventor.person(1975, 1997, merged=issued >= MERGED)
    purpose = inventor.pick(
        [
            "đăng ký kết hôn",
            "bổ túc hồ sơ mua bán nhà đất",
            "vay vốn ngân hàng",
            "làm thủ tục chuyển nhượng quyền sử dụng đất",
        ]
    )
    status = inventor.pick(["Chưa đăng ký kết hôn với ai", "Đã ly hôn, hiện tại chưa đăng ký kết hôn với ai"])
    return {
        "who": who,
        "issued": issued,
        "office": who.home,
        "purpose": Words(purpose),
        "status": Words(status),
        "number": Words(f"{inventor.number(1, 900)}/UBND-XNTTHN"),
        "chair": inventor.person(),
    }


def death(inventor: Inventor) -> Facts:
    """An extract of a death's registration."""
    dead = inventor.person(1930, 1975)
    died = inventor.year(2016, 2025)
    issued = inventor.soon(died, 20)
    return {
        "dead": dead,
        "died": died,
        "issued": issued,
        "office": dead.home,
        "chair": inventor.person(),
        "hour": Words(f"{inventor.number(0, 23):02} giờ {inventor.number(0, 59):02} phút"),
        "number": Words(f"{inventor.number(1, 300)}/TLKT"),
        "teller": inventor.person(1965, 2000),
        "cause": Words(inventor.pick(["Bệnh già", "Bệnh tim mạch", "Tai nạn giao thông", "Bệnh hiểm nghèo"])),
        "register": Words(f"{inventor.number(1, 300)}/{issued.year}"),
    }


def card(inventor: Inventor) -> Facts:
    """A citizen card of 2021 to June 2024, both sides."""
    return _card(inventor, inventor.day(CARDS, Day(2024, 6, 30)))


def new_card(inventor: Inventor) -> Facts:
    """A citizen card since July 2024, both sides."""
    return _card(inventor, inventor.day(Day(2024, 7, 1), TODAY))


def _card(inventor: Inventor, issued: Day) -> Facts:
    who = inventor.person(1960, 2006, merged=issued >= MERGED)
    age = issued.year - who.born.year
    limit = next((years for years in (25, 40, 60) if age < years - 2), None)
    expires = None if limit is None else _birthday(who.born, who.born.year + limit)
    return {
        "who": who,
        "issued": issued,
        "expires": expires or Words("Không thời hạn"),
        "director": inventor.person(),
        "mark": Words(
            f"{inventor.pick(['Nốt ruồi', 'Sẹo chấm'])} cách {inventor.pick(['1 cm', '1,5 cm', '2 cm'])} "
            f"{inventor.pick(['trên sau mép phải', 'dưới trước đuôi mắt trái', 'trên trước cánh mũi phải'])}"
        ),
        "qr": Words(qr_text(who, issued)),
        "mrz": mrz.td1(who, expires),
    }


def qr_text(who: Person, issued: Day) -> str:
    """What a card's QR says: id, old id, name, birth, sex, address, issued; separated by bars."""
    return "|".join(
        (who.id, who.old_id, who.name, f"{who.born:compact}", who.sex_word, who.home.full, f"{issued:compact}")
    )


def _birthday(born: Day, year: int) -> Day:
    return Day(year, born.month, min(born.day, 28))


def passport(inventor: Inventor) -> Facts:
    """A passport's page of data."""
    issued = inventor.day(Day(2017, 1, 1), TODAY)
    who = inventor.person(1955, 2003)
    number = inventor.pick("BCEPK") + inventor.digits(7)
    expires = Day(issued.year + 10, issued.month, min(issued.day, 28))
    return {
        "who": who,
        "issued": issued,
        "expires": expires,
        "number": Words(number),
        "birthplace": who.origin.city,
        "mrz": mrz.td3(who, number, expires),
    }


def licence(inventor: Inventor) -> Facts:
    """A driving licence."""
    issued = inventor.day(Day(2013, 6, 1), TODAY)
    who = inventor.person(1962, min(2004, issued.year - 19), merged=issued >= MERGED)
    new = issued >= Day(2025, 1, 1)
    class_ = inventor.pick(["A1", "A", "B", "C1", "C", "D2"] if new else ["A1", "A2", "B1", "B2", "C", "D", "E", "FC"])
    number = inventor.digits(12)
    endless = class_ in {"A1", "A2", "A"}
    expires = Words("Không thời hạn") if endless else Day(issued.year + 10, issued.month, min(issued.day, 28))
    return {
        "who": who,
        "issued": issued,
        "expires": expires,
        "class": Words(class_),
        "number": number,
        "director": inventor.person(),
        "authority": Words("CỤC CẢNH SÁT GIAO THÔNG" if new else "SỞ GIAO THÔNG VẬN TẢI"),
        "first": inventor.day(Day(max(who.born.year + 19, 1985), 1, 1), issued),
        "qr": Words(f"{number}|{who.name}|{who.born:compact}|{class_}"),
    }


def residence(inventor: Inventor) -> Facts:
    """A residence confirmation (CT07)."""
    issued = inventor.day(Day(2023, 1, 3), TODAY)
    who = inventor.person(1965, 2003, merged=issued >= MERGED)
    head = inventor.person(1950, 1990)
    members = [inventor.person(1950, 2022) for _ in range(inventor.number(2, 4))]
    roles = inventor.random.sample(["Vợ", "Con", "Mẹ", "Cháu", "Em"], len(members))
    return {
        "who": who,
        "issued": issued,
        "office": who.home,
        "head": head,
        "officer": inventor.person(),
        "number": Words(f"{inventor.number(1, 3000)}/XN"),
        "role": Words(inventor.pick(["Con", "Vợ", "Chồng", "Em", "Cháu"])),
        "reason": Words(inventor.pick(["nhập học cho con", "làm thủ tục vay vốn ngân hàng", "bổ sung hồ sơ xin việc"])),
        "members": [
            [f"{place}", member.name, f"{member.born}", member.sex_word, member.id, role]
            for place, (member, role) in enumerate(zip(members, roles, strict=True), 1)
        ],
    }


def household(inventor: Inventor) -> Facts:
    """A household book's first pages."""
    issued = inventor.day(Day(2005, 1, 1), Day(2021, 6, 30))
    head = inventor.person(1945, 1980)
    return {
        "head": head,
        "issued": issued,
        "number": inventor.digits(9),
        "chief": inventor.person(),
        "file": inventor.digits(5),
        "office": head.home,
        "moved": inventor.day(Day(1992, 1, 1), issued),
        "work": Words(inventor.pick(["Làm ruộng", "Buôn bán", "Giáo viên", "Hưu trí"])),
    }


def criminal(inventor: Inventor) -> Facts:
    """A criminal-record certificate."""
    issued = inventor.day(Day(2018, 1, 1), TODAY)
    who = inventor.person(1965, 2003, merged=issued >= MERGED)
    issuer = "CÔNG AN" if issued >= Day(2025, 3, 1) else "SỞ TƯ PHÁP"
    return {
        "who": who,
        "issued": issued,
        "issuer": Words(issuer),
        "number": Words(f"{inventor.number(100, 29999)}/{issued.year}/LLTP"),
        "director": inventor.person(),
        "form": Words(inventor.pick("12")),
    }


FACTS: Final[Mapping[str, Callable[[Inventor], Facts]]] = {
    "birth": birth, "marriage": marriage, "marital": marital, "death": death, "card": card, "new-card": new_card,
    "passport": passport, "licence": licence, "residence": residence, "household": household, "criminal": criminal,
}  # fmt: skip
