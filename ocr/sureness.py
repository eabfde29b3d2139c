"""When does a value that was read need nobody's look? Pure. Held to at least 99.5 right of 100 (bench/ocr.py)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import yaml

from ocr.folding import fold
from ocr.kinds import FieldSpec
from ocr.places import names_province, province_of_id
from ocr.reading import Disagreement, Field
from ocr.syllables import is_vietnamese

SURNAMES = Path(__file__).parent / "data" / "surnames.yaml"
_LABEL = 0.95  # least similarity of the label
_WORD = {"date": 0.9, "id": 0.9, "number": 0.94, "code": 0.92}  # least confidence of every word, by type
_WORD_OF_TEXT = 0.9
_FORMS = {
    "date": re.compile(r"\d{2}/\d{2}/\d{4}|ngay \d{2} thang \d{2} nam \d{4}", re.ASCII),
    "id": re.compile(r"\d{12}", re.ASCII),
    "number": re.compile(r"\d{1,3}(?:\.\d{3})*(?:,\d+)?|\d+(?:[.,]\d{1,2})?", re.ASCII),
    "sex": re.compile(r"nam|nu"),
}  # what is read without any repair
_WORDS = ("name", "place", "text")  # types whose words are Vietnamese


def looks_sure(spec: FieldSpec, value: str, printed: str, words: Sequence[float], label: float) -> bool:
    """Whether a value read after a label that is certainly its own was seen clearly and has its form unrepaired."""
    type_ = spec.type
    if label < _LABEL or not words or min(words) < _WORD.get(type_, _WORD_OF_TEXT):
        return False
    if type_ in _FORMS and not _FORMS[type_].fullmatch(fold(printed)):
        return False
    if type_ == "id":
        return province_of_id(value) is not None
    if type_ in _WORDS:
        legal = all(is_vietnamese(word) for word in re.findall(r"[^\W\d_]+", value))
        return value == printed and legal and _is_known(spec, value)
    return True


def _is_known(spec: FieldSpec, value: str) -> bool:
    """A legal syllable may still be a wrong one: names want a surname, places a province, texts a usual value."""
    if spec.type == "name":
        return value.split()[0].casefold() in _surnames()
    if spec.type == "place":
        return names_province(value)
    return value.casefold() in {usual.casefold() for usual in spec.values}


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    return frozenset(name.casefold() for name in yaml.safe_load(SURNAMES.read_text(encoding="utf-8")))


def settle(fields: Iterable[Field], doubts: Sequence[Disagreement]) -> tuple[Field, ...]:
    """The fields, those that a disagreement speaks of no longer sure."""
    doubtful = {name for doubt in doubts for name in doubt.fields}
    return tuple(replace(field, sure=False) if field.name in doubtful else field for field in fields)
