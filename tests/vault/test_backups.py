"""A backup taken while people work restores to an empty machine, and gives nothing away on the way."""

import json
import shutil
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner

from storage.errors import KeyUnusable, SealBroken
from storage.files import FileBlobs
from storage.keys import Key, context
from storage.rootkey import FileRootKey, RootKey
from tests.databases import Databases
from tests.needs import need_tesseract
from tests.vault.world import CONTENT, PREVIEW, World
from vault import (
    documents,
    erasure,
    firststart,
    grants,
    jobs,
    migrate,
    models,
    papers,
    redeeming,
    releases,
    signins,
    tokens,
    wallets,
)
from vault.backups import checking, restoring, tables, taking
from vault.backups.errors import BackupError, BackupUnusable, NotEmpty
from vault.backups.sets import BackupFolder, BackupSet, listing, replace_file
from vault.backups.shedding import Gone, without
from vault.backups.tables import Shape
from vault.backups.taking import Taken
from vault.care.findings import Severity
from vault.care.pace import Pace, Progress, unseen
from vault.cli import app
from vault.db import Database
from vault.doctor import examine
from vault.documents import Paper
from vault.errors import LinkUnusable, ReleaseRefused, SignInNeeded, TokenInvalid
from vault.models import Grant, JobKind, Version
from vault.principals import TokenBearer
from vault.services import Services
from vault.settings import Settings

Machine = Callable[[], Settings]
Restored = Callable[[], World]


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def machine(world: World, tmp_path: Path, databases: Databases) -> Machine:
    """Makes an empty machine that has nothing but the two keys."""
    count = 0

    def make() -> Settings:
        nonlocal count
        count += 1
        data = tmp_path / f"machine-{count}"
        settings = world.services.settings.model_copy(update={"data_dir": data, **databases.make(data)})
        data.mkdir(mode=0o700)
        for key in (world.services.settings.root_key, world.services.settings.worker_key):
            shutil.copy(key, settings.data_dir)
        return settings

    return make


def take(world: World, to: Path, **how: Any) -> Taken:
    return taking.take(world.services.db, world.services.blobs, taking.Wish(to, **how))


def restore(settings: Settings, to: Path, **how: Any) -> list[str]:
    """What was said; fails where damage was."""
    found = list(restoring.restore(settings, restoring.Wish(to, **how)))
    assert [one.sentence for one in found if one.severity == Severity.damage] == []
    return [one.sentence for one in found]


def said(to: Path, set_id: str | None = None) -> list[str]:
    """What a check finds wrong."""
    folder = BackupFolder(to)
    found = checking.check(folder, folder.get(set_id), Pace(0), unseen)
    return [one.sentence for one in found if one.severity == Severity.damage]


def text_of(to: Path) -> str:
    return "".join(path.read_text() for path in to.rglob("*.json*"))


def stored(to: Path) -> set[str]:
    return {blob.name.split("/")[1] for blob in FileBlobs(to / "blobs").list()}


def opened(world: World, paper: Paper) -> bytes:
    with world.services.db.read() as session:
        there = documents.get(session, world.an.wallet, paper.id, paper.version.id)
    assert documents.preview(world.services.blobs, there, 1, thumbnail=True) == PREVIEW
    return b"".join(documents.content(world.services.blobs, there).stream())


def put_in(world: World, number: int, **how: Any) -> Paper:
    return world.put_in(content=CONTENT + bytes([number]), **how)


def officer_reads(world: World, grant_id: str, paper: Paper) -> bytes:
    services = world.services
    released = releases.release(services.db, services.blobs, world.registry, grant_id, paper.version.id)
    return b"".join(released.original().stream())


def share_with_officers(world: World, paper: Paper) -> str:
    grant_id, link = world.share(paper)
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    return grant_id


@pytest.fixture
def restored(machine: Machine, to: Path, world: World) -> Iterator[Callable[[], World]]:
    """The same people at a vault that was restored from the newest backup."""
    made: list[Services] = []

    def make() -> World:
        settings = machine()
        restore(settings, to)
        made.append(firststart.prepare(settings))
        return replace(world, services=made[-1])

    yield make
    for services in made:
        services.db.close()


