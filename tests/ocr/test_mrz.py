"""Machine-readable zones: the specimens of ICAO 9303, what recognition makes of zones, and zones on pages."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr import findings
from ocr.engine import Seen
from ocr.errors import MrzInvalid
from ocr.kinds import load_kinds
from ocr.mrz import LETTERS, Mrz, check_digit, parse
from ocr.mrzband import find_band
from tests.ocr.pages import page

KINDS = load_kinds()
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")  # part 5
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")  # part 4
CARD = ("IDVNM1900000174048190000017<<4", "9001011F4001016VNM<<<<<<<<<<<6", "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<")
ANNA = Mrz("I", "UTO", "D23145890", "740812", "F", "120415", "UTO", "", "ERIKSSON", "ANNA MARIA")


def test_specimen_of_a_card() -> None:
    assert parse(TD1) == ANNA


def test_specimen_of_a_passport() -> None:
    assert parse(TD3) == replace(ANNA, document="P", number="L898902C3", optional="ZE184226B")


@pytest.mark.parametrize("lines", [TD1, TD3, CARD])
def test_zone_is_printed_as_it_was_read(lines: tuple[str, ...]) -> None:
    assert parse(lines).lines() == lines


def test_check_digits_of_the_specification() -> None:
    assert [check_digit(text) for text in ("520727", "AB2134<<<", "HA672242<658022549601086<<<<<<<<<<<<<<0")] == [
        "3",
        "5",
        "8",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("IDVNM19OOOOO1740481900OOO17<<4", *CARD[1:]),
        (CARD[0], "9O0101IF4001016VNM<<<<<<<<<<<6", CARD[2]),
        (CARD[0], "9001011F4001016VNM<<<<<<<<K<<6", CARD[2]),
        (CARD[0], "9001011F4001016VNM<<<<<<<<<6", CARD[2]),
        (CARD[0], "9001011F4001016VNM<<<<<<<<<<<<<6", "NGUYEN<<VAN<AN<K<<<KKKKKK<KK"),
        ("idvnm 1900000174 048190000017 «4", *CARD[1:]),
    ],
)
def test_confusion_that_check_digits_prove_is_mended(lines: tuple[str, ...]) -> None:
    assert parse(lines) == parse(CARD)


@pytest.mark.parametrize("lines", [TD1, TD3, CARD])
def test_no_digit_of_a_proved_field_can_be_wrong(lines: tuple[str, ...]) -> None:
    dates = -2 if len(lines) == 3 else -1
    for at in range(0, 6) if len(lines) == 3 else range(13, 19):
        line = lines[dates]
        wrong = line[:at] + str((int(line[at]) + 1) % 10) + line[at + 1 :]
        with pytest.raises(MrzInvalid):
            parse([wrong if line is lines[dates] else line for line in lines])


_NAMES = st.text(string.ascii_uppercase, min_size=2, max_size=8)
_DATES = st.dates().map(lambda day: f"{day:%y%m%d}")


_STATES = st.text(string.ascii_uppercase, min_size=3, max_size=3)


@st.composite
def _zones(draw: st.DrawFn) -> Mrz:
    passport = draw(st.booleans())
    number = draw(st.text(string.digits + string.ascii_uppercase, min_size=1, max_size=9))
    return Mrz(
        "P" if passport else draw(st.sampled_from(("I", "ID"))), draw(_STATES),
        number, draw(_DATES), draw(st.sampled_from(("M", "F", "X", ""))), draw(_DATES),
        draw(_STATES),
        draw(st.text(string.digits, max_size=14)), draw(_NAMES),
        " ".join(draw(st.lists(_NAMES, min_size=1, max_size=2))),
        "" if passport else draw(st.text(string.digits, max_size=11)),
    )  # fmt: skip


@given(_zones())
def test_parse_of_a_printed_zone_is_that_zone(zone: Mrz) -> None:
    assert parse(zone.lines()) == zone


@given(st.lists(st.one_of(st.text(max_size=50), st.text(LETTERS, min_size=28, max_size=46)), max_size=4))
def test_noise_is_no_zone(lines: list[str]) -> None:
    try:
        parse(lines)
    except MrzInvalid:
        return


def test_the_back_of_a_card_says_who_and_until_when() -> None:
    reading = findings.find([page("Ngón trỏ trái", *CARD)], [], KINDS)
    assert (reading.kind, reading.codes[0].format) == ("citizen-card", "MRZ TD1")
    assert reading.codes[0].text.split() == list(CARD)
    found = {field.name: (field.value, field.source, field.sure) for field in reading.fields}
    assert found == {
        "id-number": ("048190000017", "mrz", True), "birth-date": ("1990-01-01", "mrz", True),
        "expires-on": ("2040-01-01", "mrz", True), "sex": ("female", "mrz", False),
        "full-name": ("NGUYEN VAN AN", "mrz", False),
    }  # fmt: skip


def test_a_name_as_printed_stands_before_the_zones() -> None:
    reading = findings.find([page("CĂN CƯỚC CÔNG DÂN", "Họ và tên: NGUYỄN VĂN AN"), page(*CARD, number=2)], [], KINDS)
    assert [field.value for field in reading.fields if field.name == "full-name"] == ["NGUYỄN VĂN AN"]
    assert reading.warnings == ()


def test_a_zone_that_says_another_birthday_than_the_print() -> None:
    reading = findings.find([page("CĂN CƯỚC", "Ngày sinh: 02/01/1990", *CARD)], [], KINDS)
    assert [(warning.code, warning.fields) for warning in reading.warnings] == [("sources-differ", ("birth-date",))]
    assert not any(field.sure for field in reading.fields if field.name == "birth-date")


def test_a_passport_is_known_by_its_zone() -> None:
    zone = Mrz("P", "VNM", "C1234567", "900314", "M", "310801", "VNM", "048090012347", "NGUYEN", "VAN AN")
    reading = findings.find([page(*zone.lines())], [], KINDS)
    found = {field.name: field.value for field in reading.fields}
    assert reading.kind == "passport"
    assert (found["number"], found["birth-date"], found["id-number"]) == ("C1234567", "1990-03-14", "048090012347")


def _words(*texts: str) -> list[Seen]:
    return [Seen(text, (10, 40 * n, 10 + 10 * len(text), 40 * n + 20), 0.9, (0, 0, n)) for n, text in enumerate(texts)]


def test_a_band_is_where_lines_are_long_and_full_of_fillers() -> None:
    seen = _words(
        "Trần Thị Yến", "IDVNMO5ó461610509905ó46ó1ó10<<9", "940812óF54020ó5VNM<<<<<<<<<<<2", "TRINH<<KTIM<YEN<<<<<<<<<<"
    )
    band = find_band(400, 200, seen)
    assert band is not None
    assert band[1] < 40
    assert band[3] >= 140


def test_a_page_without_a_band() -> None:
    assert find_band(400, 200, _words("Nốt ruồi cách 2 cm trên sau mép phải", "<<<", "a <b> c")) is None
