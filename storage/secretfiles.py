"""Small files that hold a secret: a root key, a PIN. What others can read is refused."""

import os
import stat
from pathlib import Path

from storage.errors import KeyUnusable

LONGEST = 256


def read_secret(path: Path, what: str) -> bytes:
    """At most the first 256 bytes of the file. Raises `KeyUnusable` for a shared or odd file, `FileNotFoundError`."""
    try:
        return _read(path, what)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyUnusable(f"The {what} file {path} cannot be read: {error.strerror}.") from None


def _read(path: Path, what: str) -> bytes:
    # Without O_NONBLOCK a pipe in its place would hold up whoever opens it until somebody writes.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyUnusable(f"The {what} {path} is not a plain file.")
        if status.st_mode & 0o077:
            raise KeyUnusable(f"The {what} file {path} can be read by others. Run: chmod 600 {path}")
        return os.read(descriptor, LONGEST)
    finally:
        os.close(descriptor)
