"""Small files that hold a secret: a root key, a PIN. What others can read is refused."""

import os
import stat
from pathlib import Path

from storage.errors import KeyUnusable

LONGEST = 256


def read_secret(path: Path, what: str) -> bytes:
    """At most the first 256 bytes of the file. Raises `KeyUnusable` for a shared or odd file, `FileNotFoundError`."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyUnusable(f"The {what} {path} is not a plain file.")
        if status.st_mode & 0o077:
            raise KeyUnusable(f"The {what} file {path} can be read by others. Run: chmod 600 {path}")
        return file.read(LONGEST)
