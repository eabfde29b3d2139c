"""Both engines say the same of a page; each page that fails, fails alone."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ocr
from ocr import BytesSource, Limits, library
from ocr.engine import Engine, Gray, Tesseract
from ocr.errors import ReadingFailed
from ocr.library import Library
from tests.journeys.processes import OWN, descendants
from tests.needs import need
from tests.ocr.sheets import BIRTH, draw, saved

FITTING = "libtesseract, of the version of the program tesseract"


@pytest.fixture(scope="module")
def fast() -> Library:
    library.prepare()
    ready = library.ready()
    need(ready is not None, FITTING)
    assert ready
    return Library(ready, 60.0)


@pytest.fixture
def slow(tmp_path: Path) -> Tesseract:
    return Tesseract(tmp_path, 60.0)


@pytest.fixture(scope="module")
def page() -> Gray:
    return np.asarray(draw(BIRTH[:6]).convert("L"))


@pytest.mark.parametrize(("language", "turned"), [("vie", 0), ("vie", 1), ("eng", 0)])
def test_both_engines_say_the_same(fast: Library, slow: Tesseract, page: Gray, language: str, turned: int) -> None:
    """Words, places, confidences and lines; upright, and on its side, where little is to be made of it."""
    shown = np.ascontiguousarray(np.rot90(page[:700], turned))
    assert fast.recognise(shown, language) == slow.recognise(shown, language)


def test_both_engines_see_nothing_on_an_empty_page(fast: Library, slow: Tesseract) -> None:
    empty = np.full((300, 300), 255, np.uint8)
    assert fast.recognise(empty, "vie") == slow.recognise(empty, "vie") == []


def test_a_page_that_takes_too_long_is_given_up(fast: Library, page: Gray) -> None:
    ready = library.ready()
    assert ready
    hurried: Engine = Library(ready, 0.01)
    before = descendants(OWN)
    with pytest.raises(ReadingFailed) as failure:
        hurried.recognise(page, "vie")
    assert failure.value.reason == "time"
    assert descendants(OWN) == before


def test_a_page_on_which_the_engine_dies_fails_alone(
    fast: Library, page: Gray, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = descendants(OWN)
    with monkeypatch.context() as patched:
        patched.setattr(library.Model, "table", lambda model, page: os.kill(os.getpid(), signal.SIGKILL))
        with pytest.raises(ReadingFailed) as failure:
            fast.recognise(page, "vie")
    assert failure.value.reason == "died"
    assert descendants(OWN) == before
    assert fast.recognise(page[:300], "vie")


def test_a_library_of_another_version_than_the_program_is_left_alone(tmp_path: Path) -> None:
    """Its text might differ, and with it what a paper says on two machines."""
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'tesseract 5.2.0'\n")
    program.chmod(0o755)
    said = "from ocr import library; library.prepare(); print(library.ready())"
    path = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    told = subprocess.run(
        [sys.executable, "-c", said], env=path, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "None\n"


def test_papers_are_read_by_the_program_where_there_is_no_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program that says another version of itself keeps the library away; it is the real one all the same."""
    real = shutil.which("tesseract")
    need(real is not None, "tesseract")
    program = tmp_path / "tesseract"
    program.write_text(f'#!/bin/sh\nif [ "$*" = --version ]; then echo "tesseract 9.9"; else exec {real} "$@"; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    picture = saved(draw((("GIẤY KHAI SINH", 56, 60),), (800, 300)), "PNG")
    reading = ocr.read(BytesSource(picture), Limits(), on_page=lambda _: None)
    assert "KHAI SINH" in reading.pages[0].text
