"""Blobs as files of one folder.

    ROOT/objects/XX/NAME   XX: first byte of the name's SHA-256, in hex; NAME: the blob's name with "," for "/"
    ROOT/temporary/HEX     writes under way, and what killed ones left

Flat names keep a blob `a` from being in the way of a blob `a/b`, and leave no empty folders behind.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from storage.blobs import BlobInfo, check_name, check_prefix
from storage.errors import BlobExists, BlobMissing
from storage.writing import store_errors, write_new

_TOKEN_BYTES = 16


class FileBlobs:
    """The `Blobs` of a local file system."""

    at_once = 1024 * 1024

    def __init__(self, root: Path) -> None:
        """Make the folders that are missing. Raises `StoreUnavailable`, `StoreFull`."""
        self._objects, self._temporary = root / "objects", root / "temporary"
        with store_errors():
            self._make_folders(root)

    def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        """As `Blobs.put`: a temporary file, fsync, a rename (or a link, which takes no other's place), fsync."""
        path = self._path(name)
        temporary = self._temporary / token_hex(_TOKEN_BYTES)
        try:
            size = write_new(temporary, chunks)
            with store_errors():
                _publish(temporary, path, if_absent=if_absent)
                _sync_folder(path.parent)
        finally:
            # Whatever stays is not a blob: the sweep finds it.
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        return size

    def read(self, name: str, offset: int, length: int) -> bytes:
        """As `Blobs.read`."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length are not negative")
        path = self._path(name)
        with store_errors(), self._missing(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _read(descriptor, offset, length)
            finally:
                os.close(descriptor)

    def size(self, name: str) -> int:
        """As `Blobs.size`."""
        path = self._path(name)
        with store_errors(), self._missing(path):
            return path.stat().st_size

    def delete(self, name: str) -> None:
        """As `Blobs.delete`."""
        path = self._path(name)
        with store_errors():
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """As `Blobs.list`."""
        check_prefix(prefix)
        return (info for folder in self._folders() for info in _files(folder) if info.name.startswith(prefix))

    def temporary(self) -> Iterator[BlobInfo]:
        """As `Blobs.temporary`."""
        return (info for info in _files(self._temporary) if _is_token(info.name))  # else no put of ours made it

    def discard(self, name: str) -> None:
        """As `Blobs.discard`."""
        if not _is_token(name):
            raise ValueError("not the name of a temporary file")
        with store_errors():
            (self._temporary / name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        fan = sha256(check_name(name).encode()).hexdigest()[:2]
        return self._objects / fan / name.replace("/", ",")

    def _folders(self) -> Iterator[Path]:
        return (self._objects / f"{number:02x}" for number in range(256))

    def _make_folders(self, root: Path) -> None:
        # All at once, durably: a put that had to make its folder could be acknowledged before the folder is on disk.
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._temporary.mkdir(mode=0o700, exist_ok=True)
        self._objects.mkdir(mode=0o700, exist_ok=True)
        there = set(self._objects.iterdir())
        for folder in self._folders():
            if folder not in there:
                folder.mkdir(mode=0o700, exist_ok=True)
        for folder in (self._objects, root, root.parent):
            _sync_folder(folder)

    @contextmanager
    def _missing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            # Without its folder it is the disk that is missing, and no blob should be taken for lost.
            if not path.parent.is_dir():
                raise
            raise BlobMissing(path.name.replace(",", "/")) from None


def _publish(temporary: Path, path: Path, *, if_absent: bool) -> None:
    if not if_absent:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise BlobExists(path.name.replace(",", "/")) from None


def _is_token(name: str) -> bool:
    return len(name) == 2 * _TOKEN_BYTES and set(name) <= set("0123456789abcdef")


def _read(descriptor: int, offset: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = os.pread(descriptor, length, offset)
        if not part:
            break
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)


def _files(folder: Path) -> Iterator[BlobInfo]:
    """The blobs of one folder, without files that no put made."""
    with store_errors():
        paths = list(folder.iterdir())
    for path in paths:
        try:
            name = check_name(path.name.replace(",", "/"))
        except ValueError:
            continue
        info = _info(path, name)
        if info:
            yield info


def _info(path: Path, name: str) -> BlobInfo | None:
    with store_errors():
        try:
            status = path.stat()
        except FileNotFoundError:  # removed since it was listed
            return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return BlobInfo(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
