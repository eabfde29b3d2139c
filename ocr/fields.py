"""Values of a kind's fields on the lines of a page, by the rules of the kind's file."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from ocr.checks import normalise
from ocr.errors import FieldInvalid
from ocr.folding import fold
from ocr.kinds import FieldSpec, Kind, Rule
from ocr.reading import Box, Field, Line, Page, Word

_LABEL_ENOUGH = 84  # per cent of similarity
_EXACT_LETTERS = 5  # shorter labels must match exactly
_SLIP = 2  # letters by which a fuzzy match may miss the edges of words
_GAP = 4.0  # heights of a line: white space as wide as this parts two cells
_BELOW = 3.0  # heights of a line within which "below" still belongs to the label
_INDENT = 0.05  # of the page's width by which a line may begin left or right of the label
_ITEM = 6  # letters such as "1. a) " before a label that begins a line
_MOST_LINES = 300  # of a page, in which fields are looked for: the work grows with the square of the labels found
_MOST_LETTERS = 1000  # of a line
_FILLERS = " .:;_…,|-–—=*"
_DATE = r"\d{1,2}\s*[/.\-|il]\s*\d{1,2}\s*[/.\-|il]\s*\d{4}|ngay\D{0,12}\d{1,2}\D{1,20}\d{1,2}\D{1,20}\d{4}"
_PATTERNS = {"date": _DATE, "id": r"[\doqilsbz]{12}(?![\da-z])|\d{3}(?: ?\d{3}){3}(?!\d)", "number": r"\d[\d.,]*"}


@dataclass(frozen=True)
class _Label:
    """A label phrase found in a line; `names` says which field's, "" for a stop."""

    start: int
    end: int
    score: float
    name: str
    rule: Rule | None

    @property
    def weight(self) -> float:
        """Letters matched, less three for each that differs: long labels win, but not by swallowing a value."""
        return (self.end - self.start) * (1 - 3 * (1 - self.score / 100))


@dataclass(frozen=True)
class _Text:
    """Words with the offsets at which each starts in their joined text."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    def within(self, start: int, end: int) -> tuple[Word, ...]:
        """The words between two offsets, those at the edges clipped, without fillers around them."""
        found, at = [], 0
        for word in self.words:
            clipped = _clipped(word, max(start - at, 0), min(end - at, len(word.text)))
            if clipped.text:
                found.append(clipped)
            at += len(word.text) + 1
        return _bared(found)


def _bared(words: Sequence[Word]) -> tuple[Word, ...]:
    used = [at for at, word in enumerate(words) if word.text.strip(_FILLERS)]
    return tuple(words[used[0] : used[-1] + 1]) if used else ()


def _clipped(word: Word, start: int, end: int) -> Word:
    """Letters are taken to be equally wide."""
    if start >= end:
        return Word("", word.box, word.confidence)
    if start == 0 and end == len(word.text):
        return word
    x0, y0, x1, y1 = word.box
    width = (x1 - x0) / len(word.text)
    return Word(word.text[start:end], (x0 + start * width, y0, x0 + end * width, y1), word.confidence)


_Others = Sequence[tuple[Line, bool]]  # lines other than the label's, and whether each begins with a label


def find_fields(kind: Kind, page: Page) -> tuple[Field, ...]:
    """At most one field for each specification, in the kind's order."""
    short = [line for line in page.lines if len(line.text) <= _MOST_LETTERS][:_MOST_LINES]
    labelled = [(line, _labels(line, kind)) for line in short]
    page = replace(page, lines=tuple(short))
    found = (_first(spec, labelled, page) for spec in kind.fields)
    return tuple(field for field in found if field is not None)


def _first(spec: FieldSpec, labelled: Sequence[tuple[Line, list[_Label]]], page: Page) -> Field | None:
    for rule in spec.find:
        candidates = _after_labels(spec, rule, labelled, page) if rule.after else _anywhere(rule, page)
        fields = [field for words, score in candidates if (field := _field(spec, rule, words, score, page))]
        if fields:
            return fields[0 if rule.pick == "first" else -1]
    return None


def _anywhere(rule: Rule, page: Page) -> Iterator[tuple[tuple[Word, ...], float]]:
    return ((line.words, 1.0) for line in page.lines)


def _after_labels(
    spec: FieldSpec, rule: Rule, labelled: Sequence[tuple[Line, list[_Label]]], page: Page
) -> Iterator[tuple[tuple[Word, ...], float]]:
    for line, labels in labelled:
        for at, label in enumerate(labels):
            if label.name != spec.name or label.rule is not rule:
                continue
            end = labels[at + 1].start if at + 1 < len(labels) else len(line.text)
            for words in _places(rule, line, label, end, labelled, page):
                yield words, label.score / 100


