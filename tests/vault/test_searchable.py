"""Searchable copies: made when their owner asks, of what counts at that moment, and gone with the paper."""

import io
from collections.abc import Callable
from pathlib import Path

import httpx
import pikepdf
import pytest
from PIL import Image, ImageDraw
from sqlmodel import col, select

from ocr import Field, Reading
from storage.errors import BlobMissing
from tests.ocr.copies import reading_of, words_in
from tests.vault import visitors
from tests.vault.world import World
from vault import documents, errors, papers, quota, readings, searchable
from vault.care import parts
from vault.copier import Copier
from vault.documents import Paper
from vault.models import Job, JobKind, ReadingState, Version
from vault.searchable import Stage

ISSUED = Field("issued-on", "2002-12-11", "11/12/2002", "ocr", 0.95, 1)
NUMBER = Field("number", "160/2024", "160/2024", "ocr", 0.95, 1)


def scan(seed: int = 0) -> bytes:
    page, out = Image.new("RGB", (500, 700), "white"), io.BytesIO()
    ImageDraw.Draw(page).text((100, 100 + seed), "a scan", fill="black")
    page.save(out, "JPEG", quality=90)
    return out.getvalue() + b"\0" * 4000


def read(world: World, paper: Paper, reading: Reading | None = None) -> Paper:
    found = reading or Reading(reading_of(1).pages, "birth-certificate", 1.0, "GIẤY KHAI SINH", (ISSUED, NUMBER))
    sealed = papers.seal_reading(paper.key, paper.version.id, found)
    world.change(Version, paper.version.id, reading=sealed, state=ReadingState.done, media_type="image/jpeg")
    return again(world, paper)


def again(world: World, paper: Paper) -> Paper:
    with world.services.db.read() as session:
        return documents.get(session, world.an.wallet, paper.id)


@pytest.fixture
def paper(world: World) -> Paper:
    return read(world, world.put_in(content=scan()))


@pytest.fixture
def an(world: World) -> httpx.Client:
    visitor = visitors.visitor(world, visitors.app_of(world), world.an)
    visitor.headers["Accept-Language"] = "vi"
    return visitor


def make(world: World, paper: Paper) -> searchable.Standing:
    searchable.ask(world.services, world.an, paper.id)
    assert Copier(world.services).step()
    return standing(world, paper)


def standing(world: World, paper: Paper) -> searchable.Standing:
    with world.services.db.read() as session:
        mine = documents.get(session, world.an.wallet, paper.id)
        return searchable.standing(session, world.services.blobs, mine)


def test_a_citizen_has_a_copy_made_and_finds_words_in_it(
    world: World, paper: Paper, an: httpx.Client, tmp_path: Path
) -> None:
    place = f"/api/documents/{paper.id}/searchable"
    too_soon = an.get(place)
    assert (too_soon.status_code, too_soon.json()["type"]) == (409, "/problems/copy-not-ready")
    assert too_soon.headers["Retry-After"] == "2"
    for _ in range(2):
        asked = an.post(place)
        assert (asked.status_code, asked.json()) == (202, {"state": "making", "size": 0})
    assert len(world.events("copy-asked")) == 1

    assert Copier(world.services).step() and not Copier(world.services).step()
    ready = an.post(place)
    assert (ready.status_code, ready.json()["state"]) == (200, "ready")
    got = an.get(place, params={"download": True})
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert len(got.content) == ready.json()["size"] < 1.3 * paper.version.size + 8192
    assert f"BIRTH-CERTIFICATE-{paper.id[:8].upper()}_20021211_giay-khai-sinh-cua-an.pdf" in got.headers[
        "content-disposition"
    ].replace("%20", " ")
    part = an.get(place, headers={"Range": "bytes=100-299", "If-Range": got.headers["etag"]})
    assert (part.status_code, part.content) == (206, got.content[100:300])
    assert an.get(place, headers={"If-None-Match": got.headers["etag"]}).status_code == 304

    (tmp_path / "copy.pdf").write_bytes(got.content)
    assert [word.text for word in words_in(tmp_path / "copy.pdf")][:3] == ["CỘNG", "HÒA", "XÃ"]
    with pikepdf.open(io.BytesIO(got.content)) as pdf, pdf.open_metadata() as metadata:
        told = {name: metadata[f"{{urn:docvault:archive:1}}{name}"] for name in ("IssuedDate", "CodeNumber", "Subject")}
    assert told == {"IssuedDate": "2002-12-11", "CodeNumber": "160", "Subject": "Giấy khai sinh của An"}


