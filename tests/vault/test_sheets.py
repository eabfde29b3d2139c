"""Large pages in tiles: made once by a worker of their own, for the owner, for an agency within an opening."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image, ImageChops, ImageDraw, ImageStat
from sqlmodel import col, delete, select

import ocr
from ocr import Place, Pyramid
from ocr.errors import ReadingFailed
from storage.blobs import Blobs
from storage.errors import BlobMissing, SealBroken
from tests.vault import visitors
from tests.vault.world import PREVIEW, World, tile_of
from vault import documents, intake, jobs, papers, releases
from vault.care import parts
from vault.cutter import Cutter
from vault.db import Database, now
from vault.documents import Paper
from vault.errors import NotReadYet, ReleaseRefused
from vault.models import Grant, GrantItem, Job, JobKind, Version
from vault.principals import Officer
from vault.worker import LeaseLost, Worker

SIZE = (5200, 3400)
PIECE = Place(1, 1, 0)
WINDOW = timedelta(minutes=10)


class Ready:
    """A file that is there already."""

    def __init__(self, data: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.file_name, self._data = "ban-do.png", data

    def chunks(self) -> Iterator[bytes]:
        return iter((self._data,))


def drawn() -> Image.Image:
    sheet = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    ImageDraw.Draw(sheet).rectangle((4000, 2000, 4700, 2700), fill=(20, 60, 160))
    return sheet


@pytest.fixture(scope="module")
def map_png() -> bytes:
    out = io.BytesIO()
    drawn().save(out, "PNG", compress_level=1)
    return out.getvalue()


def put_in(world: World, data: bytes) -> Paper:
    document_id = intake.add_document(world.services, world.an, Ready(data))
    return the_paper(world, document_id)


def the_paper(world: World, document_id: str) -> Paper:
    with world.services.db.read() as session:
        return documents.get(session, world.an.wallet, document_id)


def jobs_of(world: World) -> list[str]:
    with world.services.db.read() as session:
        return sorted(job.kind for job in session.exec(select(Job)))


def names(world: World) -> set[str]:
    return {blob.name.rpartition("/")[2] for blob in world.services.blobs.list()}


def test_a_large_paper_is_shown_at_once_and_cut_by_a_worker_of_its_own(world: World, map_png: bytes) -> None:
    paper = put_in(world, map_png)
    assert (paper.version.shown, paper.version.sheets, paper.version.cutting) == (1, [1], True)
    assert Image.open(io.BytesIO(documents.preview(world.services.blobs, paper, 1))).width == 1240
    assert jobs_of(world) == ["reading", "sheets"]
    with pytest.raises(NotReadYet):
        documents.sheet(world.services.blobs, paper, 1)

    assert Cutter(world.services).step()
    assert jobs_of(world) == ["reading"]
    paper = the_paper(world, paper.id)
    assert paper.version.has_tiles(1)
    sheet = documents.sheet(world.services.blobs, paper, 1)
    assert sheet.pyramid == Pyramid(*SIZE)
    tile = Image.open(io.BytesIO(sheet.tile(Place(4, 7, 3))))  # it holds a corner of the blue square
    part = drawn().crop((7 * 512, 3 * 512, 8 * 512, 4 * 512))
    assert max(ImageStat.Stat(ImageChops.difference(tile.convert("RGB"), part)).mean) < 3


def test_a_small_paper_gets_no_tiles(world: World) -> None:
    out = io.BytesIO()
    Image.new("RGB", (900, 700), "white").save(out, "PNG")
    paper = put_in(world, out.getvalue())
    assert (paper.version.shown, paper.version.sheets) == (1, [])
    assert jobs_of(world) == ["reading"]
    assert not Cutter(world.services).step()


def forget_sheets(world: World, paper: Paper) -> None:
    """As if the paper had come before there were tiles."""
    with world.services.db.write() as session:
        version = session.get_one(Version, paper.version.id)
        version.sheets, version.sheets_cut = [], 0
        session.exec(delete(Job).where(col(Job.kind) == JobKind.sheets))


def test_a_large_paper_from_before_there_were_tiles_gets_them_when_it_is_read_again(
    world: World, map_png: bytes
) -> None:
    paper = put_in(world, map_png)
    forget_sheets(world, paper)
    assert not Cutter(world.services).step()
    intake.read_again(world.services, world.an, paper.id)
    assert jobs_of(world) == ["reading", "sheets"]
    assert Cutter(world.services).step()
    paper = the_paper(world, paper.id)
    assert (paper.version.sheets, paper.version.has_tiles(1)) == ([1], True)
    assert documents.sheet(world.services.blobs, paper, 1).pyramid == Pyramid(*SIZE)
    assert jobs_of(world) == ["reading"]


def test_an_old_paper_that_cannot_be_opened_any_more_gets_no_tiles_and_holds_nobody_up(
    world: World, map_png: bytes
) -> None:
    paper = put_in(world, map_png)
    forget_sheets(world, paper)
    world.services.blobs.delete(papers.original_name(paper.version.id))
    intake.read_again(world.services, world.an, paper.id)
    assert Cutter(world.services).step()
    assert (the_paper(world, paper.id).version.sheets, jobs_of(world)) == ([], ["reading"])


class Killed(BaseException):
    """What a process that was killed does not live to see."""


def test_tiles_of_a_worker_that_was_killed_in_the_middle_are_made_anew(
    world: World, map_png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = put_in(world, map_png)
    plain = Cutter._telling

    def killed(self: Cutter, ticket: jobs.Ticket, sheet: ocr.Sheet) -> Any:
        for number, tile in enumerate(plain(self, ticket, sheet)):
            if number == 30:
                raise Killed
            yield tile

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Cutter, "_telling", killed)
        Cutter(world.services).step()
    assert "sheet-1" not in names(world)
    assert not Cutter(world.services).step(), "its lease runs"
    with world.services.db.write() as session:
        job = session.exec(select(Job).where(Job.kind == JobKind.sheets)).one()
        job.run_after = now(session) - timedelta(seconds=1)
        session.add(job)
    assert Cutter(world.services).step()
    assert the_paper(world, paper.id).version.has_tiles(1)
    assert documents.sheet(world.services.blobs, the_paper(world, paper.id), 1).tile(Place(0, 0, 0))


def test_a_worker_that_lost_its_lease_writes_nothing(world: World, map_png: bytes) -> None:
    paper = put_in(world, map_png)
    late = Cutter(world.services)
    with world.services.db.write() as session:
        ticket = jobs.claim(session, world.services.worker_key, timedelta(0), JobKind.sheets)
    assert ticket is not None
    with world.services.db.write() as session:
        assert jobs.claim(session, world.services.worker_key, timedelta(minutes=1), JobKind.sheets) is not None
    with pytest.raises(LeaseLost):
        late._work(ticket)
    assert not the_paper(world, paper.id).version.has_tiles(1)
    assert "sheet-1" not in names(world)


def test_a_page_that_cannot_be_cut_keeps_its_preview(
    world: World, map_png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = put_in(world, map_png)

    def failing(*_: Any) -> None:
        raise ReadingFailed("memory")

    monkeypatch.setattr(Cutter, "_cut", failing)
    assert Cutter(world.services).step()
    version = the_paper(world, paper.id).version
    assert (version.sheets, version.cutting, version.shown) == ([], False, 1)
    assert jobs_of(world) == ["reading"]


def test_after_enough_attempts_the_page_is_given_up(world: World, map_png: bytes) -> None:
    paper = put_in(world, map_png)
    with world.services.db.write() as session:
        job = session.exec(select(Job).where(Job.kind == JobKind.sheets)).one()
        job.attempt = world.services.settings.reading_attempts
        session.add(job)
    assert Cutter(world.services).step()
    assert the_paper(world, paper.id).version.sheets == []


def test_a_reading_ticket_does_not_open_as_one_for_tiles(world: World, map_png: bytes) -> None:
    put_in(world, map_png)
    with world.services.db.write() as session:
        reading = session.exec(select(Job).where(Job.kind == JobKind.reading)).one()
        sheets = session.exec(select(Job).where(Job.kind == JobKind.sheets)).one()
        sheets.ticket = reading.ticket
        session.add(sheets)
    assert not Cutter(world.services).step()


def test_reading_again_makes_the_tiles_anew_and_destroying_takes_them_along(world: World) -> None:
    paper = world.put_in()
    world.cut(paper)
    assert not list(
        parts.faults(world.services.blobs, world.an.wallet, world.row(Version, paper.version.id), lambda _: None)
    )
    intake.read_again(world.services, world.an, paper.id)
    assert jobs_of(world) == ["reading", "sheets"]
    world.bin(paper)
    with world.services.db.write() as session:
        destroyed = documents.destroy(session, world.an, paper.id)
    for remains in destroyed:
        papers.remove(world.services.blobs, remains)
    assert names(world) == set()
    assert jobs_of(world) == []


def test_the_doctor_finds_tiles_that_are_missing_or_damaged(world: World) -> None:
    paper = world.put_in()
    world.cut(paper)
    blobs, name = world.services.blobs, papers.sheet_name(paper.version.id, 1)
    sealed = bytearray(blobs.read(name, 0, blobs.size(name)))
    sealed[-1] ^= 1
    blobs.put(name, [bytes(sealed)])
    version = world.row(Version, paper.version.id)
    assert "damaged" in " ".join(parts.faults(blobs, world.an.wallet, version, lambda _: None))
    blobs.delete(name)
    assert "missing" in " ".join(parts.faults(blobs, world.an.wallet, version, lambda _: None))


def test_a_sheet_moved_to_another_page_or_paper_does_not_open(world: World) -> None:
    one, other = world.put_in(), world.put_in(content=b"another" * 999)
    world.cut(one)
    blobs = world.services.blobs
    name = papers.sheet_name(one.version.id, 1)
    blobs.put(papers.sheet_name(one.version.id, 2), [blobs.read(name, 0, blobs.size(name))])
    blobs.put(papers.sheet_name(other.version.id, 1), [blobs.read(name, 0, blobs.size(name))])
    for paper, page in ((one, 2), (other, 1)):
        with pytest.raises(SealBroken):
            papers.open_sheet(blobs, paper.key, paper.version.id, page)
    with pytest.raises(BlobMissing):
        papers.open_sheet(blobs, other.key, other.version.id, 2)


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


def get(world: World, app: FastAPI, who: Any, path: str) -> httpx.Response:
    with visitors.visitor(world, app, who) as client:
        return client.get(path)


def test_the_owner_gets_tiles_also_of_an_older_version_and_nobody_else_does(world: World, app: FastAPI) -> None:
    paper = world.put_in()
    world.cut(paper)
    place = f"/api/documents/{paper.id}/pages/1/tiles"
    told = get(world, app, world.an, place)
    assert told.json() == {"width": 1300, "height": 700, "tile": 512, "levels": 3}
    tile = get(world, app, world.an, f"{place}/1/1/0.jpg?version={paper.version.id}")
    assert (tile.status_code, tile.content) == (200, tile_of(PIECE))
    assert tile.headers["content-type"] == "image/jpeg"
    assert tile.headers["cache-control"] == "private, no-store"
    assert tile.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in tile.headers["content-security-policy"]
    assert get(world, app, world.binh, f"{place}/1/1/0.jpg").status_code == 404
    world.bin(paper)
    assert get(world, app, world.an, f"{place}/1/1/0.jpg").status_code == 409


@pytest.mark.parametrize("there", ["1/tiles/1/2/0", "1/tiles/1/0/1", "1/tiles/3/0/0", "2/tiles/0/0/0", "9/tiles/0/0/0"])
def test_a_page_or_tile_out_of_range_is_not_there(world: World, app: FastAPI, there: str) -> None:
    paper = world.put_in()
    world.cut(paper)
    assert get(world, app, world.an, f"/api/documents/{paper.id}/pages/{there}.jpg").status_code == 404


def shared_sheet(world: World) -> tuple[Database, Blobs, Officer, str, str]:
    """What an officer follows a redeemed grant of one large page by."""
    paper = world.put_in()
    world.cut(paper)
    grant_id, link = world.share(paper)
    world.bearer(link)
    return world.services.db, world.services.blobs, world.registry, grant_id, paper.version.id


def test_looking_closely_uses_no_opening_up_and_begins_none(world: World) -> None:
    follow = shared_sheet(world)
    *_, grant_id, version_id = follow
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow)
    assert world.events("refused")[-1].detail == "no-opening"
    releases.release(*follow)
    for _ in range(20):
        assert releases.follow(*follow).sheet(1).tile(PIECE) == tile_of(PIECE)
    assert (world.row(Grant, grant_id).openings, len(world.events("released"))) == (1, 1)
    opened_at = world.row(GrantItem, (grant_id, version_id)).opened_at
    releases.follow(*follow, at=opened_at + WINDOW - timedelta(seconds=1))
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow, at=opened_at + WINDOW)
    assert world.row(Grant, grant_id).openings == 1


def test_a_grant_taken_back_ends_looking_closely(world: World) -> None:
    follow = shared_sheet(world)
    *_, grant_id, _ = follow
    releases.release(*follow)
    releases.follow(*follow)
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow[:2], world.bank, *follow[3:])
    world.revoke(grant_id)
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow)
    assert [event.detail for event in world.events("refused")] == ["other-agency", "revoked"]


def test_an_agency_that_goes_on_asking_for_tiles_does_not_fill_the_citizens_log(world: World) -> None:
    follow = shared_sheet(world)
    *_, grant_id, _ = follow
    releases.release(*follow)
    world.revoke(grant_id)
    for _ in range(5):
        with pytest.raises(ReleaseRefused):
            releases.follow(*follow)
    assert len(world.events("refused")) == 1
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow[:2], world.bank, *follow[3:])
    with pytest.raises(ReleaseRefused):
        releases.follow(*follow, at=world.events("refused")[-1].at + WINDOW)
    assert [event.detail for event in world.events("refused")] == ["revoked", "other-agency", "revoked"]


def test_the_page_of_a_sheet_shows_the_preview_until_there_are_tiles(world: World, app: FastAPI) -> None:
    paper = world.put_in()
    world.change(Version, paper.version.id, sheets=[1], sheet_percent=40)
    waiting = get(world, app, world.an, f"/papers/{paper.id}/pages/1").text
    assert 'value="40"' in waiting
    assert "openseadragon" not in waiting
    assert f"/api/documents/{paper.id}/pages/1.webp" in waiting
    world.cut(paper)
    with visitors.visitor(world, app, world.an) as client:
        ready = client.get(f"/papers/{paper.id}/pages/1", headers={"HX-Request": "true"})
    assert ready.headers["hx-refresh"] == "true"
    assert 'data-levels="3"' in ready.text
    assert get(world, app, world.an, f"/papers/{paper.id}/pages/2").status_code == 404


def test_who_waits_for_a_page_that_cannot_be_cut_is_told_and_waits_no_more(world: World, app: FastAPI) -> None:
    paper = world.put_in()
    world.change(Version, paper.version.id, sheets=[], pages=2)
    for number in (1, 2):
        told = get(world, app, world.an, f"/papers/{paper.id}/pages/{number}")
        assert told.status_code == 200
        assert "There is no large view of this page" in told.text
        assert "hx-trigger" not in told.text
        assert f"/api/documents/{paper.id}/content" in told.text


def test_from_one_large_page_to_the_next(world: World, app: FastAPI) -> None:
    paper = world.put_in()
    world.change(Version, paper.version.id, sheets=[1, 4, 9], pages=9)
    shown = get(world, app, world.an, f"/papers/{paper.id}/pages/4").text
    query = f"?version={paper.version.id}"
    assert [f'href="/papers/{paper.id}/pages/{n}{query}"' in shown for n in (1, 3, 5, 9)] == [True, False, False, True]


def test_a_reading_shows_each_page_before_its_text(
    world: World, map_png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = put_in(world, map_png)
    seen: list[tuple[int, int]] = []

    def reading(_source: Any, _limits: Any, *, on_page: Any, on_picture: Any, **_: Any) -> None:
        done = ocr.PageDone(1, 1, PREVIEW, PREVIEW)
        for call in (on_picture, on_page):
            call(done)
            version = world.row(Version, paper.version.id)
            seen.append((version.pages_shown, version.pages_read))
        raise ReadingFailed("died")

    monkeypatch.setattr(ocr, "read", reading)
    assert Worker(world.services).step()
    assert seen == [(1, 0), (1, 1)]
