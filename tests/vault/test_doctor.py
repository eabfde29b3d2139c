"""The doctor finds what is damaged, tells what a crash left, and sweeps nothing that belongs to a paper."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from storage.blobs import BlobInfo
from storage.files import FileBlobs
from storage.keys import Key
from storage.rootkey import FileRootKey, Succession
from tests.databases import TABLES, Databases
from tests.journeys.processes import wait_until
from tests.needs import need_tesseract
from tests.vault.world import CONTENT, PREVIEW, World
from vault import accesslog, documents, models, papers, rewrapping, rootkeys, rootwraps
from vault.accesslog import Kind
from vault.care import owners
from vault.care.findings import Severity
from vault.care.pace import MIB, Pace
from vault.care.versions import Look
from vault.db import Database
from vault.doctor import Care, examine
from vault.models import Version
from vault.services import Services
from vault.settings import Settings

NOW = timedelta(0)


def found(settings: Settings, severity: Severity, **how: object) -> list[str]:
    findings = list(examine(settings, Care(**how)))  # type: ignore[arg-type]
    return [finding.sentence for finding in findings if finding.severity == severity]


def path_of(services: Services, name: str) -> Path:
    return next(services.settings.blobs.rglob(name.replace("/", ",")))


@pytest.fixture(autouse=True)
def tesseract() -> None:
    need_tesseract()


def test_a_healthy_vault_is_fine(world: World) -> None:
    world.put_in()
    settings = world.services.settings
    kernels = ("Landlock", "seccomp")
    remarks = [one for one in found(settings, Severity.remark) if not any(name in one for name in kernels)]
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
    papers.put_original(blobs, Key.generate(), models.new_id(), [b"acknowledged to nobody"])
    two_days_ago = time.time() - 2 * 86_400
    for path in world.services.settings.blobs.rglob("versions,*"):
        os.utime(path, (two_days_ago, two_days_ago))
    found(world.services.settings, Severity.remark, sweep=True)
    assert list(blobs.list()) == []


def test_a_sweep_by_a_clock_that_is_a_year_ahead_takes_nothing_that_is_just_arriving(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store knows better what time it is; the row of what lies there may come a moment later."""
    services, listed = world.services, FileBlobs.list

    def a_year_before(self: FileBlobs, prefix: str = "") -> Iterator[BlobInfo]:
        return (replace(blob, modified=blob.modified - timedelta(days=365)) for blob in listed(self, prefix))

    monkeypatch.setattr(FileBlobs, "list", a_year_before)
    papers.put_original(services.blobs, Key.generate(), models.new_id(), [b"just arriving"])
    before = {blob.name for blob in services.blobs.list()}
    assert found(services.settings, Severity.remark, sweep=True) == []
    assert {blob.name for blob in services.blobs.list()} == before


def strangers(services: Services, count: int) -> None:
    for _ in range(count):
        key, version_id = Key.generate(), models.new_id()
        papers.put_original(services.blobs, key, version_id, [b"of another vault"])
        papers.put_previews(services.blobs, key, version_id, 1, PREVIEW, PREVIEW)


