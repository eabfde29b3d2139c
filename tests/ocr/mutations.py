"""Small valid papers of every type, and what noise, bad lines and people with time make of them; all repeatable."""

import random
import re
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw

from tests.ocr.pdfs import Sheet, lines, stream, written
from tests.ocr.sheets import saved

SIZE = (72, 56)
PNG = b"\x89PNG\r\n\x1a\n"
SMALL = b"[0 0 200 200]"  # a page of a PDF, in points
EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\x01")
WORDS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\x80\x00\x00\x00", b"\x00\x01\x00\x00")
NUMBERS = (b"0", b"-1", b"1", b"65535", b"2147483647", b"4294967296", b"99999999999999999999", b"0.0000001", b"1 0 R")
NAMES = (
    b"/Kids", b"/Parent", b"/Length", b"/Filter/FlateDecode", b"/Filter[/ASCIIHexDecode/LZWDecode]", b"/Type/Pages",
    b"/Type/ObjStm", b"/Predictor 15", b"/Rotate 91", b"/SMask 1 0 R", b"/Contents[4 0 R 4 0 R]", b"/Encrypt 1 0 R",
    b"<<", b">>", b"[", b"]", b"(", b"stream", b"endobj", b"/MediaBox[0 0 0 0]", b"/MediaBox[0 0 1e9 1e9]", b"/Prev 0",
)  # fmt: skip


def picture(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    pen.line((4, 4, 60, 50), fill=(200, 20, 20), width=3)
    pen.text((8, 20), "Giay", fill="black")
    return image.convert(mode)


def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """Media type → a few papers, each written another way."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb, gray = picture(), picture("L")
    more = {"save_all": True, "append_images": [rgb]}
    return {
        "image/jpeg": (
            saved(rgb, "JPEG", exif=exif), saved(rgb, "JPEG", progressive=True), saved(picture("CMYK"), "JPEG"),
        ),
        "image/png": (saved(rgb, "PNG"), saved(picture("P"), "PNG"), saved(picture("RGBA"), "PNG"), saved(gray, "PNG")),
        "image/webp": (saved(rgb, "WEBP"), saved(rgb, "WEBP", lossless=True), saved(picture("RGBA"), "WEBP")),
        "image/tiff": (
            saved(rgb, "TIFF", compression="tiff_lzw", **more), saved(picture("1"), "TIFF", compression="group4"),
            saved(rgb, "TIFF", compression="jpeg"), saved(gray, "TIFF"),
            saved(gray, "TIFF", compression="tiff_deflate"),
        ),
        "image/heic": (saved(rgb, "HEIF"), saved(picture("RGBA"), "HEIF")),
        "application/pdf": (_plain_pdf(), _scanned_pdf(), compressed_pdf()),
    }  # fmt: skip


def mutated(data: bytes, others: tuple[bytes, ...], chance: random.Random) -> bytes:
    """One to a few changes of one kind or of several; the first signs stay, by which its type is told."""
    spoilt = bytearray(data)
    changes = [*_CHANGES, *([_token] * 4 if data.startswith(b"%PDF") else [])]
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        chance.choice(changes)(spoilt, others, chance)
    if data.startswith(PNG) and chance.random() < 0.6:
        spoilt = bytearray(_summed(bytes(spoilt)))
    return data[:12] + bytes(spoilt[12:]) if len(spoilt) > 12 else data[:13]


def _summed(png: bytes) -> bytes:
    """With the check sums that its chunks ought to have: else a PNG is given up before anything looks at it."""
    out, at = PNG, len(PNG)
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        out += png[at:end] + struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return out + png[at:]


_Change = Callable[[bytearray, tuple[bytes, ...], random.Random], None]


def _place(data: bytearray, chance: random.Random) -> int:
    """Headers and ends are worth more than the middle."""
    if chance.random() < 0.4:
        return chance.randrange(min(len(data), 200))
    return (
        len(data) - 1 - chance.randrange(min(len(data), 200)) if chance.random() < 0.2 else chance.randrange(len(data))
    )


def _flip(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _extreme(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    at, value = _place(data, chance), chance.choice(EXTREMES + WORDS)
    data[at : at + len(value)] = value


def _remove(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    at = _place(data, chance)
    if len(data) > 64:
        del data[at : at + chance.choice([1, 2, 4, 32])]


def _repeat(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    at, length = _place(data, chance), chance.choice([1, 4, 40, 400])
    data[at:at] = data[at : at + length] * chance.choice([1, 2, 30])


def _end(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    del data[max(16, _place(data, chance)) :]


def _splice(data: bytearray, others: tuple[bytes, ...], chance: random.Random) -> None:
    other = chance.choice(others)
    at, start = _place(data, chance), chance.randrange(len(other))
    piece = other[start : start + chance.choice([4, 40, 400])]
    data[at : at + len(piece)] = piece


def _token(data: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    """In a PDF another number where one stands, or a word where a name does."""
    pattern, given = ((rb"\d+", NUMBERS), (rb"/[A-Za-z]+|<<|>>|endobj", NAMES))[chance.random() < 0.5]
    found = list(re.finditer(pattern, data))
    if found:
        one = chance.choice(found)
        data[one.start() : one.end()] = chance.choice(given)


_CHANGES: tuple[_Change, ...] = (_flip, _flip, _extreme, _extreme, _remove, _repeat, _end, _splice)


def _plain_pdf() -> bytes:
    texts = [lines([b"Giay chung nhan so %d cua mot nguoi" % n], top=150, left=5) for n in range(2)]
    return written([Sheet(text, turned=90 * n, box=SMALL) for n, text in enumerate(texts)])


def _scanned_pdf() -> bytes:
    entries = b"/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8" % SIZE
    jpeg, pixels = saved(picture(), "JPEG"), zlib.compress(picture().tobytes())
    pictures = ((b"I0", entries + b"/Filter/DCTDecode", jpeg), (b"I1", entries + b"/Filter/FlateDecode", pixels))
    return written([Sheet(b"q 200 0 0 90 0 0 cm /I0 Do Q q 200 0 0 90 0 110 cm /I1 Do Q", pictures, box=SMALL)])


def compressed_pdf(*, extends: bytes = b"") -> bytes:
    """Objects in an object stream, and a cross-reference stream (ISO 32000-1, 7.5.7 and 7.5.8)."""
    inside = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 6 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    places = [sum(len(body) + 1 for body in inside[:at]) for at in range(len(inside))]
    head = b" ".join(b"%d %d" % (at + 1, place) for at, place in enumerate(places)) + b" "
    packed = zlib.compress(head + b" ".join(inside))
    kept = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(inside), len(head))
    content = stream(b"", lines([b"Giay phep lai xe so 790123456789"], top=150, left=5))
    out, at = bytearray(b"%PDF-1.7\n"), {}
    for number, body in ((5, stream(kept + extends, packed)), (6, content)):
        at[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at[7] = len(out)
    rows = [(0, 0, 0), *((2, 5, index) for index in range(4)), *((1, at[number], 0) for number in (5, 6, 7))]
    table = zlib.compress(b"".join(struct.pack(">BIB", *row) for row in rows))
    entries = b"/Type/XRef/Size 8/W[1 4 1]/Root 1 0 R/Filter/FlateDecode"
    out += b"7 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(entries, table), at[7])
    return bytes(out)
