"""Searchable copies for tests, and other programs that look at them."""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ocr
from ocr import About, Box, BytesSource, Limits, Line, Page, Reading, Word
from tests.needs import need_program

LINES = (
    (("CỘNG", (0.2, 0.1, 0.3, 0.13)), ("HÒA", (0.31, 0.1, 0.38, 0.13)), ("XÃ", (0.39, 0.1, 0.44, 0.13))),
    (("Nguyễn", (0.1, 0.3, 0.25, 0.33)), ("Văn", (0.26, 0.305, 0.33, 0.33)), ("Ân", (0.34, 0.3, 0.4, 0.33))),
    (("Số:", (0.1, 0.5, 0.15, 0.52)), ("160/2024", (0.152, 0.5, 0.3, 0.52)), ("đường", (0.31, 0.5, 0.41, 0.52))),
)
ABOUT = About(
    "Giấy khai sinh của Ân",
    datetime(2026, 3, 14, 2, 30, tzinfo=UTC),
    {
        "DocCode": "BIRTH-CERTIFICATE-1E7C2F90", "TypeName": "Giấy khai sinh", "CodeNumber": "160",
        "CodeNotation": "UBND-GKS", "IssuedDate": "2002-12-11", "OrganName": "UBND phường Hải Châu <1> & đội 2",
        "Subject": "Giấy khai sinh của Ân",
    },
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A word as another program finds it: its page from 1, and its box as fractions of it."""

    page: int
    text: str
    box: Box


def page_of(number: int, lines: tuple[tuple[tuple[str, Box], ...], ...] = LINES) -> Page:
    made = tuple(tuple(Word(text, box, 0.9) for text, box in line) for line in lines)
    told = tuple(Line(" ".join(word.text for word in words), words[0].box, 0.9, words) for words in made)
    return Page(number, 1000, 1400, "ocr", "vie", told)


def reading_of(pages: int) -> Reading:
    """The same words on each page."""
    return Reading(tuple(page_of(number) for number in range(1, pages + 1)), "birth-certificate", 1.0, "GIẤY KHAI SINH")


def copied(paper: bytes, pages: int = 1, limits: Limits | None = None, reading: Reading | None = None) -> bytes:
    return b"".join(ocr.searchable(BytesSource(paper), limits or Limits(), reading or reading_of(pages), ABOUT))


def ran(program: str, package: str, *arguments: str | Path) -> str:
    path = need_program(program, package)
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def words_in(pdf: Path) -> list[Seen]:
    """By poppler."""
    found, page, size = list[Seen](), 0, (1.0, 1.0)
    for line in ran("pdftotext", "poppler-utils", "-bbox", pdf, "-").splitlines():
        if sheet := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
            page, size = page + 1, (float(sheet[1]), float(sheet[2]))
        if word := re.search(r'xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*)</word>', line):
            x0, y0, x1, y1 = (float(word[place]) / size[1 - place % 2] for place in range(1, 5))
            found.append(Seen(page, word[5], (x0, y0, x1, y1)))
    return found
