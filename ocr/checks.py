"""Canonical values of fields, and what about them cannot all be true. Pure: used on readings and on corrections."""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from ocr.errors import FieldInvalid
from ocr.folding import fold, squeeze
from ocr.kinds import FieldSpec
from ocr.reading import SOURCES, Disagreement, Field

MOST_LETTERS = 500  # of any value

_NUMERIC_DATE = re.compile(r"(?<!\d)(\d{1,2})\s*[/.\-|Il]\s*(\d{1,2})\s*[/.\-|Il]\s*(\d{4})(?!\d)")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_WORDED_DATE = re.compile(r"ngay\D{0,12}(\d{1,2})\D{1,20}(\d{1,2})\D{1,20}(\d{4})")
_STROKES = "/.-|Il1J!"
_LIKE_DATE = re.compile(r"[\d/.\-|IlJ!]{8,12}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1850, 2200
_SEXES = {"nam": "male", "male": "male", "m": "male", "nu": "female", "female": "female", "f": "female"}
_EDGES = " .,:;_-–—|/\\'\"`~*•…"
_EDGES_OF_NAMES = _EDGES + "ˆˇ˘˙˚˛˜˝^“”‘<>«»()[]{}=+!?"
_MISREAD_DIGITS = str.maketrans("OoQIl|SBZ", "000111582")
_SHORT_CODE = 3  # signs up to which a code has no spaces
_ID = "id-number"
_SEX_OF = {"wife-": "female", "husband-": "male", "mother-": "female", "father-": "male"}  # by whose id it is
_CENTURY = 1900  # of the sex-and-century digit 0 and 1; two digits a century from there


def normalise(spec: FieldSpec, text: str) -> str:
    """The canonical value of what a paper or a citizen wrote.

    date: ISO 8601; id: 12 (or the older 9) digits; number: digits, a point before decimals; sex: male or female;
    name, place, text, code: NFC with single spaces, case kept. Raises FieldInvalid.
    """
    text = squeeze(text)
    if not text or len(text) > MOST_LETTERS or any(letter < " " for letter in text):
        raise FieldInvalid
    return _NORMALISERS[spec.type](text)


def _date(text: str) -> str:
    iso = _ISO_DATE.search(text)
    found = _NUMERIC_DATE.search(text) or _WORDED_DATE.search(fold(text))
    if iso or found is None:
        dates = {_day(*iso.groups())} if iso else _mended_dates(text)
    else:
        dates = {_day(*found.groups()[::-1])}
    if len(dates) != 1 or None in dates:
        raise FieldInvalid
    return str(dates.pop())


def _day(year: str, month: str, day: str) -> str | None:
    try:
        date = datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return date.isoformat() if _FIRST_YEAR <= date.year <= _LAST_YEAR else None


def _mended_dates(text: str) -> set[str | None]:
    """Every date that digits can be where strokes were lost, doubled or taken for I or 1; each by one is likeliest."""
    letters = text.strip(_EDGES).replace(" ", "")
    if not _LIKE_DATE.fullmatch(letters):
        return set()
    if (each := _cut(letters, 1, 1)) is not None:
        return {each}
    return {_cut(letters, first, second) for first in range(3) for second in range(3)} - {None}


def _cut(letters: str, first: int, second: int) -> str | None:
    """The date in two, two and four digits with so many signs of a stroke between them."""
    month = 2 + first
    year = month + 2 + second
    strokes, digits = (
        letters[2:month] + letters[month + 2 : year],
        letters[:2] + letters[month : month + 2] + letters[year:],
    )
    if len(digits) != 8 or not digits.isdigit() or not set(strokes) <= set(_STROKES):
        return None
    return _day(digits[4:], digits[2:4], digits[:2])


def _id(text: str) -> str:
    digits = re.sub(r"[\s.\-]", "", text).translate(_MISREAD_DIGITS)
    if not re.fullmatch(r"\d{12}|\d{9}", digits, re.ASCII):
        raise FieldInvalid
    return digits


def _number(text: str) -> str:
    """1.234,5 and 1234.5 alike: a separator before exactly three digits groups, any other is a decimal one."""
    found = re.search(r"\d+(?:[.,\s]\d{3})*(?:[.,]\d+)?", text, re.ASCII)
    if not found:
        raise FieldInvalid
    whole, _, decimals = re.sub(r"[.,\s](?=\d{3}(?!\d))", "", found.group()).replace(",", ".").partition(".")
    return str(int(whole)) + (f".{decimals}" if decimals else "")


def _sex(text: str) -> str:
    word = re.match(r"[a-z]+", fold(text).strip(_EDGES))
    if not word or word.group() not in _SEXES:
        raise FieldInvalid
    return _SEXES[word.group()]


def _name(text: str) -> str:
    name = text.strip(_EDGES_OF_NAMES)
    if len(name) < 2 or not all(letter.isalpha() or letter in " -'’." for letter in name):
        raise FieldInvalid
    return name


def _place(text: str) -> str:
    place = re.sub(r"\s*,\s*", ", ", text).strip(_EDGES)
    if sum(letter.isalpha() for letter in place) < 2:
        raise FieldInvalid
    return place


def _text(text: str) -> str:
    text = text.strip(_EDGES)
    if not any(letter.isalnum() for letter in text):
        raise FieldInvalid
    return text


def _code(text: str) -> str:
    code = text.strip(_EDGES).upper()
    if not any(letter.isalnum() for letter in code):
        raise FieldInvalid
    bare = code.replace(" ", "")
    return bare if len(bare) <= _SHORT_CODE else code  # "B 2": recognition parts large letters


_NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "date": _date, "id": _id, "number": _number, "sex": _sex, "name": _name, "place": _place, "text": _text,
    "code": _code,
}  # fmt: skip


