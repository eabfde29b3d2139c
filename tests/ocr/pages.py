"""Pages as recognition would give them, without its time: lines of words that stand below each other."""

from ocr.reading import Line, Page, Word

HEIGHT = 0.02
STEP = 0.04
LETTER = 0.01


def line(text: str, left: float, top: float, confidence: float = 0.95) -> Line:
    words, at = [], left
    for word in text.split():
        width = LETTER * len(word)
        words.append(Word(word, (at, top, min(at + width, 1.0), top + HEIGHT), confidence))
        at += width + LETTER
    return Line(text, (left, top, min(at - LETTER, 1.0), top + HEIGHT), confidence, tuple(words))


def page(*rows: str | tuple[str, ...], confidence: float = 0.95, number: int = 1) -> Page:
    """A text is a line from the left edge; a tuple of texts is a row of cells side by side."""
    lines = []
    for place, row in enumerate(rows):
        cells = (row,) if isinstance(row, str) else row
        for column, text in enumerate(cells):
            lines.append(line(text, 0.05 + column * 0.9 / len(cells), 0.05 + place * STEP, confidence))
    return Page(number, 1000, 1400, "ocr", "vie", tuple(lines))
