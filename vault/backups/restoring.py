"""A backup becomes a vault again, where there is none yet."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, column, inspect, literal, select, table

from storage.blobs import Blobs
from storage.errors import BlobMissing, KeyMissing, KeyUnusable
from storage.rootkey import FileRootKey, RootKey
from vault import firststart, migrate, rootkeys, signing, stores
from vault.accesslog import Kind
from vault.backups import checking, reviving, tables
from vault.backups.errors import BackupUnusable, NotEmpty
from vault.backups.sets import BackupFolder, BackupSet, Entry, Manifest
from vault.care.findings import Finding, Severity
from vault.care.pace import Progress, unseen
from vault.db import Database
from vault.settings import Settings


@dataclass(frozen=True)
class Wish:
    """Which backup: the newest of the folder unless an id is given."""

    source: Path
    set_id: str | None = None
    progress: Progress = field(default=unseen, repr=False)


@dataclass(frozen=True)
class _Source:
    """A set that was looked over."""

    blobs: Blobs
    set: BackupSet
    manifest: Manifest


def restore(settings: Settings, wish: Wish) -> Iterator[Finding]:
    """Refuses a used vault, another root key, a newer backup; then blobs, then all rows in one transaction.

    A killed one is started again and goes on. Damaged blobs cost their own papers alone. Raises `BackupError`,
    `KeyUnusable`, `StorageError`.
    """
    folder = BackupFolder(wish.source)
    with folder.unchanged():
        one = folder.get(wish.set_id)
        source = _Source(folder.blobs, one, checking.opened(one))
        revision = source.manifest.revision
        if revision not in migrate.known():
            raise BackupUnusable(f"The backup is of a newer program (revision {revision}). Restore it with that.")
        root, worker_key = _keys(settings, one)
        with closing(Database.open_patient(settings)) as db:
            if _restored_before(db, one.id):
                yield Finding(
                    Severity.remark, f"The backup {one.id} is restored already; nothing of it is put in again."
                )
                return
            blobs = stores.open_store(settings)
            _refuse_used(db, blobs, one)
            yield from _blobs(blobs, source, wish.progress)
            yield from _rows(db, source, root, worker_key)


def _keys(settings: Settings, one: BackupSet) -> tuple[RootKey, RootKey]:
    """The root key must be the vault's own; the worker key may be another, since no ticket is in a backup."""
    try:
        root = rootkeys.open_root(settings)
    except KeyMissing as error:
        raise KeyUnusable(
            f"{error} Copy that of the vault which the backup is of: without it nothing in the backup can be opened."
        ) from None
    if not all(signing.opens_wrapped(root, kid, wrapped) for kid, wrapped in _signing_keys(one)):
        which = rootkeys.describe(rootkeys.place(settings))
        raise KeyUnusable(f"The {which} is not that of the vault of this backup.")
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    firststart.find_key(settings.worker_key, settings.make_keys)
    return root, FileRootKey.open(settings.worker_key)


def _signing_keys(one: BackupSet) -> Iterator[tuple[str, bytes]]:
    """Those in use, as the root key of the vault wrapped them."""
    with one.tables.open("rb") as file:
        tables.read_head(file)
        for shape, values in tables.read(file):
            if shape.table == "servicekey" and values["retired_at"] is None:
                row = tables.decoded(shape, values)
                yield row["kid"], row["private_under_root"]


def _restored_before(db: Database, set_id: str) -> bool:
    """Did an earlier call come to its end?"""
    if migrate.present(db) != migrate.newest():
        return False
    event = table("event", column("kind"), column("detail"))
    done = select(literal(1)).where(event.c.kind == Kind.vault_restored, event.c.detail == set_id).limit(1)
    with db.engine.connect() as connection:
        return connection.execute(done).first() is not None


def _refuse_used(db: Database, blobs: Blobs, one: BackupSet) -> None:
    """Blobs of this very set are what a killed restore had done. Raises `NotEmpty`."""
    with db.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if (
                name != "alembic_version"
                and connection.execute(select(literal(1)).select_from(table(name)).limit(1)).first()
            ):
                raise NotEmpty(f"There is a vault here already (rows in {name}). Restore into an empty installation.")
    named = {entry.name for entry in one.entries()}
    if any(blob.name not in named for blob in blobs.list()):
        raise NotEmpty("The store holds other blobs than this backup. Restore into an empty installation.")


def _blobs(blobs: Blobs, source: _Source, progress: Progress) -> Iterator[Finding]:
    done = 0
    for entry in source.set.entries():
        if not _there(blobs, entry):
            try:
                blobs.put(entry.name, checking.stream(source.blobs, entry))
            except BackupUnusable as error:
                yield Finding(Severity.damage, str(error))
            except BlobMissing:
                yield Finding(Severity.damage, f"The blob {entry.name} is missing in the backup.")
        done += entry.size
        progress(done, source.manifest.bytes)


def _there(blobs: Blobs, entry: Entry) -> bool:
    """A store shows blobs only whole, so one of that size is what an interrupted restore put there."""
    try:
        return blobs.size(entry.name) == entry.size
    except BlobMissing:
        return False


def _rows(db: Database, source: _Source, root: RootKey, worker_key: RootKey) -> Iterator[Finding]:
    told: list[str] = []
    migrate.fill(
        db,
        source.manifest.revision,
        put=lambda connection: _load(connection, source.set),
        finish=lambda connection: told.extend(reviving.revive(connection, root, worker_key, source.set.id)),
    )
    rows, blobs = source.manifest.tables.count, source.manifest.blobs.count
    yield Finding(Severity.fine, f"The vault of {source.manifest.taken_at} is restored: {rows} rows, {blobs} blobs.")
    yield from (Finding(Severity.remark, sentence) for sentence in told)


def _load(connection: Connection, one: BackupSet) -> None:
    with one.tables.open("rb") as file:
        tables.read_head(file)
        tables.load(connection, tables.read(file))
