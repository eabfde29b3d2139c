"""Sheets of half a gigapixel: looked over and cut within little memory, pixel for pixel; hostile ones die alone."""

import io
import os
import random
import signal
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

import ocr
from ocr import BytesSource, Limits, Place, Pyramid
from ocr.errors import BrokenPaper, OcrError, ReadingFailed, TooManyPixels, TruncatedPaper
from ocr.limits import MIB, WHOLE_PIXELS
from ocr.pyramid import TILE
from tests.ocr.children import children
from tests.ocr.sheets import saved

A0 = (19_866, 28_087)
"""Pixels of A0 at 600 dpi."""
TIGHT = Limits(memory_bytes=512 * MIB)
"""Of address space, which is more than the memory that is ever in use."""
CLOSE = 6.0  # mean difference of 255 that JPEG may make in a crop


def flat_png(width: int, height: int, *, tail: bytes = b"") -> bytes:
    """A gray PNG, white with a black band in the middle, made row by row; half a gigapixel is half a megabyte."""
    packer, rows = zlib.compressobj(9), []
    white, black = b"\0" + b"\xff" * width, b"\0" + b"\x10" * width
    for row in range(height):
        rows.append(packer.compress(black if height // 2 - 200 <= row < height // 2 else white))
    rows.append(packer.flush())
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"".join(rows)) + chunk(b"IEND", b"") + tail


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def drawing(size: tuple[int, int]) -> Image.Image:
    """Something that looks different everywhere."""
    sheet = Image.linear_gradient("L").resize(size)
    sheet = Image.merge("RGB", (sheet, sheet.transpose(Image.Transpose.FLIP_LEFT_RIGHT), sheet))
    pen, chance = ImageDraw.Draw(sheet), random.Random(3)  # noqa: S311 - the same each time
    for _ in range(80):
        ends = [chance.randrange(side) for side in (*size, *size)]
        pen.line(ends, fill=(chance.randrange(60, 256), 120, 160), width=9)
    return sheet


def scan_in_pdf(picture: bytes, size: tuple[int, int], form: bytes, *, turned: int = 0, more: bytes = b"") -> bytes:
    """A PDF of one page that is nothing but the picture, unless there is `more` to draw."""
    content = b"q 1000 0 0 700 0 0 cm /I Do Q" + more
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/Rotate %d/MediaBox[0 0 1000 700]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>"
        % turned,
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8%s/Length %d>>\nstream\n"
        % (*size, form, len(picture)) + picture + b"\nendstream",
    )  # fmt: skip
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def cut(data: bytes, limits: Limits = TIGHT, page: int = 1) -> tuple[Pyramid, dict[Place, bytes]]:
    with ocr.cut(BytesSource(data), limits, page) as sheet:
        return sheet.pyramid, dict(sheet.tiles)


def joined(pyramid: Pyramid, tiles: dict[Place, bytes], level: int) -> Image.Image:
    """A level put together again."""
    whole = Image.new("RGB", pyramid.size(level))
    for place, tile in tiles.items():
        if place.level == level:
            whole.paste(Image.open(io.BytesIO(tile)).convert("RGB"), (place.column * TILE, place.row * TILE))
    return whole


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return drawing((6500, 4300))


@pytest.fixture(scope="module")
def a0() -> bytes:
    return flat_png(*A0)


def test_a0_at_600_dpi_is_looked_over_and_shown_within_little_memory(a0: bytes) -> None:
    found = ocr.inspect(BytesSource(a0), TIGHT)
    assert (found.media_type, found.pages, found.sheets) == ("image/png", 1, (1,))
    preview = Image.open(io.BytesIO(found.preview)).convert("L")
    assert preview.size == (1240, round(1240 * A0[1] / A0[0]))
    assert preview.crop((0, 0, 1240, 800)).getextrema() == (255, 255)
    assert preview.crop((600, 870, 601, 871)).getextrema()[1] < 40