def test_an_empty_machine_becomes_the_vault_again(world: World, to: Path, restored: Restored) -> None:
    mine = [put_in(world, number) for number in range(3)]
    given = share_with_officers(world, mine[0])
    world.bin(mine[2])
    take(world, to)
    there = restored()
    assert [opened(there, paper) for paper in mine] == [CONTENT + bytes([number]) for number in range(3)]
    assert officer_reads(there, given, mine[0]) == CONTENT + bytes([0])
    with there.services.db.read() as session, world.services.db.read() as before:
        assert [paper.id for paper in documents.in_bin(session, world.an.wallet)] == [mine[2].id]
        signed = [grants.get(one, world.an.wallet, given).signed for one in (session, before)]
    assert signed[0] == signed[1]
    assert there.put_in(content=b"%PDF-1.7 and life goes on").id
    assert len(there.events("granted")) == 1, "what had happened is still told"
    damage = [one for one in examine(there.services.settings) if one.severity == Severity.damage]
    assert damage == []


def test_papers_that_were_not_read_are_queued_for_the_worker_there(world: World, to: Path, restored: Restored) -> None:
    unread, done = put_in(world, 1), put_in(world, 2)
    half = put_in(world, 3)
    world.change(Version, done.version.id, state="done", pages_read=1)
    world.change(Version, half.version.id, state="reading", pages_read=1)
    take(world, to)
    there = restored()
    tickets = []
    with there.services.db.write() as session:
        while ticket := jobs.claim(session, there.services.worker_key, timedelta(minutes=1)):
            tickets.append(ticket)
    assert {ticket.version_id: ticket.key for ticket in tickets} == {
        unread.version.id: unread.key,
        half.version.id: half.key,
    }
    assert there.row(Version, half.version.id).state == "waiting"


def test_pages_whose_tiles_were_not_cut_are_queued_too(world: World, to: Path, restored: Restored) -> None:
    cut, waits = put_in(world, 1), put_in(world, 2)
    world.change(Version, cut.version.id, state="done", pages_read=1, sheets=[1], sheets_cut=1)
    world.change(Version, waits.version.id, state="done", pages_read=1, sheets=[1], sheets_cut=0)
    take(world, to)
    there = restored()
    with there.services.db.write() as session:
        minute = timedelta(minutes=1)
        ticket = jobs.claim(session, there.services.worker_key, minute, JobKind.sheets)
        others = [jobs.claim(session, there.services.worker_key, minute, kind) for kind in JobKind]
    assert ticket is not None and (ticket.version_id, ticket.key) == (waits.version.id, waits.key)
    assert others == [None] * len(JobKind)
    assert there.row(Version, waits.version.id).state == "done"


def test_what_was_revoked_stays_revoked_and_bearers_hold_nothing_any_more(
    world: World, to: Path, restored: Restored
) -> None:
    """Links, tokens and sessions that live on would be used twice, or after they ended behind the backup's back."""
    paper = put_in(world, 1)
    withdrawn = share_with_officers(world, paper)
    world.revoke(withdrawn)
    by_system, used = world.share(paper)
    token = world.bearer(used)
    waiting, link = world.share(paper)
    with world.services.db.write() as session:
        account = session.get_one(models.Account, world.an.account_id)
        signed_in = signins.start(session, account, world.an.wallet.key, world.services.settings, "")
    take(world, to)
    there = restored()
    with pytest.raises(ReleaseRefused):
        officer_reads(there, withdrawn, paper)
    with pytest.raises(TokenInvalid):
        releases.release(there.services.db, there.services.blobs, token, by_system, paper.version.id)
    with pytest.raises(LinkUnusable):
        redeeming.redeem_by_officer(there.services.db, there.services.signer, there.registry, link)
    with there.services.db.write() as session, pytest.raises(SignInNeeded):
        signins.resume(session, signed_in, there.services.settings)
    assert there.row(Grant, waiting).revoked_at is not None
    assert [event.grant_id for event in there.events("revoked") if event.detail == "vault-restored"] == [waiting]
    assert officer_reads(there, by_system, paper) == CONTENT + bytes([1]), "officers keep what was taken over"


def test_the_next_backup_copies_only_what_is_new(world: World, to: Path, restored: Restored) -> None:
    first = [put_in(world, number) for number in range(3)]
    whole = take(world, to)
    assert whole.copied == whole.manifest.bytes > 3 * len(CONTENT)
    assert take(world, to).copied == 0
    new = put_in(world, 9)
    third = take(world, to)
    assert len(CONTENT) < third.copied < 2 * len(CONTENT)
    assert said(to) == said(to, whole.id) == []
    there = restored()
    assert [opened(there, paper)[-1] for paper in (*first, new)] == [0, 1, 2, 9]


