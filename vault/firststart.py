"""First start: folders, keys and tables are made; a start that finds a database without its keys refuses."""

from sqlmodel import select

from storage.errors import KeyUnusable
from storage.rootkey import FileRootKey
from vault import migrate, signing
from vault.db import Database
from vault.models import ServiceKey
from vault.services import Services
from vault.settings import Settings


def prepare(settings: Settings) -> Services:
    """Migrates, makes what is missing and opens the services.

    Raises `KeyUnusable` when the root key is gone or another than the one that the database was made with.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrate.upgrade(settings.database)
    _refuse_lost_root_key(settings)
    FileRootKey.open_or_create(settings.root_key)
    FileRootKey.open_or_create(settings.worker_key)
    services = Services.open(settings)
    with services.db.write() as session:
        signing.ensure_key(session, services.root)
        if not signing.opens(session, services.root):
            raise KeyUnusable(
                f"The root key file {settings.root_key} is not the one of this database. Restore that one: with "
                "another, what is put in from now on could not be opened together with what is there."
            )
    return services


def _refuse_lost_root_key(settings: Settings) -> None:
    if settings.root_key.exists():
        return
    db = Database(settings.database)
    try:
        with db.read() as session:
            used = session.exec(select(ServiceKey).limit(1)).first() is not None
    finally:
        db.close()
    if used:
        raise KeyUnusable(
            f"The database is in use, but its root key file {settings.root_key} is gone. Restore it from its backup: "
            "without it nobody can sign in, and a new one could open nothing."
        )
