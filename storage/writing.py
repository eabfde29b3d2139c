"""New files written through to the disk, large ones past the page cache."""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StoreFull, StoreUnavailable

BLOCK = 4 * 1024 * 1024
"""Bytes of a large file that are written at once; from, of and to whole pages, as open(2) wants it for O_DIRECT."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_DIRECT = getattr(os, "O_DIRECT", 0)  # not every system has it


@contextmanager
def store_errors() -> Iterator[None]:
    """Raises `StoreFull` or `StoreUnavailable` for an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull("no space is left for blobs") from error
        raise StoreUnavailable(f"the folder of blobs cannot be used: {os.strerror(error.errno or 0)}") from error


def write_new(path: Path, chunks: Iterable[bytes]) -> int:
    """Write a file that must not be there yet, until the disk has it: its size. Errors of `chunks` pass as they are.

    Raises `StoreFull`, `StoreUnavailable`. To fill the page cache costs several times what sealing does, and drives out
    of it what others read: whole blocks go past it where the file system can do that.
    """
    with store_errors():
        descriptor = os.open(path, _NEW_FILE, 0o600)
    try:
        file, size = _Blocks(descriptor), 0
        for chunk in chunks:
            with store_errors():
                file.append(chunk)
            size += len(chunk)
        with store_errors():
            file.end()
            os.fsync(descriptor)
        return size
    finally:
        os.close(descriptor)


class _Blocks:
    """Gathers bytes into blocks and appends these to a file. Raises OSError."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._direct, self._held = descriptor, _DIRECT, 0
        self._block = memoryview(mmap.mmap(-1, BLOCK, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))  # begins with a page

    def append(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            taken, rest = rest[: BLOCK - self._held], rest[BLOCK - self._held :]
            end = self._held + len(taken)
            self._block[self._held : end] = taken
            self._held = end
            if end == BLOCK:
                self._write(self._direct)

    def end(self) -> None:
        """Append what is no whole block."""
        self._write(0)

    def _write(self, direct: int) -> None:
        rest = self._block[: self._held]
        while rest:
            try:
                fcntl.fcntl(self._descriptor, fcntl.F_SETFL, direct)  # has no other flag that could be set
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError as error:
                if error.errno != errno.EINVAL or not direct:
                    raise
                self._direct = direct = 0  # neither this file system nor the next block would take it
        self._held = 0
