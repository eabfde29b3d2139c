"""Search in one's own wallet: readings are opened and matched in memory; no index of anybody's text lies anywhere."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ocr.reading import Reading
from vault.documents import Paper
from vault.readings import Kinds, confirmed_values, load

SNIPPET = 120
QUERY_MAX = 200
WEIGHTS = {"title": 8, "kind": 6, "field": 4, "text": 1}


@dataclass(frozen=True)
class Snippet:
    """A piece of the paper's text with the places (start, end) in it that match."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Hit:
    paper: Paper
    score: int
    snippet: Snippet


@dataclass(frozen=True)
class _Passage:
    where: str
    text: str


def fold(text: str) -> str:
    """Lower case without tone and vowel marks, đ as d; as long as the NFC form of `text`, letter for letter."""
    return "".join(_fold_letter(letter) for letter in unicodedata.normalize("NFC", text))


def find(kinds: Kinds, papers: Iterable[Paper], query: str) -> list[Hit]:
    """The papers in which every word of `query` occurs, the best first; of equals the order given."""
    words = fold(query[:QUERY_MAX]).split()
    if not words:
        return []
    hits = [hit for paper in papers if (hit := _match(paper, _passages(kinds, paper), words))]
    return sorted(hits, key=lambda hit: -hit.score)


def _fold_letter(letter: str) -> str:
    if letter in "đĐ":
        return "d"
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 else letter


def _passages(kinds: Kinds, paper: Paper) -> list[_Passage]:
    reading = load(paper) if paper.version.reading is not None else None
    kind = kinds.get(paper.document.kind)
    found = [_Passage("title", paper.label.title), _Passage("title", paper.label.file_name)]
    if kind is not None:
        found += [_Passage("kind", name) for name in kind.names.values()]
    said = confirmed_values(paper)
    found += [_Passage("field", value) for value in said.values()]
    if reading is not None:
        found += [_Passage("field", field.value) for field in reading.fields if field.name not in said]
        found += [_Passage("text", line) for line in _lines(reading)]
    return [_Passage(passage.where, unicodedata.normalize("NFC", passage.text)) for passage in found if passage.text]


def _lines(reading: Reading) -> Iterable[str]:
    return (line.text for page in reading.pages for line in page.lines)


def _match(paper: Paper, passages: Sequence[_Passage], words: Sequence[str]) -> Hit | None:
    folded = [fold(passage.text) for passage in passages]
    score = 0
    for word in words:
        best = max((_weigh(p, text, word) for p, text in zip(passages, folded, strict=True)), default=0)
        if best == 0:
            return None
        score += best
    phrase = " ".join(words)
    together = [WEIGHTS[p.where] for p, text in zip(passages, folded, strict=True) if phrase in text]
    score += max(together, default=0) * len(words)
    return Hit(paper, score, _snippet(passages, folded, words))


def _weigh(passage: _Passage, folded: str, word: str) -> int:
    if word not in folded:
        return 0
    whole = f" {word} " in f" {folded} "
    return WEIGHTS[passage.where] * (2 if whole else 1)


def _snippet(passages: Sequence[_Passage], folded: Sequence[str], words: Sequence[str]) -> Snippet:
    """From the passage with the most of the words, lines of the paper before its title."""

    def worth(index: int) -> tuple[int, bool]:
        return sum(word in folded[index] for word in words), passages[index].where == "text"

    best = max(range(len(passages)), key=worth)
    text, flat = passages[best].text, folded[best]
    first = min((place for word in words if (place := flat.find(word)) >= 0), default=0)
    start = max(0, first - SNIPPET // 3)
    marks = [mark for word in words for mark in _places(flat[start : start + SNIPPET], word)]
    return Snippet(text[start : start + SNIPPET], _merge(marks))


def _places(text: str, word: str) -> Iterable[tuple[int, int]]:
    start = text.find(word)
    while start >= 0:
        yield start, start + len(word)
        start = text.find(word, start + len(word))


def _merge(marks: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
