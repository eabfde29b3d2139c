"""The tables brought up to date, by alembic; its scripts are part of the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from vault.db import Database

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Applies what is missing, in one transaction: a failure leaves the database as it was."""
    db = Database(database_url)
    try:
        with db.engine.execution_options(docvault_write=True).begin() as connection:
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        db.close()


def newest() -> str | None:
    """The revision that this program expects."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def present(db: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def configuration() -> Config:
    """Where the scripts are; a connection is added by who runs them."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
