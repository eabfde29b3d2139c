"""What is asked of this package: inspect a paper, read a paper, cut a page of it into tiles."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr.advice import ADVICE
from ocr.cores import cores
from ocr.errors import EmptyPaper, OcrError, ReadingFailed, ReadingMalformed, TooManyBytes
from ocr.frames import Header
from ocr.limits import FIRST_PAGE_S, PAGE_PICTURES, PAGE_WORDS, PAPER_WORDS, PREVIEW_BYTES, TILE_BYTES, Limits
from ocr.media import TAKEN
from ocr.pyramid import SIDE_MOST, Place, Pyramid
from ocr.reading import Page, Reading
from ocr.sandbox import Child, base_order, child
from ocr.scratch import scratch_folder
from ocr.source import Source
from ocr.strict import Members


@dataclass(frozen=True)
class Inspection:
    """What a quick look tells: the type by content, the number of pages, and which pages are worth tiles.

    `preview` and `thumbnail` show page 1, as in PageDone; empty if that could not be made soon. `quality` says what is
    wrong with a photograph, as codes (ocr.advice.ADVICE).
    """

    media_type: str
    pages: int
    sheets: tuple[int, ...] = ()
    preview: bytes = field(default=b"", compare=False, repr=False)
    thumbnail: bytes = field(default=b"", compare=False, repr=False)
    quality: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageDone:
    """One page can be shown, or is read; both pictures are WebP, at most 1240 and 360 px wide; empty if it failed."""

    number: int  # from 1
    pages: int
    preview: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)


@dataclass(frozen=True)
class Sheet:
    """One page while it is cut: `tiles` gives each of the pyramid's tiles once, as JPEG, in no order."""

    pyramid: Pyramid
    tiles: Iterator[tuple[Place, bytes]]


def inspect(source: Source, limits: Limits, *, gentle: bool = False) -> Inspection:
    """Open a paper in a child process, a `gentle` one to yield to all others, and decode its images.

    Raises EmptyPaper, UnsupportedType, TruncatedPaper, PasswordProtected, BrokenPaper, TooManyPages, TooManyPixels,
    TooManyBytes, ReadingFailed; what `source` raises passes through.
    """
    check_size(source, limits)
    with child(limits, gentle=gentle) as running:
        running.order(base_order("inspect", source, limits))
        header, _ = running.next_result(source)
        try:
            found = _inspection(header, limits)
        except ReadingMalformed as error:
            raise ReadingFailed("protocol") from error
        running.hurry(FIRST_PAGE_S)
        try:
            header, body = running.next_result(source)
            quality = _quality(header.pop("quality", None))
            preview, thumbnail = _pictures(header, body, "first")
        except (OcrError, ReadingMalformed):  # it was found to be good: it will be shown when it is read
            return found
    return replace(found, preview=preview, thumbnail=thumbnail, quality=quality)


def read(
    source: Source,
    limits: Limits,
    *,
    kinds_dir: Path | None = None,
    on_page: Callable[[PageDone], None],
    on_picture: Callable[[PageDone], None] | None = None,
) -> Reading:
    """Read a paper in a child process; in this thread `on_picture` is called when a page can be shown, `on_page` when
    it is read.

    `kinds_dir` holds an operator's own kinds beside those of the package. Raises what inspect() raises, and
    KindMalformed; what `source`, `on_page` or `on_picture` raise ends the child and passes through.
    """
    check_size(source, limits)
    with scratch_folder() as scratch, cores() as at_once, child(limits, reads=True) as running:
        kinds = str(kinds_dir.resolve()) if kinds_dir else None
        more = {"scratch": str(scratch), "kinds": kinds, "cores": at_once}
        running.order({**base_order("read", source, limits), **more})
        taken = _Taken(limits)
        while True:
            header, body = running.next_result(source)
            try:
                if header.get("done") == "reading":
                    return taken.whole(body)
                done, is_read = taken.page(header, body)
            except (ReadingMalformed, ValueError, RecursionError) as error:
                raise ReadingFailed("protocol") from error
            if is_read:
                on_page(done)
            elif on_picture is not None:
                on_picture(done)


