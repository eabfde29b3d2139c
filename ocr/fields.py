"""Values of a kind's fields on the lines of a page, by the rules of the kind's file."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from ocr.checks import normalise
from ocr.errors import FieldInvalid
from ocr.folding import fold
from ocr.kinds import FieldSpec, Kind, Rule
from ocr.labels import Heading, Label, Text, around, bare, headings, label_box, labels_in, phrases_of, stands_right
from ocr.places import mended, names_province
from ocr.reading import Box, Field, Line, Page, Word
from ocr.repairs import repaired
from ocr.sureness import looks_sure

_GAP = 4.0  # heights of a line: white space as wide as this parts two cells
_TAIL_GAP = 1.0  # heights of a line before a word that begins a cell where the label does
_BELOW = 3.0  # heights of a line within which "below" still belongs to the label
_INDENT = 0.05  # of the page's width by which a line may begin left or right of the label
_ITEM = 6  # letters such as "1. a) " before a label that begins a line
_NUMBERED = re.compile(r"(?:^|\s)(?:\d{1,2}|[a-zđ])[.,)]\s*$")
_NEW_ITEM = re.compile(r"(?:[IVX]{1,4}|\d{1,2}|[a-zđ])[.)]$")  # the first word of a line that goes on with nothing
_MOST_LINES = 300  # of a page, in which fields are looked for: the work grows with the square of the labels found
_MOST_LETTERS = 1000  # of a line
_BARE_LABEL = 0.97  # certainty of a value that has no label but its pattern
_FALLBACK = 0.9  # the same where the field has better rules that found nothing
_DATE = (
    r"(?<!\d)\d{1,2}\s*[/.\-|il]\s*\d{1,2}\s*[/.\-|il]\s*\d{4}(?!\d)"
    r"|ngay\D{0,20}\d{1,2}\D{1,20}\d{1,2}\D{1,20}\d{4}(?!\d)"
    r"|(?<![\da-z])\d{2}[/.\-|ilj1!]{0,2}\d{2}[/.\-|ilj1!]{0,2}\d{4}(?![\da-z])"
)
_PATTERNS = {"date": _DATE, "id": r"[\doqilsbz]{12}(?![\da-z])|\d{3}(?: ?\d{3}){3}(?!\d)", "number": r"\d[\d.,]*"}

_Labelled = Sequence[tuple[Line, Sequence[Label]]]
_Others = Sequence[tuple[Line, bool]]  # lines other than the label's, and whether each begins with a label
_Candidates = Iterator[tuple[tuple[Word, ...], float]]  # where a value may stand, and how like its label is


def find_fields(kind: Kind, page: Page) -> tuple[Field, ...]:
    """At most one field for each specification, in the kind's order."""
    short = tuple(line for line in page.lines if len(line.text) <= _MOST_LETTERS)[:_MOST_LINES]
    page, phrases = replace(page, lines=short), phrases_of(kind)
    labelled = [(line, labels_in(line, phrases)) for line in short]
    heads = headings(labelled, kind)
    found = (_first(spec, labelled, heads, page) for spec in kind.fields)
    return tuple(field for field in found if field is not None)


def _first(spec: FieldSpec, labelled: _Labelled, heads: Sequence[Heading], page: Page) -> Field | None:
    """By the first rule that finds anything: the value after the likest label, of equals the first or last."""
    for rule in spec.find:
        unlabelled = _BARE_LABEL if rule is spec.find[0] else _FALLBACK
        places = _after_labels(spec, rule, labelled, heads, page) if rule.after else _anywhere(page, unlabelled)
        fields = [(score, field) for words, score in places if (field := _field(spec, rule, words, score, page))]
        if fields:
            likest = max(score for score, _ in fields)
            equals = [field for score, field in fields if score == likest]
            return equals[0 if rule.pick == "first" else -1]
    return None


def _anywhere(page: Page, score: float) -> _Candidates:
    return ((line.words, score) for line in page.lines)


def _after_labels(
    spec: FieldSpec, rule: Rule, labelled: _Labelled, heads: Sequence[Heading], page: Page
) -> _Candidates:
    for line, labels in labelled:
        for at, label in enumerate(labels):
            if label.name != spec.name or label.rule is not rule:
                continue
            if not stands_right(rule, label_box(line, label), heads):
                continue
            end = _end(line.text, label, labels[at + 1 :])
            for words in _places(spec, rule, line, label, end, labelled, page):
                yield words, label.score / 100


