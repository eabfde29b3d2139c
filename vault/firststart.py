"""First start: folders, keys and tables are made; a start that finds a database without its keys refuses."""

from contextlib import closing, suppress
from pathlib import Path

from sqlmodel import Session, select

from storage.errors import KeyUnusable, StoreUnavailable
from storage.rootkey import FileRootKey, RootKey
from vault import migrate, rootkeys, rootwraps, signing, stores
from vault.db import STARTING, Database
from vault.models import ServiceKey, Version
from vault.services import Services
from vault.settings import Settings


def prepare(settings: Settings) -> Services:
    """Migrates, makes what is missing and opens the services.

    Processes on several machines may start at once on one empty database: one of them makes what is missing while the
    others wait. Raises `KeyUnusable` when a key is gone or another than the one that the database was made with, and
    `Unready` when the tables are not this program's, or empty beside a store that is not.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Database.open_patient(settings)) as db, db.alone(STARTING):
        if settings.migrate_at_start:
            migrate.upgrade(db)
        else:
            migrate.refuse_old(db)
        in_use = _in_use(db)
        if in_use:
            _refuse_lost_folder(settings, db)
        else:
            _refuse_full_store(settings)
        _find_keys(settings, in_use=in_use, shared=not db.is_sqlite)
        return _open(settings)


def _open(settings: Settings) -> Services:
    services = Services.open(settings)
    try:
        with services.db.write() as session:
            _take_up(session, settings, services.root)
    except BaseException:
        services.db.close()
        raise
    return services


def _take_up(session: Session, settings: Settings, root: RootKey) -> None:
    rootwraps.refuse_left(session, root)
    if signing.current(session) is not None and not signing.opens(session, root):
        raise KeyUnusable(
            f"The {rootkeys.describe(rootkeys.place(settings))} is not the one of this database. Restore that one, or "
            "name it as the second root key: with another alone, what is put in from now on could not be opened "
            "together with what is there."
        )
    rootwraps.enter(session, root)
    signing.ensure_key(session, root)


def _in_use(db: Database) -> bool:
    with db.read() as session:
        return session.exec(select(ServiceKey).limit(1)).first() is not None


def _refuse_full_store(settings: Settings) -> None:
    """An empty database beside papers is the wrong one, or theirs was lost: nothing may begin that would sweep them.

    A store that does not answer keeps nobody from starting, as at any other time.
    """
    with suppress(StoreUnavailable):
        if next(iter(stores.open_store(settings).list()), None) is not None:
            raise migrate.Unready(
                "The store holds papers already, but the database is empty: it is not theirs. Check "
                "DOCVAULT_DATABASE_URL, DOCVAULT_DATA_DIR and the settings of the store, or restore a backup into an "
                "empty store."
            )


def _refuse_lost_folder(settings: Settings, db: Database) -> None:
    """A disk that is not mounted is an empty folder: what came in now would lie under it, and be hidden later."""
    if settings.s3_endpoint is not None or (settings.blobs / "objects").is_dir():
        return
    with db.read() as session:
        kept = session.exec(select(Version.id).where(Version.wrapped_key != b"").limit(1)).first()
    if kept is not None:
        raise migrate.Unready(
            f"The database names papers, but there is no folder {settings.blobs / 'objects'} where they lie. Is its "
            "disk mounted, and DOCVAULT_DATA_DIR the right folder? Where they are lost for good, restore a backup, or "
            "make that folder yourself to go on without them."
        )


def _find_keys(settings: Settings, *, in_use: bool, shared: bool) -> None:
    """Makes the key files that are missing, where nothing can have been sealed with others."""
    _find_root_key(settings, in_use)
    if in_use and shared and not settings.worker_key.exists():
        raise KeyUnusable(
            f"The database is in use, but the worker key file {settings.worker_key} is not here. Copy the one that "
            "the other processes have: with a key of its own, this one could read none of their papers."
        )
    find_key(settings.worker_key, settings.make_keys)


def find_key(path: Path, make: bool) -> None:
    """Makes a key file that is missing, if it may. Raises `KeyUnusable` if it may not."""
    if make:
        FileRootKey.open_or_create(path)
    elif not path.exists():
        raise _not_made(f"key file {path}")


def _find_root_key(settings: Settings, in_use: bool) -> None:
    if rootkeys.is_there(settings):
        return
    which = rootkeys.describe(rootkeys.place(settings))
    if in_use and rootkeys.second_place(settings) is not None:
        raise KeyUnusable(f"There is no {which} yet. Make it with: docvault keys create")
    if in_use:
        raise KeyUnusable(
            f"The database is in use, but its {which} is gone. Restore it from its backup: "
            "without it nobody can sign in, and a new one could open nothing."
        )
    if not settings.make_keys:
        raise _not_made(which)
    rootkeys.create_once(settings)


def _not_made(which: str) -> KeyUnusable:
    return KeyUnusable(
        f"The {which} is not here, and none is made with DOCVAULT_MAKE_KEYS=false. Give every process "
        "the same ones; `docvault secrets` makes them."
    )
