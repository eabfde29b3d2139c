"""Fields from machine-readable zones on pages (ocr.mrz): numbers and dates are proved by check digits, names never."""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence

from ocr.errors import MrzInvalid
from ocr.labels import around
from ocr.mrz import LETTERS, TD1, TD3, Mrz, check_digit, parse
from ocr.reading import Code, Field, Line, Page, Word

_LEAST_LETTERS = 22  # of a line that may belong to a zone
_LETTERS_ENOUGH = 0.9  # share of a line's letters that zones have
_MOST_LINES = 40  # from the end of a page, where zones stand
_NEVER = "99"  # the year of a card that does not end
_CENTURY, _NEXT = "19", "20"
_STATE = "VNM"
FORMATS = {TD1[0]: "MRZ TD1", TD3[0]: "MRZ TD3"}  # by lines
KINDS: Mapping[str, str] = {"P": "passport", "I": "citizen-card"}  # by the first letter of the document's type


def find_zone(page: Page) -> tuple[Mrz, tuple[Line, ...]] | None:
    """The first zone of a page that proves itself, and the lines that it stands on."""
    lines = [line for line in page.lines[-_MOST_LINES:] if is_of_zone(line.text)]
    for count in (TD1[0], TD3[0]):
        for start in range(len(lines) - count + 1):
            part = tuple(lines[start : start + count])
            try:
                return parse([line.text for line in part]), part
            except MrzInvalid:
                continue
    return None


def is_of_zone(text: str) -> bool:
    letters = "".join(text.split())
    if len(letters) < _LEAST_LETTERS or "<" not in letters:
        return False
    return sum(letter in LETTERS for letter in letters) >= _LETTERS_ENOUGH * len(letters)


def zone_fields(page: Page) -> list[Field]:
    """What the zone of a Vietnamese paper says; `sure` is what its check digits cover."""
    found = find_zone(page)
    if found is None or found[0].issuer != _STATE:
        return []
    zone, lines = found
    words = [word for line in lines for word in line.words]
    named = [(name, value, printed, sure) for name, (value, printed, sure) in _values(zone).items()]
    return [_field(name, value, printed, sure, page, lines, words) for name, value, printed, sure in named]


def zone_code(page: Page) -> Code | None:
    """The zone as a code of the page, as it proves itself, its lines parted by line feeds."""
    found = find_zone(page)
    if found is None:
        return None
    zone, lines = found
    text = zone.lines()
    form = FORMATS[len(text)]
    return Code(
        form, "\n".join(text), page.number, around([word for line in lines for word in line.words]) or lines[0].box
    )


def zone_kind(page: Page) -> str | None:
    found = find_zone(page)
    return KINDS.get(found[0].document[:1]) if found and found[0].issuer == _STATE else None


def _field(
    name: str, value: str, printed: str, sure: bool, page: Page, lines: Sequence[Line], words: Sequence[Word]
) -> Field:
    confidence = 1.0 if sure else round(sum(word.confidence for word in words) / max(len(words), 1), 3)
    return Field(name, value, printed, "mrz", confidence, page.number, around(words) or lines[0].box, sure)


def _values(zone: Mrz) -> dict[str, tuple[str, str, bool]]:
    """Field → canonical value, as printed, and whether check digits cover it."""
    citizen = _citizen_id(zone)
    found = {"id-number": (citizen, citizen, True)} if citizen else {}
    if zone.document.startswith("P"):
        found["number"] = zone.number, zone.number, True
    if born := _birth(zone, citizen):
        found["birth-date"] = born, zone.born, True
    if expires := _iso(_NEXT, zone.expires):
        found["expires-on"] = expires, zone.expires, True
    if zone.sex in ("M", "F"):
        found["sex"] = "male" if zone.sex == "M" else "female", zone.sex, False
    name = f"{zone.surname} {zone.given}".strip()
    if len(name) > 1 and all(letter.isalpha() or letter == " " for letter in name):
        found["full-name"] = name, name, False
    return found


def _citizen_id(zone: Mrz) -> str:
    """All 12 digits stand in the optional field: of a card with fillers and a check digit, of a passport alone."""
    card = re.fullmatch(r"(\d{12})<<(\d)", zone.optional)
    if card and card[2] == check_digit(zone.optional[:14]) and card[1].endswith(zone.number):
        return card[1]
    return zone.optional if zone.document.startswith("P") and re.fullmatch(r"\d{12}", zone.optional) else ""


def _birth(zone: Mrz, citizen: str) -> str:
    """The century is the id's; without one nobody is born after the paper ends."""
    if citizen:
        return _iso(str(int(_CENTURY) + int(citizen[3]) // 2), zone.born)
    return _iso(_NEXT if zone.born[:2] < zone.expires[:2] != _NEVER else _CENTURY, zone.born)


def _iso(century: str, text: str) -> str:
    if century == _NEXT and text.startswith(_NEVER):
        return ""
    try:
        return datetime.date(int(century + text[:2]), int(text[2:4]), int(text[4:])).isoformat()
    except ValueError:
        return ""


def zones_of(pages: Sequence[Page]) -> Iterator[Field]:
    for page in pages:
        yield from zone_fields(page)
