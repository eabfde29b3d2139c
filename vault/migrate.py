"""The tables brought up to date, by alembic; its scripts are part of the package."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from vault.db import MIGRATING, Database
from vault.errors import VaultError

SCRIPTS = Path(__file__).parent / "migrations"


class Unready(VaultError):
    """The tables are not those of this program; the sentence says what to do."""

    code = "internal"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def upgrade(database: str | Database, revision: str = "head") -> None:
    """Applies what is missing, in one transaction: a failure leaves the database as it was.

    Of several processes at once one does it, and the others find it done. Raises `Unready` where a newer program did.
    """
    with _opened(database) as db, db.alone(MIGRATING):
        _refuse_newer(db)
        if revision == "head" and present(db) == newest():
            return
        _run(db, command.upgrade, revision)


def downgrade(database: str | Database, revision: str) -> None:
    """Takes back what came after `revision` ("base": everything), in one transaction."""
    with _opened(database) as db, db.alone(MIGRATING):
        _run(db, command.downgrade, revision)


def fill(db: Database, revision: str, put: Callable[[Connection], None], finish: Callable[[Connection], None]) -> None:
    """Tables of `revision` anew, the rows that `put` adds, the newest tables, `finish`: all in one transaction.

    What tables there are must be empty. Raises `Unready` for a revision that this program does not know.
    """

    def run(config: Config, _revision: str) -> None:
        connection = config.attributes["connection"]
        if MigrationContext.configure(connection).get_current_revision() is not None:
            command.downgrade(config, "base")
        command.upgrade(config, revision)
        put(connection)
        command.upgrade(config, "head")
        finish(connection)

    if revision not in known():
        raise Unready(f"These rows are of a newer program (revision {revision}). Use that one.")
    with db.alone(MIGRATING):
        _run(db, run, revision)


def refuse_old(db: Database) -> None:
    """Raises `Unready` unless the tables have what this program needs; a newer program may have added to them."""
    found = present(db)
    if found in known() and found != newest():
        raise Unready("The database's tables are older than this program. Run: docvault migrate")
    if found is None:
        raise Unready("The database has no tables yet. Run: docvault migrate")


@cache
def known() -> frozenset[str]:
    """Every revision that this program has a script for."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions())


@cache
def newest() -> str | None:
    """The revision that this program expects."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def present(db: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _opened(database: str | Database) -> Iterator[Database]:
    """An address is opened for the length of it; a database that is open already stays so."""
    if isinstance(database, Database):
        yield database
        return
    db = Database(database)
    try:
        yield db
    finally:
        db.close()


def _refuse_newer(db: Database) -> None:
    found = present(db)
    if found is not None and found not in known():
        raise Unready(
            f"The database's tables are of a newer program (revision {found}). Run that one, or set "
            "DOCVAULT_MIGRATE_AT_START=false to go on with this one for as long as an upgrade takes."
        )


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
