"""Frames between parent and child: two lengths (32 bits, big-endian), a JSON header, a binary body; all bounded."""

import json
import socket
import struct
import time
from typing import Any

from ocr.limits import BODY_BYTES, HEADER_BYTES

_LENGTHS = struct.Struct(">II")
Header = dict[str, Any]


class FrameError(Exception):
    """The other side sent something that is no frame, or too large a one."""


class Channel:
    """One end of a socket pair; `deadline` is a time.monotonic() after which TimeoutError is raised."""

    def __init__(self, sock: socket.socket, deadline: float | None = None) -> None:
        self.socket = sock
        self._deadline = deadline

    def hurry(self, seconds: float) -> None:
        """An earlier deadline, so many seconds from now."""
        soon = time.monotonic() + seconds
        self._deadline = soon if self._deadline is None else min(self._deadline, soon)

    def send(self, header: Header, body: bytes = b"") -> None:
        """Raises FrameError for a frame that is too large, OSError when the other side is gone."""
        head = json.dumps(header, separators=(",", ":")).encode()
        if len(head) > HEADER_BYTES or len(body) > BODY_BYTES:
            raise FrameError
        self._arm()
        self.socket.sendall(_LENGTHS.pack(len(head), len(body)) + head + body)

    def receive(self) -> tuple[Header, bytes]:
        """Raises FrameError, EOFError when the other side is gone, TimeoutError after the deadline."""
        head_length, body_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size))
        if head_length > HEADER_BYTES or body_length > BODY_BYTES:
            raise FrameError
        head, body = self._exactly(head_length), self._exactly(body_length)
        try:
            header = json.loads(head)
        except (ValueError, RecursionError) as error:
            raise FrameError from error
        if not isinstance(header, dict):
            raise FrameError
        return header, body

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._arm()
            part = self.socket.recv(min(length - len(data), 1 << 18))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _arm(self) -> None:
        if self._deadline is None:
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
