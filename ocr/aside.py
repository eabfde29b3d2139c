"""Work that a child has done by a process forked for it: beside its own, with its own time, and its own death."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from typing import NoReturn

from ocr.confine import end_with_parent, name_process
from ocr.errors import ReadingFailed

NAME = "ocr-aside"
"""How tools show such a process."""
_PIECE = 1 << 16
_ANSWER_BYTES = 1 << 25
_END = b"\n\0"  # of an answer that is whole


class Aside:
    """`work` runs at once, in a copy of this process with the same limits; nothing is left of it but its answer."""

    def __init__(self, work: Callable[[], bytes]) -> None:
        self._answer, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _do(work, theirs)
        os.close(theirs)

    def result(self, within_s: float | None = None) -> bytes:
        """Waits for it, and ends the process. Raises ReadingFailed when it takes longer, or ended without an answer."""
        try:
            return self._received(None if within_s is None else time.monotonic() + within_s)
        finally:
            self.end()

    def end(self) -> None:
        os.close(self._answer)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _received(self, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < _ANSWER_BYTES:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._answer], [], [], left)[0]:
                raise ReadingFailed("time")
            piece = os.read(self._answer, _PIECE)
            if not piece:
                break
            data += piece
        if not data.endswith(_END):
            raise ReadingFailed("died")
        return bytes(data[: -len(_END)])


def _do(work: Callable[[], bytes], answer: int) -> NoReturn:
    """What goes wrong here is told by an answer that does not come."""
    try:
        end_with_parent()
        name_process(NAME)
        with os.fdopen(answer, "wb") as out:
            out.write(work() + _END)
    finally:
        os._exit(0)
