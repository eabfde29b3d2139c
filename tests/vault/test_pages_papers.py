"""A citizen's papers on the pages: found, read, corrected, deleted, and nobody else's."""

from datetime import date, timedelta

import httpx
import pytest

from ocr.reading import Box, Field, Line, Page, Reading
from tests.vault import visitors
from tests.vault.world import World
from vault import papers
from vault.documents import Paper
from vault.models import Document, ReadingState, Version

BOX: Box = (0.1, 0.1, 0.9, 0.2)
CARD = "citizen-card"
FOUND = (
    Field("id-number", "048090012347", "048090012347", "qr", 1.0, 1, BOX, sure=True),
    Field("full-name", "Nguyễn Văn An", "Nguyễn Văn An", "qr", 1.0, 1, BOX, sure=True),
    Field("full-name", "NGUYỄN VAN AN", "NGUYỄN VAN AN", "ocr", 0.8, 1, BOX),
    Field("birth-date", "1991-03-14", "14/03/1991", "ocr", 0.95, 1, BOX, sure=True),
    Field("sex", "male", "Nam", "qr", 1.0, 1, BOX, sure=True),
    Field("residence", "K25/7 Lê Đình Lý, Đà Nẵng", "K25/7 Lê Đình Lý, Đà Nẵng", "ocr", 0.4, 1, BOX),
)


@pytest.fixture
def an(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.an)


@pytest.fixture
def card(world: World) -> Paper:
    paper = world.put_in(kind=CARD)
    lines = (Line("Họ và tên: NGUYỄN VĂN AN", BOX, 0.9, ()),)
    reading = Reading((Page(1, 1000, 600, "ocr", "vie", lines),), CARD, 0.9, "CĂN CƯỚC", FOUND)
    sealed = papers.seal_reading(paper.key, paper.version.id, reading)
    world.change(Version, paper.version.id, reading=sealed, state=ReadingState.done, pages_read=1)
    return paper


def test_a_citizen_finds_a_paper_without_typing_marks(an: httpx.Client, card: Paper) -> None:
    found = an.get("/papers", params={"q": "nguyen van an"}).text
    assert f'href="/papers/{card.id}"' in found
    assert "<mark>Nguyễn</mark>" in found or "<mark>NGUYỄN</mark>" in found
    assert "Nothing found" in an.get("/papers", params={"q": "ho chieu"}).text


def test_a_citizen_sees_one_kind_alone(an: httpx.Client, card: Paper, world: World) -> None:
    other = world.put_in(kind="passport")
    shown = an.get("/papers", params={"kind": CARD}).text
    assert card.id in shown and other.id not in shown


def test_a_long_list_goes_on(an: httpx.Client, world: World) -> None:
    ids = [world.put_in(kind=CARD).id for _ in range(23)]
    first = an.get("/papers").text
    cursor = first.split("/papers?cursor=")[1].split('"')[0]
    rest = an.get(f"/papers?cursor={cursor}").text
    assert all((paper_id in first) != (paper_id in rest) for paper_id in ids)


@pytest.mark.parametrize(("days", "words"), [(-1, "Expired on"), (10, "Expires soon"), (400, "Valid until")])
def test_a_citizen_sees_in_time_what_expires(
    an: httpx.Client, card: Paper, world: World, days: int, words: str
) -> None:
    world.change(Document, card.id, expires_on=date.today() + timedelta(days=days))
    assert words in an.get("/papers").text


def test_the_doubtful_fields_come_first_and_say_why(an: httpx.Client, card: Paper) -> None:
    page = an.get(f"/papers/{card.id}").text
    assert page.index('name="field.residence"') < page.index('name="field.sex"')
    assert "Read badly, please check, from the print" in page
    assert "The ID number does not fit the date of birth." in page
    assert 'value="14/03/1991"' in page


def test_values_are_shown_where_they_stand_and_not_in_the_code_that_repeats_them(
    an: httpx.Client, card: Paper, world: World
) -> None:
    code: Box = (0.7, 0.7, 0.9, 0.9)
    found = (
        Field("sex", "male", "Nam", "qr", 1.0, 1, code, sure=True),
        Field("sex", "male", "Nam", "ocr", 0.9, 1, BOX),
    )
    reading = Reading((Page(1, 1000, 600, "ocr", "vie", ()),), CARD, 0.9, "CĂN CƯỚC", found)
    world.change(Version, card.version.id, reading=papers.seal_reading(card.key, card.version.id, reading))
    page = an.get(f"/papers/{card.id}").text
    assert '<rect id="box-sex" data-field="field.sex" x="1000" y="1000" width="8000" height="1000"' in page
    assert "Please check" not in page


def test_a_citizen_hears_how_many_values_to_look_at_and_which_pages_are_not_among_them(
    an: httpx.Client, card: Paper, world: World
) -> None:
    assert "Please check these 3" in an.get(f"/papers/{card.id}").text  # residence, id number and birth date
    bad = Page(2, 0, 0, "ocr", "vie", (), "reading-failed")
    reading = Reading((Page(1, 1000, 600, "ocr", "vie", ()), bad), CARD, 0.9, "CĂN CƯỚC", FOUND)
    world.change(Version, card.version.id, reading=papers.seal_reading(card.key, card.version.id, reading), pages=2)
    assert "Page 2 could not be read" in an.get(f"/papers/{card.id}").text


