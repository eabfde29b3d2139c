"""What kind of paper is this? Told by its title."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.folding import fold
from ocr.kinds import OTHER, Kind
from ocr.reading import Line

ENOUGH = 80  # per cent of similarity; what a working land-office classifier uses
_HEADERS = (
    "cong hoa xa hoi chu nghia viet nam", "doc lap - tu do - hanh phuc", "socialist republic of viet nam",
    "independence - freedom - happiness",
)  # fmt: skip
_HEADER_ENOUGH = 75
_LINES_OF_TITLE = 3
_CAPITALS = 0.6  # share of capitals that tells a title from a sentence that names a paper
_TOP_LINES = 40  # a title stands before these are over


@dataclass(frozen=True)
class Named:
    """The kind with the title as it was read; OTHER with confidence 0 when no title was recognised."""

    kind: str
    confidence: float
    title: str


def name_kind(lines: Sequence[Line], kinds: Mapping[str, Kind]) -> Named:
    """Compare one to three consecutive lines with every title phrase; the best similarity wins, then the longest."""
    candidates = list(_candidates(lines))
    phrases = [(kind.code, fold(title)) for kind in kinds.values() for title in kind.titles]
    best = max(
        ((_similarity(phrase, fold(text)), len(phrase), code, text) for text in candidates for code, phrase in phrases),
        default=(0.0, 0, OTHER, ""),
    )
    if best[0] < ENOUGH:
        return Named(OTHER, 0.0, candidates[0] if candidates else "")
    return Named(best[2], round(best[0] / 100, 3), best[3])


def _candidates(lines: Sequence[Line]) -> Iterator[str]:
    """Texts in capitals near the top, the national header taken out."""
    texts = [text for text in (_without_header(line.text) for line in lines[:_TOP_LINES]) if text]
    for start in range(len(texts)):
        for count in range(1, _LINES_OF_TITLE + 1):
            part = texts[start : start + count]
            if len(part) == count and all(_is_capital(text) for text in part):
                yield " ".join(part)


def _without_header(text: str) -> str:
    """The issuer often stands on the same line, left of the header."""
    for header in _HEADERS:
        found = fuzz.partial_ratio_alignment(header, fold(text), score_cutoff=_HEADER_ENOUGH)
        if found is None:
            continue
        if len(text) < len(header) * _HEADER_ENOUGH / 100:
            continue  # a short line is like some part of the header by chance
        text = (text[: found.dest_start] + text[found.dest_end :]).strip()
    return text


def _is_capital(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) >= 4 and sum(letter.isupper() for letter in letters) >= _CAPITALS * len(letters)


def _similarity(phrase: str, text: str) -> float:
    """0..100. More text after the title is common (a number, the same in English) and costs a little."""
    whole = fuzz.ratio(phrase, text)
    start = fuzz.ratio(phrase, text[: len(phrase)]) - 3 if len(text) > len(phrase) else 0.0
    return max(whole, start)
