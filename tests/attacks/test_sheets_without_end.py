"""Large papers that would keep the cutter to themselves, or whose owner destroys them under its hands."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from ocr.errors import ReadingFailed
from tests.journeys.sheets import photographed
from tests.vault.world import World
from vault import documents, intake, papers
from vault.cutter import Cutter
from vault.documents import Paper
from vault.models import Job, JobKind, Version
from vault.uploads import Ready
from vault.worker import Worker

SHEET = (4096, 4000)


@pytest.fixture(scope="module")
def sheets() -> list[bytes]:
    """Faxes of three large pages and of one: a few kilobytes."""
    pages = [Image.new("1", SHEET, 1) for _ in range(3)]
    return [_fax(*pages), _fax(*pages[:1])]


def _fax(first: Image.Image, *others: Image.Image) -> bytes:
    out = io.BytesIO()
    first.save(out, "TIFF", compression="group4", save_all=True, append_images=others)
    return out.getvalue()


def put_in(world: World, data: bytes) -> str:
    """The version's id."""
    document_id = intake.add_document(world.services, world.an, Ready("a", data))
    return the_paper(world, document_id).version.id


def the_paper(world: World, document_id: str) -> Paper:
    with world.services.db.read() as session:
        return documents.get(session, world.an.wallet, document_id)


def destroy(world: World, version_id: str) -> None:
    paper = the_paper(world, world.row(Version, version_id).document_id)
    world.bin(paper)
    with world.services.db.write() as session:
        destroyed = documents.destroy(session, world.an, paper.id)
    for remains in destroyed:
        papers.remove(world.services.blobs, remains)


def before_it_is_noted(world: World, monkeypatch: pytest.MonkeyPatch, place: str, act: Callable[[], None]) -> None:
    """What is written there lies in the store, and nothing has been said of it yet."""
    write = getattr(papers, place)

    def written(*args: Any, **more: Any) -> Any:
        size = write(*args, **more)
        act()
        return size

    monkeypatch.setattr(papers, place, written)


def test_destroyed_while_it_is_cut(world: World, monkeypatch: pytest.MonkeyPatch, sheets: list[bytes]) -> None:
    version = put_in(world, sheets[1])
    before_it_is_noted(world, monkeypatch, "put_sheet", lambda: destroy(world, version))
    assert Cutter(world.services).step()
    assert not list(world.services.blobs.list())


def test_destroyed_while_it_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = put_in(world, photographed(["GIAY KHAI SINH"]))
    before_it_is_noted(world, monkeypatch, "put_previews", lambda: destroy(world, version))
    assert Worker(world.services).step()
    assert not list(world.services.blobs.list())


def test_another_paper_has_its_turn_after_one_page_of_many(world: World, sheets: list[bytes]) -> None:
    many, one = put_in(world, sheets[0]), put_in(world, sheets[1])
    cutter, seen = Cutter(world.services), []
    while cutter.step():
        seen.append((world.row(Version, many).sheets_cut, world.row(Version, one).sheets_cut))
    assert seen == [(1, 0), (1, 1), (2, 1), (3, 1)]


def test_a_page_that_uses_all_the_time_up_ends_the_cutting_of_its_paper(
    world: World, monkeypatch: pytest.MonkeyPatch, sheets: list[bytes]
) -> None:
    """Five hundred such pages would keep everybody else's waiting for three weeks."""
    version, cut, tried = put_in(world, sheets[0]), Cutter._cut, list[int]()

    def late(cutter: Cutter, ticket: Any, page: int) -> int:
        tried.append(page)
        if page == 2:
            raise ReadingFailed("time")
        return cut(cutter, ticket, page)

    monkeypatch.setattr(Cutter, "_cut", late)
    while Cutter(world.services).step():
        pass
    assert (tried, world.row(Version, version).sheets) == ([1, 2], [1])


def test_a_damaged_paper_is_not_looked_at_for_ever(world: World) -> None:
    version = put_in(world, photographed(["So 36"]))
    blobs, name = world.services.blobs, papers.original_name(version)
    blobs.put(name, [blobs.read(name, 0, 100), b"noise" * 1000])
    intake.read_again(world.services, world.an, world.row(Version, version).document_id)
    with world.services.db.read() as session:
        job = session.exec(select(Job.id).where(Job.kind == JobKind.sheets)).one()
    world.change(Job, job, attempt=world.services.settings.reading_attempts)
    assert Cutter(world.services).step()
    assert world.row(Job, job) is None


def test_small_papers_whose_tiles_would_fill_the_disk(world: World, sheets: list[bytes]) -> None:
    """A fax of two kilobytes has tiles of hundreds: all together take no more room than papers may."""
    cutter = Cutter(world.services)
    first = put_in(world, sheets[1])
    assert cutter.step()
    weight = world.services.blobs.size(papers.sheet_name(first, 1))
    assert world.row(Version, first).sheet_bytes == weight > 20 * len(sheets[1])

    few = world.services.settings.model_copy(update={"quota_bytes": 2 * weight + weight // 2})
    second, cutter = put_in(world, sheets[0]), Cutter(replace(world.services, settings=few))
    while cutter.step():
        pass
    assert (world.row(Version, second).sheets, world.row(Version, second).sheet_bytes) == ([1], weight)
