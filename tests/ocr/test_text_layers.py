"""Text layers that cannot be believed: legacy codes become Unicode, rubbish and a stamp over a scan are passed over."""

import shutil
import subprocess
import unicodedata
from collections.abc import Sequence

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import ocr
from ocr.layers import text_layer
from ocr.legacy import TABLES, decoded, is_rubbish, repaired
from tests.needs import need
from tests.ocr.pdfs import HELVETICA, Sheet, lines, stream, written
from tests.ocr.sheets import draw, saved

PAPER = (
    "Cộng hòa xã hội chủ nghĩa Việt Nam", "Độc lập - Tự do - Hạnh phúc", "Giấy chứng nhận quyền sử dụng đất",
    "Họ và tên: Nguyễn Thị Ngọc Hường", "Ngày sinh: 14/03/1990, số 36 đường Trưng Nữ Vương",
    "Phường Hòa Cường Bắc, quận Hải Châu, thành phố Đà Nẵng", "Nghề nghiệp: giáo viên trường tiểu học Phù Đổng",
)  # fmt: skip
VOWELS = "aăâeêioôơuưy"
LETTERS = "".join(
    unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in ("", *"\u0300\u0301\u0309\u0303\u0323")
)
SMALL = LETTERS + "đbcdghklmnpqrstvx"
FULL = SMALL + SMALL.upper()
ABC = b"/Subtype/TrueType/BaseFont/.VnTime/Encoding/WinAnsiEncoding"
ABC_CAPITALS = b"/Subtype/TrueType/BaseFont/ABCDEF+.VnTimeH/Encoding/WinAnsiEncoding"
VNI = b"/Subtype/TrueType/BaseFont/VNI-Times/Encoding/WinAnsiEncoding"
NAMELESS = b"/Subtype/TrueType/BaseFont/F3/Encoding/WinAnsiEncoding"


def coded(text: str, encoding: str) -> str:
    """`text` in a legacy encoding, as the characters that Windows-1252 has for its bytes."""
    back = {letter: code for code, letter in TABLES[encoding].items()}
    return "".join(back.get(letter, letter) for letter in text)


def layer(*texts: bytes, font: bytes, more: Sequence[bytes] = ()) -> str:
    """What is taken for the text of a page with these lines."""
    data = written([Sheet(lines(texts))], fonts=[font], more=more)
    return "\n".join(line.text for line in text_layer(pdfium.PdfDocument(data)[0]))


@pytest.mark.parametrize(("encoding", "letters"), [("tcvn3", SMALL + "ĂÂÊÔƠƯĐ"), ("vni", FULL)])
def test_every_two_letters_survive_their_legacy_codes(encoding: str, letters: str) -> None:
    """No code is longer than two signs, so that longer texts hold nothing else."""
    for one in letters:
        for other in letters:
            assert decoded(coded(one + other, encoding), encoding) == one + other


def test_the_table_of_tcvn3_is_the_standards() -> None:
    """By the C library's converter, which knows TCVN 5712 and writes letters apart from their marks."""
    need(shutil.which("iconv") is not None, "iconv")
    codes = [code for code in TABLES["tcvn3"] if not code.isascii()]
    command = ["iconv", "-f", "TCVN5712-1", "-t", "UTF-8"]
    told = subprocess.run(command, input="\n".join(codes).encode("latin-1"), capture_output=True, check=True).stdout
    assert unicodedata.normalize("NFC", told.decode()).split("\n") == [TABLES["tcvn3"][code] for code in codes]


@given(st.text(st.sampled_from(FULL), max_size=12))
def test_utf8_that_was_taken_for_another_code_survives(text: str) -> None:
    assert decoded("".join(map(_taken, text.encode())), "utf-8") == text


@pytest.mark.parametrize("font", [ABC, NAMELESS])
def test_a_paper_in_abc_fonts_is_read_in_unicode(font: bytes) -> None:
    assert layer(*(coded(text, "tcvn3").encode("latin-1") for text in PAPER), font=font) == "\n".join(PAPER)


@pytest.mark.parametrize("font", [VNI, NAMELESS])
def test_a_paper_in_vni_fonts_is_read_in_unicode(font: bytes) -> None:
    texts = [*PAPER, PAPER[0].upper()]
    assert layer(*(coded(text, "vni").encode("cp1252") for text in texts), font=font) == "\n".join(texts)


def test_a_font_of_capitals_shows_small_codes_as_capitals() -> None:
    assert layer(coded(PAPER[0], "tcvn3").encode("latin-1"), font=ABC_CAPITALS) == PAPER[0].upper()


def test_a_word_in_a_font_of_its_own_follows_its_page() -> None:
    texts = [coded(text, "tcvn3") for text in PAPER]
    words = [word for text in texts for word in text.split()]
    fonts = [".VnTime"] * len(words)
    assert repaired([*words, coded("Nguyễn", "tcvn3")], [*fonts, "F7"])[-1] == "Nguyễn"


def test_utf8_that_a_writer_took_for_windows_1252_is_mended() -> None:
    """Its font says which letters it means, so that none is lost on the way."""
    pairs = b"".join(b"<%02X><%04X>" % (byte, ord(_taken(byte))) for byte in range(0x80, 0x100))
    kept = b"/CIDInit/ProcSet findresource begin begincmap 1 begincodespacerange<00><FF>endcodespacerange "
    cmap = kept + b"128 beginbfchar" + pairs + b"endbfchar 1 beginbfrange<20><7E><0020>endbfrange endcmap end"
    font = NAMELESS + b"/ToUnicode 6 0 R"
    assert layer(*(text.encode() for text in PAPER), font=font, more=[stream(b"", cmap)]) == "\n".join(PAPER)


