"""The machine-readable zone of a Vietnamese citizen card: TD1, three lines of 30 (ICAO 9303 part 5)."""

import unicodedata
from datetime import date
from typing import Final

from vault.demo.people import Person

LINE: Final = 30
_WEIGHTS: Final = (7, 3, 1)
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_digit(text: str) -> str:
    """The check digit over `text` (ICAO 9303 part 3, section 4.9: weights 7, 3, 1, modulo 10, `<` counts nothing)."""
    values = (0 if letter == "<" else _ALPHABET.index(letter) for letter in text)
    return str(sum(value * _WEIGHTS[place % 3] for place, value in enumerate(values)) % 10)


def plain(name: str) -> str:
    """A Vietnamese name in the zone's letters: no marks, D for Đ, `<` for spaces."""
    letters = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace(" ", "<")


def td1(person: Person, expires_on: date) -> tuple[str, str, str]:
    """The three lines of a citizen's card; Vietnam fills the optional field with all 12 digits, `<<` and a check."""
    number = person.id[3:]
    first = f"IDVNM{number}{check_digit(number)}{person.id}<<"
    first += check_digit(first[15:29])
    born, expires = f"{person.born:%y%m%d}", f"{expires_on:%y%m%d}"
    sex = "M" if person.sex == "male" else "F"
    second = f"{born}{check_digit(born)}{sex}{expires}{check_digit(expires)}VNM".ljust(LINE - 1, "<")
    second += check_digit(first[5:] + second[:7] + second[8:15] + second[18:29])
    surname, _, given = person.name.partition(" ")
    return first, second, f"{plain(surname)}<<{plain(given)}".ljust(LINE, "<")[:LINE]
