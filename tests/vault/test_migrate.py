"""Migrations and models tell the same story."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from vault import migrate, models
from vault.db import Database
from vault.settings import Settings

IN_USE = (
    "INSERT INTO wallet VALUES ('c', CURRENT_TIMESTAMP, :zero)",
    "INSERT INTO agency VALUES ('a', 'Sở', CURRENT_TIMESTAMP, :zero, :zero, :zero, '{}')",
    "INSERT INTO document (id, citizen_id, kind, kind_confirmed, created_at) "
    "VALUES ('d', 'c', 'birth-certificate', FALSE, CURRENT_TIMESTAMP), ('e', 'c', 'other', FALSE, CURRENT_TIMESTAMP)",
    'INSERT INTO "grant" (id, citizen_id, agency_id, created_at, not_before, expires_at, openings_max, openings, '
    "sealed_grant, token_hash) "
    "VALUES ('g', 'c', 'a', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 3, 0, :zero, :one)",
    "INSERT INTO grantholder VALUES ('g', 'citizen', :zero), ('g', 'agency', :zero), ('g', 'token', :zero)",
    "INSERT INTO grantitem (grant_id, version_id) VALUES ('g', 'v')",
    "INSERT INTO usedassertion VALUES (:two, CURRENT_TIMESTAMP)",
)
"""A small vault as the first tables held it."""


@pytest.fixture
def url(settings: Settings) -> str:
    """Of an empty database."""
    settings.data_dir.mkdir()
    return settings.database


def test_the_migrated_tables_are_the_models(url: str) -> None:
    migrate.upgrade(url)
    db = Database(url)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Row.metadata) == []
    assert migrate.present(db) == migrate.newest() is not None
    db.close()


def test_migrating_twice_changes_nothing(url: str) -> None:
    migrate.upgrade(url)
    migrate.upgrade(url)


def test_an_empty_database_has_no_revision(url: str) -> None:
    db = Database(url)
    assert migrate.present(db) is None
    db.close()


def test_down_leaves_nothing_behind(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    db = Database(url)
    with db.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    db.close()


def test_a_vault_in_use_keeps_what_was_shared(url: str) -> None:
    """Tokens without a key end; the holders, items and entries that hang on a grant stay."""
    migrate.upgrade(url, "0001")
    db = Database(url)
    with db.engine.execution_options(docvault_write=True).begin() as connection:
        for statement in IN_USE:
            connection.execute(text(statement), {"zero": b"\0", "one": b"\1", "two": b"\2"})
    migrate.upgrade(url)
    with db.engine.connect() as connection:
        holders = connection.exec_driver_sql("SELECT holder FROM grantholder ORDER BY holder").scalars().all()
        items = connection.exec_driver_sql("SELECT version_id FROM grantitem").scalars().all()
        used = connection.exec_driver_sql("SELECT count(*) FROM usedproof").scalar_one()
        sure = connection.exec_driver_sql("SELECT kind_sure FROM document ORDER BY id").scalars().all()
    db.close()
    assert (holders, items, used, sure) == (["agency", "citizen"], ["v"], 1, [1, 0])
