"""Reading one paper from front to back, in the child."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from PIL import Image

from ocr.cards import parse_card
from ocr.checks import disagreements
from ocr.codes import find_codes
from ocr.errors import OcrError, ReadingFailed
from ocr.fields import find_fields
from ocr.kinds import Kind, load_kinds
from ocr.limits import PREVIEW_BYTES, PREVIEW_WIDTH, THUMBNAIL_WIDTH, Limits
from ocr.papers import Paper, open_paper
from ocr.reading import SOURCES, Code, Field, Page, Reading
from ocr.recognising import Recogniser
from ocr.syllables import looks_english
from ocr.titles import name_kind

_CARD = "citizen-card"


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
    for number in range(1, paper.pages + 1):
        page, preview, thumbnail = _read_page(paper, number, recogniser, codes)
        pages.append(page)
        results.page(paper.pages, preview, thumbnail, page.as_dict())
    results.findings(_findings(pages, codes, kinds).findings())


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


def _webp(image: Image.Image, width: int) -> bytes:
    """At most `width` wide and twice as high."""
    small = image.copy()
    small.thumbnail((width, width * 2))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=72, method=2)
    return out.getvalue() if out.tell() <= PREVIEW_BYTES else b""


def _findings(pages: list[Page], codes: list[Code], kinds: Mapping[str, Kind]) -> Reading:
    named = max((name_kind(page.lines, kinds) for page in pages), key=lambda named: named.confidence)
    card = next((fields for code in codes if (fields := _card_fields(code))), [])
    kind_code, confidence = named.kind, named.confidence
    if card and kind_code not in kinds:
        kind_code, confidence = _CARD, 0.95
    fields = list(card) if kind_code == _CARD else []
    if kind := kinds.get(kind_code):
        for page in pages:
            fields += find_fields(kind, page)
        order = [spec.name for spec in kind.fields]
        fields = _best_per_source(fields)
        fields.sort(key=lambda item: (order.index(item.name) if item.name in order else 99, SOURCES.index(item.source)))
    return Reading(
        (), kind_code, confidence, named.title, tuple(fields), tuple(codes), disagreements(kind_code, fields)
    )


def _card_fields(code: Code) -> list[Field]:
    parsed = parse_card(code.text)
    return [Field(name, value, raw, "qr", 1.0, code.page, code.box) for name, (value, raw) in parsed.items()]


def _best_per_source(fields: list[Field]) -> list[Field]:
    """Of each name and source the surest; on a tie the first."""
    found: dict[tuple[str, str], Field] = {}
    for item in sorted(fields, key=lambda item: -item.confidence):
        found.setdefault((item.name, item.source), item)
    return list(found.values())