def test_a_blob_that_the_backup_lost_is_copied_again(world: World, to: Path) -> None:
    paper = put_in(world, 1)
    take(world, to)
    kept = FileBlobs(to / "blobs")
    for blob in list(kept.list()):
        if "original" in blob.name:
            kept.delete(blob.name)
    assert len(said(to)) == 1
    assert take(world, to).copied > len(CONTENT)
    assert said(to) == [] and paper.version.id in stored(to)


def test_a_preview_that_was_made_anew_is_taken_anew_and_the_older_set_stays_whole(world: World, to: Path) -> None:
    paper = put_in(world, 1)
    older = take(world, to)
    blobs = world.services.blobs
    papers.put_preview(blobs, paper.key, paper.version.id, 1, PREVIEW * 2, thumbnail=False)
    newer = take(world, to)
    assert 0 < newer.copied < 10_000
    assert said(to, older.id) == said(to, newer.id) == []


def test_papers_destroyed_leave_the_backups_with_the_older_sets(world: World, to: Path) -> None:
    paper, other = put_in(world, 1), put_in(world, 2)
    take(world, to)
    destroy(world, paper)
    second = take(world, to)
    assert paper.version.id in stored(to), "the older set still has it, and says so"
    third = take(world, to, keep=2)
    assert len(third.pruned) == 1
    assert stored(to) == {other.version.id}
    assert paper.version.id not in rows_of(to)
    assert [one.id for one in BackupFolder(to).finished()] == [third.id, second.id]


def test_papers_destroyed_while_the_backup_runs_are_not_in_it(world: World, to: Path, restored: Restored) -> None:
    gone, stays = sorted((put_in(world, 1), put_in(world, 2)), key=lambda paper: paper.version.id)
    given = share_with_officers(world, gone)
    wrap = b64encode(gone.version.wrapped_key).decode()
    made = take(world, to, progress=once(lambda: destroy(world, gone)))
    assert made.manifest.destroyed == [gone.version.id]
    assert stored(to) == {stays.version.id}
    assert wrap not in text_of(to) and said(to) == []
    there = restored()
    assert there.row(models.Document, gone.id) is None
    assert there.row(models.GrantItem, (given, gone.version.id)).wrapped_key is None
    assert opened(there, stays)


def test_a_paper_destroyed_before_its_turn_is_not_missed(world: World, to: Path) -> None:
    first, second = sorted((put_in(world, 1), put_in(world, 2)), key=lambda paper: paper.version.id)
    made = take(world, to, progress=once(lambda: destroy(world, second)))
    assert (made.manifest.destroyed, made.manifest.missing) == ([second.version.id], [])
    assert stored(to) == {first.version.id}


def test_a_wallet_erased_while_the_backup_runs_is_not_in_it(world: World, to: Path, restored: Restored) -> None:
    paper, others = put_in(world, 1), world.put_in(world.binh)
    given = share_with_officers(world, paper)
    key = b64encode(world.row(models.Wallet, world.an.citizen_id).key_under_root).decode()
    password = "mat-khau-cua-toi"
    world.change(models.Account, world.an.account_id, password_hash=world.services.passwords.hash(password))
    take(world, to, progress=once(lambda: erasure.erase_wallet(world.services, world.an, password)))
    assert key not in text_of(to) and stored(to) == {others.version.id}
    there = restored()
    assert there.row(models.Account, world.an.account_id) is None
    assert there.row(models.Wallet, world.an.citizen_id).key_under_root == b""
    grant = there.row(Grant, given)
    assert (grant.sealed_grant, grant.revoked_at is None) == (b"", False)
    with pytest.raises(ReleaseRefused):
        officer_reads(there, given, paper)


def test_an_original_that_the_vault_had_lost_is_said_and_the_rest_is_kept(world: World, to: Path) -> None:
    lost, other = put_in(world, 1), put_in(world, 2)
    world.services.blobs.delete(papers.original_name(lost.version.id))
    made = take(world, to)
    assert made.manifest.missing == [lost.version.id]
    assert other.version.id in stored(to) and said(to) == []


