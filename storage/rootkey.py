"""The key above all others, and where it comes from. The layout is in docs/formats/storage.md#root-key-file."""

import os
import stat
from pathlib import Path
from secrets import token_hex
from typing import Protocol, Self

from storage.errors import KeyUnusable
from storage.keys import Key

MAGIC = "docvault-root-key-1"
ID_DIGITS = 16


class RootKey(Protocol):
    """Wraps wallet and agency keys. A provider need not be able to show the key itself."""

    @property
    def id(self) -> str:
        """Names the key without telling anything of it; kept beside what it wrapped."""

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the root key, bound to `ctx`."""

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that `wrap` sealed. Raises `SealBroken`."""


class FileRootKey:
    """A root key in a file that only its owner can read."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self.id = key.mac(b"", b"root key id").hex()[:ID_DIGITS]

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the root key, bound to `ctx`."""
        return self._key.wrap(key, ctx)

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that `wrap` sealed. Raises `SealBroken`."""
        return self._key.unwrap(wrapped, ctx)

    def __repr__(self) -> str:
        return f"<FileRootKey {self.id}>"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key and its file. Raises `FileExistsError` rather than touch a file that is there."""
        root = cls(Key.generate())
        _write_once(path, f"{MAGIC} {root.id} {root._key.expose().hex()}\n".encode())
        return root

    @classmethod
    def open(cls, path: Path) -> Self:
        """The key in a file. Raises `KeyUnusable`, in a sentence for the operator, and `FileNotFoundError`."""
        with path.open("rb") as file:
            _refuse_shared(os.fstat(file.fileno()), path)
            words = file.read(256).split(b" ")
        if len(words) != 3 or words[0] != MAGIC.encode():
            raise KeyUnusable(f"The root key file {path} is not in a form known here. Restore it from its backup.")
        try:
            root = cls(Key.from_bytes(bytes.fromhex(words[2].decode("ascii").removesuffix("\n"))))
        except (ValueError, KeyUnusable):
            raise KeyUnusable(f"The root key file {path} is damaged. Restore it from its backup.") from None
        if root.id.encode() != words[1]:
            raise KeyUnusable(f"The root key file {path} is damaged. Restore it from its backup.")
        return root

    @classmethod
    def open_or_create(cls, path: Path) -> Self:
        """The key in a file, made first if no file is there; of several processes at once, one makes it."""
        try:
            return cls.open(path)
        except FileNotFoundError:
            pass
        try:
            return cls.create(path)
        except FileExistsError:
            return cls.open(path)


def _refuse_shared(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyUnusable(f"The root key {path} is not a plain file.")
    if status.st_mode & 0o077:
        raise KeyUnusable(f"The root key file {path} can be read by others. Run: chmod 600 {path}")


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that appears whole and durable, or not at all, and never in place of another.

    The link takes the place of O_EXCL on the final name: it refuses an existing file just as well, and a process
    that opens the name at the same moment cannot see half a key.
    """
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
