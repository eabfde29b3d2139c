"""First start: folders, keys and tables are made; a start that finds a database without its keys refuses."""

from contextlib import closing
from pathlib import Path

from sqlmodel import select

from storage.errors import KeyUnusable
from storage.rootkey import FileRootKey
from vault import migrate, signing
from vault.db import STARTING, Database
from vault.models import ServiceKey
from vault.services import Services
from vault.settings import Settings


def prepare(settings: Settings) -> Services:
    """Migrates, makes what is missing and opens the services.

    Processes on several machines may start at once on one empty database: one of them makes what is missing while the
    others wait. Raises `KeyUnusable` when a key is gone or another than the one that the database was made with, and
    `Unready` when the tables are not this program's.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Database.open_patient(settings)) as db, db.alone(STARTING):
        if settings.migrate_at_start:
            migrate.upgrade(db)
        else:
            migrate.refuse_old(db)
        _find_keys(settings, in_use=_in_use(db), shared=not db.is_sqlite)
        return _open(settings)


def _open(settings: Settings) -> Services:
    services = Services.open(settings)
    with services.db.write() as session:
        signing.ensure_key(session, services.root)
        opens = signing.opens(session, services.root)
    if not opens:
        services.db.close()
        raise KeyUnusable(
            f"The root key file {settings.root_key} is not the one of this database. Restore that one: with "
            "another, what is put in from now on could not be opened together with what is there."
        )
    return services


def _in_use(db: Database) -> bool:
    with db.read() as session:
        return session.exec(select(ServiceKey).limit(1)).first() is not None


def _find_keys(settings: Settings, *, in_use: bool, shared: bool) -> None:
    """Makes the key files that are missing, where nothing can have been sealed with others."""
    if in_use and not settings.root_key.exists():
        raise KeyUnusable(
            f"The database is in use, but its root key file {settings.root_key} is gone. Restore it from its backup: "
            "without it nobody can sign in, and a new one could open nothing."
        )
    if in_use and shared and not settings.worker_key.exists():
        raise KeyUnusable(
            f"The database is in use, but the worker key file {settings.worker_key} is not here. Copy the one that "
            "the other processes have: with a key of its own, this one could read none of their papers."
        )
    for path in (settings.root_key, settings.worker_key):
        find_key(path, settings.make_keys)


def find_key(path: Path, make: bool) -> None:
    """Makes a key file that is missing, if it may. Raises `KeyUnusable` if it may not."""
    if make:
        FileRootKey.open_or_create(path)
    elif not path.exists():
        raise KeyUnusable(
            f"The key file {path} is not here, and none is made with DOCVAULT_MAKE_KEYS=false. Give every process "
            "the same ones; `docvault secrets` makes them."
        )