def test_an_interrupted_backup_goes_on_with_what_it_had(world: World, to: Path) -> None:
    for number in range(4):
        put_in(world, number)
    with pytest.raises(KeyboardInterrupt):
        take(world, to, progress=after(2, interrupt))
    assert BackupFolder(to).finished() == []
    with pytest.raises(BackupUnusable):
        said(to)
    with (BackupFolder(to).unfinished()[0].path / "blobs.jsonl").open("a") as torn:
        torn.write('["versions/')
    made = take(world, to)
    assert len(CONTENT) < made.copied < 2.5 * len(CONTENT), "two of four were there"
    assert said(to) == [] and BackupFolder(to).unfinished() == []


def test_a_backup_killed_while_it_removed_older_ones_is_put_right_by_the_next(world: World, to: Path) -> None:
    put_in(world, 1)
    older, newer = take(world, to), take(world, to)
    (BackupFolder(to).get(older.id).path / "manifest.json").unlink()  # what the kill came after
    FileBlobs(to / "blobs").put("versions/nobody/original.20200101t000000z-000000", [b"named by no set"])
    third = take(world, to, keep=2)
    assert [one.id for one in BackupFolder(to).finished()] == [third.id, newer.id]
    assert BackupFolder(to).unfinished() == [] and "nobody" not in stored(to)
    assert said(to, newer.id) == said(to, third.id) == []


def test_what_hangs_on_what_was_destroyed_goes_with_it() -> None:
    """Rows as they are read, of an erased wallet and of one that stays; no row is left without what it refers to."""
    rows = [
        *(row("wallet", citizen_id=who, key_under_root="a2V5") for who in ("erased", "stays")),
        *(row("document", id=f"d-{who}", citizen_id=who) for who in ("erased", "stays")),
        *(row("dossier", id=f"f-{who}", citizen_id=who, agency_id="a") for who in ("erased", "stays")),
        *(row("grant", id=f"g-{who}", citizen_id=who, agency_id="a", revoked_at=None) for who in ("erased", "stays")),
        *(row("dossieritem", dossier_id=f"f-{who}", grant_id=f"g-{who}") for who in ("erased", "stays")),
        *(row("grantholder", grant_id=f"g-{who}") for who in ("erased", "stays")),
        *(row("grantitem", grant_id="g-stays", version_id=v, wrapped_key="d3JhcA==") for v in ("v-gone", "v-stays")),
        *(row("version", id=v, document_id="d-stays", citizen_id="stays") for v in ("v-gone", "v-stays")),
    ]
    gone = Gone(versions={"v-gone"}, documents=set(), wallets={"erased"})
    left = [(shape.table, values) for shape, values in without(gone, rows, "2026-11-25T00:00:00.000000Z")]
    ids = [(table, values.get("id") or values.get("citizen_id") or values.get("grant_id")) for table, values in left]
    assert ids == [
        ("wallet", "erased"), ("wallet", "stays"), ("document", "d-stays"), ("dossier", "f-stays"),
        ("grant", "g-erased"), ("grant", "g-stays"), ("dossieritem", "g-stays"), ("grantholder", "g-stays"),
        ("grantitem", "g-stays"), ("grantitem", "g-stays"), ("version", "v-stays"),
    ]  # fmt: skip
    assert left[0][1]["key_under_root"] == left[4][1]["sealed_grant"] == ""
    assert left[4][1]["revoked_at"] == "2026-11-25T00:00:00.000000Z"
    assert [values["wrapped_key"] for table, values in left if table == "grantitem"] == [None, "d3JhcA=="]


def row(name: str, **values: object) -> tuple[Shape, dict[str, object]]:
    """A row with these values, and nothing in its other columns."""
    table = next(table for table in tables.kept() if table.name == name)
    columns = {column.name: tables.form_of(column) for column in table.columns}
    return Shape(name, columns), dict.fromkeys(columns, None) | values


