"""A backup of a vault that goes on serving: rows of one moment, then the blobs that they name. It needs no key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlmodel import Session, func, select

from storage.blobs import Blobs
from vault import migrate
from vault.backups import shedding, tables
from vault.backups.copying import Copier, Earlier
from vault.backups.errors import BackupError
from vault.backups.sets import (
    BackupFolder,
    BackupSet,
    Entry,
    Manifest,
    listing,
    open_private,
    replace_file,
    write_entries,
)
from vault.backups.tables import Head, Shape, Values
from vault.care.pace import Pace, Progress, unseen
from vault.db import Database, now
from vault.models import Version

KEEP = 30
"""Sets that are kept unless told otherwise."""


@dataclass(frozen=True)
class Wish:
    """Where a backup goes, how many are kept there, and how fast the store is read (MiB a second, 0: unbounded)."""

    to: Path
    keep: int = KEEP
    rate: int = 0
    progress: Progress = field(default=unseen, repr=False)


@dataclass(frozen=True)
class Taken:
    """What was done: the set, the bytes that had to be copied, the ids of older sets that were removed."""

    id: str
    manifest: Manifest
    copied: int
    pruned: list[str]


def take(db: Database, blobs: Blobs, wish: Wish) -> Taken:
    """One more set. What an interrupted one had copied already is used. Raises `BackupError`, `StorageError`."""
    revision = migrate.present(db)
    if revision is None or revision != migrate.newest():
        raise BackupError("The database is not at this program's revision. Run: docvault migrate")
    folder = BackupFolder.make(wish.to)
    with folder.alone():
        earlier = Earlier([one.entries(torn=True) for one in (*folder.unfinished(), *folder.finished()[:1])])
        this = folder.begin()
        taken_at, total = _snapshot(db, revision, this)
        copier = Copier(blobs, folder.blobs, earlier, this.id, Pace(wish.rate))
        with open_private(this.blobs) as list_of_blobs:
            write_entries(list_of_blobs, _copied(this, copier, total, wish.progress))
        manifest = _finish(db, this, copier, revision, taken_at)
        return Taken(this.id, manifest, copier.copied, folder.prune(wish.keep))


def _snapshot(db: Database, revision: str, this: BackupSet) -> tuple[datetime, int]:
    """Writes the rows of one moment. Returns it, and the bytes of the papers that they name."""
    with db.snapshot() as connection, Session(connection) as session:
        taken_at, total = now(session), session.exec(select(func.sum(Version.size))).one()

        def write(file: BinaryIO) -> None:
            tables.write(connection, Head(revision, taken_at), file)

        replace_file(this.tables, write)
    return taken_at, int(total or 0)


def _copied(this: BackupSet, copier: Copier, total: int, progress: Progress) -> Iterator[Entry]:
    done = 0
    for shape, version in _rows(this):
        if shape.table == "version":
            yield from copier.version(version["id"], version["pages"])
            done += version["size"]
            progress(done, total)


def _finish(db: Database, this: BackupSet, copier: Copier, revision: str, taken_at: datetime) -> Manifest:
    gone = shedding.find(db, _rows(this))
    if gone:
        _shed(this, gone, taken_at)
    sizes = [entry.size for entry in this.entries()]
    manifest = Manifest(
        revision=revision,
        taken_at=tables.moment(taken_at),
        finished_at=tables.moment(datetime.now(UTC)),
        tables=listing(this.tables, sum(1 for _ in _rows(this))),
        blobs=listing(this.blobs, len(sizes)),
        bytes=sum(sizes),
        destroyed=sorted(gone.versions),
        missing=[version_id for version_id in copier.missing if version_id not in gone.versions],
    )
    this.finish(manifest)
    return manifest


def _shed(this: BackupSet, gone: shedding.Gone, taken_at: datetime) -> None:
    with this.tables.open("rb") as file:
        head = tables.read_head(file)
        left = shedding.without(gone, tables.read(file), tables.moment(taken_at))
        replace_file(this.tables, lambda out: tables.rewrite(out, head, left))
    entries = (entry for entry in this.entries() if entry.version_id not in gone.versions)
    replace_file(this.blobs, lambda out: write_entries(out, entries))


def _rows(this: BackupSet) -> Iterator[tuple[Shape, Values]]:
    with this.tables.open("rb") as file:
        tables.read_head(file)
        yield from tables.read(file)
