"""Reading one paper from front to back, in the child."""

from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ocr import findings
from ocr.codes import find_codes
from ocr.errors import BrokenPaper, OcrError, ReadingFailed
from ocr.kinds import load_kinds
from ocr.limits import PAGE_WORDS, PAPER_WORDS, Limits
from ocr.papers import Paper, open_paper
from ocr.previews import previews
from ocr.reading import Code, Page
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


def read_paper(file: BinaryIO, limits: Limits, scratch: Path, kinds_dir: Path | None, results: Results) -> None:
    """Raises OcrError for the whole paper; a page that fails is told in its Page.error."""
    kinds = load_kinds(kinds_dir)
    paper = open_paper(file, limits)
    recogniser = Recogniser(scratch, limits)
    pages: list[Page] = []
    codes: list[Code] = []
    words_left = PAPER_WORDS
    for number in range(1, paper.pages + 1):
        page = _cut(_read_page(paper, number, recogniser, codes, results), min(words_left, PAGE_WORDS))
        words_left -= page.words
        pages.append(page)
        results.page(paper.pages, page.as_dict())
    results.findings(findings.find(pages, codes, kinds).findings())


def _read_page(paper: Paper, number: int, recogniser: Recogniser, codes: list[Code], results: Results) -> Page:
    shown = False
    try:
        image = paper.image(number)
        results.picture(paper.pages, *previews(image))
        shown = True
        codes += find_codes(image, number)
        lines = paper.text(number)
        if lines:
            language = "eng" if looks_english(" ".join(line.text for line in lines)) else "vie"
            return Page(number, *image.size, "text-layer", language, lines)
        return recogniser.read(image, number)
    except OSError:  # the parent is gone, or memory to write into: no page can be told any more
        raise
    except Exception as error:  # hostile pixels: code that looks at them raises whatever it trips over
        failure = error if isinstance(error, OcrError | MemoryError) else BrokenPaper()
        if paper.pages == 1 or (isinstance(error, ReadingFailed) and error.reason == "engine"):
            raise failure from error  # nothing is left to read
        if not shown:
            results.picture(paper.pages, b"", b"")
        code = failure.code if isinstance(failure, OcrError) else ReadingFailed.code
        return Page(number, 0, 0, "ocr", "vie", (), code)


def _cut(page: Page, most: int) -> Page:
    """The page with its first `most` words, in whole lines: more are there to exhaust whoever holds the reading."""
    words = 0
    for place, line in enumerate(page.lines):
        words += len(line.words)
        if words > most:
            return replace(page, lines=page.lines[:place])
    return page
