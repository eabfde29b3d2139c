"""Text that is there and not seen: words at their places on a page, in a font whose letters are empty."""

import struct
import unicodedata
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median

from ocr.reading import Box, Line, Page, Word

NAME = "Invisible"
ADVANCE, ASCENT, DESCENT = 500, 800, -200
"""Of every letter, in thousandths of its size: a word is stretched to the width of its box."""

_NO_LETTERS = ("Cc", "Cf", "Cn", "Cs")  # categories of Unicode: controls, joiners and marks of order, nothing, halves
_UNKNOWN = "\ufffd"
_CODES = 65_534
_LEVEL = 1.5  # lines of at most so many times the height of their words lie level
_GAP = 0.16  # of a line's height: the least between two words
_LEAST = 0.05  # points: nothing is flatter or narrower
_MOST_STRETCH = 30_000.0  # per cent
_MAGIC = 0x5F0F3CF5  # of a font's head
_BLOCK = 100  # entries of a CMap's block (Adobe technical note 5411)


class Letters:
    """The codes of the letters that a copy uses, in the order in which they come up; 0 is none of them."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encoded(self, text: str) -> str:
        """Hexadecimal codes of two bytes each."""
        return "".join(f"{self._code(letter):04X}" for letter in text)

    def _code(self, letter: str) -> int:
        if letter not in self._codes and len(self._codes) >= _CODES:
            letter = _UNKNOWN
        return self._codes.setdefault(letter, len(self._codes) + 1)

    def to_unicode(self) -> bytes:
        """A CMap from codes to what they mean (ISO 32000-1, 9.10.3)."""
        entries = [f"<{code:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, code in self._codes.items()]
        blocks = (entries[at : at + _BLOCK] for at in range(0, len(entries), _BLOCK))
        body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\n"
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()

    def glyphs(self) -> bytes:
        """CIDToGIDMap (ISO 32000-1, 9.7.4.2): every code has the one glyph that is not `.notdef`."""
        return bytes(2) + b"\0\1" * max(len(self._codes), 1)


def drawn(page: Page, size: tuple[float, float], letters: Letters) -> bytes:
    """Operators that write the words of a page of that size in points (ISO 32000-1, 9.4), not painted (mode 3)."""
    lines = [_line(words, size, letters) for words in map(_written, page.lines) if words]
    if not lines:
        return b""
    return f"BT\n3 Tr\n{''.join(lines)}ET\n".encode()


def _written(line: Line) -> list[Word]:
    cleaned = ((word, _clean(word.text)) for word in line.words)
    return [Word(text, word.box, word.confidence) for word, text in cleaned if text]


def _clean(text: str) -> str:
    """Without white space and what no font may stand for (ISO 19005-2, 6.2.11.7.2: nothing, byte order marks)."""
    usable = (letter for letter in unicodedata.normalize("NFC", text) if not letter.isspace())
    return "".join(letter for letter in usable if unicodedata.category(letter) not in _NO_LETTERS)


def _line(words: Sequence[Word], size: tuple[float, float], letters: Letters) -> str:
    """The words from left to right as they were read, a space between two of them, which reaches to the next one."""
    boxes = _apart(_level([word.box for word in words]), _GAP * size[1] / size[0])
    gaps = [after[0] - before[2] for before, after in pairwise(boxes)]
    spaced = zip(words, boxes, [*gaps, None], strict=True)
    return "".join(_word(word.text, box, gap, size, letters) for word, box, gap in spaced)


def _level(boxes: list[Box]) -> list[Box]:
    """All of the same height where the line lies level, so that it can be selected evenly."""
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    if bottom - top > _LEVEL * median(box[3] - box[1] for box in boxes):
        return boxes
    return [(box[0], top, box[2], bottom) for box in boxes]


def _apart(boxes: list[Box], gap: float) -> list[Box]:
    """None so close to the next that readers would join them: they go by the gap, not by the space in it.

    `gap`: the least part of the page's width for each such part of its height that the words are high.
    """
    ends = [after[0] - gap * (box[3] - box[1]) for box, after in pairwise(boxes)]
    most = (max(end, (box[0] + box[2]) / 2) for box, end in zip(boxes, [*ends, 1.0], strict=True))
    return [(box[0], box[1], min(box[2], end), box[3]) for box, end in zip(boxes, most, strict=True)]


def _word(text: str, box: Box, gap: float | None, size: tuple[float, float], letters: Letters) -> str:
    left, high = box[0] * size[0], max((box[3] - box[1]) * size[1], _LEAST)
    base = (1 - box[3]) * size[1] - high * DESCENT / 1000
    stretch = _stretch((box[2] - box[0]) * size[0], len(text), high)
    space = f"{_stretch(gap * size[0], 1, high):.2f} Tz <{letters.encoded(' ')}> Tj\n" if gap is not None else ""
    return (
        f"/{NAME} {high:.2f} Tf {stretch:.2f} Tz 1 0 0 1 {left:.2f} {base:.2f} Tm <{letters.encoded(text)}> Tj\n{space}"
    )


def _stretch(width: float, letters: int, high: float) -> float:
    """Per cent by which so many letters of that size are so many points wide."""
    return min(max(width, _LEAST) / (letters * high * ADVANCE / 1000) * 100, _MOST_STRETCH)


def font() -> bytes:
    """A TrueType font (Apple's reference, ISO/IEC 14496-22) of two empty glyphs, of which the second stands for all."""
    tables = {
        b"glyf": bytes(4),
        b"head": struct.pack(">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, _MAGIC, 0, 1000, *[0] * 7, 8, 2, 0, 0),
        b"hhea": struct.pack(">IhhhHhhhhhhhhhhhH", 0x10000, ASCENT, DESCENT, 0, ADVANCE, *[0] * 10, 0, 2),
        b"hmtx": struct.pack(">HhHh", ADVANCE, 0, ADVANCE, 0),
        b"loca": bytes(6),
        b"maxp": struct.pack(">IH13H", 0x10000, 2, 0, 0, 0, 0, 1, *[0] * 8),
    }  # fmt: skip
    plain = _file(tables)
    left = (0xB1B0AFBA - _sum(plain)) & 0xFFFFFFFF
    tables[b"head"] = tables[b"head"][:8] + struct.pack(">I", left) + tables[b"head"][12:]
    return _file(tables)


def _file(tables: dict[bytes, bytes]) -> bytes:
    bodies = [body + bytes(-len(body) % 4) for body in tables.values()]
    places = accumulate(map(len, bodies), initial=12 + 16 * len(tables))
    head = struct.pack(">IHHHH", 0x10000, len(tables), 64, 2, 16 * len(tables) - 64)
    entries = (
        struct.pack(">4sIII", name, _sum(body), at, len(body))
        for (name, body), at in zip(tables.items(), places, strict=False)
    )
    return head + b"".join(entries) + b"".join(bodies)


def _sum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
