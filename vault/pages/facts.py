"""The fields of a paper as a form shows them: in people's notation, with how sure they are, the doubtful first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ocr.kinds import FieldSpec, Kind
from ocr.reading import Disagreement, Field
from vault.i18n import Translate
from vault.pages import words
from vault.pages.render import day
from vault.readings import Fact, ReadingView
from vault.search import fold

LIKELY = 0.7
"""Least confidence at which a value that is not sure is said to be read well all the same."""
OF = 10_000
PRINT = ("text", "ocr", "mrz", "qr")
"""Sources, by how well people can compare them with their eyes."""


@dataclass(frozen=True)
class Finding:
    """A value as it was found, and where, in words."""

    value: str
    source: str


@dataclass(frozen=True)
class Place:
    """A box on page `page` (from 1), in `OF` parts of the page's width and height."""

    page: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Row:
    """One field of the form. `level` is good, careful or quiet; `findings` are those that differ from `value`.

    `look`: its owner is asked to compare it. `place`: where on the paper it stands, if that is known.
    """

    name: str
    label: str
    type: str
    value: str
    status: str
    source: str
    level: str
    findings: tuple[Finding, ...]
    look: bool
    place: Place | None


def rows(seen: ReadingView, language: str, translate: Translate, typed: Mapping[str, str] | None = None) -> list[Row]:
    """The form's fields; what was typed but not taken stands where it was typed."""
    ordered = sorted(seen.facts, key=lambda fact: (not needs_look(fact), not _is_bad(fact)))
    return [_row(fact, language, translate, typed or {}) for fact in ordered]


def needs_look(fact: Fact) -> bool:
    """Neither its owner nor the reading is sure of it."""
    if fact.confirmed:
        return False
    return bool(fact.doubts) or (fact.read is not None and not fact.read.sure)


def _is_bad(fact: Fact) -> bool:
    return bool(fact.doubts) or (fact.read is not None and fact.read.confidence < LIKELY)


def place(fact: Fact) -> Place | None:
    """Where the value can be looked at: as it is printed, rather than in a code that nobody can read."""
    by_source = sorted(
        (found for found in fact.found if found.page and found.box and found.source in PRINT),
        key=lambda found: PRINT.index(found.source),
    )
    for found in by_source:
        x0, y0, x1, y1 = (round(side * OF) for side in found.box or ())
        if x1 > x0 and y1 > y0:
            return Place(found.page or 1, x0, y0, x1 - x0, y1 - y0)
    return None


def shown(spec: FieldSpec, value: str, translate: Translate) -> str:
    """A canonical value as people write it: dates as dd/mm/yyyy, the sex as a word."""
    if spec.type == "sex":
        return translate(words.SEXES[value]) if value in words.SEXES else value
    return _date_text(value) if spec.type == "date" else value


def source(found: Field, translate: Translate) -> str:
    return translate(words.SOURCES.get(found.source, words.SOURCES["ocr"]))


def doubt_texts(kind: Kind, doubts: tuple[Disagreement, ...], language: str, translate: Translate) -> list[str]:
    return [_doubt_text(kind, doubt, language, translate) for doubt in doubts]


def filled_in(seen: ReadingView, form: Mapping[str, str]) -> dict[str, str]:
    """What the form says about the fields of this paper; an empty field that nothing was known of says nothing."""
    known = {fact.spec.name for fact in seen.facts if fact.found or fact.confirmed}
    names = (fact.spec.name for fact in seen.facts)
    sent = {name: form[f"field.{name}"] for name in names if f"field.{name}" in form}
    return {name: text for name, text in sent.items() if text.strip() or name in known}


def _row(fact: Fact, language: str, translate: Translate, typed: Mapping[str, str]) -> Row:
    spec = fact.spec
    value = fact.value if spec.type == "sex" else shown(spec, fact.value, translate)
    status, level = _status(fact)
    return Row(
        name=spec.name,
        label=spec.labels[language],
        type=spec.type,
        value=typed.get(spec.name, value),
        status=translate(status),
        source="" if fact.confirmed or fact.read is None else source(fact.read, translate),
        level=level,
        findings=_findings(fact, translate),
        look=needs_look(fact),
        place=place(fact),
    )


def _status(fact: Fact) -> tuple[str, str]:
    if fact.confirmed:
        return words.CONFIRMED if fact.value else words.STRUCK_OUT, "careful" if fact.doubts else "good"
    if fact.read is None:
        return words.NOT_FOUND, "quiet"
    if fact.read.confidence < LIKELY:
        return words.UNSURE, "careful"
    if fact.doubts:
        return words.DOUBTFUL, "careful"
    return (words.SURE, "good") if fact.read.sure else (words.LIKELY, "careful")


def _findings(fact: Fact, translate: Translate) -> tuple[Finding, ...]:
    """Each value that was read and is not the one that counts, once, by its best source."""
    best: dict[str, Field] = {}
    for found in fact.found:
        if fold(found.value) != fold(fact.value):  # capitals and marks say nothing new
            best.setdefault(fold(found.value), found)
    return tuple(Finding(shown(fact.spec, f.value, translate), source(f, translate)) for f in best.values())


def _doubt_text(kind: Kind, doubt: Disagreement, language: str, translate: Translate) -> str:
    labels = [spec.labels[language] if (spec := kind.field(name)) else name for name in doubt.fields]
    first, second = (*labels, "", "")[:2]
    return translate(words.DOUBTS.get(doubt.code, words.DOUBT_UNKNOWN), first=first, second=second)


def _date_text(value: str) -> str:
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value
