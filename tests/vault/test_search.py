"""Search in one's own wallet: marks and tones do not matter, the best comes first, and the snippet shows why."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.reading import Line, Page, Reading
from tests.vault.world import World
from vault import documents, papers, search
from vault.documents import Paper
from vault.models import Version
from vault.search import fold


def put_in(world: World, title: str, *lines: str, kind: str = "other") -> Paper:
    """A paper with that title whose only page reads so."""
    paper = world.put_in(content=f"%PDF {title} {lines}".encode(), kind=kind)
    box = (0.1, 0.1, 0.9, 0.2)
    read = tuple(Line(text=line, box=box, confidence=0.9, words=()) for line in lines)
    page = Page(number=1, width=1000, height=1400, source="ocr", language="vie", lines=read, error=None)
    reading = Reading(pages=(page,), kind=kind, kind_confidence=0.9, title="", fields=(), codes=(), warnings=())
    world.change(
        Version,
        paper.version.id,
        label=papers.seal_label(paper.key, paper.version.id, replace(paper.label, title=title, file_name="x.pdf")),
        reading=papers.seal_reading(paper.key, paper.version.id, reading),
        state="done",
    )
    return paper


def find(world: World, query: str) -> list[search.Hit]:
    with world.services.db.read() as session:
        return search.find(world.services.kinds, documents.listed(session, world.an.wallet), query)


def titles(world: World, query: str) -> list[str]:
    return [hit.paper.label.title for hit in find(world, query)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Giấy khai sinh", "giay khai sinh"),
        ("ĐẶNG Đình Đức", "dang dinh duc"),
        ("NGUYỄN THỊ ƯƠNG", "nguyen thi uong"),
        (unicodedata.normalize("NFD", "Thửa đất số 36, tờ bản đồ"), "thua dat so 36, to ban do"),
        ("İ ß Ǆ 45m²", "i ß ǆ 45m²"),
        ("", ""),
    ],
)
def test_marks_tones_and_case_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_keeps_the_length_and_changes_nothing_the_second_time(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert len(fold(text)) == len(composed)
    assert fold(composed) == fold(text)


@given(st.text(alphabet="aăâeêioôơuưyđáàảãạấầẩẫậếềểễệốồổỗộớờởỡợứừửữựýỳỷỹỵ bcdghklmnpqrstvx"))
def test_a_query_without_marks_finds_the_words_with_them(text: str) -> None:
    assert fold(text.upper()) == fold(text)
    assert fold(text).isascii()


def test_every_word_must_be_there(world: World) -> None:
    put_in(world, "Khai sinh An", "Họ và tên: Nguyễn Văn An")
    assert titles(world, "khai nguyen") == ["Khai sinh An"]
    assert titles(world, "khai tran") == []
    assert titles(world, "   ") == []


def test_the_title_counts_more_than_the_kind_and_the_kind_more_than_the_text(world: World) -> None:
    put_in(world, "Thư mời", "xem giấy phép lái xe kèm theo")
    put_in(world, "Bằng lái của tôi", "hạng B2", kind="driving-licence")
    put_in(world, "Giấy phép lái xe của bố", "hạng C")
    assert titles(world, "lai xe") == ["Giấy phép lái xe của bố", "Bằng lái của tôi", "Thư mời"]


def test_a_whole_word_counts_more_than_a_part_of_one(world: World) -> None:
    put_in(world, "một", "anh em")
    put_in(world, "hai", "Nguyễn Văn An")
    assert titles(world, "an") == ["hai", "một"]


def test_words_that_stand_together_count_more(world: World) -> None:
    put_in(world, "rời", "sinh ra ở Huế, khai báo ở Đà Nẵng")
    put_in(world, "liền", "trích lục khai sinh")
    assert titles(world, "khai sinh") == ["liền", "rời"]


def test_the_snippet_marks_what_was_found_in_the_papers_own_letters(world: World) -> None:
    put_in(world, "Sổ hồng", "tên", f"{'mở đầu ' * 30}thửa đất số 36 tờ bản đồ số 12{' cuối' * 30}")
    snippet = find(world, "thua dat do")[0].snippet
    assert len(snippet.text) <= search.SNIPPET
    marked = [snippet.text[start:end] for start, end in snippet.marks]
    assert marked[:2] == ["thửa", "đất"]
    assert "đồ" in marked


def test_marks_do_not_overlap_and_lie_inside(world: World) -> None:
    put_in(world, "aaa", "banana bandana an ana nana", unicodedata.normalize("NFD", "Ân ẩn bạn"))
    snippet = find(world, "an ana nan")[0].snippet
    edges = [edge for mark in snippet.marks for edge in mark]
    assert edges == sorted(set(edges))
    assert edges[-1] <= len(snippet.text)


def test_nobody_finds_in_anothers_wallet_or_in_the_bin(world: World) -> None:
    paper = put_in(world, "Khai sinh", "Nguyễn Văn An")
    with world.services.db.read() as session:
        found = documents.listed(session, world.binh.wallet)
        assert search.find(world.services.kinds, found, "nguyen") == []
    world.bin(paper)
    assert titles(world, "nguyen") == []


@given(query=st.text(max_size=300))
def test_no_query_breaks_the_search(query: str) -> None:
    assert search.find({}, [], query) == []
