"""The folder of backups: sets, each with its manifest written last, and the blobs that they share."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from storage.blobs import is_name
from storage.files import FileBlobs
from vault.backups.errors import BackupError, BackupUnusable

FORMAT = "docvault-backup-1"
MARK = "docvault-backup"
"""The file by which a folder is known to hold backups and nothing else."""


@dataclass(frozen=True)
class Entry:
    """A blob of the vault: its name, size and hash, and the name under which the backup keeps it."""

    name: str
    size: int
    sha256: str
    stored: str

    @property
    def version_id(self) -> str:
        return self.name.split("/")[1]

    @classmethod
    def read(cls, line: bytes) -> Self:
        """A line of a list of blobs. Raises `ValueError`, `TypeError`; so it does for a name that no blob can have."""
        entry = cls(*json.loads(line))
        if not (is_name(entry.name) and is_name(entry.stored) and "/" in entry.name):
            raise ValueError("not the name of a blob")
        return entry


@dataclass(frozen=True)
class Listing:
    """One of a set's two files, so that damage to it is noticed; `count` lines of content."""

    size: int
    sha256: str
    count: int


@dataclass(frozen=True)
class Manifest:
    """What a finished set holds. `destroyed` while it was made (and not in it); `missing` originals (versions' ids)."""

    revision: str
    taken_at: str
    finished_at: str
    tables: Listing
    blobs: Listing
    bytes: int
    destroyed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class BackupSet:
    """One set's folder."""

    def __init__(self, path: Path) -> None:
        self.path, self.id = path, path.name
        self.tables, self.blobs, self._manifest = path / "tables.jsonl", path / "blobs.jsonl", path / "manifest.json"

    @property
    def finished(self) -> bool:
        return self._manifest.exists()

    def entries(self, *, torn: bool = False) -> Iterator[Entry]:
        """The blobs in the order of their versions' ids; with `torn` up to where a kill cut the list off."""
        if torn and not self.blobs.exists():
            return
        with self.blobs.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    entry = Entry.read(line)
                except (ValueError, TypeError):
                    if torn:
                        return
                    raise BackupUnusable(f"The list of blobs is damaged: line {number}.") from None
                yield entry

    def manifest(self) -> Manifest:
        """Raises `BackupUnusable`."""
        try:
            read = json.loads(self._manifest.read_bytes())
            if read.pop("format") != FORMAT:
                raise BackupUnusable(f"The backup {self.id} is in a form that is not known here.")
            return Manifest(**read | {name: Listing(**read[name]) for name in ("tables", "blobs")})
        except (OSError, ValueError, LookupError, TypeError):
            raise BackupUnusable(f"The manifest of the backup {self.id} is damaged.") from None

    def finish(self, manifest: Manifest) -> None:
        """From now on the set counts."""
        content = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()
        replace_file(self._manifest, lambda file: file.write(content))
        sync_folder(self.path.parent)

    def remove(self) -> None:
        """The manifest first: a set that is half removed counts no more."""
        self._manifest.unlink(missing_ok=True)
        shutil.rmtree(self.path)


class BackupFolder:
    """Where backups of one vault lie, also on another disk."""

    def __init__(self, path: Path) -> None:
        """Opens one. Raises `BackupUnusable` for any other folder."""
        if not (path / MARK).is_file():
            raise BackupUnusable(f"{path} holds no backup of Docvault.")
        self.path, self._sets, self._lock = path, path / "sets", path / "lock"
        self.blobs = FileBlobs(path / "blobs")

    @classmethod
    def make(cls, path: Path) -> "BackupFolder":
        """Opens one, or makes it of an empty or missing folder. Raises `BackupUnusable` for any other."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (path / MARK).exists():
            if any(path.iterdir()):
                raise BackupUnusable(f"{path} holds other things. Give a folder of its own.")
            (path / "sets").mkdir(mode=0o700)
            replace_file(path / MARK, lambda file: file.write(f"{FORMAT}\n".encode()))
        return cls(path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One that writes, and nobody else. Raises `BackupError` while another command is at work here."""
        with self._lock.open("wb") as file:
            self._take(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """For those that only read, also from a disk that takes no writes. Raises `BackupError` while one writes."""
        with self._lock.open("rb") as file:
            self._take(file, fcntl.LOCK_SH)
            yield

    def finished(self) -> list[BackupSet]:
        """The newest first."""
        return [one for one in self._all() if one.finished]

    def unfinished(self) -> list[BackupSet]:
        return [one for one in self._all() if not one.finished]

    def get(self, set_id: str | None) -> BackupSet:
        """The set of that id, or the newest. Raises `BackupUnusable`."""
        found = next((one for one in self.finished() if set_id in {None, one.id}), None)
        if found is None:
            raise BackupUnusable(f"{self.path} has no finished backup{f' {set_id}' if set_id else ''}.")
        return found

    def begin(self) -> BackupSet:
        """A new set, named after this moment; a name sorts by its time."""
        while (path := self._sets / datetime.now(UTC).strftime("%Y%m%dt%H%M%Sz-%f")).exists():
            pass
        path.mkdir(mode=0o700)
        return BackupSet(path)

    def prune(self, keep: int) -> list[str]:
        """Keeps the newest sets, removes the others, what was interrupted, and every blob that no set names any more.

        Returns the ids of finished sets that went. Holds the names of all blobs in memory, about 200 bytes each.
        """
        over = self.finished()[keep:]
        for one in (*over, *self.unfinished()):
            one.remove()
        named = {entry.stored for one in self.finished() for entry in one.entries()}
        for blob in self.blobs.list():
            if blob.name not in named:
                self.blobs.delete(blob.name)
        for leftover in self.blobs.temporary():
            self.blobs.discard(leftover.name)
        return [one.id for one in over]

    def _take(self, file: BinaryIO, how: int) -> None:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another command is at work in {self.path}.") from None

    def _all(self) -> list[BackupSet]:
        return [BackupSet(path) for path in sorted(self._sets.iterdir(), reverse=True) if path.is_dir()]


def listing(path: Path, count: int) -> Listing:
    return Listing(path.stat().st_size, file_hash(path), count)


def intact(path: Path, expected: Listing) -> bool:
    return path.is_file() and path.stat().st_size == expected.size and file_hash(path) == expected.sha256


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_entries(file: BinaryIO, entries: Iterable[Entry]) -> None:
    """Line by line as the blobs are kept, so that a kill leaves what was done."""
    for entry in entries:
        line = [entry.name, entry.size, entry.sha256, entry.stored]
        file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        file.flush()
    os.fsync(file.fileno())


def replace_file(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """A file that appears whole and durable, in place of what was there."""
    temporary = path.with_name(f".{path.name}")
    with open_private(temporary) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def open_private(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return cast(BinaryIO, os.fdopen(descriptor, "wb"))


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
