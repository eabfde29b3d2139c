"""What kind of paper is this? Told by its title, and where none was read by what else its kind says."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.evidence import Evidence, evidence
from ocr.folding import fold
from ocr.kinds import OTHER, Kind
from ocr.reading import Line

ENOUGH = 80  # per cent of similarity; what a working land-office classifier uses
_FAINT = 62  # per cent that make a title of a blurred page, where its labels say the same
_CLOSE = 12  # per cent by which another kind's title may be less like, and labels still decide
_WORD_ENOUGH = 55  # per cent for the least like word of a title: one word tells "birth" from "death"
_WORD_LETTERS = 3  # shorter words are lost to a speck
_USUAL = 4  # kinds in whose titles a word stands that tells none of them
_WHOLE_ENOUGH = 92  # per cent for a title in small letters, which must be all of its line
_LABELS = 0.34  # share of a kind's own labels that makes up for a faint title
_ALONE = 0.55  # the same where there is no title
_AHEAD = 0.2  # by which that share must exceed any other kind's
_MARKS = 2  # phrases that only one kind has, which tell it without a title
_HEADERS = (
    "cong hoa xa hoi chu nghia viet nam", "doc lap - tu do - hanh phuc", "socialist republic of viet nam",
    "independence - freedom - happiness",
)  # fmt: skip
_HEADER_ENOUGH = 75
_LINES_OF_TITLE = 3
_CAPITALS = 0.6  # share of capitals that tells a title from a sentence that names a paper
_TOP_LINES = 40  # a title stands before these are over

# Shares of right kinds, as they were measured (docs/formats/reading.md).
_BY_TITLE = ((97.0, 0.99), (90.0, 0.97), (85.0, 0.93), (ENOUGH, 0.87))
_UNSUPPORTED = 0.08  # what is taken off where none of the kind's labels were seen
_BY_FAINT_TITLE = 0.85
_BY_MARKS = 0.97
_BY_LABELS = 0.8


@dataclass(frozen=True)
class Named:
    """The kind with the title as it was read; OTHER with confidence 0 when no title was recognised."""

    kind: str
    confidence: float
    title: str


@dataclass(frozen=True)
class _Title:
    kind: str
    score: float  # 0..100
    length: int  # of the phrase
    text: str


def name_kind(lines: Sequence[Line], kinds: Mapping[str, Kind]) -> Named:
    """The kind whose title is the likest; where two are close or it is faint, the kind's labels and marks decide.

    OTHER has titles too, of papers that are easily taken for something else.
    """
    candidates = list(_candidates(lines))
    titles = sorted(_titles(candidates, kinds), key=_rank, reverse=True)
    first = candidates[0][0] if candidates else ""
    if titles and titles[0].score >= ENOUGH:
        close = [title for title in titles if title.score >= max(ENOUGH, titles[0].score - _CLOSE)]
        return _by_title(close, lines, kinds)
    found = evidence(lines, kinds)
    faint = next((title for title in titles if found.get(title.kind, Evidence()).share >= _LABELS), None)
    if faint is not None:
        return Named(faint.kind, _BY_FAINT_TITLE, faint.text)
    return _without_title(found, first)


def _rank(title: _Title) -> tuple[float, bool, int]:
    """The likest; of equals a kind before OTHER, so that an operator may add one of its papers; then the longest."""
    return title.score, title.kind != OTHER, title.length


def _by_title(close: Sequence[_Title], lines: Sequence[Line], kinds: Mapping[str, Kind]) -> Named:
    best = close[0]
    if best.kind == OTHER:
        return Named(OTHER, 0.0, best.text)
    found = evidence(lines, {title.kind: kinds[title.kind] for title in close})
    if len(found) > 1 and found[best.kind].share == 0:
        best = max(close, key=lambda title: (found[title.kind].share > 0, title.score, title.length))
        if best.kind == OTHER:
            return Named(OTHER, 0.0, best.text)
    confidence = next(share for least, share in _BY_TITLE if best.score >= least)
    unsupported = bool(kinds[best.kind].fields) and found[best.kind].share == 0
    return Named(best.kind, round(confidence - (_UNSUPPORTED if unsupported else 0), 3), best.text)


def _without_title(found: Mapping[str, Evidence], text: str) -> Named:
    ranked = sorted(found.items(), key=lambda item: (item[1].marks, item[1].share), reverse=True)
    if ranked and ranked[0][1].marks >= _MARKS:
        return Named(ranked[0][0], _BY_MARKS, text)
    ranked.sort(key=lambda item: item[1].share, reverse=True)
    if ranked and ranked[0][1].share >= max(_ALONE, ranked[1][1].share + _AHEAD):
        return Named(ranked[0][0], _BY_LABELS, text)
    return Named(OTHER, 0.0, text)


def _titles(candidates: Sequence[tuple[str, bool]], kinds: Mapping[str, Kind]) -> Iterator[_Title]:
    """Of each kind the title that is the likest, if faintly."""
    usual = _usual_words(kinds)
    for kind in kinds.values():
        phrases = [(fold(title), [word for word in fold(title).split() if word not in usual]) for title in kind.titles]
        found = [
            _Title(kind.code, score, len(phrase), text)
            for text, capital in candidates for phrase, words in phrases
            if (score := _similarity(phrase, words, fold(text))) >= (_FAINT if capital else _WHOLE_ENOUGH)
        ]  # fmt: skip
        if found:
            yield max(found, key=lambda title: (title.score, title.length))


def _candidates(lines: Sequence[Line]) -> Iterator[tuple[str, bool]]:
    """Texts near the top, the national header taken out, and whether they are in capitals; only such go together."""
    texts = [text for text in (_without_header(line.text) for line in lines[:_TOP_LINES]) if text]
    for start in range(len(texts)):
        if not _is_capital(texts[start]):
            yield texts[start], False
        for count in range(1, _LINES_OF_TITLE + 1):
            part = texts[start : start + count]
            if len(part) == count and all(_is_capital(text) for text in part):
                yield " ".join(part), True


def _without_header(text: str) -> str:
    """The issuer often stands on the same line, left of the header."""
    for header in _HEADERS:
        found = fuzz.partial_ratio_alignment(header, fold(text), score_cutoff=_HEADER_ENOUGH)
        if found is None:
            continue
        if len(text) < len(header) * _HEADER_ENOUGH / 100:
            continue  # a short line is like some part of the header by chance
        text = (text[: found.dest_start] + text[found.dest_end :]).strip()
    return re.sub(r"^\W+", "", text)


def _is_capital(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) >= 4 and sum(letter.isupper() for letter in letters) >= _CAPITALS * len(letters)


def _usual_words(kinds: Mapping[str, Kind]) -> set[str]:
    """What tells no kind from another: words short enough to be lost to a speck, and those in many kinds' titles."""
    owned = Counter(
        word for kind in kinds.values() for word in {w for title in kind.titles for w in fold(title).split()}
    )
    return {word for word, count in owned.items() if len(word) < _WORD_LETTERS or count >= _USUAL}


def _similarity(phrase: str, words: Sequence[str], text: str) -> float:
    """0..100. More text after the title is common (a number, the same in English) and costs a little.

    `words`: those of the phrase that tell it from other titles, none of which may be missing.
    """
    whole = fuzz.ratio(phrase, text)
    start = fuzz.ratio(phrase, text[: len(phrase)]) - 3 if len(text) > len(phrase) else 0.0
    score = max(whole, start)
    if score < _FAINT or any(fuzz.partial_ratio(word, text) < _WORD_ENOUGH for word in words):
        return 0.0
    return score
