"""Label phrases in the lines of a page, as recognition left them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.folding import fold
from ocr.kinds import Kind, Rule
from ocr.reading import Box, Line, Word

_LABEL_ENOUGH = 84  # per cent of similarity
_EXACT_LETTERS = 5  # labels up to so long must match exactly
_SHORT_LETTERS = 3  # labels up to so long stand in any text, and want something behind them
_BEHIND = r"(?=\s*(?:[:;.]|\d+\s*/|\d{6}|/no))"
_SLIP = 2  # letters by which a fuzzy match may miss the edges of words
_REPEATS = 4  # of one phrase in a line: two columns may carry the same labels
_ROW = 2.0  # heights of a line within which two headings stand side by side
_INDENT = 0.05  # of the page's width by which a line may begin left of its heading

Phrases = tuple[tuple[str, str, Rule | None], ...]  # folded phrase, field's name or "", its rule


@dataclass(frozen=True)
class Label:
    """A label phrase found in a line; `name` says which field's, "" for a stop or a heading."""

    start: int
    end: int
    score: float
    phrase: str  # folded
    name: str
    rule: Rule | None

    @property
    def weight(self) -> float:
        """Letters matched, less three for each that differs: long labels win, but not by swallowing a value."""
        return (self.end - self.start) * (1 - 3 * (1 - self.score / 100))


@dataclass(frozen=True)
class Heading:
    """A label under which, or above which, others stand."""

    phrase: str
    box: Box


def labels_in(line: Line, phrases: Phrases) -> list[Label]:
    """The labels in a line from left to right; where two overlap, the weightier one stands."""
    folded = fold(line.text)
    found = [label for phrase, name, rule in phrases for label in _matches(phrase, folded, name, rule)]
    found.sort(key=lambda label: -label.weight)
    kept: list[Label] = []
    for label in found:
        same = any((label.start, label.end, label.phrase) == (other.start, other.end, other.phrase) for other in kept)
        if same or all(label.end <= other.start or label.start >= other.end for other in kept):
            kept.append(label)
    return sorted(kept, key=lambda label: label.start)


def phrases_of(kind: Kind) -> Phrases:
    """All phrases of a kind that begin or end a value."""
    rules = [(spec.name, rule) for spec in kind.fields for rule in spec.find]
    labels = [(fold(phrase), name, rule) for name, rule in rules for phrase in rule.after]
    stops = dict.fromkeys(fold(phrase) for _, rule in rules for phrase in (*rule.under, *rule.above))
    stops |= dict.fromkeys(fold(phrase) for phrase in kind.stops)
    return (*labels, *((phrase, "", None) for phrase in stops))


def _matches(phrase: str, text: str, name: str, rule: Rule | None) -> Iterator[Label]:
    """Each place of a phrase, the best first; what was found is blotted out before the next look."""
    for _ in range(_REPEATS):
        label = _match(phrase, text, name, rule)
        if label is None or label.end <= label.start:
            return
        yield label
        text = text[: label.start] + "\x00" * (label.end - label.start) + text[label.end :]


def _match(phrase: str, text: str, name: str, rule: Rule | None) -> Label | None:
    if len(phrase) <= _EXACT_LETTERS:
        behind = _BEHIND if len(phrase) <= _SHORT_LETTERS and phrase.isalpha() else ""
        exact = re.search(rf"(?<![a-z0-9]){re.escape(phrase)}(?![a-z0-9]){behind}", text)
        return Label(exact.start(), exact.end(), 100.0, phrase, name, rule) if exact else None
    found = fuzz.partial_ratio_alignment(phrase, text, score_cutoff=_LABEL_ENOUGH)
    if found is None or len(text) < len(phrase) - _SLIP:
        return None
    start, end = _snapped(text, found.dest_start, found.dest_end)
    if ":" in text[start : end - _SLIP] and ":" not in phrase:
        return None  # what follows a colon is a value
    score = fuzz.ratio(phrase, text[start:end])
    return Label(start, end, score, phrase, name, rule) if score >= _LABEL_ENOUGH else None


def _snapped(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen to the edges of words."""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def headings(labelled: Sequence[tuple[Line, Sequence[Label]]], kind: Kind) -> list[Heading]:
    """The labels of a page that rules of the kind name by `under` or `above`."""
    rules = [rule for spec in kind.fields for rule in spec.find]
    named = {fold(phrase) for rule in rules for phrase in (*rule.under, *rule.above)}
    found = dict.fromkeys(
        Heading(label.phrase, label_box(line, label))
        for line, labels in labelled for label in labels if label.phrase in named
    )  # fmt: skip
    return list(found)


def stands_right(rule: Rule, box: Box, found: Sequence[Heading]) -> bool:
    """Whether a label at `box` stands in the part of the page that its rule is about."""
    above = {fold(phrase) for phrase in rule.above}
    if any(_middle(box) >= _middle(heading.box) for heading in found if heading.phrase in above):
        return False
    if not rule.under:
        return True
    heading = _heading_of(box, found)
    return heading is not None and heading.phrase in {fold(phrase) for phrase in rule.under}


def _heading_of(box: Box, found: Sequence[Heading]) -> Heading | None:
    """The nearest heading above or before; of several side by side the one whose column this is."""
    height = box[3] - box[1]
    before = [
        heading for heading in found
        if heading.box != box and (
            _middle(heading.box) < _middle(box) - height / 2
            or (_middle(heading.box) < _middle(box) + height / 2 and heading.box[2] <= box[0])
        )
    ]  # fmt: skip
    if not before:
        return None
    lowest = max(_middle(heading.box) for heading in before)
    row = [heading for heading in before if _middle(heading.box) > lowest - _ROW * height]
    mine = [heading for heading in row if heading.box[0] <= box[0] + _INDENT]
    return max(mine, key=lambda heading: heading.box[0]) if mine else min(row, key=lambda heading: heading.box[0])


def label_box(line: Line, label: Label) -> Box:
    return around(Text(line.words).within(label.start, label.end)) or line.box


_FILLERS = " .:;_…,|-–—=*"


@dataclass(frozen=True)
class Text:
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


def bare(text: str) -> str:
    """Without what fills the space around a value."""
    return text.strip(_FILLERS)


def around(words: Sequence[Word]) -> Box | None:
    if not words:
        return None
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _bared(words: Sequence[Word]) -> tuple[Word, ...]:
    used = [at for at, word in enumerate(words) if bare(word.text)]
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
