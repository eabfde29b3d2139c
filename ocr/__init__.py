"""Reading papers: a paper goes in, a Reading comes out. Nothing here knows of keys, databases or HTTP."""

from ocr.copying import searchable
from ocr.limits import Limits
from ocr.parent import Inspection, PageDone, Sheet, cut, inspect, read
from ocr.pyramid import Place, Pyramid
from ocr.reading import Box, Code, Disagreement, Field, Line, Page, Reading, Word
from ocr.source import BytesSource, Source
from ocr.xmp import About

__all__ = [
    "About", "Box", "BytesSource", "Code", "Disagreement", "Field", "Inspection", "Limits", "Line", "Page", "PageDone",
    "Place", "Pyramid", "Reading", "Sheet", "Source", "Word", "cut", "inspect", "read", "searchable",
]  # fmt: skip
