"""Reading one paper from front to back, in the child."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from PIL import Image

from ocr import findings
from ocr.aside import Aside
from ocr.bounds import bounded, few
from ocr.codes import find_codes
from ocr.errors import BrokenPaper, OcrError, ReadingFailed
from ocr.flattening import Colour, flattened, lay_flat, turned_box, turned_corners
from ocr.kinds import Kind, load_kinds
from ocr.limits import PAGE_WORDS, PAPER_WORDS, Limits
from ocr.papers import Paper, open_paper
from ocr.previews import previews, turned
from ocr.reading import Code, Corners, Page
from ocr.recognising import Recogniser
from ocr.syllables import looks_english


class Results(Protocol):
    """Where results go while they arise."""

    def picture(self, of: int, preview: bytes, thumbnail: bytes) -> None:
        """The next page can be shown; both are empty if it cannot."""

    def page(self, of: int, page: dict[str, Any]) -> None:
        """The same page is read."""

    def findings(self, findings: dict[str, Any]) -> None:
        """Everything but the pages."""


def read_paper(
    file: BinaryIO, limits: Limits, scratch: Path, kinds_dir: Path | None, results: Results, cores: int = 1
) -> None:
    """Raises OcrError for the whole paper; a page that fails is told in its Page.error.

    With more than one of `cores`, so many pages are recognised at the same time, and told in their order all the same.
    """
    kinds = load_kinds(kinds_dir)
    paper = open_paper(file, limits)
    _Reader(paper, Recogniser(scratch, limits), results, cores).read(kinds)


@dataclass
class _Begun:
    """A page that can be shown, and what will say what stands on it."""

    pictures: tuple[bytes, bytes]
    read: Callable[[], Page]
    codes: tuple[Code, ...] = ()
    corners: Corners | None = None  # of the page as it is shown: reading may find that to be upside down
    shown: bool = False


class _Reader:
    def __init__(self, paper: Paper, recogniser: Recogniser, results: Results, cores: int) -> None:
        self._paper, self._recogniser, self._results = paper, recogniser, results
        self._cores = cores if paper.pages > 1 else 1
        self._begun: deque[_Begun] = deque()
        self._pages: list[Page] = []
        self._codes: list[Code] = []
        self._words_left = PAPER_WORDS

    def read(self, kinds: Mapping[str, Kind]) -> None:
        for number in range(1, self._paper.pages + 1):
            self._begun.append(self._begin(number))
            self._show()
            if len(self._begun) >= self._cores:
                self._finish()
        while self._begun:
            self._finish()
        self._results.findings(findings.find(self._pages, few(self._codes), kinds).findings())

    def _begin(self, number: int) -> _Begun:
        pictures = b"", b""
        try:
            image = self._paper.image(number)
            lines = self._paper.text(number)
            if not lines:
                return self._laid_flat(np.asarray(image), number)
            pictures = previews(image)
            language = "eng" if looks_english(" ".join(line.text for line in lines)) else "vie"
            page = Page(number, *image.size, "text-layer", language, lines)
            return _Begun(pictures, lambda: page, find_codes(image, number))
        except Exception as error:  # hostile pixels: code that looks at them raises whatever it trips over
            failed = self._failed(number, error)
            return _Begun(pictures, lambda: failed)

    def _laid_flat(self, picture: Colour, number: int) -> _Begun:
        """A page that is to be recognised; what happens to it after it can be shown hides it no more."""
        flat = lay_flat(picture)
        corners = flat.fractions(picture)
        page = flattened(picture, flat)
        shown = Image.fromarray(page)
        pictures = previews(shown)
        try:
            codes = find_codes(shown, number)
            return _Begun(pictures, self._recognising(page, corners, number), codes, corners)
        except Exception as error:
            failed = self._failed(number, error)
            return _Begun(pictures, lambda: failed)

    def _recognising(self, image: Colour, corners: Corners | None, number: int) -> Callable[[], Page]:
        """In a process beside this one where there is a core for it, else when its turn comes."""
        if self._cores == 1:
            return lambda: self._recognised(image, corners, number)
        aside = Aside(lambda: self._told(image, corners, number))

        def page() -> Page:
            try:
                if not (told := aside.result()):
                    raise ReadingFailed("engine")
                return Page.from_dict(json.loads(told))
            except OcrError as error:
                return self._failed(number, error)

        return page

    def _told(self, image: Colour, corners: Corners | None, number: int) -> bytes:
        """The page as JSON; nothing where the engine is to blame, and no other page will be read either."""
        try:
            return json.dumps(self._recognised(image, corners, number).as_dict()).encode()
        except ReadingFailed:
            return b""

    def _recognised(self, image: Colour, corners: Corners | None, number: int) -> Page:
        try:
            read = self._recogniser.read(image)
        except Exception as error:
            return self._failed(number, error)
        height, width = image.shape[:2]
        around = turned_corners(corners) if read.turned else corners
        return Page(number, width, height, "ocr", read.language, read.lines, corners=around)

    def _failed(self, number: int, error: Exception) -> Page:
        """Raises the error again, as one of ours, where nothing is left to read."""
        failure = error if isinstance(error, OcrError | MemoryError) else BrokenPaper()
        if self._paper.pages == 1 or (isinstance(error, ReadingFailed) and error.reason == "engine"):
            raise failure from error
        code = failure.code if isinstance(failure, OcrError) else ReadingFailed.code
        return Page(number, 0, 0, "ocr", "vie", (), code)

    def _show(self) -> None:
        """The first of those that wait, once: the one before it has been told."""
        if not self._begun[0].shown:
            self._results.picture(self._paper.pages, *self._begun[0].pictures)
            self._begun[0].shown = True

    def _finish(self) -> None:
        begun = self._begun.popleft()
        page = bounded(begun.read(), min(self._words_left, PAGE_WORDS))
        if page.error is None and page.corners != begun.corners:
            self._results.picture(self._paper.pages, *turned(*begun.pictures))
            begun.codes = tuple(replace(code, box=turned_box(code.box)) for code in begun.codes)
        self._codes += begun.codes
        self._words_left -= page.words
        self._pages.append(page)
        self._results.page(self._paper.pages, page.as_dict())
        if self._begun:
            self._show()