def _places(
    rule: Rule, line: Line, label: _Label, end: int, labelled: Sequence[tuple[Line, list[_Label]]], page: Page
) -> Iterator[tuple[Word, ...]]:
    """Where the rule lets the value stand, likeliest first."""
    box = _around(_Text(line.words).within(label.start, label.end)) or line.box
    others = [(other, bool(labels) and labels[0].start <= _ITEM) for other, labels in labelled if other is not line]
    if rule.where != "below":
        rest = _cell(_Text(line.words).within(label.end, end), page)
        if not rest:
            rest = _to_the_right(box, others)
        if rest:
            yield rest + (_below(_around(rest) or box, others, rule.lines - 1, box[0], page) if rule.lines > 1 else ())
    if rule.where != "line":
        yield _below(box, others, rule.lines, box[0], page)


def _cell(words: tuple[Word, ...], page: Page) -> tuple[Word, ...]:
    """The words up to the first wide gap."""
    height = max((word.box[3] - word.box[1] for word in words), default=0.0) * page.height
    for at in range(1, len(words)):
        if (words[at].box[0] - words[at - 1].box[2]) * page.width > _GAP * height:
            return words[:at]
    return words


def _to_the_right(box: Box, others: _Others) -> tuple[Word, ...]:
    beside = [
        line for line, labelled in others
        if not labelled and line.box[1] <= _middle(box) <= line.box[3] and line.box[0] >= box[2]
    ]  # fmt: skip
    return min(beside, key=lambda line: line.box[0]).words if beside else ()


def _below(box: Box, others: _Others, count: int, left: float, page: Page) -> tuple[Word, ...]:
    """Words of the next `count` lines under `box` that begin about where the label does, up to the next label."""
    found: tuple[Word, ...] = ()
    for _ in range(count):
        height = box[3] - box[1]
        under = [
            (line, labelled) for line, labelled in others
            if 0.4 * height < _middle(line.box) - _middle(box) < _BELOW * height
            and left - _INDENT < line.box[0] < max(box[2], left + _INDENT)
        ]  # fmt: skip
        if not under:
            break
        line, labelled = min(under, key=lambda candidate: _middle(candidate[0].box))
        if labelled:
            break
        found, box = found + _cell(line.words, page), line.box
    return found


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _field(spec: FieldSpec, rule: Rule, words: tuple[Word, ...], score: float, page: Page) -> Field | None:
    """The part of `words` that fits the rule's pattern and the field's type."""
    text = _Text(words)
    found = _matched(rule.pattern or _PATTERNS.get(spec.type), text.text)
    if found is None:
        return None
    start, end = found
    printed = text.text[start:end].strip(_FILLERS)
    try:
        value = normalise(spec, printed)
    except FieldInvalid:
        return None
    used = text.within(start, end)
    sure = sum(word.confidence for word in used) / max(len(used), 1)
    source = "text" if page.source == "text-layer" else "ocr"
    return Field(spec.name, value, printed, source, round(sure * score, 3), page.number, _around(used))


def _matched(pattern: str | None, text: str) -> tuple[int, int] | None:
    if pattern is None:
        return 0, len(text)
    found = re.search(pattern, fold(text))
    if found is None:
        return None
    return found.span(1) if found.re.groups and found.group(1) is not None else found.span()


def _labels(line: Line, kind: Kind) -> list[_Label]:
    """The labels in a line from left to right; where two overlap, the weightier one stands."""
    folded = fold(line.text)
    phrases = [(phrase, spec.name, rule) for spec in kind.fields for rule in spec.find for phrase in rule.after]
    stops = [(phrase, "", None) for phrase in kind.stops]
    found = [label for phrase, name, rule in [*phrases, *stops] if (label := _label(fold(phrase), folded, name, rule))]
    found.sort(key=lambda label: -label.weight)
    kept: list[_Label] = []
    for label in found:
        same = any((label.start, label.end, label.name) == (other.start, other.end, other.name) for other in kept)
        if same or all(label.end <= other.start or label.start >= other.end for other in kept):
            kept.append(label)
    return sorted(kept, key=lambda label: label.start)


def _label(phrase: str, text: str, name: str, rule: Rule | None) -> _Label | None:
    if len(phrase) <= _EXACT_LETTERS:
        exact = re.search(rf"(?<![a-z0-9]){re.escape(phrase)}(?![a-z0-9])", text)
        return _Label(exact.start(), exact.end(), 100.0, name, rule) if exact else None
    found = fuzz.partial_ratio_alignment(phrase, text, score_cutoff=_LABEL_ENOUGH)
    if found is None or len(text) < len(phrase) - _SLIP:
        return None
    start, end = _snapped(text, found.dest_start, found.dest_end)
    score = fuzz.ratio(phrase, text[start:end])
    return _Label(start, end, score, name, rule) if score >= _LABEL_ENOUGH else None


def _snapped(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen to the edges of words."""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def _around(words: Sequence[Word]) -> Box | None:
    if not words:
        return None
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