@contextmanager
def cut(source: Source, limits: Limits, number: int) -> Iterator[Sheet]:
    """Cut page `number` (from 1) into tiles in a child process, which ends with the block.

    Raises what inspect() raises, here and while the tiles are taken; what `source` raises passes through.
    """
    check_size(source, limits)
    with child(limits, gentle=True) as running:
        running.order({**base_order("cut", source, limits), "page": number})
        header, _ = running.next_result(source)
        try:
            members = Members(header, {"done", "width", "height"})
            pyramid = Pyramid(members.whole("width", 1, SIDE_MOST), members.whole("height", 1, SIDE_MOST))
        except ReadingMalformed as error:
            raise ReadingFailed("protocol") from error
        yield Sheet(pyramid, _tiles(running, source, pyramid))


def _tiles(running: Child, source: Source, pyramid: Pyramid) -> Iterator[tuple[Place, bytes]]:
    """Each place once, whatever the child says."""
    missing = set(range(pyramid.tiles))
    while missing:
        header, tile = running.next_result(source)
        try:
            members = Members(header, {"done", "level", "column", "row"})
            place = Place(*(members.whole(name, 0, SIDE_MOST) for name in ("level", "column", "row")))
            if len(tile) > TILE_BYTES or tile[:3] != b"\xff\xd8\xff":
                raise ReadingMalformed
            missing.remove(pyramid.number(place))
        except (ReadingMalformed, ValueError, KeyError) as error:
            raise ReadingFailed("protocol") from error
        yield place, tile


def _inspection(header: Header, limits: Limits) -> Inspection:
    members = Members(header, {"done", "media_type", "pages", "sheets"})
    pages = members.whole("pages", 1, limits.pages)
    sheets = members.items("sheets", pages)
    if any(type(number) is not int or not 1 <= number <= pages for number in sheets):
        raise ReadingMalformed
    return Inspection(members.one_of("media_type", TAKEN), pages, tuple(sorted(set(sheets))))


def _quality(told: object) -> tuple[str, ...]:
    """Codes that are known, each once, in their order."""
    if not isinstance(told, list) or not all(code in ADVICE for code in told):
        raise ReadingMalformed
    return tuple(code for code in ADVICE if code in told)


class _Taken:
    """What the child has sent of a paper so far, checked."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pages: list[Page] = []
        self._shown: PageDone | None = None
        self._pictures = 0
        self._words = 0

    def page(self, header: Header, body: bytes) -> tuple[PageDone, bool]:
        """The picture of the next page, once more if it was upside down, and then its text: whether it is read."""
        of = header.get("of")
        if type(of) is not int or not len(self._pages) < of <= self._limits.pages:
            raise ReadingMalformed
        number = len(self._pages) + 1
        again = header.get("done") == "picture" and self._pictures < PAGE_PICTURES
        if self._shown is None or again:
            self._pictures += 1
            pictures = _pictures({name: header[name] for name in header if name != "of"}, body, "picture")
            self._shown = PageDone(number, of, *pictures)
            return self._shown, False
        page = Page.from_dict(json.loads(body))
        self._words += page.words
        wrong = page.number != number or page.words > PAGE_WORDS or self._words > PAPER_WORDS
        if header.get("done") != "page" or wrong:
            raise ReadingMalformed
        self._pages.append(page)
        shown, self._shown, self._pictures = self._shown, None, 0
        return shown, True

    def whole(self, body: bytes) -> Reading:
        if not self._pages or self._shown is not None:
            raise ReadingMalformed
        return Reading.from_findings(tuple(self._pages), json.loads(body))


def _pictures(header: Header, body: bytes, done: str) -> tuple[bytes, bytes]:
    members = Members(header, {"done", "preview"})
    members.one_of("done", (done,))
    at = members.whole("preview", 0, min(PREVIEW_BYTES, len(body)))
    if len(body) - at > PREVIEW_BYTES:
        raise ReadingMalformed
    return _webp(body[:at]), _webp(body[at:])


def _webp(picture: bytes) -> bytes:
    if picture and (picture[:4] != b"RIFF" or picture[8:12] != b"WEBP"):
        raise ReadingMalformed
    return picture


def check_size(source: Source, limits: Limits) -> None:
    """Raises EmptyPaper, TooManyBytes."""
    if source.size == 0:
        raise EmptyPaper
    if source.size > limits.file_size:
        raise TooManyBytes
