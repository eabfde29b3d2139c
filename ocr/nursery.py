"""The process that children are forked from: a fresh interpreter would take a third of a second for each.

It has imported what they need, has no other thread, knows no secret and never touches a paper. For each child its
parent sends whether it will read text, the limits and two sockets: the child's own, and one by which the child's life
is tied to its parent's.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
from contextlib import suppress
from typing import NoReturn

from ocr.child import main as be_child
from ocr.confine import Confines, name_process
from ocr.library import prepare

NEEDED = ("ocr.cutting", "ocr.papers", "ocr.pdfs", "ocr.pictures", "ocr.previews", "ocr.quality", "ocr.streaming")
MESSAGE_MOST = 1024
PAPER = 3
"""Number of a child's only open file beside the standard ones."""


def main(control: int) -> None:
    """Until the parent has left and the last child has ended. `control`: number of the socket to be told by."""
    for name in NEEDED:
        importlib.import_module(name)
    gc.freeze()  # what is imported is shared with the children as long as nobody writes to it
    name_process("ocr-nursery")
    _Nursery(socket.socket(fileno=control)).run()


class _Nursery:
    def __init__(self, control: socket.socket) -> None:
        self._control, self._events = control, selectors.DefaultSelector()
        self._events.register(control, selectors.EVENT_READ, self._fork)
        self._pid = os.getpid()

    def run(self) -> None:
        while self._events.get_map():
            for key, _ in self._events.select():
                key.data()

    def _fork(self) -> None:
        message, files, *_ = socket.recv_fds(self._control, MESSAGE_MOST, 2)
        if not message:
            self._events.unregister(self._control)
            return
        paper, tie = files[0], socket.socket(fileno=files[1])
        reads, *confines = json.loads(message)
        if reads:
            prepare()  # now, so that whoever reads nothing has no model in memory
        try:
            pid = os.fork()
        except OSError:  # no more processes may be had: the parent sees both sockets close
            tie.close()
        else:
            if pid == 0:
                self._be_child(Confines(*confines), paper)
            self._watch(pid, tie)
        os.close(paper)

    def _be_child(self, confines: Confines, paper: int) -> NoReturn:
        try:
            os.setsid()  # its own session, so that its group holds only what it starts
            os.dup2(paper, PAPER)
            os.closerange(PAPER + 1, os.sysconf("SC_OPEN_MAX"))  # the ties of others are none of its business
            be_child(PAPER, confines, self._pid)
        finally:
            os._exit(1)

    def _watch(self, pid: int, tie: socket.socket) -> None:
        """Ends the child when its parent lets go of it, and tells how it has ended."""
        ended = os.pidfd_open(pid)

        def untied() -> None:
            if tie.fileno() >= 0:  # it is not over in this very turn
                self._events.unregister(tie)
                _kill(pid)

        def over() -> None:
            _kill(pid)  # what it has started and left behind
            self._events.unregister(ended)
            with suppress(KeyError):
                self._events.unregister(tie)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with tie, suppress(OSError):
                tie.send(str(status).encode())
            os.close(ended)

        self._events.register(tie, selectors.EVENT_READ, untied)
        self._events.register(ended, selectors.EVENT_READ, over)


def _kill(pid: int) -> None:
    """The child and its group; nobody else can have its number before it was waited for."""
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it has not come to setsid
        os.killpg(pid, signal.SIGKILL)
