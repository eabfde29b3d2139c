"""The two things that are asked of this package: inspect a paper, read a paper."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ocr.errors import EmptyPaper, ReadingFailed, ReadingMalformed, TooManyBytes
from ocr.frames import Header
from ocr.limits import PAGE_WORDS, PAPER_WORDS, PREVIEW_BYTES, Limits
from ocr.media import TAKEN
from ocr.reading import Page, Reading
from ocr.sandbox import base_order, child
from ocr.scratch import scratch_folder
from ocr.source import Source
from ocr.strict import Members


@dataclass(frozen=True)
class Inspection:
    """What a quick look tells: the type by content and the number of pages."""

    media_type: str
    pages: int


@dataclass(frozen=True)
class PageDone:
    """One page is read; both pictures are WebP, at most 1240 and 360 pixels wide; empty if the page failed."""

    number: int  # from 1
    pages: int
    preview: bytes
    thumbnail: bytes


def inspect(source: Source, limits: Limits) -> Inspection:
    """Open a paper in a child process and decode its images.

    Raises EmptyPaper, UnsupportedType, TruncatedPaper, PasswordProtected, BrokenPaper, TooManyPages, TooManyPixels,
    TooManyBytes, ReadingFailed; what `source` raises passes through.
    """
    _check_size(source, limits)
    with child(limits) as running:
        running.order(base_order("inspect", source, limits))
        header, _ = running.next_result(source)
    try:
        members = Members(header, {"done", "media_type", "pages"})
        return Inspection(members.one_of("media_type", TAKEN), members.whole("pages", 1, limits.pages))
    except ReadingMalformed as error:
        raise ReadingFailed("protocol") from error


def read(
    source: Source, limits: Limits, *, kinds_dir: Path | None = None, on_page: Callable[[PageDone], None]
) -> Reading:
    """Read a paper in a child process; `on_page` is called in this thread as each page is done.

    `kinds_dir` holds an operator's own kinds beside those of the package. Raises what inspect() raises, and
    KindMalformed; what `source` or `on_page` raise ends the child and passes through.
    """
    _check_size(source, limits)
    pages: list[Page] = []
    words = 0
    with scratch_folder() as scratch, child(limits, scratch) as running:
        kinds = str(kinds_dir.resolve()) if kinds_dir else None
        running.order({**base_order("read", source, limits), "scratch": str(scratch), "kinds": kinds})
        while True:
            header, body = running.next_result(source)
            try:
                if header.get("done") == "reading":
                    return _whole(pages, body)
                done = _page_done(header, body, pages, limits)
                words += pages[-1].words
                if words > PAPER_WORDS:
                    raise ReadingMalformed
            except (ReadingMalformed, ValueError, RecursionError) as error:
                raise ReadingFailed("protocol") from error
            on_page(done)


def _page_done(header: Header, body: bytes, pages: list[Page], limits: Limits) -> PageDone:
    """Check a page that the child sends, keep what was read and give out the pictures."""
    members = Members(header, {"done", "of", "preview", "thumbnail"})
    of = members.whole("of", 1, limits.pages)
    cut = members.whole("preview", 0, PREVIEW_BYTES)
    end = cut + members.whole("thumbnail", 0, PREVIEW_BYTES)
    page = Page.from_dict(json.loads(body[end:]))
    if page.number != len(pages) + 1 or page.number > of or page.words > PAGE_WORDS:
        raise ReadingMalformed
    pages.append(page)
    return PageDone(page.number, of, _webp(body[:cut]), _webp(body[cut:end]))


def _webp(picture: bytes) -> bytes:
    if picture and (picture[:4] != b"RIFF" or picture[8:12] != b"WEBP"):
        raise ReadingMalformed
    return picture


def _whole(pages: list[Page], body: bytes) -> Reading:
    if not pages:
        raise ReadingMalformed
    return Reading.from_findings(tuple(pages), json.loads(body))


def _check_size(source: Source, limits: Limits) -> None:
    if source.size == 0:
        raise EmptyPaper
    if source.size > limits.file_size:
        raise TooManyBytes
