"""What recognition does to values is undone only where nothing else can have been meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.kinds import FieldSpec
from ocr.repairs import repaired

RANK = FieldSpec("a", {}, "text", values=("Xuất sắc", "Giỏi", "Khá"))
NAME, PLACE = FieldSpec("a", {}, "name"), FieldSpec("a", {}, "place")


@pytest.mark.parametrize(
    ("spec", "read", "printed"),
    [
        (NAME, "HỒ NHƯ TRTNH", "HỒ NHƯ TRINH"), (NAME, "BÙI VĂN QUỐC TIIẤN", "BÙI VĂN QUỐC TUẤN"),
        (NAME, "MAT THỊ THU NGỌC", "MAI THỊ THU NGỌC"), (NAME, "L.ý Công Hiếu", "Lý Công Hiếu"),
        (NAME, "MAI 'THỊ THU NGỌC", "MAI THỊ THU NGỌC"), (RANK, "Xuất sác", "Xuất sắc"), (RANK, "GIỎI", "GIỎI"),
        (PLACE, "xã Van An. huyền Tuy An. tinh Phu Yên", "xã Van An, huyện Tuy An, tỉnh Phú Yên"),
        (PLACE, "xã Đông huyện Tuy An, tỉnh Ouảng Ngãi", "xã Đông, huyện Tuy An, tỉnh Quảng Ngãi"),
        (PLACE, "K25J7 Lê Đình Lý, thành phố Đà Nẵng", "K25/7 Lê Đình Lý, thành phố Đà Nẵng"),
        (PLACE, "xã An, huyện đức Phổ", "xã An, huyện Đức Phổ"),
    ],
)  # fmt: skip
def test_what_can_only_have_been_one_thing(spec: FieldSpec, read: str, printed: str) -> None:
    assert repaired(spec, read) == printed


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (NAME, "JOHN SMITH"), (NAME, "Y MOAN ÊBAN"), (NAME, "TRẦÂN KIM ÁNH"), (RANK, "Trung bình"),
        (PLACE, "phường Quán Thánh, thành phố Hà Nội"), (PLACE, "Trạm Y tế xã Vạn Thuận, tỉnh Hoà Bình"),
        (PLACE, "thị xã Sa Pa, tỉnh Lào Cai"), (PLACE, "K25/7 Lê Đình Lý, Thành phố Huế"),
    ],
)  # fmt: skip
def test_what_may_be_right_is_left_alone(spec: FieldSpec, text: str) -> None:
    assert repaired(spec, text) == text


@given(st.sampled_from((NAME, PLACE, RANK)), st.text(max_size=60))
def test_anything_is_repaired_once(spec: FieldSpec, text: str) -> None:
    once = repaired(spec, text)
    assert repaired(spec, once) == once