def test_a_citizen_corrects_what_was_read_wrong(an: httpx.Client, card: Paper) -> None:
    form = {"kind": CARD, "title": "Thẻ của tôi", "field.birth-date": "14/3/1990", "field.sex": "male"}
    assert an.post(f"/papers/{card.id}", data=form).headers["location"] == f"/papers/{card.id}?done=confirmed"
    page = an.get(f"/papers/{card.id}").text
    assert "Thẻ của tôi" in page
    assert 'value="14/03/1990"' in page
    assert "The machine read: 14/03/1991 (from the print)" in page
    assert "does not fit the date of birth" not in page


def test_a_value_that_cannot_be_taken_loses_nothing_that_was_typed(an: httpx.Client, card: Paper) -> None:
    form = {"kind": CARD, "title": "Mới", "field.birth-date": "hôm qua", "field.full-name": "Trần Văn Bê"}
    answer = an.post(f"/papers/{card.id}", data=form)
    assert answer.status_code == 422
    assert "Date of birth: This does not have the right form." in answer.text
    for typed in ('value="hôm qua"', 'value="Trần Văn Bê"', 'value="Mới"'):
        assert typed in answer.text
    assert "Trần Văn Bê" not in an.get(f"/papers/{card.id}").text


def test_another_kind_brings_its_own_fields(an: httpx.Client, card: Paper) -> None:
    answer = an.post(f"/papers/{card.id}", data={"kind": "driving-licence", "title": ""})
    assert answer.headers["location"].endswith("done=kind-changed")
    assert an.post(f"/papers/{card.id}", data={"kind": "no-such-kind", "title": ""}).status_code == 422


def test_a_page_that_waits_hears_when_the_paper_is_read(an: httpx.Client, card: Paper, world: World) -> None:
    world.change(Version, card.version.id, state=ReadingState.reading, pages_read=1, pages=4)
    page = an.get(f"/papers/{card.id}").text
    assert "Reading: 1 of 4 pages done" in page and "field.full-name" not in page
    waiting = an.get(f"/papers/{card.id}/progress", params={"seen": 1})
    assert 'value="1" max="4"' in waiting.text and "hx-refresh" not in waiting.headers
    assert "hx-swap-oob" not in waiting.text
    world.change(Version, card.version.id, pages_read=3)
    more = an.get(f"/papers/{card.id}/progress", params={"seen": 1}).text
    assert "Reading: 3 of 4 pages done" in more and "progress?seen=3" in more
    assert [n for n in range(1, 5) if f'src="/api/documents/{card.id}/pages/{n}.webp"' in more] == [2, 3]
    world.change(Version, card.version.id, state=ReadingState.done, pages_read=4)
    assert an.get(f"/papers/{card.id}/progress", params={"seen": 1}).headers["hx-refresh"] == "true"


def test_a_paper_that_could_not_be_read_says_why_and_is_read_again(an: httpx.Client, card: Paper, world: World) -> None:
    world.change(Version, card.version.id, state=ReadingState.failed, failure="too-many-pixels")
    page = an.get(f"/papers/{card.id}").text
    assert "The paper could not be read" in page and "A page has too many pixels." in page
    assert an.post(f"/papers/{card.id}/read-again").status_code == 303
    assert "Waiting to be read" in an.get(f"/papers/{card.id}").text


def test_a_paper_says_who_has_it(an: httpx.Client, card: Paper, world: World) -> None:
    assert "Nobody but you." in an.get(f"/papers/{card.id}").text
    world.share(card)
    assert world.registry.agency_name in an.get(f"/papers/{card.id}").text


def test_a_paper_goes_to_the_bin_and_comes_back(an: httpx.Client, card: Paper) -> None:
    assert "Put this paper into the bin?" in an.get(f"/papers/{card.id}/delete").text
    assert an.post(f"/papers/{card.id}/delete").headers["location"] == "/papers?done=deleted"
    assert card.id not in an.get("/papers").text
    assert an.get(f"/papers/{card.id}").status_code == 409
    assert card.id in an.get("/bin").text
    assert an.post(f"/bin/{card.id}/restore").status_code == 303
    assert card.id in an.get("/papers").text


def test_a_paper_is_destroyed_only_out_of_the_bin(an: httpx.Client, card: Paper, world: World) -> None:
    assert an.get(f"/bin/{card.id}/destroy").status_code == 422
    assert an.post(f"/bin/{card.id}/destroy").status_code == 422
    an.post(f"/papers/{card.id}/delete")
    assert "Destroy this paper for good?" in an.get(f"/bin/{card.id}/destroy").text
    assert an.post(f"/bin/{card.id}/destroy").headers["location"] == "/bin?done=destroyed"
    assert world.row(Version, card.version.id) is None
    assert list(world.services.blobs.list(papers.folder(card.version.id))) == []


@pytest.mark.parametrize("path", ["", "/card", "/progress", "/delete", "/versions"])
def test_another_citizen_learns_nothing_of_a_paper(world: World, card: Paper, path: str) -> None:
    binh = visitors.visitor(world, visitors.app_of(world), world.binh)
    answer = binh.get(f"/papers/{card.id}{path}")
    assert answer.status_code == 404
    assert "Nguyễn" not in answer.text
    assert binh.post(f"/papers/{card.id}/delete").status_code == 404


def test_an_officer_has_no_papers_of_their_own(world: World, card: Paper) -> None:
    officer = visitors.visitor(world, visitors.app_of(world), world.registry)
    assert officer.get("/papers").status_code == 403
    assert officer.get("/").headers["location"] == "/officer"
