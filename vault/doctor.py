"""Looks over an installation: tools, keys, database, and every blob against its row. It shows nothing of any paper."""

import subprocess
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from ocr import fence, seccomp
from storage.errors import KeyMissing, KeyUnavailable, KeyUnusable, SealBroken, StorageError
from storage.rootkey import FileRootKey, RootKey, Succession
from vault import migrate, rewrapping, rootkeys, rootwraps, stores, wallets
from vault.care import orphans, versions
from vault.care.findings import Finding, Severity
from vault.care.versions import Look
from vault.db import Database
from vault.models import Wallet
from vault.settings import Settings

GRACE = timedelta(days=1)
"""A blob without a row may belong to an upload that is just arriving; older ones are left from a crash."""

LANGUAGES = ("vie", "eng", "osd")
TESSERACT_S = 20
PLACE = "doctor.json"
"""The file in the data folder by which an interrupted look goes on."""


@dataclass(frozen=True)
class Care:
    """How papers are looked at, and whether orphans older than `grace` are removed, even where they are the most."""

    sweep: bool = False
    even_most: bool = False
    grace: timedelta = GRACE
    look: Look = field(default_factory=Look)


def examine(settings: Settings, how: Care | None = None) -> Generator[Finding]:
    """All checks, in order. A broken database ends it early; without the root key nothing is opened."""
    how = how or Care()
    yield from _tools()
    yield _fence()
    yield _refused_calls()
    yield from _worker_key(settings)
    db = Database.open(settings)
    try:
        healthy = yield from _database(db)
        if healthy:
            root = yield from _root_key(settings, db)
            yield from _blobs(settings, db, root, how)
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


def _refused_calls() -> Finding:
    if seccomp.available():
        return Finding(Severity.fine, "The reading child may open no socket and reach no other process (seccomp).")
    return Finding(
        Severity.remark,
        "This kernel or machine filters no calls (seccomp): a paper that takes the reading child over could try the "
        "network and the kernel's other doors.",
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


def _root_key(settings: Settings, db: Database) -> Generator[Finding, None, RootKey | None]:
    """Returns it, once tried: a wrong root key file is as bad as none, and shows only when somebody signs in."""
    try:
        root = rootkeys.open_root(settings)
        with db.read() as session:
            wallet = session.exec(select(Wallet).where(Wallet.key_under_root != b"").limit(1)).first()
        if wallet is not None:
            wallets.unlock_wallet(wallet, root)
    except KeyMissing as error:
        yield Finding(Severity.damage, f"{error} Restore it from its backup.")
    except (KeyUnusable, KeyUnavailable) as error:
        yield Finding(Severity.damage, str(error))
    except SealBroken:
        which = rootkeys.describe(rootkeys.place(settings))
        yield Finding(Severity.damage, f"The {which} is not the one of this database.")
    else:
        yield Finding(Severity.fine, "The root key is there and opens wallets.")
        yield from _rewrap(db, root)
        return root
    return None


def _rewrap(db: Database, root: RootKey) -> Iterator[Finding]:
    """How far the change to another root key has come, where there is one."""
    with db.read() as session:
        waiting = rewrapping.waiting(session, root)
        unnamed = [state.id for state in rootwraps.unfinished(session) if state.id not in rootwraps.ids(root)]
    for root_id in unnamed:
        sentence = f"Something may lie under the root key {root_id}, which the settings do not name."
        yield Finding(Severity.damage, f"{sentence} Name it as the second, and run: docvault keys rewrap")
    if isinstance(root, Succession):
        sentence = f"{waiting} keys do not lie under the root key {root.id} yet. Run: docvault keys rewrap"
        done = f"The second root key {root.second.id} is not needed. Let go of it with: docvault keys rewrap"
        yield Finding(Severity.remark, sentence if waiting else done)


def _blobs(settings: Settings, db: Database, root: RootKey | None, how: Care) -> Iterator[Finding]:
    try:
        blobs = stores.open_store(settings)
        if root is None or how.look.quick:
            yield from versions.quick(db, blobs)
        else:
            yield from versions.whole(db, blobs, root, settings.data_dir / PLACE, how.look)
        before = (orphans.moment(db, blobs) if how.sweep else datetime.now(UTC)) - how.grace
        yield from orphans.orphans(db, blobs, how.sweep, before, even_most=how.even_most)
    except StorageError as error:
        yield Finding(Severity.damage, f"The store of papers cannot be used: {error}.")
