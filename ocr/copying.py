"""A searchable copy of a paper: its pages as the child gives them, and the words that were read over them."""

import json
from collections.abc import Iterator, Sequence

from ocr.errors import ReadingFailed, ReadingMalformed
from ocr.frames import Header
from ocr.limits import LEAF_BYTES, RANGE_BYTES, Limits
from ocr.lying import Lie
from ocr.parent import check_size
from ocr.pdfa import Empty, Leaf, LengthWrong, written
from ocr.reading import Page, Reading
from ocr.sandbox import Child, base_order, child
from ocr.source import Source
from ocr.strict import Members
from ocr.xmp import About

_SIDE_MOST = 1_000_000  # pixels
_POINTS = (3_000, 14_400_000)  # thousandths
_JPEG = b"\xff\xd8\xff"
_NAMES = {"done", "points", "form", "width", "height", "colours", "orientation", "offset", "size", "flat"}


def searchable(source: Source, limits: Limits, reading: Reading, about: About) -> Iterator[bytes]:
    """A PDF/A-2b of the paper, piece by piece, while a child process decodes it; no piece of it is kept here.

    Raises what inspect() raises; what `source` raises passes through.
    """
    check_size(source, limits)
    with child(limits, gentle=True) as running:
        yield from copied(running, source, limits, reading, about)


def copied(running: Child, source: Source, limits: Limits, reading: Reading, about: About) -> Iterator[bytes]:
    """The same from a child that was started. Raises OcrError."""
    lies = [_lie(page) for page in reading.pages]
    told = json.dumps([lie and (lie.corners, lie.shape) for lie in lies]).encode()
    running.order(base_order("leaves", source, limits), told)
    try:
        count = _count(running, source, limits)
        beyond = [None] * max(0, count - len(lies))
        leaves = _leaves(running, source, [*lies, *beyond][:count])
        yield from written(leaves, [*reading.pages, *beyond][:count], about)
    except (ReadingMalformed, LengthWrong) as error:
        raise ReadingFailed("protocol") from error


def _count(running: Child, source: Source, limits: Limits) -> int:
    members = Members(running.next_result(source)[0], {"done", "pages"})
    members.one_of("done", ("leaves",))
    return members.whole("pages", 1, limits.pages)


def _lie(page: Page) -> Lie | None:
    lie = Lie(page.corners, page.height / page.width) if page.corners and page.width and page.height else None
    return lie if lie and lie.is_there else None


def _leaves(running: Child, source: Source, lies: Sequence[Lie | None]) -> Iterator[Leaf | Empty]:
    for lie in lies:
        header, _ = running.next_result(source)
        yield _empty(header) if header.get("form") == "none" else _leaf(running, source, header, lie)


def _empty(header: Header) -> Empty:
    return Empty(_points(Members(header, {"done", "points", "form"})))


def _leaf(running: Child, source: Source, header: Header, lie: Lie | None) -> Leaf:
    members = Members(header, _NAMES)
    members.one_of("done", ("leaf",))
    form, offset = members.one_of("form", ("jpeg", "deflate", "fax")), members.optional_whole("offset", 0, source.size)
    size = members.whole("size", 1, LEAF_BYTES if offset is None else source.size - offset)
    chunks = _pieces(running, source, size) if offset is None else _ranges(source, offset, size)
    flat = members.flag("flat")
    return Leaf(
        form, members.whole("width", 1, _SIDE_MOST), members.whole("height", 1, _SIDE_MOST), _colours(members),
        members.whole("orientation", 1, 8), _points(members), size, _begun(chunks) if form == "jpeg" else chunks,
        lie if lie and lie.is_turned and not flat else None,
    )  # fmt: skip


def _colours(members: Members) -> int:
    colours = members.whole("colours", 1, 3)
    if colours == 2:
        raise ReadingMalformed
    return colours


def _points(members: Members) -> tuple[float, float]:
    sides = members.items("points", 2, least=2)
    if any(type(side) is not int or not _POINTS[0] <= side <= _POINTS[1] for side in sides):
        raise ReadingMalformed
    return sides[0] / 1000, sides[1] / 1000


def _pieces(running: Child, source: Source, size: int) -> Iterator[bytes]:
    """What the child sends of one picture."""
    while size > 0:
        header, body = running.next_result(source)
        if header != {"done": "piece"} or not 0 < len(body) <= size:
            raise ReadingMalformed
        size -= len(body)
        yield body


def _ranges(source: Source, offset: int, size: int) -> Iterator[bytes]:
    """The paper's own bytes."""
    while size > 0:
        data = source.read_at(offset, min(size, RANGE_BYTES))
        offset, size = offset + len(data), size - len(data)
        yield data


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Raises ReadingMalformed unless they begin as a JPEG does."""
    for place, chunk in enumerate(chunks):
        if place == 0 and chunk[: len(_JPEG)] != _JPEG:
            raise ReadingMalformed
        yield chunk
