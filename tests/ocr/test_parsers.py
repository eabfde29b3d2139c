"""Parsers of what papers say: whatever comes in, a value or their own error comes out; what is written is read back."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from ocr.cards import parse_card
from ocr.checks import normalise
from ocr.errors import FieldInvalid
from ocr.folding import squeeze
from ocr.kinds import FieldSpec
from ocr.places import mended, names_province, places, province_of_id
from ocr.syllables import is_syllable, is_vietnamese

DATE, NAME, PLACE = (FieldSpec("a", {}, type_) for type_ in ("date", "name", "place"))
SYLLABLES = ("Nguyễn", "Văn", "An", "Thị", "Huỳnh", "Đỗ", "Quyết", "Bình", "Phượng", "Yến", "Oanh")
DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31))
NAMES = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=5).map(" ".join)
NOISE = st.text(max_size=120)


@given(
    DAYS,
    st.sampled_from(("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d%m%Y", "%d I%m/%Y", "ngày %d tháng %m năm %Y", "%Y-%m-%d")),
)
def test_day_is_read_as_it_was_written(day: datetime.date, form: str) -> None:
    assert normalise(DATE, day.strftime(form)) == day.isoformat()


@given(DAYS, st.sampled_from("I1l|/"), st.sampled_from("I1l|/"))
def test_day_whose_strokes_were_taken_for_others_is_that_day_or_none(
    day: datetime.date, first: str, second: str
) -> None:
    try:
        assert normalise(DATE, f"{day:%d}{first}{day:%m}{second}{day:%Y}") == day.isoformat()
    except FieldInvalid:
        return


@given(NAMES)
def test_name_keeps_its_letters(name: str) -> None:
    assert normalise(NAME, f" {name}. ") == name
    assert normalise(NAME, name.upper()) == name.upper()


@given(st.integers(0, 10**12 - 1), NAMES, DAYS, st.sampled_from(("Nam", "Nữ")), NAMES, DAYS, st.booleans())
def test_card_says_what_was_put_into_its_code(
    number: int, name: str, born: datetime.date, sex: str, place: str, issued: datetime.date, old: bool
) -> None:
    parts = [f"{number:012}", *([""] if old else []), name, f"{born:%d%m%Y}", sex, place, f"{issued:%d%m%Y}"]
    found = {field: value for field, (value, _) in parse_card("|".join(parts)).items()}
    assert found == {
        "id-number": f"{number:012}", "full-name": name, "birth-date": born.isoformat(),
        "sex": "male" if sex == "Nam" else "female", "residence": place, "issued-on": issued.isoformat(),
    }  # fmt: skip


@given(st.one_of(NOISE, st.lists(NOISE, min_size=4, max_size=9).map(lambda parts: "|".join(["048090012347", *parts]))))
def test_code_of_anything_gives_canonical_values_or_none(payload: str) -> None:
    for name, (value, _) in parse_card(payload).items():
        assert name
        assert value == squeeze(value)


@given(NOISE)
def test_address_is_mended_once(text: str) -> None:
    text = squeeze(text)
    assert mended(mended(text)) == mended(text)


@given(st.sampled_from(sorted(places().provinces.values())), st.booleans())
def test_province_is_known_with_and_without_its_marks(name: str, loud: bool) -> None:
    written = f"tỉnh {name}".upper() if loud else f"tỉnh {name}"
    assert names_province(mended(written))
    assert mended(written) == written


def test_ids_keep_the_provinces_of_before_the_mergers() -> None:
    assert (province_of_id("048090012347"), province_of_id("054202875923")) == ("Đà Nẵng", "Phú Yên")
    assert province_of_id("999090012347") is None
    assert (len(places().ids), len(places().provinces)) == (63, 64)


@given(st.one_of(NOISE, st.text("aăâeêioôơuưynghtcmpđáàảãạ", max_size=7)))
def test_what_is_vietnamese_with_its_marks_is_a_syllable(word: str) -> None:
    assert is_syllable(word) or not is_vietnamese(word)
