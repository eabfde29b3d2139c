"""Invents people, places and numbers from a seed: the same seed, the same inventions."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from vault.demo.drawing.people import Day, Person, Place, Sex, Words

MERGED: Final = Day(2025, 7, 1)
"""The day on which districts ended and provinces were merged."""
SEXES: Final[tuple[Sex, Sex]] = ("male", "female")
TODAY: Final = Day(2026, 6, 30)
"""No paper is newer than this."""


@cache
def _data() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text("utf-8"))
    return loaded


class Inventor:
    """A source of inventions; each call takes the next ones."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - papers that must come out alike, no secret

    def one(self, kind: str) -> Words:
        """One of the list `kind` of names.yaml."""
        return Words(self.random.choice(_data()[kind]))

    def some(self, kind: str, count: int) -> list[Words]:
        """`count` different ones of the list `kind`."""
        return [Words(each) for each in self.random.sample(_data()[kind], count)]

    def pick(self, options: Sequence[Any]) -> Any:
        """One of `options`."""
        return self.random.choice(options)

    def digits(self, count: int) -> Words:
        """That many digits, the first not 0."""
        return Words(str(self.random.randint(10 ** (count - 1), 10**count - 1)))

    def letters(self, count: int) -> Words:
        """That many capital letters."""
        return Words("".join(self.random.choices("ABCDEGHKLMNPQRSTVX", k=count)))

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return self.random.randint(low, high)

    def day(self, first: Day, last: Day) -> Day:
        """A day from `first` to `last`."""
        return Day.fromordinal(self.random.randint(first.toordinal(), max(first, last).toordinal()))

    def year(self, low: int, high: int) -> Day:
        """A day in one of these years."""
        return self.day(Day(low, 1, 1), Day(high, 12, 31))

    def soon(self, after: Day, days: int) -> Day:
        """A day at most `days` after `after`."""
        return Day.fromordinal((after + timedelta(days=self.random.randint(0, days))).toordinal())

    def province(self) -> Sequence[Any]:
        """Code, name, districts and whether it goes on, of one province."""
        row: Sequence[Any] = self.random.choice(_data()["provinces"])
        return row

    def place(self, province: Sequence[Any] | None = None, *, merged: bool = False) -> Place:
        """An address; without a district where `merged`."""
        _code, name, districts, goes_on = province or self.province()
        if merged and not goes_on:
            name = self.random.choice([row for row in _data()["provinces"] if row[3]])[1]
        district = self.random.choice(districts)
        urban = not district.startswith("huyện")
        street = f"số {self.number(1, 420)} {self.one('streets')}" if urban else self.one("villages")
        ward = f"{'phường' if urban else 'xã'} {self.one('wards')}"
        return Place(Words(street), Words(ward), Words("" if merged else district), Words(name))

    def name(self, sex: Sex, surname: str = "") -> Words:
        """A full name."""
        parts = (surname or self.one("surnames"), *self._given(sex))
        return Words(" ".join(parts))

    def _given(self, sex: Sex) -> tuple[str, str]:
        return self.random.choice(_data()["middles"][sex]), self.random.choice(_data()["given"][sex])

    def person(
        self, first: int = 1955, last: int = 2004, *, sex: Sex | None = None, surname: str = "", merged: bool = False
    ) -> Person:
        """Somebody born in one of these years."""
        one = self.random.choice(SEXES) if sex is None else sex
        province = self.province()
        born = self.year(first, last)
        return Person(
            self.name(one, surname), born, one, province[0], f"{self.number(1, 29999):06}",
            self.place(None if merged else province, merged=merged), self.place(province),
            self.one("peoples"), self.one("religions"),
            self.digits(9) if born.year < 1998 and self.number(0, 2) else Words(""),
        )  # fmt: skip

    def family(self, *, merged: bool = False) -> tuple[Person, Person, Person]:
        """A child, its mother and its father, who were of age when it was born."""
        father = self.person(1958, 1992, sex="male", merged=merged)
        mother = self.person(father.born.year - 2, father.born.year + 6, sex="female", merged=merged)
        older = max(father.born.year, mother.born.year)
        child = self.person(
            older + 20, min(older + 32, TODAY.year - 1), surname=father.name.partition(" ")[0], merged=merged
        )
        child = replace(child, home=mother.home, origin=father.origin, people=father.people)
        return child, mother, replace(father, home=mother.home)