def test_a_sweep_with_a_database_that_was_just_made_takes_nothing_of_a_full_store(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    world.put_in()
    fresh = tmp_path / "fresh"
    shutil.copytree(world.services.settings.data_dir, fresh, ignore=shutil.ignore_patterns("docvault.db*"))
    with databases.at(fresh, TABLES) as where:
        settings = Settings(data_dir=fresh, **where)  # type: ignore[arg-type]
        assert any("Nothing was removed" in one for one in found(settings, Severity.damage, sweep=True, grace=NOW))
    assert len(list(FileBlobs(settings.blobs).list())) == len(list(world.services.blobs.list())) > 0


def test_a_sweep_of_another_vaults_store_takes_nothing(world: World) -> None:
    paper, services = world.put_in(), world.services
    papers.remove(services.blobs, papers.Remains(paper.version.id, 1))
    strangers(services, 2)
    cut_off = services.settings.blobs / "temporary" / ("ab" * 16)
    cut_off.write_bytes(b"of an upload there")
    assert any("right store" in one for one in found(services.settings, Severity.damage, sweep=True, grace=NOW))
    assert len(list(services.blobs.list("versions/"))) == 2 * 3
    assert cut_off.exists()


def test_a_sweep_of_a_store_that_is_mostly_another_vaults_wants_to_be_told_so(world: World) -> None:
    world.put_in()
    strangers(world.services, 11)
    settings = world.services.settings
    assert any("of 11" in sentence for sentence in found(settings, Severity.damage, sweep=True, grace=NOW))
    assert any("33 files" in one for one in found(settings, Severity.remark, sweep=True, even_most=True, grace=NOW))
    assert len(list(world.services.blobs.list("versions/"))) == 3, "the paper's own stay"


def test_what_many_crashes_left_of_uploads_is_swept_without_being_asked_whose_it_is(world: World) -> None:
    world.put_in()
    for _ in range(30):
        papers.put_original(world.services.blobs, Key.generate(), models.new_id(), [b"of nobody"])
    assert any("30 files" in one for one in found(world.services.settings, Severity.remark, sweep=True, grace=NOW))


def test_a_wallet_that_was_erased_as_the_power_went_is_swept(world: World) -> None:
    """Most of what is stored, and yet the vault's own: its log has heard of it."""
    services = world.services
    put_in = [world.put_in(content=b"%PDF-1.7 " + bytes([65 + n])) for n in range(11)]
    for paper in put_in:
        with services.db.write() as session:
            ids = {"document_id": paper.id, "version_id": paper.version.id}
            accesslog.record(session, Kind.document_added, citizen_id=world.an.citizen_id, **ids)
        world.bin(paper)
        with services.db.write() as session:
            documents.destroy(session, world.an, paper.id)
    found(services.settings, Severity.remark, sweep=True, grace=NOW)
    assert list(services.blobs.list()) == []


def test_a_part_that_becomes_a_paper_during_a_sweep_keeps_its_bytes(world: World) -> None:
    """Its row changes tables in one transaction, and no look may fall between the two."""
    services, statements = world.services, list[str]()
    paper = world.put_in()
    event.listen(services.db.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert owners.named(services.db, services.blobs.list()) == {paper.version.id}
    asked = [statement for statement in statements if "version" in statement]
    assert len(asked) == 1
    assert "uploadpart" in asked[0]


def test_another_root_key_than_the_databases_is_noticed(world: World) -> None:
    key = world.services.settings.root_key
    key.unlink()
    assert any("no root key" in sentence for sentence in found(world.services.settings, Severity.damage))
    FileRootKey.create(key)
    assert any("not the one" in sentence for sentence in found(world.services.settings, Severity.damage))


def test_how_far_the_change_to_another_root_key_has_come_is_told(world: World, tmp_path: Path) -> None:
    old = world.services.settings
    both = old.model_copy(
        update={
            "root_key_file": tmp_path / "new.key",
            "second_root_key_provider": "file",
            "second_root_key_file": old.root_key,
        }
    )
    succession = Succession(rootkeys.create(both), world.services.root)
    with world.services.db.write() as session:
        rootwraps.leave(session, succession)
    assert any("5 keys do not lie under" in sentence for sentence in found(both, Severity.remark))
    alone = both.model_copy(update={"second_root_key_provider": None})
    assert any("not the one" in sentence for sentence in found(alone, Severity.damage))
    for _ in rewrapping.move(world.services.db, succession):
        pass
    assert any("may lie under" in sentence for sentence in found(alone, Severity.damage))
    assert any("is not needed" in sentence for sentence in found(both, Severity.remark))


def test_keys_that_others_can_read_are_noticed(world: World) -> None:
    for key in (world.services.settings.root_key, world.services.settings.worker_key):
        key.chmod(0o644)
    damage = found(world.services.settings, Severity.damage)
    assert len([sentence for sentence in damage if "can be read by others" in sentence]) == 2


def test_a_database_that_was_never_migrated_or_is_none_is_noticed(settings: Settings, databases: Databases) -> None:
    settings.data_dir.mkdir()
    Database(settings.database).close()
    assert any("docvault migrate" in sentence for sentence in found(settings, Severity.damage))
    shutil.rmtree(settings.data_dir)
    databases.drop(settings.data_dir)
    assert any("does not answer" in sentence for sentence in found(settings, Severity.damage))


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_bit_that_rotted_anywhere_is_found_and_its_part_is_named(world: World) -> None:
    services = world.services
    middle, last, page = (world.put_in(content=CONTENT + bytes([number])).version.id for number in range(3))
    flip(path_of(services, papers.original_name(middle)), 40_000)
    flip(path_of(services, papers.original_name(last)), -1)
    flip(path_of(services, papers.preview_name(page, 1, thumbnail=True)), 60)
    said = {sentence.split()[1].strip(":"): sentence for sentence in found(services.settings, Severity.damage)}
    assert said.keys() == {middle, last, page}
    assert all("its original is damaged" in said[version] for version in (middle, last))
    assert "the thumbnail of page 1 is damaged" in said[page]
    assert found(services.settings, Severity.damage, look=Look(quick=True)) == [], "all of them have their length"


def test_what_lies_in_a_row_is_looked_at_too(world: World) -> None:
    paper, other = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    label = replace(paper.label, sha256=other.label.sha256)
    world.change(Version, paper.version.id, label=papers.seal_label(paper.key, paper.version.id, label))
    world.change(Version, other.version.id, reading=b"\x21" + bytes(40), confirmed=b"\x21" + bytes(40))
    said = "\n".join(found(world.services.settings, Severity.damage))
    assert f"{paper.version.id}: its original has another hash" in said
    assert f"{other.version.id}: its reading is damaged; its confirmed values are damaged" in said


def test_a_key_of_another_version_is_no_key(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    world.change(Version, one.version.id, wrapped_key=two.version.wrapped_key)
    assert found(world.services.settings, Severity.damage) == [
        f"Version {one.version.id}: its key does not open with its wallet's."
    ]


def test_a_page_that_was_read_has_its_pictures(world: World) -> None:
    paper = world.put_in()
    world.change(Version, paper.version.id, state="done", pages_read=1)
    world.services.blobs.delete(papers.preview_name(paper.version.id, 1))
    assert "the preview of page 1 is missing" in found(world.services.settings, Severity.damage)[0]
    world.change(Version, paper.version.id, state="waiting", pages_read=0)
    assert found(world.services.settings, Severity.damage) == [], "it is being read again"


def test_a_paper_destroyed_while_the_doctor_looks_is_no_damage(world: World) -> None:
    paper = world.put_in()
    world.bin(paper)

    def destroy(_done: int, _total: int) -> None:
        with world.services.db.write() as session:
            if session.get(models.Document, paper.id):
                for remains in documents.destroy(session, world.an, paper.id):
                    papers.remove(world.services.blobs, remains)

    assert found(world.services.settings, Severity.damage, look=Look(progress=destroy)) == []
    assert list(world.services.blobs.list()) == []


def test_an_interrupted_look_goes_on_where_it_was(world: World) -> None:
    settings, versions = world.services.settings, several(world)
    lose(world, versions[1])
    assert until_damage(settings, 1) == [versions[1]]
    lose(world, versions[0])
    assert any("1 versions are done" in sentence for sentence in found(settings, Severity.remark))
    assert until_damage(settings, 9) == versions[:2], "that one came to its end: this one is new"
    assert not (settings.data_dir / "doctor.json").exists()


def test_an_interrupted_look_tells_again_what_is_still_damaged(world: World) -> None:
    settings, versions = world.services.settings, several(world)
    for version in versions[:3]:
        lose(world, version)
    assert until_damage(settings, 3) == versions[:3]
    with world.services.db.write() as session:
        session.delete(session.get_one(Version, versions[0]))
    assert until_damage(settings, 9) == versions[1:3]


@pytest.mark.parametrize("how", [{"again": True}, {"old": True}, {"other": True}, {"nonsense": True}])
def test_a_place_that_says_nothing_of_this_vault_today_is_left(world: World, how: dict[str, bool]) -> None:
    settings, versions = world.services.settings, several(world)
    lose(world, versions[1])
    until_damage(settings, 1)
    file = settings.data_dir / "doctor.json"
    place = json.loads(file.read_text())
    if how.get("old"):
        place["began"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    if how.get("other"):
        place["database"] = "00"
    file.write_text("{" if how.get("nonsense") else json.dumps(place))
    lose(world, versions[0])
    assert until_damage(settings, 9, again=how.get("again", False)) == versions[:2]


def several(world: World) -> list[str]:
    return sorted(world.put_in(content=b"%PDF-1.7 " + bytes([number])).version.id for number in range(4))


def lose(world: World, version_id: str) -> None:
    world.services.blobs.delete(papers.original_name(version_id))


def until_damage(settings: Settings, count: int, *, again: bool = False) -> list[str]:
    """The damaged versions that were told until there were so many; then the look ends, as by Ctrl-C."""
    said: list[str] = []
    looking = examine(settings, Care(look=Look(again=again)))
    for finding in looking:
        if finding.severity == Severity.damage:
            said.append(finding.sentence.split()[1].strip(":"))
        if len(said) == count:
            looking.close()
    return said


def test_nothing_of_a_paper_is_said(world: World) -> None:
    paper = world.put_in()
    flip(path_of(world.services, papers.original_name(paper.version.id)), 70)
    said = "\n".join(finding.sentence for finding in examine(world.services.settings))
    assert paper.version.id in said
    assert paper.label.title not in said and paper.label.file_name not in said


def test_a_reader_is_held_back_to_its_rate() -> None:
    at, slept = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal at
        at += seconds
        slept.append(seconds)

    pace = Pace(2, clock=lambda: at, sleep=sleep)
    for _ in range(10):
        pace.spend(MIB)
    assert at == pytest.approx(5)
    at += 1000
    pace.spend(2 * MIB)
    pace.spend(20 * MIB)
    assert slept[-1] == pytest.approx(10), "an hour's rest is not made up for"
    before = at
    Pace(0, clock=lambda: at, sleep=sleep).spend(10**12)
    assert at == before


def test_a_store_that_goes_away_is_told_and_the_look_goes_on_once_it_is_back(world: World) -> None:
    settings, objects = world.services.settings, world.services.settings.blobs / "objects"
    away = settings.blobs / "unmounted"
    for number in range(9):
        world.put_in(content=b"%PDF-1.7 " + bytes([number]))

    def unmount(_done: int, _total: int) -> None:
        if objects.exists():
            objects.rename(away)

    damage = found(settings, Severity.damage, look=Look(progress=unmount))
    assert "5 versions in a row cannot be read" in damage[-1]
    assert all("cannot be read" in sentence for sentence in damage), "none of them is called missing"
    away.rename(objects)
    assert any("Goes on" in sentence for sentence in found(settings, Severity.remark))
    assert found(settings, Severity.damage) == []


def test_a_doctor_that_is_killed_goes_on(world: World) -> None:
    settings = world.services.settings
    for number in range(20):
        world.put_in(content=CONTENT + bytes([number]))
    environment = os.environ | {"DOCVAULT_DATA_DIR": str(settings.data_dir)}
    if settings.database_url:
        environment |= {"DOCVAULT_DATABASE_URL": settings.database_url}
    command = [sys.executable, "-m", "vault.cli", "doctor", "--rate"]
    slow = subprocess.Popen([*command, "1"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until((settings.data_dir / "doctor.json").exists, within_s=60)
    slow.kill()
    slow.wait()
    done = subprocess.run([*command, "0"], env=environment, capture_output=True, text=True, timeout=60)
    assert "Goes on with the look" in done.stdout, done.stdout
    assert (done.returncode, "All 20 versions" in done.stdout) == (0, True)
