"""Memory that a child shares with its parent, through which the paper passes range by range."""

import fcntl
import os
import socket
from typing import Self

from ocr.limits import RANGE_BYTES

_SEALS = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Window:
    """`RANGE_BYTES` of memory without a name (memfd_create(2)), whose size nobody can change any more.

    What a socket holds is a fifth of a range, so that both sides would wait for each other with every range. The parent
    writes into it and never reads from it: what the child puts there means nothing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._taken = memoryview(bytearray())

    @classmethod
    def make(cls) -> Self:
        """Raises OSError."""
        window = cls(os.memfd_create("range", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
        try:
            os.ftruncate(window._descriptor, RANGE_BYTES)
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

    def put(self, data: bytes) -> None:
        """At most `RANGE_BYTES`. Raises OSError."""
        if os.pwrite(self._descriptor, data, 0) != len(data):
            raise OSError("the window does not hold it")

    def take(self, length: int) -> memoryview:
        """So many bytes from its start, which hold until the next are taken. Raises OSError."""
        if not self._taken:
            self._taken = memoryview(bytearray(RANGE_BYTES))
        taken = self._taken[:length]
        if os.preadv(self._descriptor, [taken], 0) != len(taken):
            raise OSError("the window does not hold it")
        return taken

    def close(self) -> None:
        os.close(self._descriptor)
