"""A paper or a wallet is destroyed: copies of every file and row from before open nothing with what is left."""

import shutil
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from storage.keys import Key, context
from storage.rootkey import FileRootKey, Succession
from tests.journeys import burglars, traces
from tests.journeys.burglars import Loot
from tests.journeys.traces import Needle
from tests.vault import attaching, exporting, test_resumable, visitors
from tests.vault.conftest import services, settings, world
from tests.vault.world import World
from vault import documents, erasure, jobs, models, papers, redeeming, rewrapping, rootwraps, wallets
from vault.documents import Paper
from vault.housekeeping import Housekeeping
from vault.models import Grant, Upload, Wallet

__all__ = ["services", "settings", "world"]
pytestmark = pytest.mark.only_on("sqlite")  # it copies the file and looks into it

EVERY_WAY = {"owner", "citizen's grant", "agency", "job"}


@pytest.fixture
def an(world: World) -> httpx.Client:
    """A client of An's, with a session of theirs."""
    return visitors.visitor(world, visitors.app_of(world), world.an)


def lived_in(world: World) -> tuple[Paper, Paper]:
    """Two papers of An's: shared by link and for a dossier, taken over by officers and a system, due to be read."""
    services, found = world.services, []
    for kind in ("citizen-card", "birth-certificate"):
        paper = world.put_in(content=f"%PDF {kind}".encode() * 5000, kind=kind)
        world.share(paper)
        world.bearer(world.share(paper)[1])
        redeeming.redeem_by_officer(services.db, services.signer, world.registry, world.share(paper)[1])
        with services.db.write() as session:
            jobs.enqueue(session, services.worker_key, paper.version.id, world.an.citizen_id, paper.key)
        found.append(paper)
    attaching.attach(world, {"applicant-identity": found[0]})
    return found[0], found[1]


def in_parts(world: World, an: httpx.Client, copies: Path) -> str:
    """A paper that came in two parts; its document. What lay in the store meanwhile is kept in `copies`."""
    data = test_resumable.PAPER
    address = test_resumable.begin(an, data)
    assert test_resumable.patch(an, address, 0, data[:100_000]).status_code == 204
    shutil.copytree(world.services.settings.blobs, copies)
    done = test_resumable.patch(an, address, 100_000, data[100_000:])
    assert done.status_code == 204, done.text
    return done.headers["docvault-document"].rpartition("/")[2]


def destroy(world: World, *document_ids: str) -> None:
    services = world.services
    for document_id in document_ids:
        with services.db.write() as session:
            documents.delete_to_bin(session, world.an, document_id)
        with services.db.write() as session:
            destroyed = documents.destroy(session, world.an, document_id)
        for remains in destroyed:
            papers.remove(services.blobs, remains)


def gone(before: Loot, after: Loot) -> dict[tuple[str, str], set[bytes]]:
    """What the database held before and holds no more, of what is long enough to be told from chance."""
    then, now = before.values(), set().union(*after.values().values())
    return {place: kept for place, found in then.items() if (kept := {v for v in found - now if len(v) > 28})}


def nowhere(world: World, values: dict[tuple[str, str], set[bytes]]) -> list[str]:
    """Where in the data folder's files, whatever they are, any of the values still stands."""
    needles = [Needle(f"{place}", value) for place, found in values.items() for value in found]
    return traces.found(needles, traces.files_below(world.services.settings.data_dir))


def contexts(before: Loot, version_ids: set[str]) -> list[bytes]:
    """Every context in which a key of these versions may have been wrapped."""
    with before.session() as session:
        owners = session.exec(select(Wallet.citizen_id)).all()
        grants = session.exec(select(Grant.id)).all()
        uploads = session.exec(select(Upload.id)).all()
    return [
        *(wallets.document_key_context(owner, version) for owner in owners for version in version_ids),
        *(context("grant-item", grant, version) for grant in grants for version in version_ids),
        *(context("reading-ticket", version) for version in version_ids),
        *(context("upload-key", owner, upload) for owner in owners for upload in uploads),
    ]


