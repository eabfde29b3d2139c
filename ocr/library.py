"""tesseract as a library (tesserocr), where it is installed: the nursery loads its model once, for all its children.

The program loads it anew for each page, and writes a table of words that has to be read. Each page has a process forked
for it, which can be ended when its time is over, and whose end is the end of that page alone, as with the program.
"""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from ocr.confine import end_with_parent
from ocr.engine import Gray, Seen
from ocr.errors import ReadingFailed

LOADED = "vie"  # what nearly every page is read in; other languages are loaded where they are needed
DPI = 300
_ANSWERS_WITHIN_S = 20
_PIECE = 1 << 16
_ANSWER_BYTES = 1 << 24
_VERSION = re.compile(r"tesseract v?(\d+\.\d+)")
_MODELS = re.compile(r'"(.+)"')


@dataclass(frozen=True)
class Ready:
    """The loaded library, and the folder of its models."""

    api: Any
    models: str


_ready: Ready | None = None


def prepare() -> None:
    """Load the model, once in this process, if library and program are of one version, so that both read the same.

    Where anything is missing the program reads, as it does without the library.
    """
    global _ready
    with contextlib.suppress(ImportError, OSError, RuntimeError, subprocess.SubprocessError):
        if _ready is None and (models := _fitting_models()) is not None:
            _ready = Ready(_opened(models, LOADED), models)


def ready() -> Ready | None:
    return _ready


class Library:
    """The loaded library as an engine."""

    def __init__(self, ready: Ready, page_wall_s: float) -> None:
        self._apis, self._models, self._wall_s = {LOADED: ready.api}, ready.models, page_wall_s

    def recognise(self, page: Gray, language: str) -> list[Seen]:
        deadline = time.monotonic() + self._wall_s
        api = self._api(language)
        answer, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            _answer(api, page, theirs)
        os.close(theirs)
        try:
            return _words(_received(answer, deadline))
        finally:
            os.close(answer)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _api(self, language: str) -> Any:
        if language not in self._apis:
            try:
                self._apis[language] = _opened(self._models, language)
            except RuntimeError as error:
                raise ReadingFailed("engine") from error
        return self._apis[language]


def _answer(api: Any, page: Gray, answer: int) -> NoReturn:
    """In the forked process; what goes wrong here is told by an answer that does not come."""
    try:
        end_with_parent()
        with os.fdopen(answer, "wb") as out:
            out.write(json.dumps(_recognised(api, page)).encode())
    finally:
        os._exit(0)


def _fitting_models() -> str | None:
    """The folder of the program's models, if library and program are of one version."""
    import tesserocr

    ours, theirs = _VERSION.match(tesserocr.tesseract_version()), _VERSION.match(_told("--version"))
    models = _MODELS.search(_told("--list-langs"))
    return models[1] if ours and theirs and models and ours[1] == theirs[1] else None


def _told(option: str) -> str:
    command = ["tesseract", option]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_ANSWERS_WITHIN_S).stdout  # noqa: S603 - two fixed words


def _opened(models: str, language: str) -> Any:
    import tesserocr

    return tesserocr.PyTessBaseAPI(path=models, lang=language, psm=tesserocr.PSM.AUTO)


def _recognised(api: Any, page: Gray) -> list[tuple[Any, ...]]:
    """Text, sides, confidence and line of each word."""
    from tesserocr import RIL, iterate_level

    height, width = page.shape
    api.SetImageBytes(page.tobytes(), width, height, 1, width)
    api.SetSourceResolution(DPI)
    api.Recognize()
    found, line, words = [], -1, api.GetIterator()
    for word in iterate_level(words, RIL.WORD) if words else ():
        line += line < 0 or word.IsAtBeginningOf(RIL.TEXTLINE)
        if not word.Empty(RIL.WORD) and (text := word.GetUTF8Text(RIL.WORD).strip()):
            found.append((text, word.BoundingBox(RIL.WORD), word.Confidence(RIL.WORD), line))
    return found


def _received(answer: int, deadline: float) -> list[Any]:
    data = bytearray()
    while len(data) < _ANSWER_BYTES:
        if not select.select([answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise ReadingFailed("time")
        piece = os.read(answer, _PIECE)
        if not piece:
            break
        data += piece
    try:
        found: list[Any] = json.loads(data)
    except ValueError as error:  # it ended before it had said all
        raise ReadingFailed("died") from error
    return found


def _words(found: list[Any]) -> list[Seen]:
    """Confidences in whole percents, as pytesseract tells them, so that a reading does not depend on the machine."""
    return [Seen(text, (*box,), int(confidence) / 100, (line, 0, 0)) for text, box, confidence, line in found]
