"""Small files that say very much: a few kilobytes must not become gigabytes or minutes in the server."""

import time
import zlib

import ocr
from ocr import BytesSource, Limits
from ocr.bounds import bounded
from ocr.findings import fields_of
from ocr.kinds import load_kinds
from ocr.limits import PAGE_WORDS, PAPER_WORDS
from ocr.reading import Line, Page, Word

BOX = (0.1, 0.1, 0.9, 0.11)


def pdf(pages: int, lines: int, text: str) -> bytes:
    """All pages share one compressed stream of `lines` lines."""
    said = f"BT /F1 1 Tf 1 TL 10 1990 Td {f'({text}) Tj T* ' * lines}ET".encode()
    stream = zlib.compress(said, 9)
    kids = " ".join(f"{5 + n} 0 R" for n in range(pages))
    resources = b"/Resources << /Font << /F1 3 0 R >> >>"
    shown = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 2000 2000] /Contents 4 0 R %s >>" % resources
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        *[shown] * pages,
    ]
    out = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(objects, 1))
    return out + b"trailer << /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (len(objects) + 1)


def test_pages_that_repeat_a_wall_of_words_are_kept_within_bounds() -> None:
    bomb = pdf(2, 600, " ".join(["ab"] * 70))
    assert len(bomb) < 4096
    reading = ocr.read(BytesSource(bomb), Limits(wall_s=120), on_page=lambda _: None)
    assert [0 < page.words <= PAGE_WORDS for page in reading.pages] == [True, True]


def test_no_number_of_pages_holds_more_words_than_a_paper_may() -> None:
    page = _page(["ab cd"] * 2000)
    left, kept = PAPER_WORDS, []
    for _ in range(100):
        kept.append(bounded(page, min(left, PAGE_WORDS)))
        left -= kept[-1].words
    assert sum(one.words for one in kept) == PAPER_WORDS


def test_naming_another_kind_for_a_page_full_of_labels_takes_no_minutes() -> None:
    kind = load_kinds()["birth-certificate"]
    pages = [_page(["Họ, chữ đệm, tên"] * 5000)] * 3 + [_page(["ngay 1 1 " * 2200])] * 3
    begun = time.monotonic()
    fields_of(kind, pages, [])
    assert time.monotonic() - begun < 10


def _page(texts: list[str]) -> Page:
    lines = tuple(Line(text, BOX, 1.0, tuple(Word(word, BOX, 1.0) for word in text.split())) for text in texts)
    return Page(1, 2000, 2000, "text-layer", "vie", lines)