def _end(text: str, label: Label, after: Sequence[Label]) -> int:
    """Where the text of a label ends: at the next one and what numbers it, as in "5. Dân tộc: Tày 6. Tôn giáo"."""
    following = next((other.start for other in after if other.start >= label.end), None)
    if following is None:
        return len(text)
    number = _NUMBERED.search(text[label.end : following])
    return label.end + number.start() if number else following


def _places(
    spec: FieldSpec, rule: Rule, line: Line, label: Label, end: int, labelled: _Labelled, page: Page
) -> Iterator[tuple[Word, ...]]:
    """Where the rule lets the value stand, likeliest first."""
    box = label_box(line, label)
    others = [(other, bool(labels) and labels[0].start <= _ITEM) for other, labels in labelled if other is not line]
    if rule.where != "below":
        rest = _cell(Text(line.words).within(label.end, end), page)
        if not rest:
            rest = _to_the_right(box, others)
        if rest:
            more = 0 if spec.type == "place" and _is_whole(rest) else rule.lines - 1
            yield rest + _below(around(rest) or box, others, more, box[0], page)
    if rule.where != "line":
        first = _below(box, others, 1, box[0], page)
        count = 1 if spec.type == "place" and _is_whole(first) else rule.lines
        yield _below(box, others, count, box[0], page)


def _is_whole(words: tuple[Word, ...]) -> bool:
    """Whether an address has come to its province."""
    return names_province(mended(bare(Text(words).text)))


def _cell(words: tuple[Word, ...], page: Page) -> tuple[Word, ...]:
    """The words up to the first wide gap."""
    height = _height(words) * page.height
    for at in range(1, len(words)):
        if (words[at].box[0] - words[at - 1].box[2]) * page.width > _GAP * height:
            return words[:at]
    return words


def _height(words: Sequence[Word]) -> float:
    """The usual one: a speck or a frame beside the words is lower or taller."""
    return median(word.box[3] - word.box[1] for word in words) if words else 0.0


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
            (around(words) or line.box, labelled and words[0] is line.words[0], words) for line, labelled in others
            if (words := _from(left, max(box[2], left + _INDENT), line, page))
            and 0.4 * height < _middle(around(words) or line.box) - _middle(box) < _BELOW * height
        ]  # fmt: skip
        if not under:
            break
        place, labelled, words = min(under, key=lambda candidate: _middle(candidate[0]))
        if labelled or _NEW_ITEM.match(words[0].text):
            break
        found, box = found + _cell(words, page), place
    return found


def _from(left: float, right: float, line: Line, page: Page) -> tuple[Word, ...]:
    """The words of a line that begins between `left` and `right`, or of the cell in it that begins at `left`."""
    if left - _INDENT < line.box[0] < right:
        return line.words
    if line.box[0] >= right:
        return ()
    gap = _TAIL_GAP * _height(line.words) * page.height / page.width
    for at in range(1, len(line.words)):
        start = line.words[at].box[0]
        if abs(start - left) < _INDENT / 2 and start - line.words[at - 1].box[2] > gap:
            return line.words[at:]
    return ()


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _field(spec: FieldSpec, rule: Rule, words: tuple[Word, ...], score: float, page: Page) -> Field | None:
    """The part of `words` that fits the rule's pattern and the field's type."""
    text = Text(words)
    found = _matched(rule.pattern or _PATTERNS.get(spec.type), text.text)
    if found is None:
        return None
    start, end = found
    printed = bare(text.text[start:end])
    try:
        value = normalise(spec, repaired(spec, printed))
    except FieldInvalid:
        return None
    used = text.within(start, end)
    confidence = sum(word.confidence for word in used) / max(len(used), 1)
    source = "text" if page.source == "text-layer" else "ocr"
    sure = looks_sure(spec, value, printed, [word.confidence for word in used], score)
    return Field(spec.name, value, printed, source, round(confidence * score, 3), page.number, around(used), sure)


def _matched(pattern: str | None, text: str) -> tuple[int, int] | None:
    if pattern is None:
        return 0, len(text)
    found = re.search(pattern, fold(text))
    if found is None:
        return None
    return found.span(1) if found.re.groups and found.group(1) is not None else found.span()