CHANGES: dict[str, Callable[[World, Paper], None]] = {
    "another reading": lambda world, paper: _read_again(world, paper),
    "a kind that its owner chose": lambda world, paper: _change(world, paper, kind="other"),
    "a title": lambda world, paper: _change(world, paper, title="Giấy của An"),
    "a value that its owner confirmed": lambda world, paper: _change(world, paper, number="161/2024"),
}


def _read_again(world: World, paper: Paper) -> None:
    read(world, paper, reading_of(1))


def _change(world: World, paper: Paper, *, kind: str = "", title: str = "", number: str = "") -> None:
    with world.services.db.write() as session:
        if kind:
            documents.set_kind(session, world.an, paper.id, kind)
        if title:
            documents.retitle(session, world.an, paper.id, title)
        if number:
            readings.confirm(session, world.services.kinds, world.an, paper.id, {"number": number})


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_of_what_counts_no_more_is_not_given_out(world: World, paper: Paper, change: str) -> None:
    first = make(world, paper)
    assert first.stage is Stage.ready
    CHANGES[change](world, paper)
    assert standing(world, paper).stage is Stage.none
    with pytest.raises(errors.CopyNotReady), world.services.db.read() as session:
        searchable.content(session, world.services.blobs, again(world, paper))
    assert make(world, paper).stage is Stage.ready
    name = papers.searchable_name(paper.version.id)
    assert [blob.name for blob in world.services.blobs.list(papers.folder(paper.version.id))].count(name) == 1


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_the_same_state_gives_the_same_bytes(world: World, paper: Paper) -> None:
    """So that a download that broke off goes on after the copy was made again."""
    copies = []
    for _ in range(2):
        make(world, paper)
        with world.services.db.read() as session:
            reader = searchable.content(session, world.services.blobs, again(world, paper))
        copies.append(reader.read(0, reader.size))
        world.services.blobs.delete(papers.searchable_name(paper.version.id))
        assert standing(world, paper).stage is Stage.none, "as after a restore"
    assert copies[0] == copies[1]


def test_nobody_else_gets_it(world: World, paper: Paper) -> None:
    make(world, paper)
    with visitors.visitor(world, visitors.app_of(world), world.binh) as binh:
        assert binh.get(f"/api/documents/{paper.id}/searchable").status_code == 404
        assert binh.post(f"/api/documents/{paper.id}/searchable").status_code == 404
        assert binh.get(f"/papers/{paper.id}/searchable").status_code == 404


def test_a_destroyed_paper_takes_its_copy_along(world: World, paper: Paper) -> None:
    make(world, paper)
    world.bin(paper)
    with world.services.db.write() as session:
        remains = documents.destroy(session, world.an, paper.id)
    for one in remains:
        papers.remove(world.services.blobs, one)
    assert not list(world.services.blobs.list(papers.folder(paper.version.id)))