def test_nothing_in_a_backup_opens_without_the_root_key(world: World, to: Path, tmp_path: Path) -> None:
    """Somebody who has a backup, the worker key and the token of a system tries every key on everything."""
    paper = put_in(world, 1)
    with world.services.db.write() as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, world.an.citizen_id, paper.key)
    token = world.bearer(world.share(paper)[1])
    share_with_officers(world, paper)
    take(world, to)
    everything = b"".join(path.read_bytes() for path in to.rglob("*") if path.is_file())
    secrets = [paper.key, world.an.wallet.key, world.registry.ring.key, Key.from_bytes(tokens_decoded(token))]
    for secret in [key.expose() for key in secrets]:
        for shape in (secret, secret.hex().encode(), b64encode(secret), urlsafe_b64encode(secret).rstrip(b"=")):
            assert shape not in everything
    for path in (world.services.settings.root_key, world.services.settings.worker_key):
        assert path.read_bytes().split()[2] not in everything
    sealed = [value for _, values in every_row(to) for value in values.values() if isinstance(value, bytes)]
    assert len(sealed) > 10
    wrong = [world.services.worker_key, FileRootKey.create(tmp_path / "other.key")]
    contexts = (
        wallets.document_key_context(world.an.citizen_id, paper.version.id),
        wallets.wallet_root_context(world.an.citizen_id),
        context("reading-ticket", paper.version.id),
    )
    assert [unwrapped for key in wrong for ctx in contexts for unwrapped in opens(key, sealed, ctx)] == []
    assert opens(world.services.root, sealed, contexts[1]) == [world.an.wallet.key], "with the root key it does"
    held = {values["holder"] for table, values in every_row(to) if table == "grantholder"}
    assert held == {"citizen", "agency"}
    tables_there = {table for table, _ in every_row(to)}
    assert not tables_there & {"signin", "job", "accesstoken", "authorizationcode", "authorizationrequest", "export"}


@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "row", "list", "manifest"])
def test_a_damaged_backup_is_noticed(world: World, to: Path, harm: str) -> None:
    put_in(world, 1)
    made = take(world, to)
    one = BackupFolder(to).get(made.id)
    assert said(to) == []
    blob = next(path for path in (to / "blobs" / "objects").rglob("*original*"))
    harms: dict[str, Callable[[], object]] = {
        "flip": lambda: blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:]),
        "cut": lambda: blob.write_bytes(blob.read_bytes()[:-1]),
        "delete": blob.unlink,
        "row": lambda: one.tables.write_bytes(
            one.tables.read_bytes().replace(b"birth-certificate", b"birth-certificatf")
        ),
        "list": lambda: one.blobs.write_bytes(one.blobs.read_bytes()[:-20]),
        "manifest": lambda: (one.path / "manifest.json").write_text("{}"),
    }
    harms[harm]()
    assert len(said(to)) == 1


@pytest.mark.only_on("sqlite")  # the list is the same
@pytest.mark.parametrize(
    ("place", "name"), [(0, "../../outside"), (0, "versions"), (0, 7), (3, "../../outside"), (3, "/etc/passwd")]
)
def test_a_doctored_list_leads_nowhere_else(
    world: World, to: Path, machine: Machine, place: int, name: str | int
) -> None:
    """With every hash put right again: whoever can write there can do that."""
    put_in(world, 1)
    made = take(world, to)
    one = BackupFolder(to).get(made.id)
    first, *rest = one.blobs.read_text().splitlines(keepends=True)
    fields = json.loads(first)
    fields[place] = name
    one.blobs.write_text(json.dumps(fields) + "\n" + "".join(rest))
    one.finish(replace(one.manifest(), blobs=listing(one.blobs, 1 + len(rest))))
    before = set(to.parent.rglob("*"))
    with pytest.raises(BackupUnusable, match="line 1"):
        restore(settings := machine(), to)
    assert {path for path in to.parent.rglob("*") if path.is_file()} - before <= set(settings.data_dir.iterdir())


def test_a_damaged_blob_costs_its_own_paper_alone(world: World, to: Path, machine: Machine) -> None:
    broken, whole = put_in(world, 1), put_in(world, 2)
    take(world, to)
    path = next((to / "blobs" / "objects").rglob(f"*{broken.version.id}*original*"))
    path.write_bytes(path.read_bytes()[:-1])
    settings = machine()
    found = list(restoring.restore(settings, restoring.Wish(to)))
    damage = [one.sentence for one in found if one.severity == Severity.damage]
    assert len(damage) == 1 and broken.version.id in damage[0]
    services = firststart.prepare(settings)
    assert opened(replace(world, services=services), whole)
    services.db.close()


