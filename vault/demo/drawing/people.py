"""Invented people, places and days; ids agree with sex, birth year and province, days know how papers print them."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Sex = Literal["male", "female"]
SEX_WORDS: Final[dict[Sex, str]] = {"male": "Nam", "female": "Nữ"}

_UNITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


class Words(str):
    """A text that a layout may ask for in capitals: `{name:upper}`."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        return self.upper() if how == "upper" else str.__format__(self, how)


class Day(date):
    """A date that a layout asks for as papers print it.

    `day` (the default) dd/mm/yyyy; `long` ngày dd tháng mm năm yyyy; `both` the same in two languages; `words` in
    words; `spaced` with wide gaps, as typed into a form; `dashed`, `compact`, `year` by strftime.
    """

    def __format__(self, how: str) -> str:
        named = _NAMED.get(how or "day")
        if how == "words":
            return f"ngày {spelt(self.day)} tháng {spelt(self.month)} năm {spelt(self.year)}"
        return self.strftime(named if named is not None else how)


_NAMED: Final = {
    "day": "%d/%m/%Y", "long": "ngày %d tháng %m năm %Y", "spaced": "ngày  %d  tháng  %m  năm  %Y",
    "both": "ngày/date %d tháng/month %m năm/year %Y", "compact": "%d%m%Y", "dashed": "%d-%m-%Y", "year": "%Y",
    "words": "",
}  # fmt: skip


def spelt(number: int) -> str:
    """A number from 0 to 9999 in Vietnamese words."""
    if number < 100:
        return _two_digits(number)
    thousands, rest = divmod(number, 1000)
    head = [f"{_UNITS[thousands]} nghìn"] if thousands else []
    hundreds, rest = divmod(rest, 100)
    if not (hundreds or rest):
        return " ".join(head)
    words = [*head, f"{_UNITS[hundreds]} trăm"]
    if rest:
        words.append(f"linh {_UNITS[rest]}" if rest < 10 else _two_digits(rest))
    return " ".join(words)


def _two_digits(number: int) -> str:
    tens, unit = divmod(number, 10)
    if not tens:
        return _UNITS[unit]
    last = {0: "", 1: "mốt" if tens > 1 else "một", 4: "tư" if tens > 1 else "bốn", 5: "lăm"}.get(unit, _UNITS[unit])
    return f"{'mười' if tens == 1 else f'{_UNITS[tens]} mươi'} {last}".strip()


def citizen_id(province: str, born: date, sex: Sex, serial: str) -> str:
    """The 12-digit citizen id: province (3), century and sex (1), year of birth (2), serial (6); no check digit."""
    century = (born.year - 1900) // 100 * 2 + (sex == "female")
    return f"{province}{century}{born:%y}{serial}"


@dataclass(frozen=True)
class Place:
    """An address in Vietnam: street or village, ward, district (none since July 2025), province."""

    street: Words
    ward: Words
    district: Words
    province: Words

    @property
    def area(self) -> Words:
        """Ward, district and province."""
        return Words(", ".join(filter(None, (self.ward, self.district, self.province))))

    @property
    def full(self) -> Words:
        """The whole address."""
        return Words(f"{self.street}, {self.area}")

    @property
    def far(self) -> Words:
        """District and province."""
        return Words(", ".join(filter(None, (self.district, self.province))))

    @property
    def upper_ward(self) -> Words:
        """The ward in capitals."""
        return Words(self.ward.upper())

    @property
    def town(self) -> Words:
        """The ward's name alone, as it stands before a date."""
        return Words(self.ward.partition(" ")[2])

    @property
    def city(self) -> Words:
        """The province's name alone, as it stands before a date."""
        return Words(self.province.removeprefix("tỉnh ").removeprefix("thành phố ").removeprefix("Thành phố "))


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist; `name` as people write it."""

    name: Words
    born: Day
    sex: Sex
    province: str
    serial: str
    home: Place
    origin: Place
    people: Words
    religion: Words
    old_id: Words

    @property
    def id(self) -> Words:
        """The 12-digit citizen id, which agrees with the birth date and the sex."""
        return Words(citizen_id(self.province, self.born, self.sex, self.serial))

    @property
    def sex_word(self) -> Words:
        """Nam or Nữ."""
        return Words(SEX_WORDS[self.sex])

    @property
    def honour(self) -> Words:
        """Ông or Bà."""
        return Words("Ông" if self.sex == "male" else "Bà")

    @property
    def year(self) -> Words:
        """Year of birth."""
        return Words(f"{self.born.year}")
