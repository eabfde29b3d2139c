"""How far a long command is: a bar that moves on a terminal, a plain line now and then anywhere else."""

import sys
from time import monotonic
from typing import Self, TextIO

import typer

WIDTH = 24
REDRAWN_S = 0.2
LINE_S = 30.0
MEASURED_S = 2.0
"""Before so long the time left is a guess that helps nobody."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Bar:
    """Told bytes done and bytes in all, as `vault.care.pace.Progress`; clears its line before `say` prints."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream, self._terminal = stream, stream.isatty()
        self._began = monotonic()
        self._drawn_at = self._began if not self._terminal else self._began - REDRAWN_S
        self._first: int | None = None
        self._shown = 0

    def __call__(self, done: int, total: int) -> None:
        if self._first is None:
            self._first = done
        at = monotonic()
        if at - self._drawn_at < (REDRAWN_S if self._terminal else LINE_S):
            return
        self._drawn_at = at
        text = line(done, total, done - self._first, at - self._began, bar=self._terminal)
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._shown))
            self._stream.flush()
            self._shown = len(text)
        else:
            typer.echo(text, file=self._stream)

    def say(self, sentence: str) -> None:
        self.clear()
        typer.echo(sentence)

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r" + " " * self._shown + "\r")
            self._stream.flush()
            self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


def line(done: int, total: int, moved: int, elapsed: float, *, bar: bool) -> str:
    """What is shown after `moved` bytes in `elapsed` seconds; nothing in all is all done."""
    part = done / total if total else 1.0
    words = f"{_bytes(done)} of {_bytes(total)} ({part:.0%})"
    if elapsed >= MEASURED_S and moved:
        speed = moved / elapsed
        words += f", {_bytes(int(speed))}/s, {_duration((total - done) / speed)} left"
    if not bar:
        return words
    full = int(WIDTH * part)
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {words}"


def _bytes(count: int) -> str:
    amount, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
