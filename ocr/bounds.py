"""A page within what a reading may hold: odd papers have words and lines without end, and are read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr.limits import CODES, LINE_LETTERS, LINE_WORDS, PAGE_LINES, WORD_LETTERS
from ocr.reading import Box, Code, Line, Page, Word

_PIECE_WORDS = LINE_LETTERS // (WORD_LETTERS + 1)  # so many fit into a line, however long they are


def bounded(page: Page, words: int) -> Page:
    """The page with its first `words` words, in whole lines: more are there to exhaust whoever holds the reading."""
    lines = [piece for line in page.lines for piece in _pieces(line)][:PAGE_LINES]
    held = 0
    for place, line in enumerate(lines):
        held += len(line.words)
        if held > words:
            return replace(page, lines=tuple(lines[:place]))
    return replace(page, lines=tuple(lines))


def few(codes: Sequence[Code]) -> Sequence[Code]:
    """Those that a reading may hold."""
    return codes[:CODES]


def _pieces(line: Line) -> Iterator[Line]:
    words = [
        word if len(word.text) <= WORD_LETTERS else replace(word, text=word.text[:WORD_LETTERS]) for word in line.words
    ]
    if len(words) <= LINE_WORDS and len(line.text) <= LINE_LETTERS and words == list(line.words):
        yield line
        return
    for at in range(0, len(words), _PIECE_WORDS):
        piece = tuple(words[at : at + _PIECE_WORDS])
        yield Line(" ".join(word.text for word in piece), _around(piece), line.confidence, piece)


def _around(words: Sequence[Word]) -> Box:
    boxes = [word.box for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