def test_a_paper_destroyed_while_its_copy_is_made_leaves_none_behind(
    world: World, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    searchable.ask(world.services, world.an, paper.id)
    plain = Copier._make

    def slow(copier: Copier, paper: Paper, state: bytes, room: int) -> int:
        size = plain(copier, paper, state, room)
        world.bin(paper)
        with world.services.db.write() as session:
            for one in documents.destroy(session, world.an, paper.id):
                papers.remove(world.services.blobs, one)
        papers.put_searchable(world.services.blobs, paper.key, paper.version.id, state, [b"written late"])
        return size

    monkeypatch.setattr(Copier, "_make", slow)
    assert Copier(world.services).step()
    assert not list(world.services.blobs.list(papers.folder(paper.version.id)))


def test_its_bytes_count_beside_those_of_tiles(world: World, paper: Paper) -> None:
    before = _left(world)
    size = make(world, paper).size
    assert _left(world) == before - size
    _read_again(world, paper)
    size = make(world, paper).size
    assert _left(world) == before - size


def _left(world: World) -> int:
    with world.services.db.read() as session:
        return quota.left_for_made(session, world.an.citizen_id, 10**9)


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_a_copy_that_finds_no_room_says_so(world: World, paper: Paper, an: httpx.Client) -> None:
    world.change(Version, paper.version.id, sheet_bytes=world.services.settings.quota_bytes - 1000)
    assert make(world, paper) == searchable.Standing(Stage.failed, failure="no-room")
    told = an.get(f"/api/documents/{paper.id}/searchable")
    assert (told.status_code, told.json()["reason"]) == (409, "no-room")
    with pytest.raises(BlobMissing):
        world.services.blobs.size(papers.searchable_name(paper.version.id))
    world.change(Version, paper.version.id, sheet_bytes=0)
    assert make(world, paper).stage is Stage.ready, "asking again tries again"


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_a_paper_that_cannot_be_opened_says_so_on_its_page(world: World, an: httpx.Client) -> None:
    hostile = read(world, world.put_in(content=b"\xff\xd8\xff\xe0" + bytes(5000)))
    assert make(world, hostile) == searchable.Standing(Stage.failed, failure="truncated-paper")
    assert an.get(f"/api/documents/{hostile.id}/searchable").json()["reason"] == "truncated-paper"
    shown = an.get(f"/papers/{hostile.id}")
    assert shown.status_code == 200 and "Tệp bị đứt đoạn" in shown.text


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_a_paper_without_words_has_no_copy(world: World, an: httpx.Client) -> None:
    paper = world.put_in(content=scan())
    assert an.post(f"/api/documents/{paper.id}/searchable").json()["type"] == "/problems/not-read-yet"
    world.change(Version, paper.version.id, state=ReadingState.failed, failure="reading-failed")
    failed = an.post(f"/api/documents/{paper.id}/searchable")
    assert (failed.status_code, failed.json()["reason"]) == (409, "not-read")
    assert "searchable" not in an.get(f"/papers/{paper.id}").text


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_a_worker_that_dies_again_and_again_gives_up(world: World, paper: Paper) -> None:
    searchable.ask(world.services, world.an, paper.id)
    with world.services.db.write() as session:
        job = session.exec(select(Job).where(col(Job.kind) == JobKind.copy)).one()
        job.attempt = world.services.settings.reading_attempts
        session.add(job)
    assert Copier(world.services).step()
    assert standing(world, paper) == searchable.Standing(Stage.failed, failure="gave-up")


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_the_doctor_sees_a_damaged_copy_and_misses_none(world: World, paper: Paper) -> None:
    make(world, paper)

    def wrong() -> list[str]:
        return [fault for fault in parts.faults(world.services.blobs, world.an.wallet, again(world, paper).version, id)
                if "copy" in fault]  # fmt: skip

    assert not wrong()
    name = papers.searchable_name(paper.version.id)
    world.services.blobs.put(name, [b"x" * world.services.blobs.size(name)])
    assert wrong() == ["its searchable copy is damaged (asking for it again makes it anew)"]
    assert make(world, paper).stage is Stage.ready and not wrong()
    world.services.blobs.delete(name)
    assert not wrong(), "backups hold none"


@pytest.mark.only_on("sqlite")  # nothing in it depends on the database
def test_the_page_goes_from_the_wish_to_the_file(world: World, paper: Paper, an: httpx.Client) -> None:
    assert "Làm bản PDF tìm được chữ" in an.get(f"/papers/{paper.id}").text
    asked = an.post(f"/papers/{paper.id}/searchable")
    assert (asked.status_code, asked.headers["location"]) == (303, f"/papers/{paper.id}#searchable")
    waiting = an.get(f"/papers/{paper.id}/searchable").text
    assert "Đang làm bản PDF tìm được chữ" in waiting and "hx-trigger" in waiting
    assert Copier(world.services).step()
    ready = an.get(f"/papers/{paper.id}/searchable").text
    assert "Tải bản PDF tìm được chữ" in ready and "hx-trigger" not in ready
    assert f"/api/documents/{paper.id}/searchable?download=true" in ready