def test_a_vault_that_is_there_is_never_overwritten(world: World, to: Path, machine: Machine) -> None:
    put_in(world, 1)
    take(world, to)
    with pytest.raises(NotEmpty):
        restore(world.services.settings, to)
    settings = machine()
    FileBlobs(settings.blobs).put("versions/somebody/original", [b"else"])
    with pytest.raises(NotEmpty):
        restore(settings, to)


def test_only_the_vaults_own_root_key_restores_it(world: World, to: Path, machine: Machine) -> None:
    put_in(world, 1)
    take(world, to)
    settings = machine()
    settings.root_key.unlink()
    with pytest.raises(KeyUnusable, match="no root key"):
        restore(settings, to)
    FileRootKey.create(settings.root_key)
    with pytest.raises(KeyUnusable, match="not that of the vault"):
        restore(settings, to)
    assert not settings.blobs.exists(), "nothing was touched"


def test_a_machine_without_the_worker_key_makes_one(world: World, to: Path, machine: Machine) -> None:
    paper = put_in(world, 1)
    take(world, to)
    settings = machine()
    settings.worker_key.unlink()
    restore(settings, to)
    services = firststart.prepare(settings)
    with services.db.write() as session:
        ticket = jobs.claim(session, services.worker_key, timedelta(minutes=1))
    services.db.close()
    assert ticket is not None and ticket.key == paper.key


def test_an_interrupted_restore_goes_on_and_a_finished_one_is_not_done_again(
    world: World, to: Path, machine: Machine
) -> None:
    mine = [put_in(world, number) for number in range(3)]
    take(world, to)
    settings = machine()
    with pytest.raises(KeyboardInterrupt):
        restore(settings, to, progress=after(4, interrupt))
    assert any(settings.blobs.rglob("versions,*"))
    restore(settings, to)
    services = firststart.prepare(settings)
    assert all(opened(replace(world, services=services), paper) for paper in mine)
    services.db.close()
    assert any("restored already" in sentence for sentence in restore(settings, to))


def test_an_older_backup_is_chosen_by_its_id(world: World, to: Path, machine: Machine) -> None:
    paper = put_in(world, 1)
    older = take(world, to)
    destroy(world, paper)
    take(world, to)
    settings = machine()
    restore(settings, to, set_id=older.id)
    services = firststart.prepare(settings)
    assert opened(replace(world, services=services), paper)
    services.db.close()
    with pytest.raises(BackupUnusable):
        restore(machine(), to, set_id="20200101t000000z-000000")


def test_a_backup_of_an_older_program_is_brought_up_to_date(world: World, to: Path, restored: Restored) -> None:
    """Its rows go into the tables of their time, and the migrations carry them over."""
    paper = put_in(world, 1)
    made = take(world, to)
    one = BackupFolder(to).get(made.id)
    as_of_first_tables(one, to.parent)
    there = restored()
    assert opened(there, paper)
    assert there.row(models.Document, paper.id).kind_sure, "what revision 0002 makes of a known kind"


def test_a_backup_of_a_newer_program_is_refused(world: World, to: Path, machine: Machine) -> None:
    made = take(world, to)
    one = BackupFolder(to).get(made.id)
    one.finish(replace(one.manifest(), revision="9999"))
    with pytest.raises(BackupUnusable, match="newer program"):
        restore(machine(), to)


def test_a_folder_with_other_things_is_left_alone(world: World, to: Path) -> None:
    to.mkdir()
    (to / "thesis.odt").write_text("ten years of work")
    for what in (lambda: take(world, to), lambda: BackupFolder(to)):
        with pytest.raises(BackupUnusable):
            what()
    assert [path.name for path in to.iterdir()] == ["thesis.odt"]


def test_two_backups_at_once_do_not_disturb_each_other(world: World, to: Path) -> None:
    take(world, to)
    with BackupFolder(to).alone(), pytest.raises(BackupError, match="at work"):
        take(world, to)


def test_whoever_else_uses_the_machine_reads_no_backup(world: World, to: Path) -> None:
    put_in(world, 1)
    take(world, to)
    assert to.stat().st_mode & 0o077 == 0
    assert [path for path in to.rglob("*.json*") if path.stat().st_mode & 0o077] == []


