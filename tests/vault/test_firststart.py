"""The first start makes what is missing; a later one never replaces a key that something was sealed with."""

import stat
from pathlib import Path

import pytest

from storage.errors import KeyUnusable
from storage.files import FileBlobs
from tests.vault.world import World
from vault import firststart, migrate
from vault.db import Database
from vault.migrate import Unready
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


def test_a_process_that_shares_its_keys_makes_none_of_its_own(settings: Settings, tmp_path: Path) -> None:
    shared = settings.model_copy(update={"make_keys": False})
    with pytest.raises(KeyUnusable, match="Give every process the same ones"):
        start(shared)
    assert not settings.root_key.exists()
    start(settings)
    start(shared)
    settings.worker_key.rename(tmp_path / "elsewhere")
    with pytest.raises(KeyUnusable, match=r"worker\.key"):
        start(shared)
    assert not settings.worker_key.exists()


def test_an_empty_database_does_not_take_a_full_store_for_its_own(settings: Settings) -> None:
    """A slip in the address of the database: what a sweep would then call left over is everybody's papers."""
    FileBlobs(settings.blobs).put("versions/of-another-vault/original", [b"sealed"])
    with pytest.raises(Unready, match="holds papers already, but the database is empty"):
        start(settings)
    assert not settings.root_key.exists()


def test_a_disk_of_papers_that_is_not_mounted_is_noticed_before_anything_lands_under_it(world: World) -> None:
    settings = world.services.settings
    start(settings)
    world.put_in()
    disk = settings.data_dir / "disk"
    settings.blobs.rename(disk)
    for mounted in (lambda: None, settings.blobs.mkdir):
        mounted()
        with pytest.raises(Unready, match="Is its disk mounted"):
            start(settings)
    assert not any(settings.blobs.iterdir())
    settings.blobs.rmdir()
    disk.rename(settings.blobs)
    start(settings)


def test_a_process_that_does_not_migrate_refuses_tables_that_it_cannot_use(settings: Settings) -> None:
    follower = settings.model_copy(update={"migrate_at_start": False})
    with pytest.raises(Unready, match="no tables yet"):
        start(follower)
    migrate.upgrade(settings.database, "0001")
    with pytest.raises(Unready, match="older than this program"):
        start(follower)
    start(settings)
    start(follower)


def test_an_older_program_goes_on_beside_a_newer_one_but_changes_nothing(settings: Settings) -> None:
    """While replicas are replaced one by one, the tables have what the newer ones need already."""
    start(settings)
    db = Database(settings.database)
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'of-tomorrow'")
    with pytest.raises(Unready, match=r"newer program \(revision of-tomorrow\)"):
        start(settings)
    start(settings.model_copy(update={"migrate_at_start": False}))
    assert migrate.present(db) == "of-tomorrow"
    db.close()
