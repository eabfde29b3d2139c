"""Names of files in an export: `CODE_YYYYMMDD_DESC.EXT`, safe on every system (docs/formats/export.md#names)."""

import re
from collections.abc import Mapping
from datetime import date

from ocr.folding import fold

PAPERS, BIN = "papers", "bin"
MANIFEST, INDEX = "docvault.json", "index.html"
CODE_CHARS = 64
DESCRIPTION_CHARS = 48
ID_DIGITS = 8
NAMELESS = "giay-to"
EXTENSIONS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/tiff": "tif",
    "image/heic": "heic",
}
"""By media type, for all that the vault takes."""


def code(kind: str, document_id: str, taken: set[str]) -> str:
    """A paper's `DocCode`: its kind and the beginning of its id, as much of it as makes the code the only one.

    Adds it to `taken`.
    """
    head = re.sub(r"[^A-Z0-9]+", "-", kind.upper()).strip("-")[: CODE_CHARS - ID_DIGITS - 1] or "OTHER"
    digits = re.sub(r"[^0-9A-Z]", "", document_id.upper())
    found = next(
        name
        for length in range(ID_DIGITS, len(digits) + ID_DIGITS)
        if (name := f"{head}-{digits[:length]}") not in taken or length >= len(digits)
    )
    taken.add(found)
    return found


def stem(doc_code: str, day: date, description: str) -> str:
    """The name without its end. Of a description the letters that every system can keep are left, in lower case."""
    plain = re.sub(r"[^a-z0-9]+", "-", fold(description)).strip("-")[:DESCRIPTION_CHARS].strip("-")
    return f"{doc_code}_{day:%Y%m%d}_{plain or NAMELESS}"


def original(folder: str, stem: str, media_type: str, number: int, newest: int) -> str:
    """Where the bytes of version `number` stand; all but the newest say which one they are."""
    return f"{folder}/{_of_version(stem, number, newest)}.{EXTENSIONS.get(media_type, 'bin')}"


def beside(folder: str, stem: str, end: str, number: int, newest: int) -> str:
    """Where something about a version stands: `end` is `txt`, `reading.json` …"""
    return f"{folder}/{_of_version(stem, number, newest)}.{end}"


def _of_version(stem: str, number: int, newest: int) -> str:
    return stem if number == newest else f"{stem}-v{number}"
