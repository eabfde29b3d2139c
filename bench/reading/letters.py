"""How far a reading's text is from what stands on the paper."""

import re
import unicodedata

import numpy as np

_LEADERS = re.compile(r"(?:[.…·‥_]\s?){3,}|[…‥]+")


def folded(text: str) -> str:
    """NFC, each leader (a run of dots or ellipses) and each run of white space as one space, none at the ends."""
    return " ".join(_LEADERS.sub(" ", unicodedata.normalize("NFC", text)).split())


def distance_within(line: str, text: str) -> int:
    """Least number of letters to insert, leave out or replace between `line` and any piece of `text` (Sellers 1980)."""
    letters = np.array([ord(letter) for letter in text], dtype=np.int32)
    places = np.arange(len(letters) + 1, dtype=np.int32)
    row = np.zeros(len(letters) + 1, dtype=np.int32)  # the piece may begin anywhere
    for letter in line:
        below = row + 1
        below[1:] = np.minimum(below[1:], row[:-1] + (letters != ord(letter)))
        row = np.minimum.accumulate(below - places) + places
    return int(row.min())  # and end anywhere


def misread(lines: list[str], text: str) -> tuple[int, int]:
    """Letters misread of all lines, each matched where it fits best in `text`, and how many letters there are."""
    true, read = [line for line in map(folded, lines) if line], folded(text)
    return sum(min(len(line), distance_within(line, read)) for line in true), sum(map(len, true))
