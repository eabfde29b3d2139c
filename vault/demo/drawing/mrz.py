"""The machine-readable zones of Vietnamese papers (ICAO 9303): TD1 on citizen cards, TD3 in passports."""

import unicodedata
from datetime import date
from typing import Final

from vault.demo.drawing.people import Person

TD1_LINE: Final = 30
TD3_LINE: Final = 44
NEVER: Final = "991231"
"""What a card without an end says."""
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


def td1(person: Person, expires_on: date | None) -> tuple[str, str, str]:
    """The three lines of a citizen's card; Vietnam fills the optional field with all 12 digits, `<<` and a check."""
    number = person.id[3:]
    first = f"IDVNM{number}{check_digit(number)}{person.id}<<"
    first += check_digit(first[15:29])
    born, expires = f"{person.born:%y%m%d}", NEVER if expires_on is None else f"{expires_on:%y%m%d}"
    second = f"{born}{check_digit(born)}{_sex(person)}{expires}{check_digit(expires)}VNM".ljust(TD1_LINE - 1, "<")
    second += check_digit(first[5:] + second[:7] + second[8:15] + second[18:29])
    return first, second, _names(person).ljust(TD1_LINE, "<")[:TD1_LINE]


def td3(person: Person, number: str, expires_on: date) -> tuple[str, str]:
    """The two lines of a passport; Vietnam fills the optional field with the 12 digits of the citizen id."""
    first = f"P<VNM{_names(person)}".ljust(TD3_LINE, "<")[:TD3_LINE]
    born, expires = f"{person.born:%y%m%d}", f"{expires_on:%y%m%d}"
    optional = person.id.ljust(14, "<")
    holder = number.ljust(9, "<")
    holder += check_digit(holder)
    second = f"{holder}VNM{born}{check_digit(born)}{_sex(person)}{expires}{check_digit(expires)}"
    second += optional + check_digit(optional)
    return first, second + check_digit(second[:10] + second[13:20] + second[21:43])


def _sex(person: Person) -> str:
    return "M" if person.sex == "male" else "F"


def _names(person: Person) -> str:
    surname, _, given = person.name.partition(" ")
    return f"{plain(surname)}<<{plain(given)}"
