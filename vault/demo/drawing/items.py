"""Puts things at given places of a sheet: texts, pictures and codes of cards, and what pages have beside their text."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.demo.drawing import ornaments
from vault.demo.drawing.flow import POINT, Look, broken
from vault.demo.drawing.sheet import Sheet, Style
from vault.demo.drawing.wording import Wording

EDGE: Final = 2.0
"""Millimetres at the right of a sheet that texts keep free."""


@dataclass(frozen=True)
class Items:
    """The sheet and what its items are made of. Each item is {name: arguments}, places and sizes in millimetres."""

    sheet: Sheet
    look: Look
    wording: Wording
    chance: random.Random
    male: bool

    def put(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Put all `items`, in this order."""
        for item in items:
            for name, body in item.items():
                getattr(self, f"item_{name}")(*body)

    def item_text(self, x: float, y: float, text: str, anchor: str = "l", widest: float = 0) -> None:
        """A line; set smaller where it is longer than `widest`."""
        said, style = self.wording.run(text, self.look.label)
        room = widest or (self._room(x) if anchor == "l" else 0)
        self.sheet.write(x, y, [(said, self._fit(said, style, room))], anchor=anchor)

    def item_field(self, x: float, y: float, label: str, value: str, widest: float = 0) -> None:
        """A label and its value in one line."""
        head = self.wording.run(f"{label} " if label else "", self.look.label)
        said, style = self.wording.run(value, self.look.value, fills=True)
        room = (widest or self._room(x)) - self.sheet.long([head])
        self.sheet.write(x, y, [head, (said, self._fit(said, style, room))])

    def item_pair(self, x: float, y: float, label: str, value: str, step: float, widest: float = 0) -> None:
        """A label and, `step` below it, its value, over several lines where it is longer than `widest`."""
        self.sheet.write(x, y, [self.wording.run(label, self.look.label)])
        said, style = self.wording.run(value, self.look.value, fills=True)
        for place, line in enumerate(broken(self.sheet, said, style, widest or self._room(x)), 1):
            self.sheet.write(x, y + step * place, [(line, style)])

    def _room(self, x: float) -> float:
        """What is left of the sheet's width at x, less a margin."""
        return self.sheet.width - EDGE - x

    def _fit(self, said: str, style: Style, widest: float) -> Style:
        long = self.sheet.long([(said, style)])
        return style.but(size=style.size * widest / long) if widest and long > widest else style

    def item_emblem(self, x: float, y: float, size: float, colour: str = "") -> None:
        """The emblem, in its colours or in one."""
        ornaments.emblem(self.sheet, x, y, size, colour=colour)

    def item_portrait(self, x: float, y: float, width: float, height: float) -> None:
        """The holder's picture."""
        ornaments.portrait(self.sheet, x, y, width, height, chance=self.chance, male=self.male)

    def item_chip(self, x: float, y: float, size: float) -> None:
        """A chip."""
        ornaments.chip(self.sheet, x, y, size)

    def item_finger(self, x: float, y: float, width: float, height: float) -> None:
        """A fingerprint."""
        ornaments.finger(self.sheet, x, y, width, height, chance=self.chance)

    def item_stamp(self, x: float, y: float, size: float, words: str) -> None:
        """A round stamp around x, y."""
        ornaments.stamp(self.sheet, x, y, size, self.wording.say(words), chance=self.chance)

    def item_signature(self, x: float, y: float, width: float) -> None:
        """A signature around x, y."""
        ornaments.signature(self.sheet, x, y, width, chance=self.chance)

    def item_qr(self, x: float, y: float, size: float) -> None:
        """The code that the facts hold."""
        ornaments.qr(self.sheet, x, y, size, self.wording.say("{qr}"))

    def item_mrz(self, x: float, y: float, step: float, width: float) -> None:
        """The machine-readable zone, `width` wide, with `step` from line to line."""
        for place, line in enumerate(self.wording.facts["mrz"]):
            style = Style("mono", width / len(line) / 0.602 / POINT)
            self.sheet.write(x, y + place * step, [(line, style)], mrz=True)

    def item_box(self, left: float, top: float, right: float, bottom: float, colour: str = "black") -> None:
        """An outline."""
        self.sheet.box(left, top, right, bottom, colour=colour)

    def item_rule(self, x: float, y: float, to_x: float, to_y: float, colour: str = "black") -> None:
        """A line."""
        self.sheet.rule([(x, y), (to_x, to_y)], colour=colour)

    def item_plot(self, x: float, y: float, width: float, height: float) -> None:
        """The outline of a plot among its neighbours, with its corners numbered and a house in it."""
        corners = [
            (x + width * (0.5 + reach * math.cos(turn)), y + height * (0.5 + reach * math.sin(turn)))
            for turn in (-2.4, -0.7, 0.75, 2.5)
            for reach in (self.chance.uniform(0.34, 0.46),)
        ]
        self.sheet.rule([*corners, corners[0]], width=0.5)
        small = self.look.label.but(size=max(6, self.look.label.size - 3))
        for place, (at_x, at_y) in enumerate(corners, 1):
            far = (at_x + (at_x - x - width / 2) * 0.35, at_y + (at_y - y - height / 2) * 0.35)
            self.sheet.rule([(at_x, at_y), far], width=0.2)
            self.sheet.write(at_x + 1, at_y - 1, [(str(place), small)])
        house = [
            (x + width * (0.5 + dx), y + height * (0.5 + dy))
            for dx, dy in ((-0.14, -0.1), (0.12, -0.14), (0.14, 0.14), (-0.12, 0.18))
        ]
        self.sheet.rule([*house, house[0]], width=0.25)
        for part in range(1, 12):
            share = part / 12
            top = (house[0][0] + (house[1][0] - house[0][0]) * share, house[0][1] + (house[1][1] - house[0][1]) * share)
            low = (house[3][0] + (house[2][0] - house[3][0]) * share, house[3][1] + (house[2][1] - house[3][1]) * share)
            self.sheet.rule([top, low], width=0.12, colour="grey")
        self._north(x + width - 8, y + 4)

    def _north(self, x: float, y: float) -> None:
        self.sheet.rule([(x, y + 14), (x, y), (x - 2, y + 5), (x, y + 3), (x + 2, y + 5), (x, y)], width=0.3)
        self.sheet.write(x + 2, y + 2, [("B", self.look.label.but(bold=True))])
