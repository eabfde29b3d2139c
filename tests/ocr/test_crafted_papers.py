"""Papers that somebody took trouble over: circles, bombs, claims, and things that want to be run."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

import ocr
from ocr import BytesSource, Limits
from ocr.errors import BrokenPaper, OcrError, TooManyPixels
from tests.ocr.children import children
from tests.ocr.mutations import compressed_pdf, picture
from tests.ocr.pdfs import HELVETICA, Sheet, assembled, lines, stream, written
from tests.ocr.sheets import saved

MIB = 2**20
_MEBIBYTE = b" " * MIB
TIGHT = Limits(memory_bytes=768 * MIB, cpu_s=5, wall_s=15.0, pixels=50_000_000)
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]%s>>"
TEXT = lines([b"Giay phep lai xe so 790123456789"], top=150, left=5)
ENTRIES = b"/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"


def outcome(data: bytes, limits: Limits = TIGHT) -> str:
    """What is said to whoever sent it: `taken`, or the error's code; the child ends in any case."""
    try:
        ocr.inspect(BytesSource(data), limits)
    except OcrError as error:
        return error.code
    finally:
        assert not children()
    return "taken"


def pages(*bodies: bytes, kids: bytes = b"3 0 R", count: int = 1) -> bytes:
    """A PDF whose objects from number 3 on are these."""
    return assembled([CATALOG, b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count), *bodies])


def test_a_page_tree_that_is_its_own_child() -> None:
    assert outcome(pages(b"<</Type/Pages/Kids[2 0 R]/Parent 2 0 R/Count 1>>", kids=b"3 0 R 2 0 R")) in (
        "empty-paper",
        "broken-paper",
    )


def test_a_page_tree_of_a_thousand_floors() -> None:
    floors = [b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (at - 1, at + 1) for at in range(3, 1003)]
    assert outcome(pages(*floors, PAGE % b"")) in ("taken", "empty-paper", "broken-paper")


def test_cross_reference_tables_that_go_round_in_a_circle() -> None:
    data = pages(PAGE % b"")
    start = data.rindex(b"startxref\n") + 10
    place = int(data[start:].split()[0])
    assert outcome(data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % place)) in ("taken", "broken-paper")


def test_a_cross_reference_table_of_two_billion_entries() -> None:
    data = pages(PAGE % b"")
    assert outcome(data.replace(b"xref\n0 4", b"xref\n0 2147483647")) in ("taken", "broken-paper")
    assert outcome(data.replace(b"/Size 4", b"/Size 2147483647")) in ("taken", "broken-paper")


def test_an_object_stream_that_extends_itself() -> None:
    assert outcome(compressed_pdf(extends=b"/Extends 5 0 R")) == "taken"


def test_an_object_stream_that_lies_in_itself() -> None:
    data = compressed_pdf()
    assert outcome(data.replace(b"/N 4", b"/N 5").replace(b"/First ", b"/First 5 0 R")) in (
        "broken-paper",
        "empty-paper",
    )


@pytest.mark.parametrize("where", [b"/Contents 3 0 R", b"/Contents[3 0 R 3 0 R]", b"/Resources 3 0 R/Parent 3 0 R"])
def test_a_page_that_refers_to_itself(where: bytes) -> None:
    assert outcome(pages(PAGE % where)) in ("taken", "broken-paper")


def test_a_form_that_draws_itself() -> None:
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<</XObject<</A 5 0 R/B 5 0 R>>>>"
    page = PAGE % b"/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>"
    assert outcome(pages(page, stream(b"", b"/A Do /A Do"), stream(form, b"/A Do /B Do"))) in (
        "taken",
        "reading-failed",
    )


