"""What speaks for a kind beside its title: labels that few other kinds have, and marks that none has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.folding import fold
from ocr.kinds import Kind
from ocr.reading import Line

_ENOUGH = 86  # per cent of similarity
_LEAST_LETTERS = 6  # shorter phrases stand in any text by chance
_MOST_LINES = 80
_MOST_LETTERS = 200


@dataclass(frozen=True)
class Evidence:
    share: float = 0.0  # 0..1 of the kind's own labels, each weighed by how few kinds have it
    marks: int = 0


def evidence(lines: Sequence[Line], kinds: Mapping[str, Kind]) -> dict[str, Evidence]:
    """Of each kind that has labels or marks what was seen of them."""
    texts = [fold(line.text)[:_MOST_LETTERS] for line in lines[:_MOST_LINES]]
    owners = Counter(phrase for kind in kinds.values() for phrase in {p for group in _labels(kind) for p in group})
    seen: dict[str, bool] = {}
    return {code: _of(kind, texts, owners, seen) for code, kind in kinds.items()}


def _of(kind: Kind, texts: Sequence[str], owners: Mapping[str, int], seen: dict[str, bool]) -> Evidence:
    labels = _labels(kind)
    whole = sum(max(1 / owners[phrase] for phrase in group) for group in labels)
    found = (max((1 / owners[p] for p in group if _stands(p, texts, seen)), default=0.0) for group in labels)
    marks = sum(_stands(fold(mark), texts, seen) for mark in kind.marks)
    return Evidence(sum(found) / whole if whole else 0.0, marks)


def _labels(kind: Kind) -> list[list[str]]:
    """The phrases of each field that are long enough."""
    groups = [[fold(p) for rule in spec.find for p in rule.after if len(p) >= _LEAST_LETTERS] for spec in kind.fields]
    return [group for group in groups if group]


def _stands(phrase: str, texts: Sequence[str], seen: dict[str, bool]) -> bool:
    if phrase not in seen:
        long = (text for text in texts if len(text) >= len(phrase) - 2)
        seen[phrase] = any(fuzz.partial_ratio(phrase, text, score_cutoff=_ENOUGH) for text in long)
    return seen[phrase]
