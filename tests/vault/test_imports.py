"""An export taken into another wallet: all comes in, nothing twice, and nothing that only looks like an export."""

import hashlib
import io
import json
import random
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from storage.errors import StoreUnavailable
from tests.databases import Databases
from tests.vault import exporting, visitors
from tests.vault import world as worlds
from tests.vault.world import World
from vault import documents, firststart, intake, readings
from vault.documents import Paper
from vault.errors import NotAnExport, SignInNeeded
from vault.export import zipform
from vault.export.layout import Layout
from vault.export.zipform import Entry
from vault.importing import taking
from vault.importing.taking import Note, Outcome, Report
from vault.models import Document, Event, Wallet
from vault.principals import Citizen
from vault.settings import Settings
from vault.uploads import Ready

SEEDS = count()
SAMPLE: list[bytes] = []
AT = datetime(2026, 11, 25, 2, 30, 30, tzinfo=UTC)
KINDS = ("other", "birth-certificate", "passport", "diploma")


def take(world: World, data: bytes, citizen: Citizen | None = None) -> Report:
    """As it arrives over a network, in pieces that fit nothing."""
    pieces = (data[at : at + 1000] for at in range(0, len(data), 1000))
    return taking.take_all(world.services, citizen or world.binh, pieces)


def papers_of(world: World, citizen: Citizen) -> list[dict[str, Any]]:
    """What must be the same after an import: hashes, titles, kinds, confirmed values."""
    with world.services.db.read() as session:
        there = documents.listed(session, citizen.wallet)[::-1]
        return [_told(session, citizen, paper) for paper in there]


def _told(session: Session, citizen: Citizen, paper: Paper) -> dict[str, Any]:
    versions = documents.versions(session, citizen.wallet, paper.id)[::-1]
    return {
        "kind": (paper.document.kind, paper.document.kind_confirmed),
        "versions": [
            (one.label.sha256, one.label.title, one.label.file_name, readings.confirmed_values(one)) for one in versions
        ],
    }


def test_a_wallet_comes_in_whole(world: World) -> None:
    paper_id = exporting.add(world, 1, title="Khai sinh của An", kind="birth-certificate")
    exporting.add(world, 2)
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, paper_id)
    exporting.confirm(world, paper, number="36/2019", full_name="Nguyễn Văn An", father="")
    intake.add_version(world.services, world.an, paper_id, Ready("moi.png", exporting.picture(3)))
    report = take(world, exporting.export_of(world))
    assert [(line.outcome, line.added, line.notes) for line in report.lines] == [("added", 2, []), ("added", 1, [])]
    assert papers_of(world, world.binh) == papers_of(world, world.an)
    with world.services.db.read() as session:
        tiers = {paper.version.tier for paper in documents.listed(session, world.binh.wallet)}
    assert tiers == {"self"}
    assert len(world.events("wallet-imported", world.binh)) == 1


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exported_imported_and_exported_again_it_is_the_same(world: World, data: st.DataObject) -> None:
    """Whatever a wallet holds: a third one gets from the second what the second got from the first."""
    for _ in range(data.draw(st.integers(1, 2))):
        fields = {"title": data.draw(st.text(max_size=60)).strip(), "kind": data.draw(st.sampled_from(KINDS))}
        paper_id = exporting.add(world, next(SEEDS), **fields)
        with world.services.db.read() as session:
            paper = documents.get(session, world.an.wallet, paper_id)
        if paper.document.kind == "birth-certificate":
            exporting.confirm(world, paper, number=data.draw(st.sampled_from(("", "36/2019", "12/UBND-GKS"))))
    first = exporting.export_of(world)
    take(world, first)
    second = exporting.export_of(world, world.binh)
    assert papers_of(world, world.binh) == papers_of(world, world.an)
    assert _portable(first) == _portable(second)


def _portable(data: bytes) -> list[dict[str, Any]]:
    """Of each paper that travels with it. Days and ids are each wallet's own."""
    archive = exporting.archive(data)
    found = []
    for run in json.loads(archive.read("docvault.json"))["papers"]:
        told = json.loads(archive.read(run["files"][0]))
        versions = [
            {name: version[name] for name in ("sha256", "size", "title", "confirmed", "file_name", "number")}
            for version in told["versions"]
        ]
        found.append({"kind": told["kind"], "confirmed": told["kind_confirmed"], "versions": versions})
    return found


