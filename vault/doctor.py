"""Looks over an installation: database, keys, tools, and every blob against its row. It opens no paper."""

import subprocess
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from ocr import fence
from storage.blobs import BlobInfo, Blobs
from storage.errors import BlobMissing, KeyUnusable, SealBroken, StorageError
from storage.files import FileBlobs
from storage.rootkey import FileRootKey
from storage.sealed import sealed_size
from vault import migrate, papers, wallets
from vault.db import Database
from vault.models import Version, Wallet
from vault.settings import Settings

GRACE = timedelta(days=1)
"""A blob without a row may belong to an upload that is just arriving; older ones are left from a crash."""

LANGUAGES = ("vie", "eng", "osd")
TESSERACT_S = 20
BATCH = 500


class Severity(StrEnum):
    """`damage` makes the command fail."""

    fine = "fine"
    remark = "remark"
    damage = "damage"


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing; ids only, nothing of any paper."""

    severity: Severity
    sentence: str


def examine(settings: Settings, *, sweep: bool = False, grace: timedelta = GRACE) -> Iterator[Finding]:
    """All checks, in order; with `sweep` removes orphans older than `grace`. A broken database ends it early."""
    yield from _tools()
    yield _fence()
    yield from _worker_key(settings)
    db = Database.open(settings)
    try:
        healthy = yield from _database(db)
        if healthy:
            yield from _root_key(settings, db)
            yield from _blobs(settings, db, sweep, grace)
    finally:
        db.close()


def _tools() -> Iterator[Finding]:
    try:
        listed = subprocess.run(
            ["tesseract", "--list-langs"],  # noqa: S607 - where the system keeps it
            capture_output=True,
            text=True,
            check=True,
            timeout=TESSERACT_S,
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        yield Finding(Severity.damage, "tesseract does not run. Install the package tesseract-ocr.")
        return
    missing = [language for language in LANGUAGES if language not in listed]
    if missing:
        names = ", ".join(f"tesseract-ocr-{language}" for language in missing)
        yield Finding(Severity.damage, f"tesseract lacks languages. Install {names}.")
    else:
        yield Finding(Severity.fine, "tesseract reads Vietnamese and English.")


def _fence() -> Finding:
    if fence.available():
        return Finding(Severity.fine, "The reading child is fenced off from keys and papers (Landlock).")
    return Finding(
        Severity.remark,
        "This kernel has no Landlock (Linux 5.13): a paper that takes the reading child over could read the key files.",
    )


def _worker_key(settings: Settings) -> Iterator[Finding]:
    try:
        FileRootKey.open(settings.worker_key)
    except FileNotFoundError:
        yield Finding(Severity.damage, f"There is no worker key {settings.worker_key}. The next start makes one.")
    except KeyUnusable as error:
        yield Finding(Severity.damage, str(error))
    else:
        yield Finding(Severity.fine, "The worker key is there.")


def _database(db: Database) -> Generator[Finding, None, bool]:
    """Returns whether its tables can be read."""
    try:
        present = migrate.present(db)
    except SQLAlchemyError as error:
        yield Finding(
            Severity.damage,
            f"There is no database here, or it does not answer ({type(error).__name__}). Check DOCVAULT_DATA_DIR and "
            "DOCVAULT_DATABASE_URL; `docvault migrate` makes a new one.",
        )
        return False
    if present != migrate.newest():
        yield Finding(Severity.damage, "The database is not at this program's revision. Run: docvault migrate")
        return False
    yield Finding(Severity.fine, f"The database is at revision {present}.")
    return True


def _root_key(settings: Settings, db: Database) -> Iterator[Finding]:
    """Also tries the key: a wrong root key file is as bad as none, and shows only when somebody signs in."""
    try:
        root = FileRootKey.open(settings.root_key)
        with db.read() as session:
            wallet = session.exec(select(Wallet).where(Wallet.key_under_root != b"").limit(1)).first()
        if wallet is not None:
            wallets.unlock_wallet(wallet, root)
    except FileNotFoundError:
        yield Finding(Severity.damage, f"There is no root key {settings.root_key}. Restore it from its backup.")
    except KeyUnusable as error:
        yield Finding(Severity.damage, str(error))
    except SealBroken:
        yield Finding(Severity.damage, f"The root key {settings.root_key} is not the one of this database.")
    else:
        yield Finding(Severity.fine, "The root key is there and opens wallets.")


def _blobs(settings: Settings, db: Database, sweep: bool, grace: timedelta) -> Iterator[Finding]:
    try:
        blobs = FileBlobs(settings.blobs)
        yield from _versions(db, blobs)
        yield from _orphans(db, blobs, sweep, datetime.now(UTC) - grace)
    except StorageError as error:
        yield Finding(Severity.damage, f"The store of papers cannot be used: {error}.")


def _versions(db: Database, blobs: Blobs) -> Iterator[Finding]:
    count, broken = 0, 0
    for version_id, size in _rows(db):
        count += 1
        sentence = _damage(db, blobs, version_id, size)
        if sentence:
            broken += 1
            yield Finding(Severity.damage, sentence)
    if not broken:
        yield Finding(Severity.fine, f"All {count} versions of papers are there, in full length.")


def _rows(db: Database) -> Iterator[tuple[str, int]]:
    """Ids and plain sizes of all versions, read in batches so that no transaction stays open for long."""
    last = ""
    while True:
        with db.read() as session:
            query = select(Version.id, Version.size).where(Version.id > last).order_by(Version.id).limit(BATCH)
            batch = session.exec(query).all()
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1][0]


def _damage(db: Database, blobs: Blobs, version_id: str, size: int) -> str | None:
    try:
        stored = blobs.size(papers.original_name(version_id))
    except BlobMissing:
        # destroyed between the row and the look at its blob: that is no damage
        return f"The bytes of version {version_id} are missing." if _exists(db, version_id) else None
    if stored != sealed_size(size):
        return f"Version {version_id} has {stored} bytes, not {sealed_size(size)}."
    return None


def _orphans(db: Database, blobs: FileBlobs, sweep: bool, before: datetime) -> Iterator[Finding]:
    """What a crash left: whole blobs without a row, previews of destroyed versions, writes that were cut off."""
    orphans = [blob for blob in blobs.list() if blob.modified <= before and not _exists(db, _owner(blob))]
    leftovers = [blob for blob in blobs.temporary() if blob.modified <= before]
    for blob in orphans if sweep else ():
        blobs.delete(blob.name)
    for blob in leftovers if sweep else ():
        blobs.discard(blob.name)
    found = len(orphans) + len(leftovers)
    if not found:
        yield Finding(Severity.fine, "Nothing is left over from a crash.")
        return
    freed = sum(blob.size for blob in (*orphans, *leftovers))
    done = "Removed" if sweep else "Run `docvault doctor --sweep` to remove"
    yield Finding(Severity.remark, f"{done} {found} files that belong to no paper ({freed} bytes).")


def _owner(blob: BlobInfo) -> str:
    """The version's id; empty for a name that no version has."""
    parts = blob.name.split("/")
    return parts[1] if len(parts) == 3 and blob.name.startswith(papers.folder(parts[1])) else ""


def _exists(db: Database, version_id: str) -> bool:
    with db.read() as session:
        return session.get(Version, version_id) is not None
