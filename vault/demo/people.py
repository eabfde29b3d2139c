"""The invented people of the demo papers, and what each paper says about the one citizen who holds them."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Sex = Literal["male", "female"]
SEX_WORDS: Final[dict[Sex, str]] = {"male": "Nam", "female": "Nữ"}


def citizen_id(province: str, born: date, sex: Sex, serial: str) -> str:
    """The 12-digit citizen id: province (3), century and sex (1), year of birth (2), serial (6); no check digit."""
    century = (born.year - 1900) // 100 * 2 + (sex == "female")
    return f"{province}{century}{born:%y}{serial}"


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist. `name` is as people write it, papers print it in capitals."""

    name: str
    born: date
    sex: Sex
    province: str
    serial: str
    old_id: str = ""

    @property
    def id(self) -> str:
        """The 12-digit citizen id, which agrees with the birth date and the sex."""
        return citizen_id(self.province, self.born, self.sex, self.serial)

    @property
    def capitals(self) -> str:
        """The name as papers print it."""
        return self.name.upper()


CITIZEN: Final = Person("Nguyễn Văn An", date(1990, 3, 14), "male", "048", "012347", old_id="201654320")
MOTHER: Final = Person("Trần Thị Hoa", date(1965, 8, 2), "female", "048", "004512")
FATHER: Final = Person("Nguyễn Văn Bình", date(1962, 11, 25), "male", "048", "003178")

STREET: Final = "K25/7 Lê Đình Lý"
WARD: Final = "phường Thạc Gián, quận Thanh Khê"
CITY: Final = "thành phố Đà Nẵng"
HOME: Final = f"{STREET}, {WARD}, {CITY}"


def day(value: date) -> str:
    """A date as Vietnamese papers print it: dd/mm/yyyy."""
    return f"{value:%d/%m/%Y}"


def long_day(value: date) -> str:
    """A date as it stands above a signature: ngày dd tháng mm năm yyyy."""
    return f"ngày {value:%d} tháng {value:%m} năm {value:%Y}"