def test_forms_that_double_thirty_times() -> None:
    """Two to the thirty drawings from two kilobytes: time ends them, or a renderer that counts."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A %d 0 R>>>>"
    forms = [stream(form % (at + 1), b"/A Do /A Do") for at in range(5, 35)]
    page = PAGE % b"/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>"
    data = pages(page, stream(b"", b"/A Do"), *forms, stream(form % 5, b"0 0 9 9 re f"))
    assert outcome(data, Limits(memory_bytes=768 * MIB, cpu_s=1, wall_s=4.0)) in ("taken", "reading-failed")


def test_brackets_within_brackets() -> None:
    deep = b"[" * 200_000
    assert outcome(pages(PAGE % (b"/A " + deep))) in ("broken-paper", "empty-paper", "taken", "reading-failed")
    assert outcome(pages(PAGE % b"/Contents 4 0 R", stream(b"", deep))) in ("taken", "reading-failed")


def test_a_page_that_swells_to_a_gigabyte() -> None:
    """Deflated twice, it is a few kilobytes."""
    bomb = zlib.compress(_spaces(1024 * MIB), 9)
    assert len(zlib.decompressobj().decompress(bomb, MIB)) == MIB
    page = PAGE % b"/Contents 4 0 R"
    data = pages(page, stream(b"/Filter[/FlateDecode/FlateDecode]", bomb))
    assert len(data) < 20_000
    assert outcome(data) in ("taken", "broken-paper", "reading-failed")


def _spaces(size: int) -> bytes:
    """So many spaces, deflated (RFC 1950): a piece that refers to nothing before it, over and over."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"")
    head += packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    sum_ = 1
    for _ in range(size // MIB):
        sum_ = zlib.adler32(_MEBIBYTE, sum_)
    return head + piece * (size // MIB) + b"\x03\x00" + struct.pack(">I", sum_)


def test_a_picture_in_a_pdf_that_claims_billions_of_pixels() -> None:
    image = (b"I0", ENTRIES % (50_000, 50_000), zlib.compress(b"\0" * 100_000))
    drawn = b"q 595 0 0 842 0 0 cm /I0 Do Q "
    assert outcome(written([Sheet(drawn, (image,))])) == "too-many-pixels"
    assert outcome(written([Sheet(drawn + TEXT, (image,))])) in ("taken", "too-many-pixels", "reading-failed")


@pytest.mark.parametrize("make", ["jpeg", "webp", "tiff"])
def test_a_header_of_fifty_thousand_by_fifty_thousand_pixels(make: str) -> None:
    assert outcome(_CLAIMS[make]()) in ("too-many-pixels", "broken-paper")


def _jpeg() -> bytes:
    data = saved(picture(), "JPEG", progressive=True)
    at = data.index(b"\xff\xc2") + 5
    return data[:at] + struct.pack(">HH", 50_000, 50_000) + data[at + 4 :]


def _webp() -> bytes:
    """A canvas of 2^24 - 1 pixels a side (VP8X), more than any WebP may have."""
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff" * 6 + saved(picture(), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _tiff() -> bytes:
    data = saved(picture("1"), "TIFF", compression="group4")
    for tag, side in ((256, 72), (257, 56), (278, 56)):
        data = data.replace(struct.pack("<HHII", tag, 3, 1, side), struct.pack("<HHII", tag, 4, 1, 50_000))
    return data


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


_CLAIMS: dict[str, Callable[[], bytes]] = {"jpeg": _jpeg, "webp": _webp, "tiff": _tiff}


def test_a_png_whose_comment_swells_to_a_gigabyte() -> None:
    data = saved(picture(), "PNG")
    spaces = _spaces(1024 * MIB)
    comment, profile = _chunk(b"zTXt", b"Comment\0\0" + spaces), _chunk(b"iCCP", b"p\0\0" + spaces)
    assert outcome(data[:33] + comment + data[33:]) in ("taken", "broken-paper", "reading-failed")
    assert outcome(data[:33] + profile + data[33:]) in ("taken", "broken-paper", "reading-failed")


def test_a_tiff_whose_pages_go_round_in_a_circle() -> None:
    data = bytearray(saved(picture(), "TIFF"))
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * entries, directory)
    assert outcome(bytes(data)) in ("taken", "too-many-pages", "broken-paper")


def test_a_pdf_that_wants_things_run_is_read_like_any_other() -> None:
    """Scripts, programs, forms that send themselves, embedded files: nothing in the child knows how to run them."""
    wishes = (
        b"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R/AcroForm<</Fields[]/XFA 7 0 R>>"
        b"/Names<</JavaScript<</Names[(a) 4 0 R]>>/EmbeddedFiles<</Names[(a.exe) 6 0 R]>>>>>>"
    )
    script = b"<</S/JavaScript/JS(app.alert(1); while (true) {} this.submitForm('http://127.0.0.1:9/'))/Next 5 0 R>>"
    launch = b"<</S/Launch/F(/bin/sh)/Win<</F(cmd.exe)>>/Next<</S/URI/URI(http://127.0.0.1:9/)>>>>"
    file = b"<</Type/Filespec/F(a.exe)/EF<</F 7 0 R>>>>"
    page = PAGE % b"/AA<</O 4 0 R>>/Contents 8 0 R/Resources<</Font<</F1 9 0 R>>>>"
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    rest = (stream(b"/Type/EmbeddedFile", b"MZ" + bytes(99)), stream(b"", TEXT), b"<</Type/Font%s>>" % HELVETICA)
    data = assembled([wishes, tree, page, script, launch, file, *rest])
    reading = ocr.read(BytesSource(data), TIGHT, on_page=lambda _: None)
    assert reading.pages[0].text == "Giay phep lai xe so 790123456789"


def test_a_sheet_larger_than_taken_and_one_that_is_damaged_are_told_apart() -> None:
    with pytest.raises(TooManyPixels):
        ocr.inspect(BytesSource(saved(Image.new("1", (9000, 9000)), "TIFF", compression="group4")), TIGHT)
    with pytest.raises(BrokenPaper):
        ocr.inspect(BytesSource(b"%PDF-1.7\nnothing of the kind\n%%EOF\n"), TIGHT)
