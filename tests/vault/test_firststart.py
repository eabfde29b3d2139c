"""The first start makes what is missing; a later one never replaces a key that something was sealed with."""

import stat
from pathlib import Path

import pytest

from storage.errors import KeyUnusable
from vault import firststart
from vault.settings import Settings


def start(settings: Settings) -> None:
    firststart.prepare(settings).db.close()


def test_the_first_start_makes_keys_for_the_servers_user_alone(settings: Settings) -> None:
    start(settings)
    for path in (settings.root_key, settings.worker_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_the_next_start_keeps_the_keys(settings: Settings) -> None:
    start(settings)
    before = [path.read_bytes() for path in (settings.root_key, settings.worker_key)]
    start(settings)
    assert [path.read_bytes() for path in (settings.root_key, settings.worker_key)] == before


def test_an_operator_who_lost_the_root_key_is_told_and_gets_no_new_one(settings: Settings, tmp_path: Path) -> None:
    start(settings)
    settings.root_key.rename(tmp_path / "elsewhere")
    with pytest.raises(KeyUnusable, match="Restore it from its backup"):
        start(settings)
    assert not settings.root_key.exists()
    (tmp_path / "elsewhere").rename(settings.root_key)
    start(settings)
