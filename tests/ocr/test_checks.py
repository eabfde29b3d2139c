"""Canonical values, disagreements, the card's QR, kinds as data, and the JSON of a reading."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.cards import parse_card
from ocr.checks import disagreements, normalise
from ocr.errors import FieldInvalid, KindMalformed, ReadingMalformed
from ocr.folding import fold
from ocr.kinds import TYPES, FieldSpec, load_kinds
from ocr.reading import Code, Disagreement, Field, Line, Page, Reading, Word
from ocr.syllables import is_syllable, is_vietnamese, looks_english

BOX = (0.1, 0.2, 0.3, 0.4)


def _spec(type_: str) -> FieldSpec:
    return FieldSpec("a", {"vi": "a", "en": "a"}, type_)


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("date", "11/12/2002", "2002-12-11"), ("date", "ngày 19 tháng 08 năm 2024", "2024-08-19"),
        ("date", "14/12I2024", "2024-12-14"), ("date", "2024-02-29", "2024-02-29"),
        ("date", "17I11I11976", "1976-11-17"), ("date", "1711111976", "1976-11-17"),
        ("date", "2509/1998", "1998-09-25"),
        ("date", "01022003", "2003-02-01"),
        ("id", "054 202 875 923", "054202875923"), ("id", "O54202875923", "054202875923"),
        ("number", "436,8 m²", "436.8"), ("number", "1.234,5", "1234.5"), ("number", "0015", "15"),
        ("sex", "Nữ", "female"), ("sex", "NAM.", "male"), ("name", " Bùi  Đình Dũng. ", "Bùi Đình Dũng"),
        ("place", "xã A ,huyện B", "xã A, huyện B"), ("code", "dc 644970", "DC 644970"),
    ],
)  # fmt: skip
def test_value_as_printed_becomes_canonical(type_: str, text: str, value: str) -> None:
    assert normalise(_spec(type_), text) == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("date", "31/02/2020"),
        ("date", "25J402038"),
        ("date", "x"),
        ("id", "12345"),
        ("sex", "?"),
        ("name", "4"),
        ("number", "-"),
        ("text", " "),
    ],
)
def test_value_that_does_not_fit_is_refused(type_: str, text: str) -> None:
    with pytest.raises(FieldInvalid):
        normalise(_spec(type_), text)


@given(st.sampled_from(TYPES), st.text(max_size=80))
def test_any_text_is_normalised_once_or_refused(type_: str, text: str) -> None:
    try:
        value = normalise(_spec(type_), text)
    except FieldInvalid:
        return
    assert normalise(_spec(type_), value) == value


def _field(name: str, value: str, source: str = "ocr") -> Field:
    return Field(name, value, value, source, 0.9, 1, BOX)


def _codes(*fields: Field, today: datetime.date | None = None) -> list[str]:
    return [found.code for found in disagreements("citizen-card", fields, today=today)]


def test_id_that_belongs_to_somebody_born_in_another_year() -> None:
    assert _codes(_field("id-number", "054202875923"), _field("birth-date", "2003-01-01")) == ["id-birth-year"]


def test_id_that_belongs_to_the_other_sex() -> None:
    assert _codes(_field("id-number", "054302875923"), _field("sex", "male")) == ["id-sex"]


def test_id_of_the_last_century_agrees() -> None:
    woman = _field("id-number", "048195000001"), _field("birth-date", "1995-05-05"), _field("sex", "female")
    assert _codes(*woman) == []


def test_a_husbands_id_that_is_another_persons() -> None:
    wife = _field("wife-id-number", "040181000012"), _field("wife-birth-date", "1981-12-18")
    assert _codes(*wife, _field("husband-id-number", "040079000034"), _field("husband-birth-date", "1979-03-15")) == []
    assert _codes(*wife, _field("husband-id-number", "040179000034")) == ["id-sex"]
    assert _codes(_field("husband-id-number", "040079000034"), _field("husband-birth-date", "1978-03-15")) == [
        "id-birth-year"
    ]


def test_nobody_dies_before_being_born() -> None:
    assert _codes(_field("birth-date", "2002-01-01"), _field("death-date", "2001-01-01")) == ["dates-out-of-order"]


def test_qr_and_print_that_differ_only_in_capitals_agree() -> None:
    assert _codes(_field("full-name", "Bùi Dũng", "qr"), _field("full-name", "BÙI DŨNG")) == []


def test_qr_and_print_that_differ() -> None:
    assert _codes(_field("full-name", "Bùi Dũng", "qr"), _field("full-name", "BÙI DUY")) == ["sources-differ"]


def test_correction_by_the_citizen_is_compared_with_what_was_read() -> None:
    found = disagreements("x", [_field("number", "1", "citizen"), _field("number", "2")])
    assert found == (Disagreement("sources-differ", ("number",), {"sources": "citizen,ocr"}),)


def test_paper_issued_before_its_holder_was_born() -> None:
    assert _codes(_field("birth-date", "2002-01-01"), _field("issued-on", "2001-01-01")) == ["dates-out-of-order"]


def test_paper_that_has_expired() -> None:
    today = datetime.date(2026, 1, 1)
    assert _codes(_field("expires-on", "2025-12-31"), today=today) == ["expired"]
    assert _codes(_field("expires-on", "2026-01-01"), today=today) == []


def test_card_qr_in_its_usual_form() -> None:
    found = parse_card("054202875923|201234567|Bùi Dũng|11122002|Nam|Thôn Cũ, Phú Yên|19082021")
    assert {name: value for name, (value, _) in found.items()} == {
        "id-number": "054202875923", "old-id-number": "201234567", "full-name": "Bùi Dũng", "birth-date": "2002-12-11",
        "sex": "male", "residence": "Thôn Cũ, Phú Yên", "issued-on": "2021-08-19",
    }  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        "054202875923||Bùi Dũng|11/12/2002|Nam|Phú Yên|19/08/2021",
        "054202875923|Bùi Dũng|11122002|Nam|Phú Yên|19082021",
        "054202875923||Bùi Dũng|11122002|Nam|Phú Yên|19082021|Mẹ|Cha",
    ],
)  # fmt: skip
def test_card_qr_of_other_writers(payload: str) -> None:
    found = parse_card(payload)
    assert (found["birth-date"][0], found["issued-on"][0]) == ("2002-12-11", "2021-08-19")
    assert found["full-name"][0] == "Bùi Dũng"


@given(st.text(max_size=200))
def test_any_other_code_is_no_card(payload: str) -> None:
    assert parse_card(payload) == {}


def test_kinds_of_the_package_are_complete() -> None:
    kinds = load_kinds()
    assert len(kinds) == 18
    for code in ("birth-certificate", "citizen-card", "land-use-certificate", "driving-licence"):
        assert all(spec.find or spec.name == "old-id-number" for spec in kinds[code].fields)
    assert all(kind.titles for kind in kinds.values() if kind.code != "other")


def test_operator_adds_a_kind(tmp_path: Path) -> None:
    (tmp_path / "pet.yaml").write_text(
        "code: pet-passport\nnames: {vi: Sổ thú cưng, en: Pet passport}\ntitles: [Sổ thú cưng]\n"
    )
    assert load_kinds(tmp_path)["pet-passport"].names["en"] == "Pet passport"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "code: A B\nnames: {vi: a, en: b}",
        "code: a\nnames: {vi: a}",
        "code: a\nnames: {vi: a, en: b}\nx: 1",
        "a: [",
        "code: a\nnames: {vi: a, en: b}\ntitles: [No]",
    ],
)
def test_kind_with_a_mistake_says_in_which_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(KindMalformed, match=r"bad\.yaml"):
        load_kinds(tmp_path)


def _reading() -> Reading:
    word = Word("Giấy", BOX, 0.9)
    pages = (
        Page(1, 100, 200, "ocr", "vie", (Line("Giấy", BOX, 0.9, (word,)),)),
        Page(2, 0, 0, "ocr", "vie", (), "broken-paper"),
    )
    codes = (Code("QRCode", "x|y", 1, BOX),)
    return Reading(pages, "other", 0.0, "Giấy", (_field("number", "1"),), codes, (Disagreement("expired", ("a",)),))


def test_reading_survives_its_json() -> None:
    assert Reading.from_json(_reading().to_json()) == _reading()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"version": True},
        {"version": 1},
        {"extra": 1},
        {"kind": "A B"},
        {"kind_confidence": 1.5},
        {"kind_confidence": True},
        {"title": None},
        {"pages": [{}]},
        {"fields": "x"},
        {"title": "\x00"},
        {"title": "\ud800"},
        {"codes": [[]]},
    ],
)
def test_reading_that_was_tampered_with_is_refused(change: dict[str, object]) -> None:
    data = json.dumps({**json.loads(_reading().to_json()), **change}).encode()
    with pytest.raises(ReadingMalformed):
        Reading.from_json(data)


def test_reading_of_the_first_version_is_sure_of_nothing() -> None:
    data = json.loads(_reading().to_json())
    for item in data["fields"]:
        del item["sure"]
    assert Reading.from_json(json.dumps({**data, "version": 1}).encode()) == _reading()


def test_reading_keeps_what_is_sure() -> None:
    reading = replace(_reading(), fields=(replace(_field("number", "1"), sure=True),))
    assert Reading.from_json(reading.to_json()).fields[0].sure


@given(st.binary(max_size=60))
def test_noise_is_no_reading(data: bytes) -> None:
    with pytest.raises(ReadingMalformed):
        Reading.from_json(data)


def test_folding_keeps_offsets() -> None:
    text = "Đường Nguyễn Thị Ước"
    assert fold(text) == "duong nguyen thi uoc"
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    "word",
    [
        "Nguyễn",
        "nghiêng",
        "GIẾNG",
        "gì",
        "quyết",
        "Quỳnh",
        "khuỷu",
        "Oánh",
        "thuở",
        "Ý",
        "yến",
        "Đắc",
        "ghế",
        "xoong",
        "khoẻ",
    ],
)
def test_syllable_as_it_is_written(word: str) -> None:
    assert is_vietnamese(word)


@pytest.mark.parametrize(
    "word", ["huyêt", "cấch", "kàn", "nghang", "gê", "ngiêng", "HỎC", "tịiếng", "Nguyể̃n", "w", "phap", "kyên"]
)
def test_syllable_with_a_tone_or_letter_that_it_cannot_have(word: str) -> None:
    assert not is_vietnamese(word)


def test_syllable_without_marks_may_have_lost_them() -> None:
    assert is_syllable("phap")
    assert not is_syllable("phảp")


def test_language_of_a_page() -> None:
    assert is_syllable("nghiêng")
    assert not is_syllable("certificate")
    assert looks_english(
        "this certificate confirms that the person named below has completed training with great success"
    )
    assert not looks_english("Giấy này chứng nhận rằng người có tên dưới đây đã hoàn thành khóa học với kết quả tốt")
    assert not looks_english("giay nay chung nhan rang nguoi co ten duoi day da hoan thanh khoa hoc voi ket qua tot")
