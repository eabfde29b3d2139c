"""The programs that measure start: what they take from elsewhere is still there."""

from importlib import import_module
from pathlib import Path

import pytest

PROGRAMS = sorted(path.stem for path in (Path(__file__).parent.parent / "bench").glob("*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_measures_can_be_loaded(name: str) -> None:
    assert callable(import_module(f"bench.{name}").main)
