"""Memory that a child shares with its parent, through which the paper passes range by range."""

import fcntl
import mmap
import os
import socket
from typing import Self

from ocr.limits import RANGE_BYTES

_SIZE = 2 * RANGE_BYTES
_SEALS = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Window:
    """Memory without a name (memfd_create(2)) for two ranges, whose size nobody can change any more.

    What a socket holds is a fifth of a range, so that both sides would wait for each other with every range; here the
    child decodes one range while the next is put beside it. The parent writes into it and never reads from it: what the
    child puts there means nothing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._next = descriptor, 0

    @classmethod
    def make(cls) -> Self:
        """Raises OSError."""
        window = cls(os.memfd_create("range", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
        try:
            os.ftruncate(window._descriptor, _SIZE)
            fcntl.fcntl(window._descriptor, fcntl.F_ADD_SEALS, _SEALS)
        except OSError:
            window.close()
            raise
        return window

    @classmethod
    def received(cls, sock: socket.socket) -> Self:
        """From the other side, which hands it over just now. Raises OSError, EOFError."""
        _, descriptors, _, _ = socket.recv_fds(sock, 1, 1)
        if not descriptors:
            raise EOFError
        return cls(descriptors[0])

    def hand_over(self, sock: socket.socket) -> None:
        """Raises OSError."""
        socket.send_fds(sock, [b"\0"], [self._descriptor])

    def put(self, data: bytes) -> int:
        """At most `RANGE_BYTES`, where the last but one was: where that is. Raises OSError."""
        at, self._next = self._next, RANGE_BYTES - self._next
        if os.pwrite(self._descriptor, data, at) != len(data):
            raise OSError("the window does not hold it")
        return at

    def view(self) -> memoryview:
        """All of it, as it changes. Raises OSError."""
        return memoryview(mmap.mmap(self._descriptor, _SIZE, prot=mmap.PROT_READ))

    def close(self) -> None:
        os.close(self._descriptor)
