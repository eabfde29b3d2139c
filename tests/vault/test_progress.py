"""How far a long command is, as people and logs read it."""

import io
from itertools import pairwise

import pytest

from vault.commands import progress
from vault.commands.progress import Bar, line

GIB = 2**30


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "total", "moved", "elapsed", "text"),
    [
        (0, 0, 0, 0.0, "0 B of 0 B (100%)"),
        (GIB, 4 * GIB, GIB, 1.0, "1.0 GiB of 4.0 GiB (25%)"),
        (GIB, 4 * GIB, GIB, 16.0, "1.0 GiB of 4.0 GiB (25%), 64.0 MiB/s, 48 s left"),
        (3 * GIB, 4 * GIB, GIB, 1024.0, "3.0 GiB of 4.0 GiB (75%), 1.0 MiB/s, 17 min left"),
        (GIB, 4000 * GIB, GIB, 16.0, "1.0 GiB of 3.9 TiB (0%), 64.0 MiB/s, 17.8 h left"),
    ],
)
def test_a_line_says_how_much_and_how_long(done: int, total: int, moved: int, elapsed: float, text: str) -> None:
    assert line(done, total, moved, elapsed, bar=False) == text
    assert line(done, total, moved, elapsed, bar=True).endswith(f"] {text}")


def test_the_bar_fills() -> None:
    filled = [line(part, 10, part, 1.0, bar=True).count("#") for part in range(11)]
    assert filled[0] == 0 and filled[-1] == progress.WIDTH
    assert all(one <= other for one, other in pairwise(filled))


def test_on_a_terminal_the_bar_gives_way_to_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    with Bar(terminal) as bar:
        bar(1, 4)
        assert terminal.getvalue().startswith("\r[######")
        bar.say("Something was found.")
    assert terminal.getvalue().endswith(" \r")
    assert capsys.readouterr().out == "Something was found.\n"


def test_a_log_is_not_flooded() -> None:
    stream = io.StringIO()
    with Bar(stream) as bar:
        for done in range(1000):
            bar(done, 1000)
    assert stream.getvalue() == ""
