"""Strict reading of JSON members: exactly the expected names, types and bounds, else ReadingMalformed."""

import math
import re
from typing import Any

from ocr.errors import ReadingMalformed

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


class Members:
    """The members of one JSON object whose names are exactly `names`."""

    def __init__(self, data: object, names: set[str]) -> None:
        if not isinstance(data, dict) or data.keys() != names:
            raise ReadingMalformed
        self._data: dict[str, Any] = data

    def text(self, name: str, most: int) -> str:
        return _text(self._data[name], most)

    def texts(self, name: str, most: int) -> dict[str, str]:
        found = self._data[name]
        if not isinstance(found, dict) or len(found) > most:
            raise ReadingMalformed
        return {_code(key): _text(value, 200) for key, value in found.items()}

    def code(self, name: str) -> str:
        return _code(self._data[name])

    def optional_code(self, name: str) -> str | None:
        return None if self._data[name] is None else self.code(name)

    def codes(self, name: str, most: int) -> tuple[str, ...]:
        return tuple(_code(item) for item in self.items(name, most))

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        found = self._data[name]
        if not isinstance(found, str) or found not in choices:
            raise ReadingMalformed
        return found

    def whole(self, name: str, least: int, most: int) -> int:
        found = self._data[name]
        if type(found) is not int or not least <= found <= most:
            raise ReadingMalformed
        return found

    def optional_whole(self, name: str, least: int, most: int) -> int | None:
        return None if self._data[name] is None else self.whole(name, least, most)

    def flag(self, name: str) -> bool:
        found = self._data[name]
        if not isinstance(found, bool):
            raise ReadingMalformed
        return found

    def fraction(self, name: str) -> float:
        return _fraction(self._data[name])

    def box(self, name: str) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = self.items(name, 4, least=4)
        return _fraction(x0), _fraction(y0), _fraction(x1), _fraction(y1)

    def optional_box(self, name: str) -> tuple[float, float, float, float] | None:
        return None if self._data[name] is None else self.box(name)

    def corners(self, name: str) -> tuple[tuple[float, float], ...]:
        """Four points, at most one side of the picture outside of it."""
        found = self.items(name, 4, least=4)
        if any(not isinstance(point, list) or len(point) != 2 for point in found):
            raise ReadingMalformed
        return tuple((_number(x, -1, 2), _number(y, -1, 2)) for x, y in found)

    def items(self, name: str, most: int, least: int = 0) -> list[Any]:
        found = self._data[name]
        if not isinstance(found, list) or not least <= len(found) <= most:
            raise ReadingMalformed
        return found


def _text(found: object, most: int) -> str:
    if not isinstance(found, str) or len(found) > most or "\x00" in found or not _is_unicode(found):
        raise ReadingMalformed
    return found


def _is_unicode(text: str) -> bool:
    """No lone surrogates, which JSON can write and UTF-8 cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _code(found: object) -> str:
    if not isinstance(found, str) or not _CODE.match(found):
        raise ReadingMalformed
    return found


def _fraction(found: object) -> float:
    return _number(found, 0, 1)


def _number(found: object, least: float, most: float) -> float:
    if type(found) not in (int, float) or not math.isfinite(found) or not least <= found <= most:  # type: ignore[arg-type, operator]
        raise ReadingMalformed
    return float(found)  # type: ignore[arg-type]
