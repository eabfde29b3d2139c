"""One way to open every type of paper."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from PIL import Image

from ocr.errors import EmptyPaper, UnsupportedType
from ocr.limits import Limits
from ocr.media import HEAD_BYTES, sniff
from ocr.reading import Line
from ocr.scans import Scan


class Paper(Protocol):
    """An open paper. Pages count from 1; every method may raise an OcrError."""

    media_type: str
    pages: int

    def check(self) -> None:
        """Decode or load every page."""

    def text(self, number: int) -> tuple[Line, ...]:
        """The page's own text layer, empty if there is none worth having."""

    def first(self) -> Image.Image:
        """Page 1 in RGB, upright, soon: no larger than a preview needs, where that is quicker."""

    def image(self, number: int) -> Image.Image:
        """The page in RGB, upright, of as many pixels as recognition needs."""

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of the upright page in pixels, at its best."""

    def points(self, number: int) -> tuple[float, float] | None:
        """Width and height of the upright page in points of 1/72 inch; None where nothing tells."""

    def scan(self, number: int) -> Scan | None:
        """The picture that is all there is to see of the page; None for a page that must be drawn."""

    def strips(self, number: int, rows: int) -> Iterator[Image.Image]:
        """The upright page of that size, from the top, in strips of so many rows (the last may have fewer)."""


def open_paper(file: BinaryIO, limits: Limits) -> Paper:
    """Raises OcrError."""
    head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyPaper
    media_type = sniff(head)
    if media_type is None:
        raise UnsupportedType
    file.seek(0)
    if media_type == "application/pdf":
        from ocr.pdfs import Pdf  # each decoder is loaded only for its own papers

        return Pdf(file, limits)
    from ocr.pictures import Pictures

    return Pictures(file, media_type, limits)
