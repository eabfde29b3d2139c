"""Sets a page from top to bottom: header, title, rows of fields with leaders, tables, signatures."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from vault.demo.drawing.ornaments import emblem, signature, stamp
from vault.demo.drawing.sheet import Run, Sheet, Style
from vault.demo.drawing.wording import Wording

NATION: Final = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO: Final = "Độc lập - Tự do - Hạnh phúc"
POINT: Final = 25.4 / 72
"""Millimetres."""


@dataclass(frozen=True)
class Look:
    """How a layout is set: labels, filled-in values, distance of baselines in millimetres, dotted leaders or not."""

    label: Style
    value: Style
    step: float
    leaders: bool


def broken(sheet: Sheet, text: str, style: Style, width: float, first: float | None = None) -> list[str]:
    """`text` in lines that fit into `width` millimetres, the first one into `first`."""
    lines, room = [""], width if first is None else first
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and sheet.long([(longer, style)]) > room:
            lines.append(word)
            room = width
        else:
            lines[-1] = longer
    return lines


class Flow:
    """A column of the page while it is set; `y` is where the next block begins."""

    def __init__(
        self, sheet: Sheet, look: Look, wording: Wording, chance: random.Random, box: tuple[float, float, float]
    ) -> None:
        self.sheet, self.look, self.wording, self.chance = sheet, look, wording, chance
        self.left, self.right, self.y = box
        self.marks: list[tuple[float, float, float, str]] = []

    def set(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Set `blocks` below each other, then stamp what is to be stamped, over everything."""
        self._set(blocks)
        for x, y, size, words in self.marks:
            stamp(self.sheet, x, y, size, words, chance=self.chance)

    def _set(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        for block in blocks:
            for name, body in block.items():
                getattr(self, f"block_{name}")(body)

    @property
    def middle(self) -> float:
        """The middle of the column."""
        return (self.left + self.right) / 2

    def next(self, size: float = 0, *, lines: float = 1) -> float:
        """Go down one line and return its baseline."""
        self.y += lines * max(self.look.step, size * POINT * 1.3)
        return self.y

    def block_gap(self, millimetres: float) -> None:
        """Empty space."""
        self.y += millimetres

    def block_header(self, left: Sequence[str]) -> None:
        """Nation and motto at the right of the issuer's lines, or in the middle where there are none."""
        size, width = self.look.label.size, self.right - self.left
        bold = self.look.label.but(bold=True, size=size)
        nation = self.left + width * 0.7 if left else self.middle
        top = self.y
        for place, (text, points) in enumerate(((NATION, size - 0.5), (MOTTO, size + 0.5))):
            self.sheet.write(
                nation, top + (place + 1) * size * POINT * 1.35, [(text, bold.but(size=points))], anchor="m"
            )
        under = top + size * POINT * 3.2
        half = self.sheet.long([(MOTTO, bold.but(size=size + 0.5))]) / 2
        self.sheet.rule([(nation - half, under), (nation + half, under)])
        for place, text in enumerate(left):
            at = top + (place + 1) * size * POINT * 1.35
            run = self._fitting(self.wording.run(text, self.look.label), width * 0.4)
            self.sheet.write(self.left + width * 0.185, at, [run], anchor="m")
        self.y = max(under, top + len(left) * size * POINT * 1.35) + 2

    def block_centre(self, texts: str | Sequence[str]) -> None:
        """Lines in the middle, broken where they are too long."""
        self._aligned(texts, self.middle, "m")

    def block_left(self, texts: str | Sequence[str]) -> None:
        """Lines at the left, broken where they are too long."""
        self._aligned(texts, self.left, "l")

    def block_right(self, texts: str | Sequence[str]) -> None:
        """Lines at the right."""
        self._aligned(texts, self.right, "r")

    def _aligned(self, texts: str | Sequence[str], x: float, anchor: str) -> None:
        for text in [texts] if isinstance(texts, str) else texts:
            said, style = self.wording.run(text, self.look.label)
            for line in broken(self.sheet, said, style, self.right - self.left):
                self.sheet.write(x, self.next(style.size), [(line, style)], anchor=anchor)

    def block_row(self, cells: Sequence[Sequence[Any]]) -> None:
        """Fields beside each other: [label, value, share of the width]."""
        shares = [cell[2] if len(cell) > 2 else 1 for cell in cells]
        at, width, base = self.left, self.right - self.left, self.next()
        deepest = base
        for cell, share in zip(cells, shares, strict=True):
            until = at + width * share / sum(shares)
            self.y = base
            self._field(at, until - 1.5 * (until < self.right - 1), str(cell[0]), str(cell[1]))
            deepest, at = max(deepest, self.y), until
        self.y = deepest

    def _field(self, left: float, right: float, label: str, value: str) -> None:
        """`label: value`; a value that is too long goes on below."""
        look = self.look
        head = self.wording.run(label if label.endswith((" ", ":")) or not label else f"{label}:", look.label)
        head = (f"{head[0].rstrip()} " if head[0] else "", head[1])
        said, style = self.wording.run(value, look.value, fills=True)
        room = right - left - self.sheet.long([head])
        lines = broken(self.sheet, said, style, right - left, room)
        until = right if look.leaders else 0
        self.sheet.write(left, self.y, [head, (lines[0], style)], until=until)
        for line in lines[1:]:
            self.sheet.write(left, self.next(), [(line, style)], until=until)

    def block_stack(self, fields: Sequence[Sequence[str]]) -> None:
        """Labels with their values below them, each pair in an equal share of the width."""
        width = (self.right - self.left) / len(fields)
        top, low = self.next(), self.next()
        for place, (label, value) in enumerate(fields):
            x = self.left + place * width
            self.sheet.write(x, top, [self.wording.run(label, self.look.label)])
            self.sheet.write(x, low, [self.wording.run(value, self.look.value, fills=True)])
        self.y = low + 1

    def block_table(self, body: Mapping[str, Any]) -> None:
        """A ruled table: `widths`, `head`, and `rows` (a fact's name, or rows of texts)."""
        shares = body["widths"]
        edges = [self.left]
        for share in shares:
            edges.append(edges[-1] + (self.right - self.left) * share / sum(shares))
        given = body["rows"]
        rows = self.wording.rows(given) if isinstance(given, str) else given
        label = self.look.label.but(size=self.look.label.size - 1)
        self._ruled(edges, [[f"*{cell}" for cell in body["head"]]], label)
        self._ruled(edges, rows, label.but(colour=self.look.value.colour))
        self.y += 1.5

    def _ruled(self, edges: Sequence[float], rows: Sequence[Sequence[str]], style: Style) -> None:
        for row in rows:
            top = self.y + 0.4 * (self.y == 0)
            cells = [self.wording.run(text, style) for text in row]
            filled = [
                (broken(self.sheet, said, cut, right - left - 2), cut)
                for (said, cut), left, right in zip(cells, edges, edges[1:], strict=False)
            ]
            deep = max(len(lines) for lines, _style in filled) * style.size * POINT * 1.3 + 2
            for (lines, cut), left in zip(filled, edges, strict=False):
                for place, line in enumerate(lines):
                    self.sheet.write(left + 1, top + 0.6 + (place + 1) * style.size * POINT * 1.25, [(line, cut)])
            for left, right in pairwise(edges):
                self.sheet.box(left, top, right, top + deep, width=0.2)
            self.y = top + deep

    def block_columns(self, columns: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Blocks beside each other in columns of equal width, a gap between them."""
        gap, top = 8, self.y
        width = (self.right - self.left - gap * (len(columns) - 1)) / len(columns)
        ends = []
        for place, blocks in enumerate(columns):
            x = self.left + place * (width + gap)
            part = Flow(self.sheet, self.look, self.wording, self.chance, (x, x + width, top))
            part._set(blocks)
            self.marks += part.marks
            ends.append(part.y)
        self.y = max(ends)

    def block_emblem(self, size: float) -> None:
        """The emblem in the middle."""
        emblem(self.sheet, self.middle - size / 2, self.y + 2, size)
        self.y += size + 3

    def block_line(self, share: float) -> None:
        """A rule in the middle, over this share of the width."""
        half = (self.right - self.left) * share / 2
        self.y += 2
        self.sheet.rule([(self.middle - half, self.y), (self.middle + half, self.y)])

    def block_sign(self, body: Mapping[str, Any]) -> None:
        """Who signs, beside each other: `lines`, `name`, `stamp` (its words); `when` stands above the last one.

        `deep`: millimetres for the signature.
        """
        columns = body["columns"]
        width = (self.right - self.left) / len(columns)
        places = [self.left + width * (place + 0.5) for place in range(len(columns))]
        if body.get("when"):
            run = self.wording.run(body["when"], self.look.label.but(italic=True))
            last = min(places[-1], self.right - self.sheet.long([run]) / 2)
            self.sheet.write(last, self.next(), [run], anchor="m")
        deep = body.get("deep", 26) * self.look.label.size / 13
        ends = [self._signer(x, self.y, column, deep) for x, column in zip(places, columns, strict=True)]
        self.y = max(ends)

    def _signer(self, x: float, top: float, column: Mapping[str, Any], deep: float) -> float:
        size = self.look.label.size
        y = top
        for text in column["lines"]:
            y += size * POINT * 1.45
            self.sheet.write(x, y, [self._fitting(self.wording.run(text, self.look.label), 78)], anchor="m")
        if column.get("name") or column.get("stamp"):
            shift = self.chance.uniform(-4, 4)
            signature(self.sheet, x + shift, y + deep * 0.5, 30 * size / 13, chance=self.chance)
        if column.get("stamp"):
            across = 32 * size / 13
            mark = (x - across * self.chance.uniform(0.4, 0.65), y + deep * self.chance.uniform(0.44, 0.62))
            self.marks.append((*mark, across, self.wording.say(column["stamp"])))
        y += deep + size * POINT * 1.3
        if column.get("name"):
            self.sheet.write(x, y, [self.wording.run(column["name"], self.look.label)], anchor="m")
        return y

    def _fitting(self, run: Run, width: float) -> Run:
        """The run, set smaller where it is longer than `width`."""
        text, style = run
        long = self.sheet.long([run])
        return run if long <= width else (text, style.but(size=style.size * width / long))
