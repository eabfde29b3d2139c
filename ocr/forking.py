"""Children by way of a nursery (ocr.nursery), which begins with the first of them."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from ocr.confine import Confines

MOST_CHILDREN = 200
"""That come from one nursery. They all have code and libraries at the same addresses, which a decoder that was taken
over might learn for the next one."""

# -I keeps the caller's environment and folder out of the import path, so the nursery is told where this package is
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from ocr.nursery import main; main(int(sys.argv[2]))"
_PACKAGE_PARENT = str(Path(__file__).resolve().parent.parent)
_PASSED_ON = ("TESSDATA_PREFIX", "LD_LIBRARY_PATH")  # where the engine's models and the interpreter's libraries lie
# one thread a process: tesseract's own threading was measured to be 6 times slower, and threads cost address space
_SINGLE = {
    "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1",
    "OPENCV_FOR_THREADS_NUM": "1", "MALLOC_ARENA_MAX": "2",
}  # fmt: skip
_LEAVES_WITHIN_S = 5.0


class Forked:
    """A child of this process's nursery. It is killed, with all that it started, as soon as this process ends."""

    def __init__(self, tie: socket.socket) -> None:
        self._tie = tie

    def wait(self, timeout: float | None = None) -> int | None:
        """How it has ended, as `subprocess.Popen.wait` tells it; None: with its nursery. Raises TimeoutError."""
        self._tie.settimeout(timeout)
        status = self._tie.recv(16)
        return int(status) if status else None

    def end(self) -> None:
        """Kill it and all that it started, and wait until it is gone."""
        with self._tie, suppress(OSError):
            self._tie.shutdown(socket.SHUT_WR)
            self.wait()


def fork(paper: socket.socket, confines: Confines, *, reads: bool = False) -> Forked:
    """A child with `paper` for its end of the conversation; `reads`: it will recognise text. Raises OSError."""
    tie, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            _nurseries.fork(json.dumps([reads, *astuple(confines)]).encode(), [paper.fileno(), theirs.fileno()])
        except BaseException:
            tie.close()
            raise
    return Forked(tie)


class _Nursery:
    """This end of one."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment, self.left = environment, MOST_CHILDREN
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        nothing = subprocess.DEVNULL  # its children's words may hold a paper's
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed arguments
                [sys.executable, "-I", "-c", _PROGRAM, _PACKAGE_PARENT, str(theirs.fileno())],
                stdin=nothing, stdout=nothing, stderr=nothing, env=environment, cwd="/",
                close_fds=True, pass_fds=(theirs.fileno(),), start_new_session=True,
            )  # fmt: skip

    def fork(self, message: bytes, descriptors: list[int]) -> None:
        self.left -= 1
        socket.send_fds(self._control, [message], descriptors)

    def leave(self) -> None:
        """It ends with the last of its children."""
        self._control.close()

    def has_ended(self, within_s: float = 0) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)
            return True
        return False


class _Nurseries:
    """The one that is in use, and those that were left."""

    def __init__(self) -> None:
        self._lock, self._left = threading.Lock(), list[_Nursery]()
        self._used: _Nursery | None = None

    def fork(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            try:
                self._fitting().fork(message, descriptors)
            except ConnectionError:  # somebody has killed it
                self.leave()
                self._fitting().fork(message, descriptors)

    def leave(self) -> None:
        if self._used is not None:
            self._used.leave()
            self._left.append(self._used)
            self._used = None

    def end(self) -> None:
        """When the interpreter ends."""
        self.leave()
        for nursery in self._left:
            nursery.has_ended(_LEAVES_WITHIN_S)

    def _fitting(self) -> _Nursery:
        environment = _environment()
        if self._used is None or not self._used.left or self._used.environment != environment:
            self.leave()
            self._left = [nursery for nursery in self._left if not nursery.has_ended()]
            self._used = _Nursery(environment)
        return self._used


def _environment() -> dict[str, str]:
    """Nothing of the server's own: its environment holds secrets."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": "/nonexistent", **_SINGLE, **passed_on}


_nurseries = _Nurseries()
atexit.register(_nurseries.end)
