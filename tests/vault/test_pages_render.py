"""How pages write dates, sizes and what came from people."""

from datetime import UTC, date, datetime

import pytest

from vault.pages.cards import Piece, expiry, pieces
from vault.pages.render import day, environment, moment
from vault.search import Snippet


def test_dates_and_times_are_those_of_viet_nam() -> None:
    late = datetime(2026, 1, 31, 20, 30, tzinfo=UTC)
    assert day(late) == "01/02/2026"
    assert moment(late) == "01/02/2026, 03:30"
    assert day(date(2026, 1, 31)) == "31/01/2026"


@pytest.mark.parametrize(("language", "text"), [("vi", "1,5 MB"), ("en", "1.5 MB")])
def test_sizes_have_the_readers_decimal_sign(language: str, text: str) -> None:
    template = environment().from_string("{{ size | size }}")
    assert template.render(language=language, size=1024 * 1024 * 3 // 2) == text


def test_a_hostile_title_stays_text() -> None:
    assert environment().from_string("{{ title }}").render(title="<script>") == "&lt;script&gt;"


def test_a_snippet_marks_what_was_searched_and_loses_nothing() -> None:
    found = list(pieces(Snippet("Nguyễn Văn An", ((0, 6), (11, 13)))))
    assert "".join(piece.text for piece in found) == "Nguyễn Văn An"
    assert [piece for piece in found if piece.hit] == [Piece("Nguyễn", True), Piece("An", True)]


@pytest.mark.parametrize(
    ("ends", "word"),
    [
        (None, ""),
        (date(2026, 3, 31), ""),
        (date(2026, 3, 30), "soon"),
        (date(2026, 2, 28), "soon"),
        (date(2026, 2, 27), "over"),
    ],
)
def test_a_paper_is_valid_through_its_last_day(ends: date | None, word: str) -> None:
    assert expiry(ends, date(2026, 2, 28)) == word
