"""Somebody who has copies of a vault's database and blobs, and keys, and opens what can be opened with them."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import LargeBinary
from sqlmodel import Session, SQLModel, select

from storage.errors import StorageError
from storage.files import FileBlobs
from storage.keys import WRAPPED, Key, context
from storage.rootkey import UNDER_FILE, RootKey
from storage.sealed import SealedReader
from vault import grantkeys, papers, wallets
from vault.db import Database
from vault.models import Agency, Export, GrantHolder, GrantItem, Holder, Job, Upload, Version, Wallet
from vault.services import Services

Route = str

BESIDE = ("upload-key", "export-key")
"""Ways to what lay beside the papers: parts of uploads, what was written for exports. They name the row."""


@dataclass(frozen=True)
class Loot:
    """Copies; `root` and `worker` are the keys that the burglar has beside."""

    database: Path
    blobs: Path
    root: RootKey
    worker: RootKey

    def values(self) -> Mapping[tuple[str, str], set[bytes]]:
        """Everything binary that lies in the database, by table and column."""
        found: dict[tuple[str, str], set[bytes]] = {}
        with self.session() as session:
            for table in SQLModel.metadata.sorted_tables:
                for column in (column for column in table.columns if isinstance(column.type, LargeBinary)):
                    rows = session.connection().execute(select(column)).scalars()
                    found[table.name, column.name] = {value for value in rows if value}
        return found

    def session(self) -> closing[Session]:
        return closing(Session(Database(f"sqlite:///{self.database}").engine))


def copied(services: Services, to: Path) -> Loot:
    """A copy of every file and row, as it is at this moment."""
    to.mkdir()
    with closing(services.db.engine.raw_connection()) as connection:
        connection.cursor().execute("VACUUM INTO ?", (str(to / "docvault.db"),))
    shutil.copytree(services.settings.blobs, to / "blobs")
    return Loot(to / "docvault.db", to / "blobs", services.root, services.worker_key)


def with_database(blobs: Loot, database: Loot) -> Loot:
    """The blobs of one copy with the database of another."""
    return replace(blobs, database=database.database)


@dataclass
class Opened:
    """Versions that were opened, by the way it was done, and every key that was found on it."""

    versions: dict[Route, set[str]] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)

    def anyhow(self) -> set[str]:
        return set().union(*self.versions.values())


def opened(loot: Loot) -> Opened:
    """All that any way leads to: from the root key through wallets and agencies, from the worker key through jobs."""
    found = Opened()
    with loot.session() as session:
        for route, version_id, key in _document_keys(session, loot, found.keys):
            found.keys.append(key)
            if route in BESIDE or _reads(FileBlobs(loot.blobs), key, version_id):
                found.versions.setdefault(route, set()).add(version_id)
    return found


def wraps(loot: Loot, keys: list[Key], contexts: list[bytes]) -> int:
    """How many values of the whole database open as a wrapped key with any of the keys in any of the contexts."""
    values = [value for found in loot.values().values() for value in found if value[:1] in (WRAPPED, UNDER_FILE)]
    openers = [key.unwrap for key in keys] + [loot.root.unwrap, loot.worker.unwrap]
    return sum(_unwraps(opener, value, ctx) for opener in openers for value in values for ctx in contexts)


def _document_keys(session: Session, loot: Loot, keys: list[Key]) -> Iterator[tuple[Route, str, Key]]:
    for wallet in _wallets(session, loot):
        keys.append(wallet.key)
        yield from _of_owner(session, loot, wallet)
    for job in session.exec(select(Job)):
        with suppress(StorageError):
            yield "job", job.version_id, loot.worker.unwrap(job.ticket, context("reading-ticket", job.version_id))
    for agency in session.exec(select(Agency)):
        with suppress(StorageError):
            ring = wallets.unlock_agency(agency, loot.root)
            private = grantkeys.open_inbox(ring, agency)
            keys.append(ring.key)
            for held in session.exec(select(GrantHolder).where(GrantHolder.holder == Holder.agency)):
                with suppress(StorageError):
                    grant_key = grantkeys.open_by_agency(held, private, agency.id)
                    keys.append(grant_key)
                    yield from _items(session, "agency", held.grant_id, grant_key)


def _of_owner(session: Session, loot: Loot, wallet: wallets.Wallet) -> Iterator[tuple[Route, str, Key]]:
    for version in session.exec(select(Version).where(Version.citizen_id == wallet.citizen_id)):
        with suppress(StorageError):
            yield "owner", version.id, wallet.document_key(version)
    for held in session.exec(select(GrantHolder).where(GrantHolder.holder == Holder.citizen)):
        with suppress(StorageError):
            grant_key = grantkeys.open_by_citizen(held, wallet)
            keys = list(_items(session, "citizen's grant", held.grant_id, grant_key))
            yield from keys
    for row in (*session.exec(select(Upload)), *session.exec(select(Export))):
        role = BESIDE[isinstance(row, Export)]
        with suppress(StorageError):
            key = wallet.key.unwrap(row.wrapped_key, context(role, wallet.citizen_id, row.id))
            if _reads_beside(loot, row, key):
                yield role, row.id, key


def _reads_beside(loot: Loot, row: Upload | Export, key: Key) -> bool:
    """Whether a copy of a part of the upload, or of what was written for the export, opens."""
    blobs, folder = FileBlobs(loot.blobs), "uploads" if isinstance(row, Upload) else "exports"
    for blob in blobs.list(f"{folder}/{row.id}/"):
        part, name, size = blob.name.rpartition("/")[2], blob.name, blobs.size(blob.name)
        tries = [context("upload-part", row.id, str(number), part) for number in range(9)]
        for ctx in [*tries, context("export-written", row.id)]:
            with suppress(StorageError):
                return SealedReader(key, ctx, size, lambda at, n, name=name: blobs.read(name, at, n)).read(0, 1) != b""
    return False


def _wallets(session: Session, loot: Loot) -> Iterator[wallets.Wallet]:
    for row in session.exec(select(Wallet).where(Wallet.key_under_root != b"")):
        with suppress(StorageError):
            yield wallets.unlock_wallet(row, loot.root)


def _items(session: Session, route: Route, grant_id: str, key: Key) -> Iterator[tuple[Route, str, Key]]:
    for item in session.exec(select(GrantItem).where(GrantItem.grant_id == grant_id)):
        if item.wrapped_key is not None:
            with suppress(StorageError):
                yield route, item.version_id, grantkeys.unwrap_item(key, grant_id, item.version_id, item.wrapped_key)


def _reads(blobs: FileBlobs, key: Key, version_id: str) -> bool:
    with suppress(StorageError):
        return bool(papers.open_original(blobs, key, version_id).read(0, 1))
    return False


def _unwraps(opener: object, value: bytes, ctx: bytes) -> bool:
    with suppress(StorageError):
        return opener(value, ctx) is not None  # type: ignore[operator]
    return False
