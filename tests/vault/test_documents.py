"""Papers in a wallet: nobody else's, not swapped, gone when destroyed, back when restored."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session, select

from storage.errors import BlobMissing, SealBroken
from storage.keys import Key
from tests.vault.world import CONTENT, PREVIEW, World
from vault import documents, grants, intake, papers, readings
from vault.db import now
from vault.documents import Cursor, Paper
from vault.errors import InBin, Invalid, NotFound, NotReadYet
from vault.housekeeping import Housekeeping
from vault.models import Document, GrantItem, Job, Version
from vault.principals import Citizen

Verb = Callable[[World, Session, Citizen, Paper], object]

VERBS: dict[str, Verb] = {
    "get": lambda w, s, who, p: documents.get(s, who.wallet, p.id),
    "get a version": lambda w, s, who, p: documents.get(s, who.wallet, p.id, p.version.id),
    "get live": lambda w, s, who, p: documents.get_live(s, who.wallet, p.id),
    "versions": lambda w, s, who, p: documents.versions(s, who.wallet, p.id),
    "retitle": lambda w, s, who, p: documents.retitle(s, who, p.id, "mine now"),
    "set kind": lambda w, s, who, p: documents.set_kind(s, who, p.id, "other"),
    "delete": lambda w, s, who, p: documents.delete_to_bin(s, who, p.id),
    "restore": lambda w, s, who, p: documents.restore(s, who, p.id),
    "destroy": lambda w, s, who, p: documents.destroy(s, who, p.id),
    "confirm": lambda w, s, who, p: readings.confirm(s, w.services.kinds, who, p.id, {"full-name": "Bình"}),
    "share": lambda w, s, who, p: grants.own_version(s, who.wallet, p.version.id),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_somebody_elses_paper_is_not_there(world: World, verb: Verb) -> None:
    paper = world.put_in()
    with world.services.db.write() as session, pytest.raises(NotFound):
        verb(world, session, world.binh, paper)
    with world.services.db.read() as session:
        assert documents.get_live(session, world.an.wallet, paper.id).label == paper.label
        assert world.row(Document, paper.id).deleted_at is None


def test_reading_somebody_elses_paper_again_is_not_found(world: World) -> None:
    paper = world.put_in()
    with pytest.raises(NotFound):
        intake.read_again(world.services, world.binh, paper.id)


def test_lists_hold_ones_own_papers_alone(world: World) -> None:
    mine, theirs = world.put_in(), world.put_in(world.binh)
    with world.services.db.read() as session:
        assert [p.id for p in documents.listed(session, world.an.wallet)] == [mine.id]
        assert [p.id for p in documents.listed(session, world.binh.wallet)] == [theirs.id]
        cursor = Cursor(theirs.document.created_at + timedelta(days=1), theirs.id)
        assert [p.id for p in documents.listed(session, world.an.wallet, after=cursor)] == [mine.id]


def test_a_version_of_another_document_is_not_found_under_this_one(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF another")
    with world.services.db.read() as session, pytest.raises(NotFound):
        documents.get(session, world.an.wallet, one.id, two.version.id)


def test_pages_of_a_list_hold_every_paper_once(world: World) -> None:
    there = [world.put_in(content=f"%PDF {n}".encode()).id for n in range(7)]
    found: list[str] = []
    after = None
    while True:
        with world.services.db.read() as session:
            shown = documents.listed(session, world.an.wallet, after=after, limit=3)
        if not shown:
            break
        found += [paper.id for paper in shown]
        after = Cursor.decode(Cursor(shown[-1].document.created_at, shown[-1].id).encode())
    assert found == there[::-1]


def test_the_key_of_anothers_version_does_not_open(world: World) -> None:
    paper = world.put_in()
    with pytest.raises(SealBroken):
        world.binh.wallet.document_key(paper.version)


@pytest.mark.parametrize("column", ["wrapped_key", "label"])
def test_sealed_columns_swapped_between_two_papers_do_not_open(world: World, column: str) -> None:
    """Both are the same citizen's: an operator must not show one paper as the other."""
    one, two = world.put_in(), world.put_in(content=b"%PDF another")
    world.change(Version, one.version.id, **{column: getattr(two.version, column)})
    with world.services.db.read() as session, pytest.raises(SealBroken):
        documents.get(session, world.an.wallet, one.id)


