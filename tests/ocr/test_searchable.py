"""Searchable copies: other programs find the words where they were read, and PDF/A-2b is what they are."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

import ocr
from ocr import BytesSource, Limits
from ocr.errors import BrokenPaper, OcrError
from ocr.invisible import font
from ocr.leaves import packed
from ocr.pdfa import Leaf, LengthWrong, written
from ocr.srgb import profile
from tests.ocr.children import children
from tests.ocr.copies import ABOUT, LINES, copied, page_of, ran, reading_of, words_in
from tests.ocr.sheets import born_digital, saved

CLOSE = 0.004  # of a page's side: a point or two
EXIF_ORIENTATION = 0x0112
DESCRIBED = "{http://www.aiim.org/pdfa/ns/id/}"


def sheet(size: tuple[int, int] = (700, 980)) -> Image.Image:
    """It looks different at each corner."""
    page = Image.new("RGB", size, "white")
    pen, (w, h) = ImageDraw.Draw(page), size
    for place, colour in (((0, 0), "red"), ((w // 2, 0), "green"), ((0, h // 2), "blue")):
        pen.rectangle((place[0] + w // 8, place[1] + h // 8, place[0] + w // 4, place[1] + h // 4), fill=colour)
    noise = Image.effect_noise(size, 12).convert("RGB")
    return ImageChops.multiply(page, noise.point(lambda value: min(255, value + 110)))


def kept(tmp_path: Path, copy: bytes) -> Path:
    path = tmp_path / "copy.pdf"
    path.write_bytes(copy)
    return path


def photo(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return saved(sheet((980, 700)), "JPEG", exif=exif, quality=88)


PAPERS: dict[str, tuple[Callable[[], bytes], int]] = {
    "a scan of one page": (lambda: saved(sheet(), "JPEG", dpi=(150, 150), quality=88), 1),
    "a photograph that lies on its side": (lambda: photo(6), 1),
    "a fax of three pages": (
        lambda: saved(
            sheet().convert("1"), "TIFF", save_all=True, append_images=[sheet().convert("1")] * 2, compression="group4"
        ),
        3,
    ),
    "a PDF of two scans": (lambda: saved(sheet(), "PDF", save_all=True, append_images=[sheet((630, 840))]), 2),
    "a PNG": (lambda: saved(sheet(), "PNG"), 1),
    "a WebP": (lambda: saved(sheet(), "WEBP", quality=80), 1),
}


@pytest.mark.parametrize("kind", PAPERS)
def test_another_program_finds_the_words_where_they_were_read(kind: str, tmp_path: Path) -> None:
    paper, pages = PAPERS[kind][0](), PAPERS[kind][1]
    path = kept(tmp_path, copied(paper, pages))
    seen = words_in(path)
    expected = [(number, text, box) for number in range(1, pages + 1) for line in LINES for text, box in line]
    assert [(word.page, word.text) for word in seen] == [(page, text) for page, text, _ in expected]
    for word, (_, _, box) in zip(seen, expected, strict=True):
        assert word.box[0] == pytest.approx(box[0], abs=CLOSE) and word.box[2] == pytest.approx(box[2], abs=CLOSE)
        assert word.box[1] <= box[1] + CLOSE and word.box[3] >= box[3] - CLOSE
        assert word.box[3] - word.box[1] < 1.3 * (box[3] - box[1])
    text = ran("pdftotext", "poppler-utils", path, "-")
    assert "CỘNG HÒA XÃ" in text and "Nguyễn Văn Ân" in text and "Số: 160/2024 đường" in text
    assert path.stat().st_size < 1.3 * len(paper)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright_byte_for_byte(orientation: int, tmp_path: Path) -> None:
    paper = photo(orientation)
    copy = copied(paper)
    assert paper in copy
    upright = Image.open(io.BytesIO(paper))
    upright = upright.transpose(method) if (method := _UPRIGHT.get(orientation)) is not None else upright
    ran("pdftoppm", "poppler-utils", "-r", "40", "-png", "-singlefile", kept(tmp_path, copy), tmp_path / "shown")
    shown = Image.open(tmp_path / "shown.png").convert("RGB")
    small = upright.convert("RGB").resize(shown.size)
    assert max(ImageStat.Stat(ImageChops.difference(shown, small)).mean) < 6


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def test_a_scan_keeps_its_size_on_paper(tmp_path: Path) -> None:
    path = kept(tmp_path, copied(saved(sheet(), "JPEG", dpi=(140, 140))))
    assert "360 x 504 pts" in ran("pdfinfo", "poppler-utils", path)


def test_a_born_digital_page_is_drawn_and_searched(tmp_path: Path) -> None:
    paper = born_digital(["Certificate of something that was made for a test", "It says a word"])
    limits = Limits()
    reading = ocr.read(BytesSource(paper), limits, on_page=lambda _: None)
    assert reading.pages[0].source == "text-layer"
    path = kept(tmp_path, copied(paper, reading=reading))
    assert "Certificate of something that was made for a test" in ran("pdftotext", "poppler-utils", path, "-")
    ran("pdftoppm", "poppler-utils", "-r", "40", "-png", "-singlefile", path, tmp_path / "shown")
    assert Image.open(tmp_path / "shown.png").convert("L").getextrema()[0] < 128, "the letters are there to be seen"


def test_the_archive_profile_is_read_by_other_programs(tmp_path: Path) -> None:
    path = kept(tmp_path, copied(saved(sheet(), "JPEG")))
    told = ran("pdfinfo", "poppler-utils", "-custom", path)
    assert all(f"{name}:" in told and value in told for name, value in ABOUT.archive.items())
    with pikepdf.open(path) as pdf, pdf.open_metadata() as metadata:
        assert {name: metadata[f"{{urn:docvault:archive:1}}{name}"] for name in ABOUT.archive} == ABOUT.archive
        assert metadata["dc:title"] == str(pdf.docinfo["/Title"]) == ABOUT.title
        assert (metadata[DESCRIBED + "part"], metadata[DESCRIBED + "conformance"]) == ("2", "B")
        assert metadata["xmp:CreateDate"] == "2026-03-14T02:30:00Z"
        assert str(pdf.docinfo["/CreationDate"]) == "D:20260314023000Z"


@pytest.mark.parametrize("kind", ["a scan of one page", "a fax of three pages", "a PNG"])
def test_the_clauses_of_pdf_a_2b_hold(kind: str, tmp_path: Path) -> None:
    """ISO 19005-2, as far as a file that holds nothing but pictures and one font can break it."""
    copy = copied(PAPERS[kind][0](), PAPERS[kind][1])
    assert copy.startswith(b"%PDF-1.7\n%") and all(byte > 127 for byte in copy[10:14])  # 6.1.2
    assert copy.endswith(b"\n%%EOF\n")  # 6.1.3
    with pikepdf.open(kept(tmp_path, copy)) as pdf:
        assert not pdf.check_pdf_syntax() and not pdf.is_encrypted
        assert len(bytes(pdf.trailer.ID[0])) == 16  # 6.1.3
        root = pdf.Root
        assert set(root.keys()) == {
            "/Type", "/Pages", "/Metadata", "/Lang", "/ViewerPreferences", "/OutputIntents",
        }  # 6.1.12, 6.4, 6.6.1: no actions, forms, attachments, optional content  # fmt: skip
        assert "/Filter" not in root.Metadata
        (intent,) = root.OutputIntents  # 6.2.3
        assert intent.S == "/GTS_PDFA1" and intent.DestOutputProfile.N == 3
        for page in pdf.pages:
            _holds_only_what_is_allowed(page)


def _holds_only_what_is_allowed(page: pikepdf.Page) -> None:
    assert set(page.obj.keys()) == {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents"}
    assert all(3 <= side <= 14_400 for side in page.MediaBox[2:])  # 6.1.13
    (picture,) = page.Resources.XObject.values()
    assert picture.ColorSpace in ("/DeviceRGB", "/DeviceGray")  # 6.2.4.3: the output intent is RGB
    assert not {"/Interpolate", "/Alternates", "/OPI", "/SMask"} & set(picture.keys())  # 6.2.8
    (outer,) = page.Resources.Font.values()
    (inner,) = outer.DescendantFonts
    info = inner.CIDSystemInfo
    assert (outer.Encoding, str(info.Registry), str(info.Ordering)) == ("/Identity-H", "Adobe", "Identity")  # 6.2.11.3
    assert outer.BaseFont == inner.BaseFont == inner.FontDescriptor.FontName
    assert inner.FontDescriptor.FontFile2.Length1 == len(inner.FontDescriptor.FontFile2.read_bytes())  # 6.2.11.4
    glyphs = inner.CIDToGIDMap.read_bytes()
    used = {code for code in _codes(page) for code in struct.unpack(f">{len(code) // 2}H", code)}
    assert used and all(glyphs[2 * code : 2 * code + 2] == b"\0\1" for code in used)  # 6.2.11.8: never .notdef


def _codes(page: pikepdf.Page) -> list[bytes]:
    told = pikepdf.parse_content_stream(page)
    assert {str(line.operator) for line in told} <= {"q", "cm", "Do", "Q", "BT", "Tr", "Tf", "Tz", "Tm", "Tj", "ET"}
    return [bytes(line.operands[0]) for line in told if str(line.operator) == "Tj"]


def test_the_colours_are_those_of_srgb() -> None:
    ours, theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile())), ImageCms.createProfile("sRGB")
    ramp = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)])
    converted = ImageCms.profileToProfile(ramp, ours, theirs)
    assert converted is not None
    assert all(high <= 1 for _, high in ImageChops.difference(ramp, converted).getextrema())  # type: ignore[misc]


def test_the_font_opens_and_shows_nothing() -> None:
    from PIL import ImageFont

    letters = ImageFont.truetype(io.BytesIO(font()), 100)
    assert letters.getmetrics() == (80, 20)
    assert font() == font()


def test_browsers_select_the_words_line_by_line() -> None:
    """Chromium shows PDFs with pdfium."""
    with pdfium.PdfDocument(copied(saved(sheet(), "JPEG"))) as pdf:
        page = pdf[0]
        text = page.get_textpage()
        assert text.get_text_range().splitlines() == ["CỘNG HÒA XÃ", "Nguyễn Văn Ân", "Số: 160/2024 đường"]
        start, count = text.search("Nguyễn Văn Ân").get_next() or (0, 0)
        boxes = [text.get_charbox(place, loose=True) for place in range(start, start + count)]
        (width, height), (first, last) = page.get_size(), (LINES[1][0][1], LINES[1][-1][1])
        assert boxes[0][0] / width == pytest.approx(first[0], abs=CLOSE)
        assert boxes[-1][2] / width == pytest.approx(last[2], abs=CLOSE)
        assert 1 - boxes[0][3] / height == pytest.approx(first[1], abs=CLOSE)


def test_words_that_touch_stay_words(tmp_path: Path) -> None:
    lines = ((("Đà", (0.1, 0.1, 0.2, 0.13)), ("Nẵng", (0.2, 0.1, 0.3, 0.13)), ("2026", (0.29, 0.1, 0.4, 0.13))),)
    copy = b"".join(written([_blank()], [page_of(1, lines)], ABOUT))
    assert ran("pdftotext", "poppler-utils", kept(tmp_path, copy), "-").split() == ["Đà", "Nẵng", "2026"]


def test_letters_that_no_font_may_stand_for_are_left_out(tmp_path: Path) -> None:
    told = ("a\ufeff\x07b\ufffe", "\x1b", "𝕏(\\)")
    lines = (tuple((text, (0.1 + place / 5, 0.1, 0.2 + place / 5, 0.13)) for place, text in enumerate(told)),)
    copy = b"".join(written([_blank()], [page_of(1, lines)], ABOUT))
    assert ran("pdftotext", "poppler-utils", kept(tmp_path, copy), "-").split() == ["ab", "𝕏(\\)"]


def _blank() -> Leaf:
    picture = saved(Image.new("L", (50, 70), 255), "JPEG")
    return Leaf("jpeg", 50, 70, 1, 1, (500.0, 700.0), len(picture), [picture])


@pytest.mark.parametrize("share", [200_000, 10_000])
def test_a_picture_keeps_to_its_share(share: int) -> None:
    found = packed(sheet(), share)
    assert len(found.data) <= share
    assert (found.size == (700, 980)) == (share > 100_000)


def test_a_drawing_loses_nothing() -> None:
    drawing = Image.new("RGB", (900, 600), "white")
    ImageDraw.Draw(drawing).line((0, 0, 900, 600), fill="navy", width=3)
    assert packed(drawing, 20_000).form == "deflate"
    assert packed(drawing.convert("1").convert("RGB"), 20_000).form == "fax"


def test_a_page_that_fails_does_not_sink_the_rest(tmp_path: Path) -> None:
    second = sheet((410, 500))
    paper = bytearray(saved(sheet(), "TIFF", save_all=True, append_images=[second], compression="tiff_adobe_deflate"))
    paper[-9000:-8000] = bytes(1000)
    path = kept(tmp_path, copied(bytes(paper), 2))
    assert "Pages:           2" in ran("pdfinfo", "poppler-utils", path)
    assert ran("pdftotext", "poppler-utils", path, "-").count("Nguyễn Văn Ân") == 2


@pytest.mark.parametrize(
    ("paper", "error"),
    [
        (b"%PDF-1.7\n" + b"1 0 obj <</Type/Catalog/Pages 1 0 R>> endobj\n" * 30 + b"%%EOF", BrokenPaper),
        (b"\xff\xd8\xff\xe0" + bytes(3000), OcrError),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), OcrError),
    ],
)
def test_a_hostile_paper_dies_alone(paper: bytes, error: type[OcrError]) -> None:
    with pytest.raises(error):
        copied(paper)
    assert not children()


def test_a_copy_that_nobody_takes_any_more_ends_its_child() -> None:
    pieces = ocr.searchable(BytesSource(saved(sheet(), "PNG")), Limits(), reading_of(1), ABOUT)
    next(pieces)
    next(pieces)
    assert children()
    pieces.close()  # type: ignore[attr-defined]
    assert not children()


def test_a_picture_of_another_length_is_no_copy() -> None:
    blank = _blank()
    with pytest.raises(LengthWrong):
        b"".join(written([replace(blank, size=blank.size + 1)], [None], ABOUT))


def photographed(corners: tuple[tuple[float, float], ...], size: tuple[int, int] = (980, 1050)) -> Image.Image:
    """The sheet lying on a dark table, its top left first."""
    page, (w, h) = sheet(), size
    source = np.array([(0, 0), (page.width, 0), (page.width, page.height), (0, page.height)], np.float32)
    target = np.array([(x * w, y * h) for x, y in corners], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    return Image.fromarray(cv2.warpPerspective(np.asarray(page), matrix, size, borderValue=(60, 50, 40)))


LIES = {
    "upside down": (((1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0)), True),
    "on its side": (((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)), True),
    "a little askew": (((0.01, -0.02), (1.02, 0.01), (0.99, 1.02), (-0.02, 0.99)), True),
    "seen aslant": (((0.12, 0.1), (0.85, 0.06), (0.95, 0.93), (0.05, 0.97)), False),
    "aslant and on its side": (((0.95, 0.1), (0.9, 0.9), (0.1, 0.95), (0.08, 0.05)), False),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_page_is_shown_as_it_was_read_however_it_lay(lie: str, orientation: int, tmp_path: Path) -> None:
    """A turned picture stays byte for byte; one that was seen aslant is laid flat, without the table around it."""
    corners, kept_as_it_is = LIES[lie]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    upright = photographed(corners)
    stored = upright.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else upright
    paper = saved(stored, "JPEG", exif=exif, quality=88)
    page = replace(page_of(1), corners=corners)
    copy = copied(paper, reading=replace(reading_of(1), pages=(page,)))
    assert (paper in copy) == kept_as_it_is and len(copy) < 1.3 * len(paper)
    path = kept(tmp_path, copy)
    assert [word.text for word in words_in(path)] == [text for line in LINES for text, _ in line]
    ran("pdftoppm", "poppler-utils", "-r", "40", "-png", "-singlefile", path, tmp_path / "shown")
    shown = Image.open(tmp_path / "shown.png").convert("RGB")
    assert shown.height / shown.width == pytest.approx(1.4, rel=0.02)
    small = sheet().resize(shown.size)
    assert max(ImageStat.Stat(ImageChops.difference(shown, small)).mean) < 8