def _taken(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(PAPER), "This certificate confirms that the person named below has completed the training",
        "Né à Đà Nẵng le 3 mai 1950, délivré par la mairie; l'élève habite près de la forêt où naît la rivière",
        "l’élève n’a d’autre choix qu’aujourd’hui; don’t, can’t, won’t, it’s Co‑operative\u200bs re\u00adad",
        "Straße, Größe, Übung; São João não está à mesa", "GIAY PHEP LAI XE SO 790123456789",
        "Tiếng Việt 100 m² ≥ 5 °C",
    ],
)  # fmt: skip
def test_text_that_is_right_stays_as_it_is(text: str) -> None:
    words = text.split()
    for font in ("", ".VnTime", "VNI-Times"):
        assert repaired(words, [font] * len(words)) == words
    assert not is_rubbish(words)


@pytest.mark.parametrize(
    "text",
    [
        "\ue012\ue055 \ue033\ue044\ue050 Nam \ue0f1\ue0a2", "H\x03\x04 v\x05 t\x06n\x07 \x08\x09",
        "\ufffd\ufffd Vi\ufffdt",
        "&{1* +ó$ ;® +{,", " ".join(["Fqqj", "Krz", "Xwlt", "Ngkp"] * 4),
        "Gi¶y chø§g nh@x d¶ng Kh¶ch ho±ng gi¶m b¤t n¶m qu¶n c¶ng",
    ],
)  # fmt: skip
def test_rubbish_is_told_from_text(text: str) -> None:
    page = written([Sheet(lines([b"x"]))])
    assert text_layer(pdfium.PdfDocument(page)[0]) == ()
    assert is_rubbish(text.split()) or sum(map(str.isalpha, text)) < 20


STAMP = b"Van phong dang ky dat dai - Sao y ban chinh - Ngay ky 12/03/2024 08:15:32 +07:00 - Nguoi ky Tran Van Binh"


def scanned(*, before: bytes = b"", after: bytes = b"", strips: int = 1) -> bytes:
    """A scan over the whole page, in strips, with text under or over it."""
    page = draw((("GIẤY KHAI SINH", 56, 250), ("Số: 160/2024", 40, 250)), (900, 1273))
    deep = page.height // strips
    cut = [page.crop((0, at * deep, page.width, (at + 1) * deep)) for at in range(strips)]
    pictures = tuple((b"I%d" % at, _jpeg_entries(part), saved(part, "JPEG")) for at, part in enumerate(cut))
    drawn = b" ".join(
        b"q 595 0 0 %d 0 %d cm /I%d Do Q" % (842 // strips, 842 - (at + 1) * (842 // strips), at)
        for at in range(strips)
    )
    return written([Sheet(b" ".join((before, drawn, after)), pictures)], fonts=[HELVETICA])


def _jpeg_entries(image: Image.Image) -> bytes:
    size = b"/Width %d/Height %d" % image.size
    return size + b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"


@pytest.mark.parametrize("strips", [1, 5])
def test_a_long_stamp_over_a_scan_is_no_text_layer(strips: int) -> None:
    data = scanned(after=lines([STAMP, STAMP, STAMP], size=8), strips=strips)
    assert text_layer(pdfium.PdfDocument(data)[0]) == ()


def test_text_that_lies_under_a_scan_is_no_text_layer() -> None:
    data = scanned(before=lines([STAMP] * 40))
    assert text_layer(pdfium.PdfDocument(data)[0]) == ()


def test_a_whole_page_of_text_over_a_picture_is_a_text_layer() -> None:
    data = scanned(after=lines([STAMP] * 40))
    assert len(text_layer(pdfium.PdfDocument(data)[0])) == 40


@pytest.mark.usefixtures("tesseract")
def test_a_scan_with_a_stamp_is_recognised() -> None:
    reading = ocr.read(
        ocr.BytesSource(scanned(after=lines([STAMP] * 3, top=120, size=8))), ocr.Limits(), on_page=lambda _: None
    )
    assert reading.pages[0].source == "ocr"
    assert "KHAI SINH" in reading.pages[0].text


@pytest.mark.parametrize(
    "text",
    [
        b"x" * 900 + b" Viet Nam",
        b"to " * 3000,
        (b"giayto" * 60 + b" ") * 80,
        b"GIAY CHUNG NHAN " * 400,
        b"a\nb " * 9000,
    ],
    ids=["a word without end", "a line of words", "a line of letters", "a heading", "a page of lines"],
)
def test_text_without_end_is_read_as_far_as_a_reading_holds_it(text: bytes) -> None:
    data = written([Sheet(lines(text.split(b"\n"), size=1))])
    reading = ocr.read(ocr.BytesSource(data), ocr.Limits(), on_page=lambda _: None)
    assert reading.pages[0].source == "text-layer"
    assert len(reading.pages[0].lines) >= 1


@given(st.lists(st.text(max_size=12), max_size=20), st.sampled_from(["", ".VnTimeH", "VNI-Times", "ABCDEF+.VnArial"]))
def test_any_words_are_repaired_or_left(words: list[str], font: str) -> None:
    assert len(repaired(words, [font] * len(words))) == len(words)
    is_rubbish(words)
