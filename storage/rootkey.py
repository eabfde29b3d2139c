"""The key above all others, and where it comes from. Layouts are in docs/formats/storage.md#keys-under-a-root-key."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Protocol, Self

from storage.errors import KeyUnusable, OtherRootKey, SealBroken
from storage.keys import WRAPPED, Key
from storage.secretfiles import read_secret

MAGIC = "docvault-root-key-1"
ID_SIZE = 8
ID_DIGITS = 2 * ID_SIZE

UNDER_FILE = b"\x12"
UNDER_TOKEN = b"\x13"
HEAD_SIZE = 1 + ID_SIZE


class RootKey(Protocol):
    """Wraps wallet and agency keys. A provider need not be able to show the key itself."""

    @property
    def id(self) -> str:
        """Names the key without telling anything of it: 16 hexadecimal digits."""

    @property
    def head(self) -> bytes:
        """How everything begins that this key wraps (9 bytes): the form, and its id."""

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the root key, bound to `ctx`."""

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that `wrap` sealed. Raises `SealBroken`."""


def root_id(wrapped: bytes) -> str | None:
    """Which root key wrapped this; None for the first form (`11`), which did not say, and for anything else."""
    named = len(wrapped) > HEAD_SIZE and wrapped[:1] in (UNDER_FILE, UNDER_TOKEN)
    return wrapped[1:HEAD_SIZE].hex() if named else None


class FileRootKey:
    """A root key in a file that only its owner can read."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self.id = key.mac(b"", b"root key id").hex()[:ID_DIGITS]
        self.head = UNDER_FILE + bytes.fromhex(self.id)

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the root key, bound to `ctx`: 69 bytes that name the root key."""
        return self._key.wrap(key, ctx, self.head)

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that `wrap` sealed, or sealed before root keys were named. Raises `SealBroken`, `OtherRootKey`."""
        if wrapped[:1] == WRAPPED:
            return self._key.unwrap(wrapped, ctx)
        refuse_other(self, wrapped)
        return self._key.unwrap(wrapped, ctx, self.head)

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
        words = read_secret(path, "root key").split(b" ")
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


class Succession:
    """A root key and a second one, while what lies under the one is moved to the other.

    Wraps under the current one alone, so that the second is needed ever less; unwraps under both.
    """

    def __init__(self, current: RootKey, second: RootKey) -> None:
        if current.id == second.id:
            raise KeyUnusable(f"The root key and the second root key are the same ({current.id}).")
        self.current, self.second = current, second
        self.id, self.head = current.id, current.head

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the current root key, bound to `ctx`."""
        return self.current.wrap(key, ctx)

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that either sealed. Raises `SealBroken`, `OtherRootKey`."""
        named = root_id(wrapped)
        if named is not None:
            return (self.second if named == self.second.id else self.current).unwrap(wrapped, ctx)
        try:
            return self.current.unwrap(wrapped, ctx)
        except SealBroken:
            return self.second.unwrap(wrapped, ctx)

    def __repr__(self) -> str:
        return f"<Succession {self.second.id} to {self.current.id}>"


def refuse_other(root: RootKey, wrapped: bytes) -> None:
    """Raises `OtherRootKey` for what another root key says that it wrapped."""
    named = root_id(wrapped)
    if named is not None and named != root.id:
        raise OtherRootKey(f"wrapped under the root key {named}, which is not at hand")


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that appears whole and durable, or not at all, and never in place of another.

    The link takes the place of O_EXCL on the final name: it refuses an existing file just as well, and a process
    that opens the name at the same moment cannot see half a key. Whoever is killed before it leaves nothing, where the
    file system lets a file be without a name (open(2), O_TMPFILE).
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _unnamed(path) as (descriptor, found):
            os.write(descriptor, content)
            os.fsync(descriptor)
            os.link(found, path, src_dir_fd=folder, follow_symlinks=True)
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _unnamed(path: Path) -> Iterator[tuple[int, str]]:
    """A new file beside `path` for its owner alone, and where it is to be linked from; it ends with the block."""
    temporary: Path | None = None
    try:
        descriptor = os.open(path.parent, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except OSError:  # not on this file system: it has a name until it is linked
        temporary = path.with_name(f".{path.name}.{token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor, str(temporary or f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
        if temporary is not None:
            temporary.unlink()