def test_every_column_has_a_form_that_either_database_takes() -> None:
    forms = {(table.name, column.name): tables.form_of(column) for table in tables.kept() for column in table.columns}
    assert forms["version", "wrapped_key"] == "bytes"
    assert forms["document", "expires_on"] == "day"
    assert forms["version", "state"] == forms["account", "login"] == "text"
    assert set(forms.values()) == {"text", "integer", "boolean", "bytes", "moment", "day", "json"}


def test_an_operator_is_told_what_was_done_and_what_not(
    world: World, to: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_tesseract()
    paper = put_in(world, 1)
    act_on(monkeypatch, world.services.settings)
    assert "3 blobs" in command(0, "backup", str(to), "--keep", "3")
    assert "is whole" in command(0, "backup", "check", str(to))
    assert "already" in command(1, "restore", str(to))
    act_on(monkeypatch, machine())
    told = command(0, "restore", str(to))
    assert "is restored" in told and "All 1 versions of papers open" in told
    assert paper.label.title not in told
    next((to / "blobs" / "objects").rglob("*original*")).unlink()
    assert "is missing in the backup" in command(1, "backup", "check", str(to))
    assert "no backup" in command(1, "backup", "check", str(to / "sets"))
    act_on(monkeypatch, world.services.settings)
    world.services.blobs.delete(papers.original_name(paper.version.id))
    assert f"{paper.version.id}: its original is missing" in command(1, "backup", str(to))


def test_two_may_read_a_backup_at_once_but_not_while_one_is_made(world: World, to: Path, machine: Machine) -> None:
    take(world, to)
    with BackupFolder(to).unchanged():
        restore(machine(), to)
    with BackupFolder(to).alone(), pytest.raises(BackupError, match="at work"):
        restore(machine(), to)


def act_on(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Commands that this process runs act on that vault."""
    monkeypatch.setenv("DOCVAULT_DATA_DIR", str(settings.data_dir))
    if settings.database_url:
        monkeypatch.setenv("DOCVAULT_DATABASE_URL", settings.database_url)


def command(code: int, *arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.output


def destroy(world: World, paper: Paper) -> None:
    world.bin(paper)
    with world.services.db.write() as session:
        remains = documents.destroy(session, world.an, paper.id)
    for one in remains:
        papers.remove(world.services.blobs, one)


def once(act: Callable[[], object]) -> Progress:
    return after(1, act)


def after(calls: int, act: Callable[[], object]) -> Progress:
    """Does something in the middle: when it is told of progress for the so-many-th time."""
    told = 0

    def progress(_done: int, _total: int) -> None:
        nonlocal told
        told += 1
        if told == calls:
            act()

    return progress


def interrupt() -> None:
    raise KeyboardInterrupt


def rows_of(to: Path) -> str:
    return "".join(path.read_text() for path in to.rglob("tables.jsonl"))


def every_row(to: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in to.rglob("tables.jsonl"):
        with path.open("rb") as file:
            tables.read_head(file)
            for shape, values in tables.read(file):
                yield shape.table, tables.decoded(shape, values)


def opens(root: RootKey, sealed: Sequence[bytes], ctx: bytes) -> list[Key]:
    found = []
    for one in sealed:
        with suppress(SealBroken):
            found.append(root.unwrap(one, ctx))
    return found


def tokens_decoded(token: TokenBearer) -> bytes:
    secret = tokens.decode(token.token)
    assert secret is not None
    return secret


def as_of_first_tables(one: BackupSet, folder: Path) -> None:
    """The same rows as a program of revision 0001 would have written them."""
    url = f"sqlite:///{folder / 'first.db'}"
    migrate.upgrade(url, "0001")
    with closing(Database(url)) as db:
        known = {name: {one["name"] for one in inspect(db.engine).get_columns(name)} for name in first_tables(db)}
    with one.tables.open("rb") as file:
        head = replace(tables.read_head(file), revision="0001")
        rows = [
            (Shape(shape.table, only(shape.columns, known[shape.table])), only(values, known[shape.table]))
            for shape, values in tables.read(file)
            if shape.table in known
        ]
    replace_file(one.tables, lambda out: tables.rewrite(out, head, rows))
    one.finish(replace(one.manifest(), revision="0001", tables=listing(one.tables, len(rows))))


def first_tables(db: Database) -> list[str]:
    return inspect(db.engine).get_table_names()


def only(values: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
