"""A child process with narrow limits: started, served ranges of the paper, watched, and always ended."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from ocr.confine import Confines
from ocr.errors import PAPER_ERRORS, OcrError, ReadingFailed
from ocr.forking import Forked, fork
from ocr.frames import Channel, FrameError, Header
from ocr.limits import RANGE_BYTES, Limits
from ocr.source import Source
from ocr.window import Window

_REAP_S = 5.0
_NICE = 10


class Child:
    """A running child and the conversation with it."""

    def __init__(self, process: Forked, channel: Channel) -> None:
        self._process = process
        self._channel = channel
        self._window: Window | None = None

    def close(self) -> None:
        """Lets go of the memory that it shared."""
        if self._window is not None:
            self._window.close()

    def order(self, header: Header, body: bytes = b"") -> None:
        with self._failing():
            self._channel.send(header, body)

    def hurry(self, seconds: float) -> None:
        """From now on the child has no more than that."""
        self._channel.hurry(seconds)

    def next_result(self, source: Source) -> tuple[Header, bytes]:
        """Serve ranges of `source` until the child sends a result; its bodies are as yet unchecked.

        Raises the OcrError that the child names, ReadingFailed when it dies, is late or breaks the rules.
        """
        while True:
            with self._failing():
                header, body = self._channel.receive()
            if header.get("ask") == "range":
                self._serve(header, source)
            elif "error" in header:
                raise _named_error(header)
            else:
                return header, body

    def _serve(self, header: Header, source: Source) -> None:
        offset, length = header.get("offset"), header.get("length")
        if type(offset) is not int or type(length) is not int or not 0 <= offset < source.size or length < 1:
            raise ReadingFailed("protocol")
        data = source.read_at(offset, min(length, RANGE_BYTES, source.size - offset))
        with self._failing():
            self._give(data)

    def _give(self, data: bytes) -> None:
        """Through the window, which the child gets behind the first answer."""
        if self._window is not None:
            self._channel.send({"at": self._window.put(data), "given": len(data)})
            return
        self._window = Window.make()
        self._give(data)
        self._window.hand_over(self._channel.socket)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise ReadingFailed("time") from error
        except FrameError as error:
            raise ReadingFailed("protocol") from error
        except (EOFError, OSError) as error:
            raise ReadingFailed(self._reason_of_death()) from error

    def _reason_of_death(self) -> str:
        with contextlib.suppress(TimeoutError):
            status = self._process.wait(_REAP_S)
            return "time" if status == -signal.SIGXCPU else "died"
        return "protocol"  # it closed its end and lives on


@contextmanager
def child(limits: Limits, *, gentle: bool = False, reads: bool = False) -> Iterator[Child]:
    """Start a child, a `gentle` one to yield to all others, one that `reads` with the engine at hand; at the end it and
    everything that it started are killed.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = fork(theirs, _confines(limits, gentle=gentle), reads=reads)
        running = Child(process, Channel(ours, time.monotonic() + limits.wall_s))
        try:
            yield running
        finally:
            running.close()
            process.end()


def _confines(limits: Limits, *, gentle: bool) -> Confines:
    nice = _NICE if gentle else 0
    return Confines(limits.memory_bytes, limits.cpu_s, limits.scratch_bytes, limits.open_files, nice)


def base_order(verb: str, source: Source, limits: Limits) -> Header:
    return {"do": verb, "size": source.size, "limits": asdict(limits)}


def _named_error(header: Header) -> OcrError:
    """The error whose code the child gives; no text of the child's own is taken over."""
    error = PAPER_ERRORS.get(str(header["error"]))
    if error is not None:
        return error()
    reason = str(header.get("reason"))
    return ReadingFailed(reason if reason in ReadingFailed.REASONS else "protocol")
