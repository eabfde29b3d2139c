"""The invented people of the demo's papers, and what each paper says about the one citizen who holds them."""

from typing import Final

from vault.demo.drawing import mrz
from vault.demo.drawing.facts import Facts, qr_text
from vault.demo.drawing.people import Day, Person, Place, Words

HOME: Final = Place(
    Words("K25/7 Lê Đình Lý"), Words("phường Thạc Gián"), Words("quận Thanh Khê"), Words("thành phố Đà Nẵng")
)


def _person(name: str, born: Day, serial: str, *, female: bool = False, old_id: str = "") -> Person:
    return Person(
        Words(name), born, "female" if female else "male", "048", serial,
        home=HOME, origin=HOME, people=Words("Kinh"), religion=Words("Không"), old_id=Words(old_id),
    )  # fmt: skip


CITIZEN: Final = _person("Nguyễn Văn An", Day(1990, 3, 14), "012347", old_id="201654320")
MOTHER: Final = _person("Trần Thị Hoa", Day(1965, 8, 2), "004512", female=True)
FATHER: Final = _person("Nguyễn Văn Bình", Day(1962, 11, 25), "003178")
WIFE: Final = _person("Lê Thị Thu Hà", Day(1992, 9, 5), "007781", female=True)

CARD_ISSUED: Final = Day(2024, 8, 15)
CARD_EXPIRES: Final = Day(2030, 3, 14)  # the fortieth birthday, when a card made at 34 is renewed
LICENCE_NUMBER: Final = "480194006215"

BIRTH: Final[Facts] = {
    "child": CITIZEN,
    "mother": MOTHER,
    "father": FATHER,
    "office": HOME,
    "number": Words("87/2022"),
    "birthplace": Words("Bệnh viện Phụ sản - Nhi, thành phố Đà Nẵng"),
    "issued": Day(2022, 5, 20),
    "clerk": _person("Võ Thanh Tâm", Day(1988, 1, 9), "000411"),
    "chair": _person("Lê Thị Minh", Day(1975, 6, 1), "000412", female=True),
}
CARD: Final[Facts] = {
    "who": CITIZEN,
    "issued": CARD_ISSUED,
    "expires": CARD_EXPIRES,
    "qr": Words(qr_text(CITIZEN, CARD_ISSUED)),
    "mrz": mrz.td1(CITIZEN, CARD_EXPIRES),
}
LAND: Final[Facts] = {
    "holder": CITIZEN,
    "wife": WIFE,
    "where": HOME,
    "issued": Day(2020, 11, 12),
    "parcel": Words("125"),
    "sheet": Words("38"),
    "area_words": Words("98,5 m²"),
    "use": Words("Đất ở tại đô thị"),
    "term": Words("Lâu dài"),
    "origin": Words("Công nhận quyền sử dụng đất như giao đất có thu tiền"),
    "serial": Words("DC 482915"),
    "book": Words("CS 07316"),
    "director": _person("Phạm Quốc Dũng", Day(1970, 2, 3), "000413"),
}
LICENCE: Final[Facts] = {
    "who": CITIZEN,
    "number": Words(LICENCE_NUMBER),
    "class": Words("B2"),
    "issued": Day(2019, 6, 10),
    "expires": Day(2029, 6, 10),
    "director": _person("Trịnh Công Hậu", Day(1968, 4, 7), "000414"),
}
