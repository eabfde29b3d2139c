"""The doctor finds what is damaged, tells what a crash left, and sweeps nothing that belongs to a paper."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from storage.files import FileBlobs
from storage.keys import Key
from storage.rootkey import FileRootKey
from tests.needs import need_tesseract
from tests.vault.world import World
from vault import documents, models, papers
from vault.db import Database
from vault.doctor import Finding, Severity, examine
from vault.services import Services
from vault.settings import Settings

NOW = timedelta(0)


def found(settings: Settings, severity: Severity, **how: object) -> list[str]:
    findings: list[Finding] = list(examine(settings, **how))  # type: ignore[arg-type]
    return [finding.sentence for finding in findings if finding.severity == severity]


def path_of(services: Services, name: str) -> Path:
    return next(services.settings.blobs.rglob(name.replace("/", ",")))


@pytest.fixture(autouse=True)
def tesseract() -> None:
    need_tesseract()


def test_a_healthy_vault_is_fine(world: World) -> None:
    world.put_in()
    settings = world.services.settings
    remarks = [one for one in found(settings, Severity.remark) if "Landlock" not in one]  # the kernel's affair
    assert found(settings, Severity.damage) == remarks == []
    assert any("All 1 versions" in sentence for sentence in found(settings, Severity.fine))


def test_a_missing_and_a_cut_off_paper_are_named(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    world.services.blobs.delete(papers.original_name(one.version.id))
    path = path_of(world.services, papers.original_name(two.version.id))
    path.write_bytes(path.read_bytes()[:-1])
    damage = found(world.services.settings, Severity.damage)
    assert len(damage) == 2
    assert any(one.version.id in sentence and "missing" in sentence for sentence in damage)
    assert any(two.version.id in sentence and "bytes, not" in sentence for sentence in damage)


def test_what_a_crash_left_is_swept_after_its_grace_and_papers_stay(world: World) -> None:
    paper, services = world.put_in(), world.services
    papers.put_original(services.blobs, Key.generate(), models.new_id(), [b"acknowledged to nobody"])
    services.blobs.put("no-version", [b"of no version"])
    (services.settings.blobs / "temporary" / ("ab" * 16)).write_bytes(b"cut off")
    assert found(services.settings, Severity.remark, sweep=True) == [], "all of it is younger than a day"
    assert any("3 files" in sentence for sentence in found(services.settings, Severity.remark, grace=NOW))
    assert len(found(services.settings, Severity.remark, sweep=True, grace=NOW)) == 1
    assert found(services.settings, Severity.remark, grace=NOW) == []
    assert found(services.settings, Severity.damage) == []
    assert {blob.name.split("/")[1] for blob in services.blobs.list()} == {paper.version.id}


def test_previews_of_a_destroyed_paper_are_orphans(world: World) -> None:
    paper, services = world.put_in(), world.services
    world.bin(paper)
    with services.db.write() as session:
        documents.destroy(session, world.an, paper.id)
    assert any("3 files" in sentence for sentence in found(services.settings, Severity.remark, sweep=True, grace=NOW))
    assert list(services.blobs.list()) == []


def test_an_old_orphan_is_swept_without_being_asked_for_its_age(world: World) -> None:
    blobs = world.services.blobs
    assert isinstance(blobs, FileBlobs)
    papers.put_original(blobs, Key.generate(), models.new_id(), [b"acknowledged to nobody"])
    two_days_ago = time.time() - 2 * 86_400
    for path in world.services.settings.blobs.rglob("versions,*"):
        os.utime(path, (two_days_ago, two_days_ago))
    found(world.services.settings, Severity.remark, sweep=True)
    assert list(blobs.list()) == []


def test_another_root_key_than_the_databases_is_noticed(world: World) -> None:
    key = world.services.settings.root_key
    key.unlink()
    assert any("no root key" in sentence for sentence in found(world.services.settings, Severity.damage))
    FileRootKey.create(key)
    assert any("not the one" in sentence for sentence in found(world.services.settings, Severity.damage))


def test_keys_that_others_can_read_are_noticed(world: World) -> None:
    for key in (world.services.settings.root_key, world.services.settings.worker_key):
        key.chmod(0o644)
    damage = found(world.services.settings, Severity.damage)
    assert len([sentence for sentence in damage if "can be read by others" in sentence]) == 2


def test_a_database_that_was_never_migrated_or_is_none_is_noticed(settings: Settings, tmp_path: Path) -> None:
    settings.data_dir.mkdir()
    Database(settings.database).close()
    assert any("docvault migrate" in sentence for sentence in found(settings, Severity.damage))
    shutil.rmtree(settings.data_dir)
    assert any("does not answer" in sentence for sentence in found(settings, Severity.damage))
