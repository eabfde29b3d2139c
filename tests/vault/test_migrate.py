"""Migrations and models tell the same story."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from vault import migrate, models
from vault.db import Database


def test_the_migrated_tables_are_the_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'docvault.db'}"
    migrate.upgrade(url)
    db = Database(url)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Row.metadata) == []
    assert migrate.present(db) == migrate.newest() is not None
    db.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'docvault.db'}"
    migrate.upgrade(url)
    migrate.upgrade(url)


def test_an_empty_database_has_no_revision(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'docvault.db'}")
    assert migrate.present(db) is None
    db.close()


def test_down_leaves_nothing_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'docvault.db'}"
    migrate.upgrade(url)
    db = Database(url)
    with db.engine.execution_options(docvault_write=True).begin() as connection:
        config = migrate.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with db.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    db.close()
