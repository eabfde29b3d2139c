"""Kinds of papers as data: ocr/data/kinds/*.yaml and an operator's own folder (docs/formats/reading.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ocr.errors import KindMalformed

DATA = Path(__file__).parent / "data" / "kinds"
TYPES: tuple[str, ...] = ("text", "name", "place", "code", "date", "id", "number", "sex")
PLACES: tuple[str, ...] = ("line", "below", "line-or-below")
PICKS: tuple[str, ...] = ("first", "last")
LANGUAGES: tuple[str, ...] = ("vi", "en")
OTHER = "other"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built: 10 times faster
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")


@dataclass(frozen=True)
class Rule:
    """Where a value stands: after one of the label phrases, or, without any, wherever its pattern matches."""

    after: tuple[str, ...] = ()
    where: str = "line"  # one of PLACES, as seen from the label
    pattern: str | None = None  # regular expression on folded text (ocr.folding); its group 1 or all of it
    lines: int = 1  # an address may go on over so many lines
    pick: str = "first"  # which match of several
    under: tuple[str, ...] = ()  # only in the part of the page that one of these labels begins
    above: tuple[str, ...] = ()  # only before the first of these labels


@dataclass(frozen=True)
class FieldSpec:
    name: str
    labels: Mapping[str, str]  # by LANGUAGES, for people
    type: str  # one of TYPES
    find: tuple[Rule, ...] = ()
    values: tuple[str, ...] = ()  # what usually stands there: read without its marks it is one of these


@dataclass(frozen=True)
class Kind:
    code: str
    names: Mapping[str, str]  # by LANGUAGES
    fields: tuple[FieldSpec, ...] = ()
    titles: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()  # labels that are not read but end the value before them
    marks: tuple[str, ...] = ()  # phrases that tell the kind of a page without a title, such as a card's back
    sensitive: bool = False
    note: Mapping[str, str] | None = None  # by LANGUAGES, something to tell the holder

    def field(self, name: str) -> FieldSpec | None:
        return next((spec for spec in self.fields if spec.name == name), None)


def load_kinds(extra: Path | None = None) -> Mapping[str, Kind]:
    """The package's kinds by code, those of `extra` added or put in their place. Raises KindMalformed, OSError."""
    files = [*sorted(DATA.glob("*.yaml")), *(sorted(extra.glob("*.yaml")) if extra else [])]
    return MappingProxyType({kind.code: kind for kind in (_load(file) for file in files)})


def _load(file: Path) -> Kind:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader either way
        return _kind(data)
    except (yaml.YAMLError, UnicodeDecodeError, KindMalformed) as error:
        raise KindMalformed(f"{file.name} does not follow the rules of kinds: {error}") from error


def _kind(data: object) -> Kind:
    found = _members(data, {"code", "names"}, {"titles", "fields", "stops", "marks", "sensitive", "note"})
    fields = tuple(_field(item) for item in _list(found.get("fields", [])))
    if len({spec.name for spec in fields}) != len(fields):
        raise KindMalformed("two fields have one name")
    sensitive = found.get("sensitive", False)
    if not isinstance(sensitive, bool):
        raise KindMalformed("sensitive is true or false")
    return Kind(
        _code(found["code"]), _languages(found["names"]), fields, _texts(found.get("titles", [])),
        _texts(found.get("stops", [])), _texts(found.get("marks", [])), sensitive,
        _languages(found["note"]) if "note" in found else None,
    )  # fmt: skip


def _field(data: object) -> FieldSpec:
    found = _members(data, {"name", "labels", "type"}, {"find", "values"})
    rules = tuple(_rule(item) for item in _list(found.get("find", [])))
    type_, values = _choice(found["type"], TYPES), _texts(found.get("values", []))
    return FieldSpec(_code(found["name"]), _languages(found["labels"]), type_, rules, values)


def _rule(data: object) -> Rule:
    found = _members(data, set(), {"after", "where", "pattern", "lines", "pick", "under", "above"})
    after, pattern, lines = _texts(found.get("after", [])), found.get("pattern"), found.get("lines", 1)
    if not after and pattern is None:
        raise KindMalformed("a rule needs a label phrase or a pattern")
    if type(lines) is not int or not 1 <= lines <= 5:
        raise KindMalformed("lines is a number from 1 to 5")
    where, pick = _choice(found.get("where", "line"), PLACES), _choice(found.get("pick", "first"), PICKS)
    under, above = _texts(found.get("under", [])), _texts(found.get("above", []))
    return Rule(after, where, None if pattern is None else _pattern(pattern), lines, pick, under, above)


def _pattern(found: object) -> str:
    try:
        return re.compile(_text(found)).pattern
    except re.error as error:
        raise KindMalformed("a pattern is no regular expression") from error


def _members(data: object, needed: set[str], optional: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or not needed <= data.keys() <= needed | optional:
        raise KindMalformed(f"expected {', '.join(sorted(needed))} and at most {', '.join(sorted(optional))}")
    return data


def _languages(data: object) -> Mapping[str, str]:
    found = _members(data, set(LANGUAGES), set())
    return MappingProxyType({language: _text(found[language]) for language in LANGUAGES})


def _list(data: object) -> list[Any]:
    if not isinstance(data, list):
        raise KindMalformed("expected a list")
    return data


def _texts(data: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(data))


def _text(data: object) -> str:
    if not isinstance(data, str) or not data.strip() or len(data) > 500:
        raise KindMalformed("expected a text")
    return data


def _code(data: object) -> str:
    if not isinstance(data, str) or not _CODE.match(data):
        raise KindMalformed("a code has lower-case letters, digits and hyphens")
    return data


def _choice(data: object, choices: tuple[str, ...]) -> str:
    if not isinstance(data, str) or data not in choices:
        raise KindMalformed(f"expected one of {', '.join(choices)}")
    return data