def test_a0_at_600_dpi_is_cut_within_little_memory(a0: bytes) -> None:
    pyramid, tiles = cut(a0)
    assert (pyramid.width, pyramid.height, pyramid.levels) == (*A0, 7)
    assert set(tiles) == set(pyramid.places())
    dark = Image.open(io.BytesIO(tiles[Place(6, 20, (A0[1] // 2 - 100) // TILE)])).convert("L")
    assert dark.getextrema()[0] < 40


def sources(picture: Image.Image) -> dict[str, Callable[[], bytes]]:
    size, jpeg = picture.size, saved(picture, "JPEG", quality=95)
    rows = b"".join(b"\0" + picture.crop((0, y, size[0], y + 1)).tobytes() for y in range(size[1]))
    deflated = b"/ColorSpace/DeviceRGB/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors 3/Columns %d>>" % size[0]
    return {
        "jpeg": lambda: jpeg,
        "progressive jpeg": lambda: saved(picture, "JPEG", quality=95, progressive=True),
        "png": lambda: saved(picture, "PNG", compress_level=1),
        "tiff in strips": lambda: saved(picture, "TIFF", compression="tiff_lzw"),
        "tiff of raw rows": lambda: saved(picture, "TIFF"),
        "webp": lambda: saved(picture, "WEBP", quality=95, method=0),
        "scan in a pdf": lambda: scan_in_pdf(jpeg, size, b"/ColorSpace/DeviceRGB/Filter/DCTDecode"),
        "deflated scan in a pdf": lambda: scan_in_pdf(zlib.compress(rows, 1), size, deflated),
    }


@pytest.mark.parametrize("kind", sorted(sources(Image.new("RGB", (1, 1)))))
def test_tiles_show_the_pixels_of_the_original(picture: Image.Image, kind: str) -> None:
    pyramid, tiles = cut(sources(picture)[kind](), Limits())
    assert (pyramid.width, pyramid.height) == picture.size
    for place in (Place(4, 0, 0), Place(4, 5, 3), Place(4, 12, 8)):  # the last one lies in the corner
        left, top = place.column * TILE, place.row * TILE
        box = (left, top, min(left + TILE, picture.width), min(top + TILE, picture.height))
        assert difference(Image.open(io.BytesIO(tiles[place])), picture.crop(box)) < CLOSE
    for level in (0, 1, 2):
        small = picture.resize(pyramid.size(level), Image.Resampling.BOX)
        assert difference(joined(pyramid, tiles, level), small) < CLOSE


@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_a_turned_photo_is_cut_upright(picture: Image.Image, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture, "JPEG", quality=95, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    pyramid, tiles = cut(data, Limits())
    assert difference(joined(pyramid, tiles, 1), upright.resize(pyramid.size(1), Image.Resampling.BOX)) < CLOSE
    last = Place(4, pyramid.grid(4)[0] - 1, pyramid.grid(4)[1] - 1)
    corner = (last.column * TILE, last.row * TILE, *upright.size)
    assert difference(Image.open(io.BytesIO(tiles[last])), upright.crop(corner)) < CLOSE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_shown_upright(picture: Image.Image, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture, "JPEG", quality=95, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    shown = Image.open(io.BytesIO(ocr.inspect(BytesSource(data), Limits()).preview))
    assert shown.width == 1240
    assert difference(shown, upright.resize(shown.size, Image.Resampling.BOX)) < CLOSE


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_scan_in_a_pdf_is_shown_and_cut_upright(picture: Image.Image, turned: int) -> None:
    jpeg = saved(picture, "JPEG", quality=95)
    data = scan_in_pdf(jpeg, picture.size, b"/ColorSpace/DeviceRGB/Filter/DCTDecode", turned=turned)
    pyramid, tiles = cut(data, Limits())
    upright = picture.rotate(-turned, expand=True)
    shown = Image.open(io.BytesIO(ocr.inspect(BytesSource(data), Limits()).preview))
    assert difference(shown, upright.resize(shown.size, Image.Resampling.BOX)) < CLOSE
    assert difference(joined(pyramid, tiles, 1), upright.resize(pyramid.size(1), Image.Resampling.BOX)) < CLOSE


def test_a_scan_with_something_drawn_over_it_is_shown_with_that(picture: Image.Image) -> None:
    over = b" 1 0 0 rg 0 0 1000 350 re f"
    jpeg = saved(picture, "JPEG", quality=95) + b"\0" * (9 * MIB)  # so large that pdfium is not given it at first
    data = scan_in_pdf(jpeg, picture.size, b"/ColorSpace/DeviceRGB/Filter/DCTDecode", more=over)
    shown = Image.open(io.BytesIO(ocr.inspect(BytesSource(data), Limits()).preview)).convert("RGB")
    upper = picture.resize(shown.size, Image.Resampling.BOX).crop((0, 0, shown.width, shown.height // 2 - 4))
    assert difference(shown.crop((0, 0, *upper.size)), upper) < 2 * CLOSE
    assert difference(shown.crop((0, shown.height // 2 + 4, *shown.size)), Image.new("RGB", (1240, 430), "red")) < CLOSE


def test_a_fax_in_a_pdf_is_black_on_white(picture: Image.Image) -> None:
    size = (6500, 4300)
    fax = Image.new("1", size, 1)
    ImageDraw.Draw(fax).rectangle((0, 0, 3000, 2000), fill=0)
    tiff = saved(fax, "TIFF", compression="group4", tiffinfo={278: size[1]})
    tags = Image.open(io.BytesIO(tiff)).tag_v2  # type: ignore[attr-defined]
    stream = tiff[tags[273][0] : tags[273][0] + tags[279][0]]
    black = b"true" if tags[262] == 1 else b"false"
    form = b"/Filter[/CCITTFaxDecode]/DecodeParms[<</K -1/Columns %d/Rows %d/BlackIs1 %s>>]" % (*size, black)
    data = scan_in_pdf(stream, size, form + b"/ColorSpace/DeviceGray").replace(b"Component 8", b"Component 1")
    pyramid, tiles = cut(data)
    assert (pyramid.width, pyramid.height) == size
    small = joined(pyramid, tiles, 0).convert("L")
    assert small.crop((20, 20, 21, 21)).getextrema()[1] < 40
    assert small.crop((390, 250, 391, 251)).getextrema()[0] > 215


def test_a_drawn_sheet_is_cut_at_300_dpi_without_a_whole_bitmap() -> None:
    a0 = b"[0 0 2384 3370]"
    lines = b" ".join(b"0 %d m 2384 %d l S" % (y, 3370 - y) for y in range(0, 3370, 40)) + b" 1 0 0 rg 0 0 500 500 re f"
    data = scan_in_pdf(b"", (1, 1), b"", more=b" " + lines).replace(b"/I Do", b"").replace(b"[0 0 1000 700]", a0)
    pyramid, tiles = cut(data)
    assert (pyramid.width, pyramid.height) == (9933, 14_042)
    corner = Image.open(io.BytesIO(tiles[Place(pyramid.levels - 1, 0, pyramid.grid(pyramid.levels - 1)[1] - 1)]))
    assert difference(corner.crop((20, 20, 120, 120)), Image.new("RGB", (100, 100), "red")) < 60


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_sheet_cut_short_on_its_way_is_refused(picture: Image.Image, share: float) -> None:
    for kind in ("jpeg", "png", "tiff in strips"):
        data = sources(picture)[kind]()
        with pytest.raises(TruncatedPaper):
            ocr.inspect(BytesSource(data[: int(len(data) * share)]), Limits())
            pytest.fail(kind)


def test_a_sheet_with_noise_for_a_middle_is_refused(a0: bytes) -> None:
    middle = len(a0) // 2
    with pytest.raises(BrokenPaper):
        ocr.inspect(BytesSource(a0[:middle] + os.urandom(4000) + a0[middle + 4000 :]), TIGHT)


def jpeg_header(width: int, height: int) -> bytes:
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes((1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0))
    return (
        b"\xff\xd8\xff\xc0"
        + frame
        + b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
        + b"\0" * 999
        + b"\xff\xd9"
    )


def tiff_header(width: int, height: int) -> bytes:
    tags = (
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 1),
        (278, 4, height), (279, 4, 900),
    )  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return (struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + b"\0" * 4).ljust(1000, b"\0")


@pytest.mark.parametrize("side", [50_000, 65_000])
@pytest.mark.parametrize("make", [jpeg_header, tiff_header])
def test_a_header_that_claims_billions_of_pixels_is_refused(make: Callable[[int, int], bytes], side: int) -> None:
    with pytest.raises(TooManyPixels):
        ocr.inspect(BytesSource(make(side, side)), TIGHT)


@pytest.mark.parametrize("make", [jpeg_header, tiff_header])
def test_a_header_that_claims_an_a0_that_is_not_there_is_refused(make: Callable[[int, int], bytes]) -> None:
    with pytest.raises(OcrError):
        ocr.inspect(BytesSource(make(*A0)), TIGHT)


def test_a_sheet_that_only_decodes_whole_has_a_limit_of_its_own() -> None:
    data = bytearray(flat_png(11_000, 10_000))
    assert WHOLE_PIXELS < 11_000 * 10_000
    interlaced = struct.pack(">IIBBBBB", 11_000, 10_000, 8, 0, 0, 0, 1)
    data[8:33] = chunk(b"IHDR", interlaced)
    with pytest.raises(TooManyPixels):
        ocr.inspect(BytesSource(bytes(data)), Limits())


def test_a_scan_in_a_pdf_that_claims_billions_of_pixels_is_refused() -> None:
    size = (50_000, 50_000)
    with pytest.raises(TooManyPixels):
        ocr.inspect(BytesSource(scan_in_pdf(b"\xff\xd8\xff" + b"\0" * 5000, size, b"/Filter/DCTDecode")), TIGHT)


def test_memory_that_ends_in_the_middle_of_cutting_ends_the_child_alone(a0: bytes) -> None:
    with pytest.raises(ReadingFailed):
        cut(a0, Limits(memory_bytes=MIB))


def test_a_child_killed_in_the_middle_of_cutting_is_told(picture: Image.Image) -> None:
    class Killing(BytesSource):
        def read_at(self, offset: int, length: int) -> bytes:
            if offset > 200_000:
                for child in children():
                    os.kill(child, signal.SIGKILL)
            return super().read_at(offset, length)

    with pytest.raises(ReadingFailed), ocr.cut(Killing(saved(picture, "PNG")), Limits(), 1) as sheet:
        list(sheet.tiles)
    assert not children()


def test_a_page_that_is_not_there_cannot_be_cut(picture: Image.Image) -> None:
    with pytest.raises(OcrError):
        cut(saved(picture, "PNG", compress_level=1), Limits(), page=2)


@pytest.mark.parametrize("size", [(1, 1), (512, 512), (513, 512), (1024, 1025), (7, 5000), (4097, 3)])
def test_every_tile_has_one_number(size: tuple[int, int]) -> None:
    pyramid = Pyramid(*size)
    assert [pyramid.number(place) for place in pyramid.places()] == list(range(pyramid.tiles))
    assert pyramid.size(pyramid.levels - 1) == size
    assert pyramid.grid(0) == (1, 1)


@pytest.mark.parametrize("place", [Place(0, 1, 0), Place(0, 0, 1), Place(-1, 0, 0), Place(2, 0, 0), Place(1, -1, 0)])
def test_a_tile_out_of_range_has_no_number(place: Place) -> None:
    with pytest.raises(ValueError, match="no tile"):
        Pyramid(1000, 900).number(place)


def test_many_scanned_pages_are_looked_over_within_the_memory_of_a_few() -> None:
    pages, weight = 36, 7 * MIB
    numbers = range(3, 3 + 3 * pages, 3)
    content = b"q 100 0 0 100 0 0 cm /I Do Q"
    form = b"/Subtype/Image/Width 2048/Height 3584/ColorSpace/DeviceGray/BitsPerComponent 8"
    out, places = bytearray(b"%PDF-1.7\n"), []

    def add(*pieces: bytes) -> None:
        places.append(len(out))
        for piece in (b"%d 0 obj\n" % len(places), *pieces, b"\nendobj\n"):
            out.extend(piece)

    add(b"<</Type/Catalog/Pages 2 0 R>>")
    add(b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % number for number in numbers)))
    for number in numbers:
        resources = b"/Resources<</XObject<</I %d 0 R>>>>" % (number + 2)
        add(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]%s/Contents %d 0 R>>" % (resources, number + 1))
        add(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        add(b"<</Type/XObject%s/Length %d>>\nstream\n" % (form, weight), bytes(weight), b"\nendstream")
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
    found = ocr.inspect(BytesSource(bytes(out)), Limits(memory_bytes=288 * MIB))
    assert (found.pages, found.sheets, bool(found.preview)) == (pages, (), True)
