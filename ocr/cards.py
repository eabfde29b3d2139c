"""The QR of the citizen card, which nobody has published a format for: read it as tolerantly as is safe.

id12|old id or empty|full name|ddmmyyyy birth|sex|address|ddmmyyyy issued, and perhaps more behind it.
"""

import re
from collections.abc import Callable, Mapping

from ocr.checks import normalise
from ocr.errors import FieldInvalid
from ocr.folding import fold
from ocr.kinds import FieldSpec

_LEAST_PARTS = 5
_DATE = re.compile(r"\d{8}|\d{1,2}/\d{1,2}/\d{4}", re.ASCII)
_SEXES = ("nam", "nu", "male", "female")
_TYPES = {
    "id-number": "id", "old-id-number": "id", "full-name": "name", "birth-date": "date", "sex": "sex",
    "residence": "place", "issued-on": "date",
}  # fmt: skip


def parse_card(payload: str) -> Mapping[str, tuple[str, str]]:
    """Field name → (canonical value, as it stands in the code); empty when the payload is no card's.

    The parts are told by what they look like from the fixed first one on, because some writers drop one.
    """
    parts = [part.strip() for part in payload.split("|")]
    if len(parts) < _LEAST_PARTS or not re.fullmatch(r"\d{12}", parts[0], re.ASCII):
        return {}
    raw = {"id-number": parts[0]}
    rest = parts[1:]
    if re.fullmatch(r"\d{9}|\d{0}", rest[0], re.ASCII):
        raw["old-id-number"] = rest.pop(0)
    raw["full-name"] = rest.pop(0) if rest else ""
    raw["birth-date"] = _take(rest, _DATE.fullmatch)
    raw["sex"] = _take(rest, lambda part: fold(part) in _SEXES)
    raw["residence"] = _take(rest, lambda part: any(letter.isalpha() for letter in part))
    raw["issued-on"] = _take(rest, _DATE.fullmatch)
    return _canonical(raw)


def _take(parts: list[str], fits: Callable[[str], object]) -> str:
    """Remove and give the next part if it fits."""
    if parts and fits(parts[0]):
        return parts.pop(0)
    return ""


def _canonical(raw: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    found = {}
    for name, text in raw.items():
        try:
            found[name] = normalise(FieldSpec(name, {}, _TYPES[name]), text), text
        except FieldInvalid:
            continue
    return found
