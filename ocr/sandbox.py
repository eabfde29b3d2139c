"""A child process with narrow limits: started, served ranges of the paper, watched, and always ended."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ocr.errors import PAPER_ERRORS, OcrError, ReadingFailed
from ocr.frames import Channel, FrameError, Header
from ocr.limits import RANGE_BYTES, Limits
from ocr.source import Source
from ocr.window import Window

# -I keeps the caller's environment and folder out of the import path, so the child is told where this package is
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from ocr.child import main; main(sys.argv[2:])"
_PACKAGE_PARENT = str(Path(__file__).resolve().parent.parent)
_PASSED_ON = ("TESSDATA_PREFIX", "LD_LIBRARY_PATH")  # where the engine's models and the interpreter's libraries lie
# one thread a process: tesseract's own threading was measured to be 6 times slower, and threads cost address space
_SINGLE = {
    "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1",
    "MALLOC_ARENA_MAX": "2",
}  # fmt: skip
_REAP_S = 5.0
_NICE = 10


class Child:
    """A running child and the conversation with it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self._process = process
        self._channel = channel
        self._window: Window | None = None

    def close(self) -> None:
        """Lets go of the memory that it shared."""
        if self._window is not None:
            self._window.close()

    def order(self, header: Header) -> None:
        with self._failing():
            self._channel.send(header)

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
            self._window.put(data)
            self._channel.send({"given": len(data)})
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_REAP_S)
            return "time" if status == -signal.SIGXCPU else "died"
        return "protocol"  # it closed its end and lives on


@contextmanager
def child(limits: Limits, scratch: Path | None = None, *, gentle: bool = False) -> Iterator[Child]:
    """Start a child, a `gentle` one to yield to all others; at the end it and everything that it started are killed."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _start(theirs.fileno(), limits, scratch)
        if gentle:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        running = Child(process, Channel(ours, time.monotonic() + limits.wall_s))
        try:
            yield running
        finally:
            running.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its own session, so the group holds only what it started
            process.wait()


def base_order(verb: str, source: Source, limits: Limits) -> Header:
    return {"do": verb, "size": source.size, "limits": asdict(limits)}


def _start(socket_number: int, limits: Limits, scratch: Path | None) -> "subprocess.Popen[bytes]":
    caps = (limits.memory_bytes, limits.cpu_s, limits.scratch_bytes, limits.open_files, os.getpid())
    arguments = [str(number) for number in (socket_number, *caps)]
    nothing = subprocess.DEVNULL  # the child's words may hold the paper's
    return subprocess.Popen(  # noqa: S603 - our own interpreter and fixed arguments
        [sys.executable, "-I", "-c", _PROGRAM, _PACKAGE_PARENT, *arguments],
        stdin=nothing, stdout=nothing, stderr=nothing, env=_environment(scratch), cwd="/",
        close_fds=True, pass_fds=(socket_number,), start_new_session=True,
    )  # fmt: skip


def _environment(scratch: Path | None) -> dict[str, str]:
    """Nothing of the server's own: its environment holds secrets."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    temporary = str(scratch) if scratch else "/nonexistent"
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": temporary, **_SINGLE, **passed_on}


def _named_error(header: Header) -> OcrError:
    """The error whose code the child gives; no text of the child's own is taken over."""
    error = PAPER_ERRORS.get(str(header["error"]))
    if error is not None:
        return error()
    reason = str(header.get("reason"))
    return ReadingFailed(reason if reason in ReadingFailed.REASONS else "protocol")
