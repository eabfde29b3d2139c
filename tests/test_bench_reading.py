"""How the bench of reading compares: letters, kinds, names and values."""

import pytest

from bench.reading.letters import distance_within, folded, misread
from bench.reading.truth import Truth, kind_of, name_of, score
from ocr.kinds import load_kinds
from ocr.reading import Code, Field, Reading

KINDS = load_kinds()


def test_a_line_is_found_wherever_it_stands_in_the_text() -> None:
    assert distance_within("Giới tính: Nam", "Số 12 Giới tính: Nam Dân tộc: Tày") == 0
    assert distance_within("Giới tính: Nam", "Số 12 Giói tính Nam Dân tộc") == 2
    assert distance_within("abc", "") == 3


def test_leaders_and_white_space_count_for_nothing() -> None:
    assert folded("Họ tên:  BÙI ....... DŨNG\n…") == "Họ tên: BÙI DŨNG"
    assert folded("v.v... và 1.234.567") == "v.v và 1.234.567"


def test_letters_that_are_missing_count_as_misread() -> None:
    assert misread(["Số: 160/2024", "", "Nam"], "x Số: 160/2024 x") == (3, 15)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("giay_khai_sinh", "birth-certificate"), ("gcn_quyen_su_dung_dat", "land-use-certificate"),
        ("cccd_mat_sau", "citizen-card"), ("bang_tot_nghiep_dai_hoc", "diploma"),
        ("xac_nhan_cu_tru", "residence-confirmation"), ("giay_phep_lai_xe", "driving-licence"),
        ("giay_chung_nhan_ket_hon", "marriage-certificate"), ("ho_chieu", "passport"),
        ("trich_luc_khai_tu", "death-extract"), ("the_bao_hiem_y_te", "health-insurance-card"),
        ("passport", "passport"), ("hoa_don_tien_dien", "other"),
    ],
)  # fmt: skip
def test_types_of_a_truth_are_kinds_of_ours(type_: str, kind: str) -> None:
    assert kind_of(type_, KINDS) == kind


def test_names_of_a_truth_are_names_of_the_kind() -> None:
    assert name_of("so", KINDS["citizen-card"]) == "id-number"
    assert name_of("so", KINDS["birth-certificate"]) == "number"
    assert name_of("ho_ten", KINDS["diploma"]) == "holder"
    assert name_of("mau_toc", KINDS["diploma"]) == "?mau_toc"


def test_values_are_compared_in_canonical_form_and_codes_raw() -> None:
    fields = (
        Field("birth-date", "2002-12-11", "11/12/2002", "ocr", 0.9, sure=True),
        Field("sex", "female", "Nữ", "ocr", 0.9, sure=True),
        Field("full-name", "BÙI VĂN AN", "BÙI VĂN AN", "ocr", 0.2),
    )
    reading = Reading((), "citizen-card", 1.0, "", fields, (Code("QRCode", "1|2", 1, (0, 0, 1, 1)),))
    said = {
        "ngay_sinh": "11/12/2002",
        "gioi_tinh": "Nam",
        "ho_ten": "BÙI VĂN AN",
        "mau_toc": "đen",
        "qr_payload": "1|2",
    }
    scored = score(Truth("cccd", None, [], said, {}, []), reading, KINDS)
    assert (scored.kind, scored.right, scored.fields, scored.sure_right, scored.sure) == (True, 3, 5, 1, 2)
