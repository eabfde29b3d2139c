"""Machine-readable zones of cards and passports: TD1 (3 lines of 30) and TD3 (2 lines of 44), ICAO 9303 parts 3 to 5.

What a check digit covers is proved; names are not covered, and recognition takes `<` for K too easily to trust them.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr.errors import MrzInvalid

TD1, TD3 = (3, 30), (2, 44)  # lines and letters of each
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_WEIGHTS = (7, 3, 1)
_TO_DIGIT = str.maketrans("OQDILZSGB", "000112568")
_TO_LETTER = str.maketrans("012568", "OIZSGB")
_FALSE_FILLERS = re.compile(r"(?<=<)[KCSE]+(?=<)|(?<=<)[KCSE]+\Z")
_AFTER_NAMES = re.compile(
    r"(?:(?<=<)K(?=<<))?<<<.*\Z|<K{3,}\Z"
)  # three fillers end the names: nothing but more may follow
_MOST_MISSING = 3  # fillers that a line may have too few
_SEXES = ("M", "F", "<", "X")


@dataclass(frozen=True)
class Mrz:
    """A zone whose check digits all agree.

    Dates are as they stand, yymmdd. `optional` is what the issuing state made of it, without fillers.
    """

    document: str  # such as "ID" or "P"
    issuer: str  # three letters
    number: str
    born: str
    sex: str  # M, F, X or ""
    expires: str
    nationality: str
    optional: str
    surname: str
    given: str
    optional_two: str = ""  # of TD1's second line

    def lines(self) -> tuple[str, ...]:
        """As it is printed; parse gives back an equal zone. Raises MrzInvalid for what does not fit."""
        lines = self._td3() if self.document.startswith("P") else self._td1()
        width = (TD3 if len(lines) == 2 else TD1)[1]
        if any(len(line) != width or not set(line) <= set(LETTERS) for line in lines):
            raise MrzInvalid
        return lines

    def _td1(self) -> tuple[str, ...]:
        number = self.number.ljust(9, "<")
        first = f"{self.document:<<2}{self.issuer:<<3}{number}{check_digit(number)}{self.optional:<<15}"
        dates = f"{self.born}{check_digit(self.born)}", f"{self.expires}{check_digit(self.expires)}"
        second = f"{dates[0]}{self.sex or '<'}{dates[1]}{self.nationality:<<3}{self.optional_two:<<11}"
        check = check_digit(first[5:] + dates[0] + dates[1] + second[18:29])
        return first, second + check, self._names(TD1[1])

    def _td3(self) -> tuple[str, ...]:
        number, optional = self.number.ljust(9, "<"), self.optional.ljust(14, "<")
        number += check_digit(number)
        dates = f"{self.born}{check_digit(self.born)}", f"{self.expires}{check_digit(self.expires)}"
        optional += check_digit(optional)
        second = f"{number}{self.nationality:<<3}{dates[0]}{self.sex or '<'}{dates[1]}{optional}"
        first = f"{self.document:<<2}{self.issuer:<<3}" + self._names(TD3[1] - 5)
        return first, second + check_digit(number + dates[0] + dates[1] + optional)

    def _names(self, width: int) -> str:
        return f"{self.surname}<<{self.given}".replace(" ", "<").ljust(width, "<")


def check_digit(text: str) -> str:
    """Weights 7, 3, 1 over digits as they are, letters from A = 10, `<` as 0, modulo 10 (part 3, 4.9)."""
    values = (0 if letter == "<" else LETTERS.index(letter) for letter in text)
    return str(sum(value * weight for value, weight in zip(values, itertools.cycle(_WEIGHTS), strict=False)) % 10)


def parse(lines: Sequence[str]) -> Mrz:
    """A zone as recognition read it, confusions mended where the check digits prove it. Raises MrzInvalid."""
    cleaned = [_cleaned(line) for line in lines]
    shape = next((shape for shape in (TD1, TD3) if len(cleaned) == shape[0]), None)
    if shape is None:
        raise MrzInvalid
    names = 2 if shape == TD1 else 0
    fitted = [_fitted(line, shape[1], names=at == names) for at, line in enumerate(cleaned)]
    return _parse_td1(fitted) if shape == TD1 else _parse_td3(fitted)


def _cleaned(line: str) -> str:
    line = "".join(line.upper().split()).replace("«", "<<").replace("‹", "<").replace("Đ", "D")
    if not set(line) <= set(LETTERS):
        raise MrzInvalid
    return line


def _fitted(line: str, width: int, *, names: bool) -> str:
    """The line with its longest run of fillers grown or shrunk to the width: fillers are miscounted easily.

    The line of names ends with as many as fit, and is not proved: what looks like fillers at its end is taken for some.
    """
    if names:
        return _filled(line, _AFTER_NAMES).rstrip("<")[:width].ljust(width, "<")
    missing = width - len(line)
    if missing == 0:
        return line
    run = max((len(list(group)) for letter, group in itertools.groupby(line) if letter == "<"), default=0)
    if run == 0 or not -run < missing <= _MOST_MISSING:
        raise MrzInvalid
    at = line.find("<" * run)
    return line[:at] + "<" * (run + missing) + line[at + run :]


def _parse_td1(lines: Sequence[str]) -> Mrz:
    first, second, third = lines
    number, optional = first[5:14], first[15:]
    born, expires = _date(second[:7]), _date(second[8:15])
    for (numbered, extra), other in itertools.product(_numbers(number + first[14], optional), _swapped(second[18:29])):
        if check_digit(numbered + extra + born + expires + other) == _digits(second[29]):
            break
    else:
        raise MrzInvalid
    surname, given = _names(third)
    return Mrz(
        _letters(first[:2]).rstrip("<"), _letters(first[2:5]).rstrip("<"), numbered[:9].rstrip("<"), born[:6],
        _sex(second[7]), expires[:6], _letters(second[15:18]).rstrip("<"), extra.rstrip("<"), surname, given,
        other.rstrip("<"),
    )  # fmt: skip


def _parse_td3(lines: Sequence[str]) -> Mrz:
    first, second = lines
    born, expires = _date(second[13:20]), _date(second[21:28])
    for numbered, optional in _numbers(second[:10], second[28:42]):
        check = _digits(second[42]) if second[42] != "<" else "<" if not optional.strip("<") else "0"
        if check_digit(optional) != check.replace("<", "0"):
            continue
        if check_digit(numbered + born + expires + optional + check) == _digits(second[43]):
            break
    else:
        raise MrzInvalid
    surname, given = _names(first[5:])
    return Mrz(
        _letters(first[:2]).rstrip("<"), _letters(first[2:5]).rstrip("<"), numbered[:9].rstrip("<"), born[:6],
        _sex(second[20]), expires[:6], _letters(second[10:13]).rstrip("<"), optional.rstrip("<"), surname, given,
    )  # fmt: skip


def _date(text: str) -> str:
    """Six digits and their check digit."""
    digits = _digits(text)
    if check_digit(digits[:6]) != digits[6]:
        raise MrzInvalid
    return digits


def _digits(text: str) -> str:
    digits = text.translate(_TO_DIGIT)
    if not digits.isdigit():
        raise MrzInvalid
    return digits


def _letters(text: str) -> str:
    letters = text.translate(_TO_LETTER)
    if any(letter.isdigit() for letter in letters):
        raise MrzInvalid
    return letters


def _sex(letter: str) -> str:
    if letter not in _SEXES:
        raise MrzInvalid
    return letter.strip("<")


def _numbers(number: str, optional: str) -> Iterator[tuple[str, str]]:
    """A document's number with its check digit and the optional part, as read and with what is confused swapped."""
    for numbered in _swapped(number[:9]):
        if check_digit(numbered) == number[9].translate(_TO_DIGIT):
            yield from ((numbered + number[9].translate(_TO_DIGIT), extra) for extra in _swapped(optional))


def _swapped(text: str) -> list[str]:
    """The text with fillers for what looks like them among fillers, as read, and with digits for what looks like them.

    Only a check digit can tell which is right, and it cannot tell K from `<`, since K counts 20.
    """
    return list(dict.fromkeys((_filled(text, _FALSE_FILLERS), text, text.translate(_TO_DIGIT))))


def _filled(text: str, false: re.Pattern[str]) -> str:
    return false.sub(lambda found: "<" * len(found[0]), text)


def _names(text: str) -> tuple[str, str]:
    surname, _, given = text.rstrip("<").partition("<<")
    return _name(surname), _name(given)


def _name(text: str) -> str:
    return " ".join(part for part in text.translate(_TO_LETTER).split("<") if part)