def best(fields: Sequence[Field]) -> dict[str, Field]:
    """Of each name the field of the best source, and of that the surest."""
    ranked = sorted(fields, key=lambda item: (SOURCES.index(item.source), -item.confidence))
    found: dict[str, Field] = {}
    for item in ranked:
        found.setdefault(item.name, item)
    return found


def disagreements(
    kind: str, fields: Sequence[Field], *, today: datetime.date | None = None
) -> tuple[Disagreement, ...]:
    """What the holder should look at, in a fixed order; `expired` is told only when `today` is given.

    sources-differ, id-birth-year, id-sex, dates-out-of-order, date-in-future, expired.
    """
    values = {name: item.value for name, item in best(fields).items()}
    found = [*_between_sources(fields), *_against_ids(values), *_dates(values)]
    if today is not None:
        found += _against_today(values, today)
    return tuple(found)


def _between_sources(fields: Sequence[Field]) -> list[Disagreement]:
    found = []
    for name in dict.fromkeys(item.name for item in fields):
        same_name = [item for item in fields if item.name == name]
        if len({_comparable(item.value) for item in same_name}) > 1:
            sources = dict.fromkeys(sorted((item.source for item in same_name), key=SOURCES.index))
            found.append(Disagreement("sources-differ", (name,), {"sources": ",".join(sources)}))
    return found


def _comparable(value: str) -> str:
    """Capitals, marks and punctuation differ between a card's print and its QR without meaning anything."""
    return "".join(letter for letter in fold(value) if letter.isalnum())


def _against_ids(values: Mapping[str, str]) -> list[Disagreement]:
    """Each person's id against that person's birth and sex: `wife-id-number` goes with `wife-birth-date`."""
    whose = [name.removesuffix(_ID) for name in values if name.endswith(_ID)]
    return [doubt for prefix in whose for doubt in _against_id(values, prefix)]


def _against_id(values: Mapping[str, str], prefix: str) -> list[Disagreement]:
    """12 digits: place (3), century and sex (1), year of birth (2), serial (6)."""
    number = values[prefix + _ID]
    if not re.fullmatch(r"\d{12}", number, re.ASCII):
        return []
    found = []
    year = _CENTURY + 100 * (int(number[3]) // 2) + int(number[4:6])
    for name in (f"{prefix}birth-date", f"{prefix}birth-year"):
        if name in values and values[name][:4] != f"{year:04}":
            found.append(Disagreement("id-birth-year", (prefix + _ID, name)))
    sex = values.get(f"{prefix}sex", _SEX_OF.get(prefix, ""))
    if sex and sex != ("female" if int(number[3]) % 2 else "male"):
        found.append(Disagreement("id-sex", (prefix + _ID, *([f"{prefix}sex"] if f"{prefix}sex" in values else []))))
    return found


def _dates(values: Mapping[str, str]) -> list[Disagreement]:
    """Born, then dead, then issued, then expired. ISO dates compare as text."""
    names = [name for name in ("birth-date", "death-date", "issued-on", "expires-on") if name in values]
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    return [Disagreement("dates-out-of-order", pair) for pair in pairs if values[pair[0]] > values[pair[1]]]


def _against_today(values: Mapping[str, str], today: datetime.date) -> list[Disagreement]:
    found = []
    for name in ("birth-date", "issued-on"):
        if values.get(name, "") > today.isoformat():
            found.append(Disagreement("date-in-future", (name,)))
    if "expires-on" in values and values["expires-on"] < today.isoformat():
        found.append(Disagreement("expired", ("expires-on",)))
    return found
