"""A whole vault in a temporary folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault import world as worlds
from tests.vault.world import World
from vault import firststart, migrate
from vault.services import Services
from vault.settings import MIB, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", public_url="https://vault.example", max_upload_bytes=8 * MIB)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row, migrated once for all: a thousand tests begin with a copy of it."""
    empty = Settings(data_dir=tmp_path_factory.mktemp("tables"))
    migrate.upgrade(empty.database)
    return empty.data_dir / "docvault.db"


@pytest.fixture
def services(settings: Settings, tables: Path) -> Iterator[Services]:
    settings.data_dir.mkdir(mode=0o700)
    shutil.copy(tables, settings.data_dir)
    services = firststart.prepare(settings)
    yield services
    services.db.close()


@pytest.fixture
def world(services: Services) -> World:
    return worlds.build(services)