@pytest.mark.parametrize("column", ["reading", "confirmed"])
def test_a_reading_swapped_between_two_papers_does_not_open(world: World, column: str) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF another")
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, two.id, {"full-name": "Nguyễn Văn An"})
    world.change(Version, one.version.id, **{column: world.row(Version, two.version.id).confirmed})
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, one.id)
    with pytest.raises(SealBroken):
        readings.load(paper) if column == "reading" else readings.confirmed_values(paper)


def test_a_label_moved_into_another_column_does_not_open(world: World) -> None:
    paper = world.put_in()
    world.change(Version, paper.version.id, confirmed=paper.version.label)
    with world.services.db.read() as session:
        changed = documents.get(session, world.an.wallet, paper.id)
    with pytest.raises(SealBroken):
        readings.confirmed_values(changed)


def test_blobs_swapped_between_two_papers_do_not_open(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF another" * 5000)
    blobs = world.services.blobs
    for name in (papers.original_name, partial(papers.preview_name, page=1)):
        mine, other = name(one.version.id), name(two.version.id)
        blobs.put(mine, [blobs.read(other, 0, blobs.size(other))])
    with pytest.raises(SealBroken):
        documents.content(blobs, one).read(0, 1)
    with pytest.raises(SealBroken):
        documents.preview(blobs, one, 1)


def test_a_thumbnail_is_not_taken_for_the_page(world: World) -> None:
    paper, blobs = world.put_in(), world.services.blobs
    small = papers.preview_name(paper.version.id, 1, thumbnail=True)
    blobs.put(papers.preview_name(paper.version.id, 1), [blobs.read(small, 0, blobs.size(small))])
    with pytest.raises(SealBroken):
        documents.preview(blobs, paper, 1)


def test_a_shortened_or_altered_original_is_noticed(world: World) -> None:
    paper, blobs = world.put_in(), world.services.blobs
    name = papers.original_name(paper.version.id)
    whole = blobs.read(name, 0, blobs.size(name))
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:100] + bytes([whole[100] ^ 1]) + whole[101:], b""):
        blobs.put(name, [damaged])
        with pytest.raises(SealBroken):
            b"".join(documents.content(blobs, paper).stream())


def test_what_was_put_in_comes_out(world: World) -> None:
    paper = world.put_in()
    assert b"".join(documents.content(world.services.blobs, paper).stream()) == CONTENT
    assert documents.preview(world.services.blobs, paper, 1, thumbnail=True) == PREVIEW


@pytest.mark.parametrize(("page", "error"), [(0, NotFound), (-1, NotFound), (2, NotFound)])
def test_there_is_no_page_beyond_the_last(world: World, page: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        documents.preview(world.services.blobs, world.put_in(), page)


def test_a_page_that_is_not_read_yet_says_so(world: World) -> None:
    paper = world.put_in()
    world.services.blobs.delete(papers.preview_name(paper.version.id, 1))
    with pytest.raises(NotReadYet):
        documents.preview(world.services.blobs, paper, 1)


def test_the_bin_takes_a_paper_out_of_everything_and_gives_it_back(world: World) -> None:
    paper = world.put_in()
    world.bin(paper)
    with world.services.db.read() as session:
        assert documents.listed(session, world.an.wallet) == []
        assert [p.id for p in documents.in_bin(session, world.an.wallet)] == [paper.id]
        assert documents.in_bin(session, world.binh.wallet) == []
        with pytest.raises(InBin):
            documents.get_live(session, world.an.wallet, paper.id)
    with world.services.db.write() as session:
        documents.restore(session, world.an, paper.id)
    with world.services.db.read() as session:
        assert documents.get_live(session, world.an.wallet, paper.id).key == paper.key
    assert [len(world.events(kind)) for kind in ("document-deleted", "document-restored")] == [1, 1]


@pytest.mark.parametrize("verb", ["retitle", "set kind", "confirm", "share", "get live"])
def test_a_paper_in_the_bin_cannot_be_changed_or_shared(world: World, verb: str) -> None:
    paper = world.put_in()
    world.bin(paper)
    with world.services.db.write() as session, pytest.raises(InBin):
        VERBS[verb](world, session, world.an, paper)


def test_deleting_twice_does_not_make_it_rest_longer(world: World) -> None:
    paper = world.put_in()
    world.bin(paper)
    first = world.row(Document, paper.id).deleted_at
    world.bin(paper)
    assert world.row(Document, paper.id).deleted_at == first
    assert len(world.events("document-deleted")) == 1


def test_only_a_paper_in_the_bin_can_be_destroyed(world: World) -> None:
    paper = world.put_in()
    with world.services.db.write() as session, pytest.raises(Invalid):
        documents.destroy(session, world.an, paper.id)


def test_destroying_takes_keys_rows_jobs_and_grants_items_with_it(world: World) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper)
    intake.read_again(world.services, world.an, paper.id)
    world.bin(paper)
    with world.services.db.write() as session:
        remains = documents.destroy(session, world.an, paper.id)
    for one in remains:
        papers.remove(world.services.blobs, one)
    assert world.row(Version, paper.version.id) is None
    assert world.row(Document, paper.id) is None
    assert world.row(GrantItem, (grant_id, paper.version.id)).wrapped_key is None
    with world.services.db.read() as session:
        assert session.exec(select(Job)).all() == []
    assert list(world.services.blobs.list()) == []
    with pytest.raises(BlobMissing):
        documents.content(world.services.blobs, paper)
    assert len(world.events("document-destroyed")) == 1


