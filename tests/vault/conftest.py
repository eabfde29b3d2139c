"""A whole vault in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import TABLES, Databases
from tests.vault import world as worlds
from tests.vault.world import World
from vault import firststart
from vault.services import Services
from vault.settings import MIB, Settings


@pytest.fixture
def settings(tmp_path: Path, databases: Databases, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Of a vault before its first start; where the services are asked for, too, its tables are there already."""
    data, like = tmp_path / "data", TABLES if "services" in request.fixturenames else None
    with databases.at(data, like) as where:
        yield Settings(data_dir=data, public_url="https://vault.example", max_upload_bytes=8 * MIB, **where)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = firststart.prepare(settings)
    yield services
    services.db.close()


@pytest.fixture
def commands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that this process runs act on this vault."""
    monkeypatch.setenv("DOCVAULT_DATA_DIR", str(settings.data_dir))
    if settings.database_url:
        monkeypatch.setenv("DOCVAULT_DATABASE_URL", settings.database_url)


@pytest.fixture
def world(services: Services) -> World:
    return worlds.build(services)
