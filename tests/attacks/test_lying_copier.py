"""A child that was taken over by a paper, asked for the pictures of a copy: what it says is checked, or is no copy."""

import io
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from PIL import Image

from ocr import BytesSource, Limits, Reading
from ocr.copying import copied
from ocr.errors import ReadingFailed
from ocr.frames import Channel
from ocr.limits import LEAF_BYTES
from ocr.sandbox import Child
from tests.ocr.copies import ABOUT, page_of, reading_of
from tests.ocr.sheets import saved

PAPER = b"%PDF- what is no picture " * 40 + saved(Image.new("L", (40, 50), 200), "JPEG")
PICTURE = PAPER.index(b"\xff\xd8\xff")
Frame = tuple[Mapping[str, Any], bytes]
COUNT: Frame = ({"done": "leaves", "pages": 1}, b"")


def leaf(**changes: Any) -> Frame:
    told = {
        "done": "leaf", "points": [400_000, 500_000], "form": "jpeg", "width": 40, "height": 50, "colours": 1,
        "orientation": 1, "offset": PICTURE, "size": len(PAPER) - PICTURE, "flat": False,
    }  # fmt: skip
    return {**told, **changes}, b""


def piece(data: bytes) -> Frame:
    return {"done": "piece"}, data


def said(*frames: Frame, reading: Reading | None = None) -> bytes:
    """The copy that comes of a child which says just that, and then nothing any more."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    with ours, subprocess.Popen([sys.executable, "-c", ""]) as process, theirs:
        for header, body in frames:
            Channel(theirs).send(dict(header), body)
        theirs.shutdown(socket.SHUT_WR)
        running = Child(process, Channel(ours))  # type: ignore[arg-type]  # it is waited for in the same way
        return b"".join(copied(running, BytesSource(PAPER), Limits(), reading or reading_of(1), ABOUT))


def test_an_honest_child_makes_a_copy() -> None:
    copy = said(COUNT, leaf())
    assert PAPER[PICTURE:] in copy
    with pikepdf.open(io.BytesIO(copy)) as pdf:
        assert len(pdf.pages) == 1


@pytest.mark.parametrize(
    "frames",
    [
        [({"done": "leaves", "pages": 10**6}, b"")],
        [({"done": "leaves", "pages": 0}, b"")],
        [({"done": "sheet", "pages": 1}, b"")],
        [COUNT, leaf(offset=len(PAPER) + 1)],
        [COUNT, leaf(offset=PICTURE + 1)],
        [COUNT, leaf(offset=-1)],
        [COUNT, leaf(offset=0)],
        [COUNT, leaf(offset=None, size=LEAF_BYTES + 1)],
        [COUNT, leaf(form="gif")],
        [COUNT, leaf(form=["jpeg"])],
        [COUNT, leaf(width=0)],
        [COUNT, leaf(height=10**9)],
        [COUNT, leaf(width="40 /Filter/JBIG2Decode")],
        [COUNT, leaf(colours=2)],
        [COUNT, leaf(orientation=9)],
        [COUNT, leaf(flat="no")],
        [COUNT, leaf(points=[0, 500_000])],
        [COUNT, leaf(points=[400_000, 10**9])],
        [COUNT, leaf(points=[400_000.5, 500_000])],
        [COUNT, leaf(more=1)],
        [COUNT, leaf(offset=None, size=10), piece(b"\xff\xd8\xff" + bytes(8))],
        [COUNT, leaf(offset=None, size=10), piece(b"")],
        [COUNT, leaf(offset=None, size=10), piece(b"endstream ")],
        [COUNT, leaf(offset=None, size=10), leaf()],
        [COUNT, leaf(offset=None, size=10), piece(b"\xff\xd8\xff")],
        [COUNT],
        [],
    ],
    ids=lambda frames: " ".join(str(sorted(frame[0].items()))[-30:] for frame in frames) or "silence",
)
def test_a_lying_child_makes_none(frames: list[Frame]) -> None:
    with pytest.raises(ReadingFailed):
        said(*frames)


@pytest.mark.parametrize("corners", [((0.5, 0.5),) * 4, ((0.0, 0.0), (1.0, 1.0), (1.0, 1.0), (0.0, 0.0))])
def test_a_page_that_a_lying_reading_puts_nowhere_is_shown_whole(corners: tuple[tuple[float, float], ...]) -> None:
    reading = replace(reading_of(1), pages=(replace(page_of(1), corners=corners),))
    assert said(COUNT, leaf(), reading=reading) == said(COUNT, leaf())
