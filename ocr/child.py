"""The child process: it confines itself, then opens, reads or cuts one paper for its parent (ocr.sandbox)."""

import contextlib
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from ocr.confine import Confines, confine, name_process
from ocr.errors import EmptyPaper, OcrError, ReadingFailed
from ocr.fence import fence
from ocr.frames import Channel, Header
from ocr.limits import PIECE_BYTES, Limits
from ocr.remote import Ranges, open_remote

if TYPE_CHECKING:
    from PIL import Image

    from ocr.leaves import Packed
    from ocr.papers import Paper
    from ocr.pyramid import Place


def main(socket_number: int, confines: Confines, parent: int) -> NoReturn:
    """`parent`: the pid of the process that this one was forked from."""
    confine(confines, parent)
    name_process("ocr-child")
    channel = Ranges(socket.socket(fileno=socket_number))
    # the parent may be gone, or the memory for a last word: it sees the end of the stream then
    with contextlib.suppress(OSError, EOFError, MemoryError):
        _answer(channel)
    os._exit(0)  # nothing here is worth the destructors of half-opened papers


def _answer(channel: Ranges) -> None:
    try:
        order, more = channel.receive()
        _obey(order, more, channel)
    except MemoryError:
        channel.send({"error": ReadingFailed.code, "reason": "memory"})
    except ReadingFailed as error:
        channel.send({"error": error.code, "reason": error.reason})
    except OcrError as error:
        channel.send({"error": error.code})


def _obey(order: Header, more: bytes, channel: Ranges) -> None:
    limits = Limits(**order["limits"])
    scratch, kinds = (Path(order[name]) if order.get(name) else None for name in ("scratch", "kinds"))
    own = [kinds, *(file.resolve() for file in kinds.glob("*.yaml"))] if kinds else []  # they may be links
    fence(own, [scratch] if scratch else [])
    file, sender = open_remote(channel, order["size"]), _Sender(channel)
    if scratch is not None:
        os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
        from ocr.reader import read_paper

        read_paper(file, limits, scratch, kinds, sender, order["cores"])
    elif order["do"] == "cut":
        _cut(file, limits, order["page"], sender)
    elif order["do"] == "leaves":
        _leaves(file, limits, order["size"], json.loads(more), sender)
    else:
        _inspect(file, limits, sender)


def _inspect(file: BinaryIO, limits: Limits, sender: "_Sender") -> None:
    """What the paper is, and then the picture of its first page, without which it may be taken all the same."""
    from ocr import cutting
    from ocr.papers import open_paper
    from ocr.previews import previews

    paper = open_paper(file, limits)
    paper.check()
    sender.inspection(paper.media_type, paper.pages, cutting.sheets(paper))
    try:
        first = paper.first()
        sender.first(*previews(first), _quality(paper, first))
    except (OcrError, MemoryError):
        sender.first(b"", b"", ())


def _quality(paper: "Paper", first: "Image.Image") -> tuple[str, ...]:
    """Of a photograph; a drawn page has none, and a scanner's pages of one file are no single photograph."""
    if not paper.media_type.startswith("image/") or paper.pages > 1:
        return ()
    import cv2
    import numpy as np

    from ocr.advice import advice
    from ocr.quality import measure

    try:
        return advice(measure(np.asarray(first), paper.size(1)[0] / first.width))
    except (MemoryError, cv2.error):  # that is how it says so, too
        return ()


def _cut(file: BinaryIO, limits: Limits, number: int, sender: "_Sender") -> None:
    from ocr import cutting
    from ocr.papers import open_paper

    paper = open_paper(file, limits)
    if not 1 <= number <= paper.pages:
        raise EmptyPaper
    sender.sheet(*paper.size(number))
    for place, tile in cutting.cut(paper, number):
        sender.tile(place, tile)


def _leaves(file: BinaryIO, limits: Limits, size: int, lies: list[Any], sender: "_Sender") -> None:
    """`lies` is for each page its corners and its shape, or None."""
    from ocr import leaves
    from ocr.lying import Lie
    from ocr.papers import open_paper

    paper = open_paper(file, limits)
    sender.leaves(paper.pages)
    for points, picture in leaves.leaves(paper, size, [lie and Lie(*lie) for lie in lies]):
        sender.leaf(points, picture)


class _Sender:
    """Results on their way to the parent."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def inspection(self, media_type: str, pages: int, sheets: list[int]) -> None:
        self._channel.send({"done": "inspection", "media_type": media_type, "pages": pages, "sheets": sheets})

    def first(self, preview: bytes, thumbnail: bytes, quality: tuple[str, ...]) -> None:
        header = {"done": "first", "preview": len(preview), "quality": quality}
        self._channel.send(header, preview + thumbnail)

    def picture(self, of: int, preview: bytes, thumbnail: bytes) -> None:
        self._channel.send({"done": "picture", "of": of, "preview": len(preview)}, preview + thumbnail)

    def page(self, of: int, page: dict[str, Any]) -> None:
        self._channel.send({"done": "page", "of": of}, _json(page))

    def sheet(self, width: int, height: int) -> None:
        self._channel.send({"done": "sheet", "width": width, "height": height})

    def tile(self, place: "Place", tile: bytes) -> None:
        self._channel.send({"done": "tile", "level": place.level, "column": place.column, "row": place.row}, tile)

    def leaves(self, pages: int) -> None:
        self._channel.send({"done": "leaves", "pages": pages})

    def leaf(self, points: tuple[float, float], picture: "Packed | None") -> None:
        """What the page is like, and then its bytes, unless they lie in the paper."""
        about = {"done": "leaf", "points": [round(side * 1000) for side in points]}
        if picture is None:
            self._channel.send({**about, "form": "none"})
            return
        offset, size = picture.place or (None, len(picture.data))
        self._channel.send(
            {
                **about, "form": picture.form, "width": picture.size[0], "height": picture.size[1],
                "colours": picture.colours, "orientation": picture.orientation, "offset": offset, "size": size,
                "flat": picture.flat,
            }
        )  # fmt: skip
        for at in range(0, len(picture.data), PIECE_BYTES):
            self._channel.send({"done": "piece"}, picture.data[at : at + PIECE_BYTES])

    def findings(self, findings: dict[str, Any]) -> None:
        self._channel.send({"done": "reading"}, _json(findings))


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