def test_importing_twice_adds_nothing(world: World) -> None:
    exporting.add(world, 1, title="Hộ chiếu", kind="passport")
    data = exporting.export_of(world)
    take(world, data)
    before, events = papers_of(world, world.binh), _events(world)
    again = take(world, data)
    assert [line.outcome for line in again.lines] == [Outcome.there]
    assert papers_of(world, world.binh) == before
    assert _events(world) == events
    own = take(world, data, world.an)
    assert [line.outcome for line in own.lines] == [Outcome.there]


def _events(world: World) -> list[int | None]:
    with world.services.db.read() as session:
        return list(session.exec(select(Event.id).where(Event.citizen_id == world.binh.citizen_id)))


def test_killed_anywhere_and_begun_again_it_completes(world: World) -> None:
    """Cut off at some twenty places, the last of them in the directory; then once whole."""
    paper_id = exporting.add(world, 1, title="Khai sinh", kind="birth-certificate")
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, paper_id)
    exporting.confirm(world, paper, number="36/2019")
    intake.add_version(world.services, world.an, paper_id, Ready("moi.png", exporting.picture(2)))
    exporting.add(world, 3)
    data = exporting.export_of(world)
    for end in [*range(0, len(data), len(data) // 20), len(data) - 1]:
        with pytest.raises(NotAnExport):
            take(world, data[:end])
    take(world, data)
    assert papers_of(world, world.binh) == papers_of(world, world.an)


def test_killed_between_a_paper_and_its_values_it_completes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paper_id = exporting.add(world, 1, title="Khai sinh", kind="birth-certificate")
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, paper_id)
    exporting.confirm(world, paper, number="36/2019")
    data = exporting.export_of(world)

    def dies(*_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(taking._Taking, "_complete", dies)
        with pytest.raises(StoreUnavailable):
            take(world, data)
    assert papers_of(world, world.binh) != papers_of(world, world.an)
    take(world, data)
    assert papers_of(world, world.binh) == papers_of(world, world.an)


def test_what_was_said_here_since_stays(world: World) -> None:
    exporting.add(world, 1, title="Của An", kind="passport")
    data = exporting.export_of(world)
    report = take(world, data)
    document_id = report.lines[0].document_id or ""
    with world.services.db.write() as session:
        documents.retitle(session, world.binh, document_id, "Của Bình")
        documents.set_kind(session, world.binh, document_id, "diploma")
    take(world, data)
    assert papers_of(world, world.binh)[0]["kind"] == ("diploma", True)
    assert papers_of(world, world.binh)[0]["versions"][0][1] == "Của Bình"


def test_papers_from_the_bin_stay_outside_and_are_named(world: World) -> None:
    paper_id = exporting.add(world, 1)
    with world.services.db.write() as session:
        documents.delete_to_bin(session, world.an, paper_id)
    report = take(world, exporting.export_of(world))
    assert [line.outcome for line in report.lines] == [Outcome.binned]
    assert papers_of(world, world.binh) == []


def test_a_paper_that_is_none_stays_outside_and_the_others_come_in(world: World) -> None:
    """It was changed on the way, with every hash made anew: it goes through the sandbox as any other."""
    world.put_in(content=b"#!/bin/sh\nrm -rf /", kind="other")
    world.put_in(content=b"%PDF-1.7 broken", kind="other")
    world.put_in(content=b"x" * 9 * 1024 * 1024, kind="other")
    exporting.add(world, 1)
    report = take(world, exporting.export_of(world))
    assert [line.outcome for line in report.lines] == ["refused", "refused", "refused", "added"]
    assert [line.why.code for line in report.lines if line.why] == ["type-not-taken", "paper-refused", "too-large"]


def test_values_and_kinds_that_mean_nothing_here_are_told(world: World) -> None:
    data = edited(
        exported(world),
        lambda told: (
            told.update(kind="licence-to-fly")
            or told["versions"][0].update(confirmed={"number": "1", "<script>": "x"}, title="t" * 300)
        ),
    )
    line = take(world, data).lines[0]
    assert (line.outcome, set(line.notes)) == (
        Outcome.added, {Note.kind_unknown, Note.value_not_taken, Note.title_shortened},
    )  # fmt: skip
    assert papers_of(world, world.binh)[0]["kind"] == ("other", False)


def test_a_confirmed_value_is_checked_like_a_typed_one(world: World) -> None:
    data = edited(
        exported(world, kind="passport"),
        lambda told: told["versions"][0].update(confirmed={"birth-date": "30 tháng 2", "full-name": "An"}),
    )
    line = take(world, data).lines[0]
    assert line.notes == [Note.value_not_taken]
    assert papers_of(world, world.binh)[0]["versions"][0][3] == {"full-name": "An"}


# -- hostile files -----------------------------------------------------------------------------------------------------


def exported(world: World, **fields: str) -> bytes:
    exporting.add(world, 1, **fields)
    return exporting.export_of(world)


def sample(world: World) -> bytes:
    """An export of one photo, made once: it means the same to every vault."""
    if not SAMPLE:
        SAMPLE.append(exported(world))
    return SAMPLE[0]


def contents(data: bytes) -> list[tuple[str, bytes]]:
    archive = exporting.archive(data)
    return [(info.filename, archive.read(info)) for info in archive.infolist()]


def written(files: list[tuple[str, bytes]]) -> bytes:
    """A ZIP in our form of any files."""
    layout = Layout([Entry(name, len(data), zlib.crc32(data), AT) for name, data in files])
    return b"".join(layout.stream(0, layout.size, lambda n, offset, size: [files[n][1][offset : offset + size]]))


def remade(files: list[tuple[str, bytes]]) -> bytes:
    """The same with a manifest that is right about them."""
    manifest = json.loads(files[0][1])
    manifest["files"] = [
        {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files[1:]
    ]
    return written([(files[0][0], json.dumps(manifest).encode()), *files[1:]])


def edited(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The export with the first paper's metadata changed."""
    files = contents(data)
    told = json.loads(files[2][1])
    change(told)
    files[2] = (files[2][0], json.dumps(told).encode())
    return remade(files)


def test_an_export_written_anew_is_taken(world: World) -> None:
    """So that what the next tests change is what is refused."""
    data = exported(world)
    assert written(contents(data))[:200] != data[:200]
    assert take(world, remade(contents(data))).added == 1


def bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def zipped(**options: Any) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", **options) as archive:
        archive.writestr("docvault.json", b"{}" * 1000)
    return out.getvalue()


def first_name(data: bytes, name: str) -> bytes:
    files = contents(data)
    return written([(name, files[0][1]), *files[1:]])


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "text": lambda data: b"Kinh gui quy co quan",
    "another program's ZIP": lambda data: zipped(),
    "a ZIP that swells up": lambda data: zipped(compression=ZIP_DEFLATED),
    "a byte of an original changed": lambda data: bit(data, data.index(b"IDAT") + 10),
    "a byte of a checksum changed": lambda data: bit(data, 14),
    "a size that lies": lambda data: bit(data, 22),
    "an encrypted entry": lambda data: bit(data, 6),
    "a method that unpacks": lambda data: data[:8] + b"\x08" + data[9:],
    "a data descriptor": lambda data: data[:6] + b"\x08\x08" + data[8:],
    "a time that is none": lambda data: data[:12] + b"\xff\xff" + data[14:],
    "a directory that lies": lambda data: bit(data, data.index(zipform.DIRECTORY_MAGIC) + 46),
    "a directory with a symlink": lambda data: bit(data, data.index(zipform.DIRECTORY_MAGIC) + 41),
    "something after the end": lambda data: data + b"\x00",
    "something before the beginning": lambda data: b"\x00" + data,
    "no directory": lambda data: data[: data.index(zipform.DIRECTORY_MAGIC)],
    "another name for the manifest": lambda data: first_name(data, "index.html"),
    "a path out of the folder": lambda data: first_name(data, "papers/../../docvault.json"),
    "an absolute path": lambda data: first_name(data, "/etc/passwd"),
    "a name that is no name": lambda data: first_name(data, "docvault.json\x00.pdf"),
    "an endless name": lambda data: first_name(data, "d" * 60_000),
    "an entry twice": lambda data: written([*contents(data), contents(data)[-1]]),
    "an entry that is not listed": lambda data: written([*contents(data), ("log/access-log.jsonl", b"{}")]),
    "an entry missing": lambda data: written(contents(data)[:-1]),
    "entries in another order": lambda data: written([*contents(data)[:2], *contents(data)[:1:-1]]),
    "no manifest": lambda data: written(contents(data)[1:]),
    "a manifest that is no JSON": lambda data: written([("docvault.json", b"[" * 100_000)]),
    "a manifest that is too large": lambda data: written([("docvault.json", b" " * 9_000_000)]),
    "a manifest of a later version": lambda data: remade(
        [("docvault.json", contents(data)[0][1].replace(b'"version": 1', b'"version": 2')), *contents(data)[1:]]
    ),
    "metadata that are no JSON": lambda data: remade(
        [*contents(data)[:2], (contents(data)[2][0], b"\xff\xfe"), *contents(data)[3:]]
    ),
    "metadata with another hash": lambda data: edited(data, lambda told: told["versions"][0].update(sha256="0" * 64)),
    "metadata with another size": lambda data: edited(data, lambda told: told["versions"][0].update(size=1)),
    "metadata with no versions": lambda data: edited(data, lambda told: told.update(versions=[])),
    "metadata with a kind that is a path": lambda data: edited(data, lambda told: told.update(kind="../x")),
    "metadata with a file that is not there": lambda data: edited(
        data, lambda told: told["versions"].append(told["versions"][0] | {"file": "papers/X_20200101_y.pdf"})
    ),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[World]:
    """One vault for all that is refused; each file meets a wallet of its own."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    with databases.at(data) as where:
        services = firststart.prepare(Settings(data_dir=data, public_url="https://vault.example", **where))
        yield worlds.build(services)
        services.db.close()


@pytest.fixture
def newcomer(shared: World) -> Citizen:
    return worlds._citizen(shared.services, f"moi-{next(SEEDS)}")


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_what_only_looks_like_an_export_is_refused(
    shared: World, newcomer: Citizen, make: Callable[[bytes], bytes]
) -> None:
    """In time, without an error of ours; what came in before is whole."""
    data = make(sample(shared))
    with pytest.raises(NotAnExport) as refused:
        take(shared, data, newcomer)
    came = papers_of(shared, newcomer)
    assert refused.value.values["added"] == len(came)
    assert [paper["versions"][0][0] for paper in came] in ([], [hashlib.sha256(exporting.picture(1)).digest()])


def test_no_change_of_a_byte_makes_an_error_of_ours(shared: World, newcomer: Citizen) -> None:
    whole, chance = sample(shared), random.Random(4)  # noqa: S311 - the same changes each time
    for _ in range(100):
        at = chance.randrange(len(whole))
        changed = whole[:at] + chance.randbytes(chance.randrange(8)) + whole[at + chance.randrange(8) :]
        if changed != whole:
            with pytest.raises(NotAnExport):
                take(shared, changed, newcomer)


def test_more_entries_than_any_wallet_has_are_refused(shared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vault.importing.reader.ENTRIES_MOST", 3)
    with pytest.raises(NotAnExport):
        take(shared, sample(shared))


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def binh(world: World) -> Iterator[httpx.Client]:
    with visitors.visitor(world, visitors.app_of(world), world.binh) as client:
        yield client


def test_a_zip_is_posted_as_it_is(world: World, binh: httpx.Client) -> None:
    data = exported(world, title="Khai sinh")
    answer = binh.post("/api/import", content=data)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["added"], told["papers"][0]["outcome"], told["papers"][0]["title"]) == (1, "added", "Khai sinh")
    assert binh.get(f"/api/documents/{told['papers'][0]['document']}").status_code == 200


def test_a_broken_zip_is_answered_with_how_much_came_in(world: World, binh: httpx.Client) -> None:
    data = exported(world)
    answer = binh.post("/api/import", content=data[:-1])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-an-export")
    assert answer.json()["reason"] == "export-cut-off"
    assert answer.json()["added"] == 1


def test_paper_by_paper_as_a_page_sends_them(world: World, binh: httpx.Client) -> None:
    exporting.add(world, 1)
    exporting.add(world, 2, title="Hai")
    data = exporting.export_of(world)
    for run, outcome in [
        *[(run, "added") for run in exporting.runs(data)],
        *[(run, "there") for run in exporting.runs(data)],
    ]:
        answer = binh.post("/api/import/papers", content=run)
        assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)
    assert papers_of(world, world.binh) == papers_of(world, world.an)
    for part in (exporting.runs(data)[0][:-1], exporting.runs(data)[0] + b"x", b""):
        assert binh.post("/api/import/papers", content=part).status_code == 422


def test_an_erased_wallet_takes_nothing_in(world: World) -> None:
    data = exported(world)
    world.change(Wallet, world.binh.citizen_id, key_under_root=b"")
    with pytest.raises(SignInNeeded):
        take(world, data)
    with world.services.db.read() as session:
        assert documents.listed(session, world.binh.wallet) == []
    assert world.row(Document, "x") is None


def test_what_rests_in_the_bin_here_is_not_told_to_be_there(world: World) -> None:
    """Its owner would rely on it, and in some days it would be destroyed."""
    data = exported(world)
    report = take(world, data)
    document_id = report.lines[0].document_id or ""
    with world.services.db.write() as session:
        documents.delete_to_bin(session, world.binh, document_id)
    line = take(world, data).lines[0]
    assert (line.outcome, line.document_id, line.notes) == (Outcome.binned, document_id, [Note.in_bin_here])
    with world.services.db.write() as session:
        assert documents.get(session, world.binh.wallet, document_id).document.deleted_at is not None
