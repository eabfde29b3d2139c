"""Fills a layout's texts in, and keeps in mind which facts were printed, and how."""

import re
import string
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from vault.demo.drawing.sheet import Run, Style

_MARKS: Final = re.compile(r"^(?:@(\d+(?:\.\d+)?) )?([*/!~^]*)")
_COLOURS: Final = {"!": "red", "~": "grey", "^": "blue"}


class Wording(string.Formatter):
    """Formats `{fact.part:how}`; `printed` maps each fact used to what stands on the paper, days as dd/mm/yyyy."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.printed: dict[str, str] = {}
        self._filled: set[str] = set()

    def say(self, text: str, *, fills: bool = False) -> str:
        """`text` with its facts filled in; what `fills` a field counts before what is mentioned elsewhere."""
        parts = []
        for literal, path, how, _conversion in self.parse(text):
            parts.append(literal)
            if path is not None:
                value, _first = self.get_field(path, (), self.facts)
                shown = format(value, how or "")
                self._keep(path, f"{value:%d/%m/%Y}" if isinstance(value, date) else shown, fills)
                parts.append(shown)
        return "".join(parts)

    def _keep(self, path: str, shown: str, fills: bool) -> None:
        if path not in self.printed or (fills and path not in self._filled):
            self.printed[path] = shown
        if fills:
            self._filled.add(path)

    def rows(self, name: str) -> Sequence[Sequence[str]]:
        """The rows of the fact `name`, for a table."""
        rows: Sequence[Sequence[str]] = self.facts[name]
        return rows

    def run(self, text: str, style: Style, *, fills: bool = False) -> Run:
        """A text whose marks say how it is set: `@18 ` points, `*` bold, `/` italic, `!` red, `~` grey, `^` blue."""
        found = _MARKS.match(text)
        if found is None:
            raise ValueError(text)
        size, marks = found.groups()
        colours = [_COLOURS[mark] for mark in marks if mark in _COLOURS]
        return self.say(text[found.end() :], fills=fills), style.but(
            size=float(size) if size else style.size,
            bold=style.bold or "*" in marks,
            italic=style.italic or "/" in marks,
            colour=colours[0] if colours else style.colour,
        )
