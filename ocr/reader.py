"""Reading one paper from front to back, in the child."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from PIL import Image

from ocr import findings
from ocr.codes import find_codes
from ocr.errors import OcrError, ReadingFailed
from ocr.kinds import load_kinds
from ocr.limits import PAGE_WORDS, PAPER_WORDS, PREVIEW_BYTES, PREVIEW_WIDTH, THUMBNAIL_WIDTH, Limits
from ocr.papers import Paper, open_paper
from ocr.reading import Code, Page
from ocr.recognising import Recogniser
from ocr.syllables import looks_english


class Results(Protocol):
    """Where results go while they arise."""

    def page(self, of: int, preview: bytes, thumbnail: bytes, page: dict[str, Any]) -> None:
        """One page is done."""

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
        page, preview, thumbnail = _read_page(paper, number, recogniser, codes)
        page = _cut(page, min(words_left, PAGE_WORDS))
        words_left -= page.words
        pages.append(page)
        results.page(paper.pages, preview, thumbnail, page.as_dict())
    results.findings(findings.find(pages, codes, kinds).findings())


def _read_page(paper: Paper, number: int, recogniser: Recogniser, codes: list[Code]) -> tuple[Page, bytes, bytes]:
    try:
        image = paper.image(number)
        preview, thumbnail = _webp(image, PREVIEW_WIDTH), _webp(image, THUMBNAIL_WIDTH)
        codes += find_codes(image, number)
        lines = paper.text(number)
        if lines:
            language = "eng" if looks_english(" ".join(line.text for line in lines)) else "vie"
            return Page(number, *image.size, "text-layer", language, lines), preview, thumbnail
        return recogniser.read(image, number), preview, thumbnail
    except (OcrError, MemoryError) as error:
        if paper.pages == 1 or (isinstance(error, ReadingFailed) and error.reason == "engine"):
            raise  # nothing is left to read
        code = error.code if isinstance(error, OcrError) else ReadingFailed.code
        return Page(number, 0, 0, "ocr", "vie", (), code), b"", b""


def _cut(page: Page, most: int) -> Page:
    """The page with its first `most` words, in whole lines: more are there to exhaust whoever holds the reading."""
    words = 0
    for place, line in enumerate(page.lines):
        words += len(line.words)
        if words > most:
            return replace(page, lines=page.lines[:place])
    return page


def _webp(image: Image.Image, width: int) -> bytes:
    """At most `width` wide and twice as high."""
    small = image.copy()
    small.thumbnail((width, width * 2))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=72, method=2)
    return out.getvalue() if out.tell() <= PREVIEW_BYTES else b""
