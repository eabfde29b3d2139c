"""What was read beside what the owner says."""

import pytest

from ocr.reading import Field, Line, Page, Reading, Word
from tests.vault.world import World
from vault import documents, papers, readings
from vault.errors import Invalid
from vault.models import Document


def _line(text: str, top: float) -> Line:
    words = text.split()
    width = 0.8 / len(words)
    boxes = [(0.1 + n * width, top, 0.1 + (n + 0.9) * width, top + 0.03) for n in range(len(words))]
    return Line(text, (0.1, top, 0.9, top + 0.03), 0.95, tuple(map(Word, words, boxes, [0.95] * len(words))))


def _licence(end: str, sure: float = 0.95) -> Reading:
    lines = (_line("Số/No: 480194006215", 0.1), _line("Ngày sinh/Date of Birth: 14/03/1990", 0.2))
    page = Page(1, 1000, 700, "ocr", "vie", lines)
    fields = (Field("number", "480194006215", "480194006215", "ocr", 0.95), Field("expires-on", end, end, "ocr", sure))
    return Reading((page,), "driving-licence", 0.95, "Giấy phép lái xe", fields)


def _read(world: World, reading: Reading, kind: str = "driving-licence") -> str:
    """A paper of the citizen An's in which `reading` was found; its document id."""
    document_id = world.put_in(world.an).id
    with world.services.db.write() as session:
        paper = documents.get(session, world.an.wallet, document_id)
        paper.version.reading = papers.seal_reading(paper.key, paper.version.id, reading)
        paper.document.kind = kind
        session.add_all((paper.version, paper.document))
    return document_id


def _confirm(world: World, document_id: str, **values: str) -> None:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, document_id, named)


def test_confirming_one_field_keeps_the_end_that_was_read(world: World) -> None:
    document_id = _read(world, _licence("2031-06-10"))
    _confirm(world, document_id, number="480194006215")
    assert str(world.row(Document, document_id).expires_on) == "2031-06-10"


def test_an_end_that_was_hardly_legible_does_not_count(world: World) -> None:
    document_id = _read(world, _licence("2031-06-10", sure=0.3))
    _confirm(world, document_id, number="480194006215")
    assert world.row(Document, document_id).expires_on is None


def test_striking_the_end_out_makes_a_paper_unlimited(world: World) -> None:
    document_id = _read(world, _licence("2031-06-10"))
    _confirm(world, document_id, expires_on="")
    assert world.row(Document, document_id).expires_on is None


def test_another_kind_finds_its_own_fields_in_the_text(world: World) -> None:
    other = Reading(_licence("").pages, "other", 0.0, "")
    document_id = _read(world, other)
    with world.services.db.read() as session:
        view = readings.view(world.services.kinds, documents.get(session, world.an.wallet, document_id))
    values = {fact.spec.name: fact.value for fact in view.facts}
    assert values["number"] == "480194006215"
    assert values["birth-date"] == "1990-03-14"


def test_the_owners_value_stands_beside_what_was_read(world: World) -> None:
    document_id = _read(world, _licence("2031-06-10"))
    _confirm(world, document_id, number="480194006999")
    with world.services.db.read() as session:
        view = readings.view(world.services.kinds, documents.get(session, world.an.wallet, document_id))
    fact = next(fact for fact in view.facts if fact.spec.name == "number")
    assert (fact.value, fact.confirmed) == ("480194006999", True)
    assert fact.read is not None and fact.read.value == "480194006215"


@pytest.mark.parametrize(("name", "value"), [("expires-on", "soon"), ("no-such-field", "x")])
def test_a_value_without_its_form_keeps_nothing(world: World, name: str, value: str) -> None:
    document_id = _read(world, _licence("2031-06-10"))
    with pytest.raises(Invalid) as refused, world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, document_id, {"number": "1", name: value})
    assert refused.value.values["field"] == name
    with world.services.db.read() as session:
        assert readings.confirmed_values(documents.get(session, world.an.wallet, document_id)) == {}


def test_an_id_that_contradicts_the_birth_date_is_shown(world: World) -> None:
    fields = (
        Field("id-number", "048090012347", "048090012347", "ocr", 0.95),
        Field("birth-date", "1984-03-14", "14/03/1984", "ocr", 0.95),
    )
    card = Reading(_licence("").pages, "citizen-card", 0.95, "Căn cước", fields)
    document_id = _read(world, card, kind="citizen-card")
    with world.services.db.read() as session:
        view = readings.view(world.services.kinds, documents.get(session, world.an.wallet, document_id))
    assert any({"id-number", "birth-date"} <= set(doubt.fields) for doubt in view.doubts)


def test_a_reading_without_its_text_says_the_same_also_of_a_paper_of_another_kind(world: World) -> None:
    """The owner's word on the kind has the fields found anew, which needs the text."""
    same, other = _read(world, _licence("2031-06-10")), _read(world, _licence("2031-06-10"), kind="citizen-card")
    for document_id in (same, other):
        with world.services.db.read() as session:
            paper = documents.get(session, world.an.wallet, document_id)
        whole, quick = (readings.view(world.services.kinds, paper, pages=pages) for pages in (True, False))
        assert quick.facts == whole.facts
        assert quick.reading is not None
        assert bool(quick.reading.pages) == (document_id == other)
