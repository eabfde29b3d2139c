"""Forms filled from papers, and what becomes of what the citizen types."""

from collections.abc import Mapping

import pytest

from sharing.terms import Tier
from tests.vault import consenting
from tests.vault.world import World
from vault import documents, forms, readings
from vault.documents import Paper
from vault.errors import Invalid
from vault.forms import Filled
from vault.oauth.details import AskedField
from vault.procedures import FormField, Source

LABELS = {"vi": "x", "en": "x"}
NAME = FormField("name", LABELS, "name", (Source("card", "full-name"), Source("book", "full-name")))
BORN = FormField("born", LABELS, "date", (Source("card", "birth-date"),))
SEX = FormField("sex", LABELS, "sex", (Source("card", "sex"),))
FOUND = {"full-name": "Trần Thị An", "birth-date": "1990-03-14", "sex": "female"}


def fill(world: World, papers: Mapping[str, Paper], *fields: FormField) -> tuple[Filled, ...]:
    return forms.fill(world.services.kinds, [AskedField(field, True) for field in fields or (NAME, BORN, SEX)], papers)


def card(world: World, **more: object) -> Paper:
    return consenting.put_in(world, "citizen-card", found=FOUND, **more)  # type: ignore[arg-type]


def test_each_value_says_from_which_paper_it_is_how_it_was_read_and_how_far_to_trust_it(world: World) -> None:
    paper = card(world, tier=Tier.CERTIFIED, source="qr")
    name, born, _ = fill(world, {"card": paper})
    assert (name.value, born.value, name.tier) == ("Trần Thị An", "1990-03-14", Tier.CERTIFIED)
    assert forms.answers([name], {"name": "Trần Thị An"}) == [
        {
            "name": "name",
            "value": "Trần Thị An",
            "source": {"component": "card", "version": paper.version.id, "field": "full-name", "read": "qr"},
            "tier": "certified",
        }
    ]


def test_the_first_source_that_says_something_fills_the_field(world: World) -> None:
    silent = consenting.put_in(world, "citizen-card", found={"sex": "female"})
    other = consenting.put_in(world, "citizen-card", found={"full-name": "Lê Văn Bình"})
    (name,) = fill(world, {"card": silent, "book": other}, NAME)
    assert name.value == "Lê Văn Bình"
    assert name.origin is not None and name.origin.component == "book"


def test_a_paper_that_was_not_chosen_says_nothing(world: World) -> None:
    card(world)
    assert [filled.value for filled in fill(world, {})] == ["", "", ""]


def test_a_value_that_the_citizen_changed_is_their_own_word(world: World) -> None:
    (name,) = fill(world, {"card": card(world, tier=Tier.ISSUED)}, NAME)
    (answer,) = forms.answers([name], {"name": "Trần Thị Anh"})
    assert (answer["value"], answer["tier"], answer["source"]["read"]) == ("Trần Thị Anh", "self", "citizen")
    assert answer["source"]["component"] == "card"


def test_a_value_typed_without_any_paper_has_no_paper_for_its_source(world: World) -> None:
    (answer,) = forms.answers(fill(world, {}, BORN), {"born": "14/03/1990"})
    assert answer["value"] == "1990-03-14"
    assert answer["source"] == {"component": None, "version": None, "field": None, "read": "citizen"}


def test_what_was_corrected_on_the_paper_before_is_the_citizens_word_too(world: World) -> None:
    paper = card(world, tier=Tier.CERTIFIED)
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, paper.id, {"full-name": "Trần Thị Ân", "sex": "Nữ"})
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, paper.id)
    name, _, sex = fill(world, {"card": paper})
    assert (name.origin and name.origin.read, name.tier) == ("citizen", Tier.SELF)
    assert (sex.origin and sex.origin.read, sex.tier) == ("ocr", Tier.CERTIFIED)


def test_what_people_see_comes_back_as_what_the_paper_says(world: World) -> None:
    filled = fill(world, {"card": card(world)})
    answers = forms.answers(filled, {"name": "Trần Thị An", "born": "14/03/1990", "sex": "female"})
    assert [answer["source"]["read"] for answer in answers] == ["ocr", "ocr", "ocr"]


@pytest.mark.parametrize("typed", [{}, {"name": "", "born": "  "}])
def test_a_field_that_is_empty_or_not_named_is_left_out(world: World, typed: dict[str, str]) -> None:
    assert forms.answers(fill(world, {"card": card(world)}), typed) == []


def test_a_value_that_no_rule_would_take_goes_along_as_the_paper_has_it(world: World) -> None:
    paper = consenting.put_in(world, "citizen-card", found={"full-name": "N4M"})
    (answer,) = forms.answers(fill(world, {"card": paper}, NAME), {"name": " N4M "})
    assert (answer["value"], answer["source"]["read"]) == ("N4M", "ocr")


@pytest.mark.parametrize(("field", "text"), [("born", "hôm qua"), ("name", "1234"), ("sex", "x"), ("name", "a" * 5000)])
def test_a_text_of_another_form_is_refused_by_the_fields_name(world: World, field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        forms.answers(fill(world, {}), {field: text})
    assert refused.value.values["field"] == field
