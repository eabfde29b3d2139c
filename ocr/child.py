"""The child process: it confines itself, then opens and reads one paper for its parent (ocr.sandbox)."""

import contextlib
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from ocr.confine import confine
from ocr.errors import OcrError, ReadingFailed
from ocr.fence import fence
from ocr.frames import Channel, Header
from ocr.limits import Limits
from ocr.remote import open_remote


def main(arguments: list[str]) -> None:
    """`arguments`: number of the socket, bytes of memory, CPU seconds, bytes of a file, open files, parent's pid."""
    socket_number, memory, cpu_s, file_bytes, open_files, parent = (int(number) for number in arguments)
    confine(memory, cpu_s, file_bytes, open_files, parent)
    channel = Channel(socket.socket(fileno=socket_number))
    # the parent may be gone, or the memory for a last word: it sees the end of the stream then
    with contextlib.suppress(OSError, EOFError, MemoryError):
        _answer(channel)
    os._exit(0)  # nothing here is worth the destructors of half-opened papers


def _answer(channel: Channel) -> None:
    try:
        order, _ = channel.receive()
        _obey(order, channel)
    except MemoryError:
        channel.send({"error": ReadingFailed.code, "reason": "memory"})
    except ReadingFailed as error:
        channel.send({"error": error.code, "reason": error.reason})
    except OcrError as error:
        channel.send({"error": error.code})


def _obey(order: Header, channel: Channel) -> None:
    limits = Limits(**order["limits"])
    scratch, kinds = (Path(order[name]) if order.get(name) else None for name in ("scratch", "kinds"))
    own = [kinds, *(file.resolve() for file in kinds.glob("*.yaml"))] if kinds else []  # they may be links
    fence(own, [scratch] if scratch else [])
    file = open_remote(channel, order["size"])
    if scratch is None:
        from ocr.papers import open_paper  # imported late, so that the limits hold already

        paper = open_paper(file, limits)
        paper.check()
        channel.send({"done": "inspection", "media_type": paper.media_type, "pages": paper.pages})
        return
    tempfile.tempdir = str(scratch)
    from ocr.reader import read_paper

    read_paper(file, limits, scratch, kinds, _Sender(channel))


class _Sender:
    """Results on their way to the parent."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def page(self, of: int, preview: bytes, thumbnail: bytes, page: dict[str, Any]) -> None:
        body = preview + thumbnail + _json(page)
        self._channel.send({"done": "page", "of": of, "preview": len(preview), "thumbnail": len(thumbnail)}, body)

    def findings(self, findings: dict[str, Any]) -> None:
        self._channel.send({"done": "reading"}, _json(findings))


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