def test_housekeeping_destroys_what_has_rested_long_enough_and_nothing_else(world: World) -> None:
    old, fresh, live = (world.put_in(content=f"%PDF {n}".encode()) for n in range(3))
    world.bin(old)
    world.bin(fresh)
    days = timedelta(days=world.services.settings.bin_days)
    with world.services.db.read() as session:
        at = now(session)
    world.change(Document, old.id, deleted_at=at - days - timedelta(seconds=1))
    world.change(Document, fresh.id, deleted_at=at - days + timedelta(minutes=5))
    Housekeeping(world.services).run()
    Housekeeping(world.services).run()
    assert world.row(Document, old.id) is None
    assert world.row(Version, old.version.id) is None
    assert [world.row(Document, paper.id) is not None for paper in (fresh, live)] == [True, True]
    left = {blob.name.split("/")[1] for blob in world.services.blobs.list()}
    assert left == {fresh.version.id, live.version.id}


def test_a_title_belongs_to_the_version_and_is_sealed(world: World) -> None:
    paper = world.put_in()
    with world.services.db.write() as session:
        documents.retitle(session, world.an, paper.id, "  Giấy của tôi  ")
    with world.services.db.read() as session:
        assert documents.get(session, world.an.wallet, paper.id).label.title == "Giấy của tôi"
    assert "Giấy của tôi".encode() not in world.row(Version, paper.version.id).label
    with world.services.db.write() as session, pytest.raises(Invalid):
        documents.retitle(session, world.an, paper.id, "x" * 201)


def test_a_day_of_expiry_that_the_owner_gives_is_kept_where_jobs_see_it(world: World) -> None:
    paper = world.put_in(kind="driving-licence")
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, paper.id, {"expires-on": "01/02/2031"})
    assert str(world.row(Document, paper.id).expires_on) == "2031-02-01"


def test_a_version_shows_nothing_of_what_it_holds(world: World) -> None:
    paper = world.put_in()
    for shown in (repr(paper.version), str(paper.document), repr(paper.key), f"{world.an.wallet}"):
        assert "khai-sinh" not in shown
        assert paper.key.expose().hex() not in shown


def test_what_lies_in_the_database_says_nothing_of_the_paper(world: World) -> None:
    paper = world.put_in()
    row = world.row(Version, paper.version.id)
    for value in (row.label, row.wrapped_key, row.fingerprint):
        assert paper.key.expose() not in value
        assert paper.label.sha256 not in value, "a hash would tell whose copy of a known paper this is"
        assert b"khai-sinh" not in value
    with pytest.raises(SealBroken):
        papers.open_label(Key.generate(), paper.version.id, row.label)
