"""tesseract as a library, where the program's own is there: the nursery loads its model once, for all its children.

The program loads the model anew for each page. Each page has a process forked for it, which can be ended when its time
is over, and whose end is the end of that page alone, as with the program. Through the library's C interface
(tesseract/capi.h), so that what reads is the very code that the program reads with.
"""

import atexit
import contextlib
import ctypes
import subprocess

from ocr.aside import Aside
from ocr.engine import Gray, Seen, seen
from ocr.errors import ReadingFailed

LOADED = "vie"  # what nearly every page is read in; other languages are loaded where they are needed
DPI = 300
_NAME = "libtesseract.so.5"
_AUTOMATIC = 3  # PSM_AUTO
_ANSWERS_WITHIN_S = 20
_COLUMNS = (
    "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf",
    "text",
)  # fmt: skip

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_FUNCTIONS = {
    "Version": (_TEXT, ()), "DeleteText": (None, (_POINTER,)), "BaseAPICreate": (_POINTER, ()),
    "BaseAPIDelete": (None, (_POINTER,)),
    "BaseAPIInit3": (_INT, (_POINTER, _TEXT, _TEXT)), "BaseAPISetPageSegMode": (None, (_POINTER, _INT)),
    "BaseAPISetImage": (None, (_POINTER, _TEXT, _INT, _INT, _INT, _INT)),
    "BaseAPISetSourceResolution": (None, (_POINTER, _INT)), "BaseAPIRecognize": (_INT, (_POINTER, _POINTER)),
    "BaseAPIGetTsvText": (_POINTER, (_POINTER, _INT)),
}  # fmt: skip
"""Name after `Tess` → what it gives, and what it takes."""


class Model:
    """One language, loaded. Raises OSError where the library or the language is missing."""

    def __init__(self, language: str) -> None:
        self._library = _library()
        self._api = self._library.TessBaseAPICreate()
        if self._library.TessBaseAPIInit3(self._api, None, language.encode()) != 0:
            raise OSError(f"tesseract cannot load {language}")
        self._library.TessBaseAPISetPageSegMode(self._api, _AUTOMATIC)
        atexit.register(self._library.TessBaseAPIDelete, self._api)  # else the library complains at the end

    def table(self, page: Gray) -> bytes:
        """What stands on the page, as the program's TSV without its first line; empty for nothing."""
        height, width = page.shape
        self._library.TessBaseAPISetImage(self._api, page.tobytes(), width, height, 1, width)
        self._library.TessBaseAPISetSourceResolution(self._api, DPI)
        if self._library.TessBaseAPIRecognize(self._api, None) != 0:
            return b""
        text = self._library.TessBaseAPIGetTsvText(self._api, 0)
        try:
            return ctypes.string_at(text) if text else b""
        finally:
            self._library.TessDeleteText(text)


_ready: Model | None = None


def prepare() -> None:
    """Load the model, once in this process, if the library is the program's: of the same version.

    Where it is not, or is missing, the program reads.
    """
    global _ready
    with contextlib.suppress(OSError, AttributeError, subprocess.SubprocessError):
        if _ready is None and _is_the_programs():
            _ready = Model(LOADED)


def ready() -> Model | None:
    return _ready


class Library:
    """The loaded library as an engine."""

    def __init__(self, loaded: Model, page_wall_s: float) -> None:
        self._models, self._wall_s = {LOADED: loaded}, page_wall_s

    def recognise(self, page: Gray, language: str) -> list[Seen]:
        model = self._model(language)
        table = Aside(lambda: model.table(page)).result(self._wall_s)
        return _words(table.decode())

    def _model(self, language: str) -> Model:
        if language not in self._models:
            try:
                self._models[language] = Model(language)
            except OSError as error:
                raise ReadingFailed("engine") from error
        return self._models[language]


def _words(table: str) -> list[Seen]:
    rows = (row.split("\t") for row in table.split("\n"))
    columns = zip(*(row for row in rows if len(row) == len(_COLUMNS)), strict=True)
    data = dict(zip(_COLUMNS, (list(column) for column in columns), strict=False))
    return seen(data) if data else []


def _is_the_programs() -> bool:
    command = ["tesseract", "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_ANSWERS_WITHIN_S).stdout  # noqa: S603
    return told.split()[:2] == ["tesseract", _library().TessVersion().decode()]


def _library() -> ctypes.CDLL:
    """Opened, or as it is open already."""
    library = ctypes.CDLL(_NAME)
    for name, (gives, takes) in _FUNCTIONS.items():
        function = getattr(library, f"Tess{name}")
        function.restype, function.argtypes = gives, takes
    return library
