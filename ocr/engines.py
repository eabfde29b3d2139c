"""Which engine reads: the library where the nursery has it ready, else the program."""

from pathlib import Path

from ocr.engine import Engine, Tesseract
from ocr.library import Library, ready


def engine(scratch: Path, page_wall_s: float) -> Engine:
    """One for all pages of a paper; `page_wall_s`: seconds for one pass over a page."""
    loaded = ready()
    return Library(loaded, page_wall_s) if loaded else Tesseract(scratch, page_wall_s)
