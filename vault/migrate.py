"""The tables brought up to date, by alembic; its scripts are part of the package."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from vault.db import Database

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Applies what is missing, in one transaction: a failure leaves the database as it was."""
    db = Database(database_url)
    try:
        _run(db, command.upgrade, revision)
    finally:
        db.close()


def downgrade(database_url: str, revision: str) -> None:
    """Takes back what came after `revision` ("base": everything), in one transaction."""
    db = Database(database_url)
    try:
        _run(db, command.downgrade, revision)
    finally:
        db.close()


def newest() -> str | None:
    """The revision that this program expects."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def present(db: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _run(db: Database, run: Callable[[Config, str], None], revision: str) -> None:
    """SQLite changes a table by copying it and dropping the old one, which must not take rows elsewhere along.

    So references are off for the length of it (sqlite.org/lang_altertable.html, section 7), and looked over at its end.
    """
    with db.engine.execution_options(docvault_write=True).connect() as connection:
        if db.is_sqlite:
            _references(connection, "OFF")
        with connection.begin():
            config = configuration()
            config.attributes["connection"] = connection
            run(config, revision)
            if db.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise RuntimeError("a row would refer to one that is not there")
        if db.is_sqlite:
            _references(connection, "ON")


def _references(connection: Connection, to: str) -> None:
    """Only outside of a transaction does this pragma do anything, so it goes past SQLAlchemy's."""
    raw = connection.connection.dbapi_connection
    if raw is not None:
        raw.cursor().execute(f"PRAGMA foreign_keys = {to}")


def configuration() -> Config:
    """Where the scripts are; a connection is added by who runs them."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
