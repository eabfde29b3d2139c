"""A whole vault in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault import world as worlds
from tests.vault.world import World
from vault import firststart
from vault.services import Services
from vault.settings import MIB, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", public_url="https://vault.example", max_upload_bytes=8 * MIB)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = firststart.prepare(settings)
    yield services
    services.db.close()


@pytest.fixture
def world(services: Services) -> World:
    return worlds.build(services)