def test_a_destroyed_paper_opens_no_more_by_any_key_that_is_left(
    world: World, an: httpx.Client, tmp_path: Path
) -> None:
    kept, doomed = lived_in(world)
    sent = in_parts(world, an, tmp_path / "meanwhile")
    exporting.prepare(world)
    before = burglars.copied(world.services, tmp_path / "before")
    shutil.copytree(tmp_path / "meanwhile", before.blobs, dirs_exist_ok=True)
    then = burglars.opened(before)
    with before.session() as session:
        versions = set(session.exec(select(models.Version.id).where(models.Version.document_id == sent)).all())
    versions.add(doomed.version.id)
    for way in EVERY_WAY:
        assert doomed.version.id in then.versions[way], f"the control: before, the burglar gets in by way of the {way}"
    assert {"upload-key", "export-key"} <= set(then.versions)
    assert burglars.wraps(before, then.keys, contexts(before, versions)) > len(versions)

    destroy(world, doomed.id, sent)
    Housekeeping(world.services).run()
    after = burglars.copied(world.services, tmp_path / "after")
    mixed = burglars.with_database(before, after)
    now = burglars.opened(mixed)
    assert now.anyhow() == {kept.version.id}
    assert set(now.versions) == EVERY_WAY
    assert burglars.wraps(mixed, now.keys, contexts(before, versions)) == 0
    left = gone(before, after)
    places = {f"{table}.{column}" for table, column in left}
    assert places >= {
        "version.wrapped_key",
        "version.label",
        "job.ticket",
        "grantitem.wrapped_key",
        "upload.wrapped_key",
    }
    assert "export.wrapped_key" in places
    assert nowhere(world, left) == []


def test_an_erased_wallet_opens_no_more_by_any_key_that_is_left(world: World, an: httpx.Client, tmp_path: Path) -> None:
    visitors.give_passwords(world)
    mine = {paper.version.id for paper in lived_in(world)}
    other = world.put_in(world.binh, content=b"%PDF of Binh" * 5000)
    sent = test_resumable.begin(an, test_resumable.PAPER)
    test_resumable.patch(an, sent, 0, test_resumable.PAPER[:1000])
    before = burglars.copied(world.services, tmp_path / "before")
    then = burglars.opened(before)
    assert then.anyhow() > mine
    assert "upload-key" in then.versions

    erasure.erase_wallet(world.services, world.an, visitors.PASSWORD)
    Housekeeping(world.services).run()
    after = burglars.copied(world.services, tmp_path / "after")
    mixed = burglars.with_database(before, after)
    now = burglars.opened(mixed)
    assert now.versions == {"owner": {other.version.id}}
    assert burglars.wraps(mixed, now.keys, contexts(before, mine)) == 0
    left = gone(before, after)
    places = {f"{table}.{column}" for table, column in left}
    assert places >= {"wallet.key_under_root", "signin.wrapped_key", "grantholder.wrapped_key", "version.wrapped_key"}
    assert places >= {"grantitem.wrapped_key", "job.ticket", "upload.wrapped_key", "grant.sealed_grant"}
    assert nowhere(world, left) == []


def test_with_a_copy_of_all_rows_from_before_nothing_opens_once_the_root_key_is_another(
    world: World, an: httpx.Client, tmp_path: Path
) -> None:
    """Copies of the database are backups: they hold wraps. With the root key of their time destroyed they are noise."""
    _, doomed = lived_in(world)
    before = burglars.copied(world.services, tmp_path / "before")
    stranger = FileRootKey(Key.generate())
    thief = Loot(before.database, before.blobs, root=stranger, worker=stranger)
    assert burglars.opened(thief).anyhow() == set(), "whoever has the disks alone opens nothing"
    assert doomed.version.id in burglars.opened(before).versions["owner"], "with the root key of then, everything"

    destroy(world, doomed.id)
    succession = Succession(FileRootKey.create(tmp_path / "new.key"), world.services.root)
    with world.services.db.write() as session:
        rootwraps.leave(session, succession)
    for _ in rewrapping.move(world.services.db, succession):
        pass
    kept = Loot(before.database, before.blobs, root=succession.current, worker=FileRootKey(Key.generate()))
    assert burglars.opened(kept).anyhow() == set()
    after = burglars.copied(world.services, tmp_path / "after")
    assert burglars.opened(Loot(after.database, before.blobs, succession.current, stranger)).anyhow() != set()
    everything = burglars.wraps(kept, burglars.opened(before).keys[:0], contexts(before, {doomed.version.id}))
    assert everything == 0
