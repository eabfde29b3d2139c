"""Bombs, cut files, locked files, noise: always one typed error or a result, and nothing is left behind."""

import os
import struct
import zlib
from pathlib import Path

import pytest

import ocr
from ocr import BytesSource, Limits
from ocr.errors import (
    BrokenPaper,
    EmptyPaper,
    PasswordProtected,
    ReadingFailed,
    TooManyBytes,
    TooManyPages,
    TooManyPixels,
    TruncatedPaper,
    UnsupportedType,
)
from ocr.scratch import ROOT
from tests.ocr.sheets import born_digital, saved


def _inspect(data: bytes, limits: Limits | None = None) -> ocr.Inspection:
    return ocr.inspect(BytesSource(data), limits or Limits())


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def test_every_type_that_is_taken_is_inspected(samples: dict[str, bytes]) -> None:
    for media_type, data in samples.items():
        pages = 2 if media_type == "image/tiff" else 1
        assert _inspect(data) == ocr.Inspection(media_type, pages)


def test_empty_file() -> None:
    with pytest.raises(EmptyPaper):
        _inspect(b"")


@pytest.mark.parametrize("data", [b"hello", b"\0" * 5000, b"PK\x03\x04" + b"\0" * 99, b"<svg/>", b"GIF89a" + b"\0" * 9])
def test_file_of_another_type(data: bytes) -> None:
    with pytest.raises(UnsupportedType):
        _inspect(data)


def test_image_that_claims_fifty_thousand_pixels_a_side() -> None:
    with pytest.raises(TooManyPixels):
        _inspect(_png_header(50_000, 50_000))


def test_pdf_with_more_pages_than_are_taken() -> None:
    with pytest.raises(TooManyPages):
        _inspect(born_digital(["many"], pages=12), Limits(pages=10))


def test_pdf_that_claims_a_billion_pages() -> None:
    assert _inspect(born_digital(["many"]).replace(b"/Count 1", b"/Count 999999999")).pages == 1


def _tiff(pages: int) -> bytes:
    """Each page is a directory (TIFF 6.0, section 2) for the same eight bytes."""
    values = (256, 4, 8), (257, 4, 8), (258, 3, 1), (259, 3, 1), (262, 3, 0), (273, 4, 8), (278, 4, 8), (279, 4, 8)
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in values)
    step = 2 + len(entries) + 4
    following = (*(16 + step * number for number in range(1, pages)), 0)
    directories = (struct.pack("<H", len(values)) + entries + struct.pack("<I", place) for place in following)
    return struct.pack("<2sHI8x", b"II", 42, 16) + b"".join(directories)


def test_tiff_with_pages_without_number() -> None:
    """Counting them all would take the square of their number, and with it all the time of the inspection."""
    assert _inspect(_tiff(10), Limits(pages=10)).pages == 10
    with pytest.raises(TooManyPages):
        _inspect(_tiff(11), Limits(pages=10))
    with pytest.raises(TooManyPages):
        _inspect(_tiff(50_000), Limits(cpu_s=5))


def test_page_longer_than_any_sheet_gets_no_tiles() -> None:
    narrow = born_digital(["a line"]).replace(b"[0 0 595 842]", b"[0 0 7777777 20]")
    assert _inspect(narrow).sheets == ()


def test_file_larger_than_what_is_read() -> None:
    with pytest.raises(TooManyBytes):
        _inspect(b"%PDF-1.7" + b"\0" * 100, Limits(file_size=50))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_file_cut_short_on_its_way(samples: dict[str, bytes], share: float) -> None:
    for media_type, data in samples.items():
        with pytest.raises(TruncatedPaper):
            _inspect(data[: int(len(data) * share)])
            pytest.fail(media_type)


def test_pdf_with_its_middle_overwritten() -> None:
    with pytest.raises(BrokenPaper):
        _inspect(b"%PDF-1.7\n" + b"x" * 3000 + b"\nstartxref\n9\n%%EOF\n")


def test_jpeg_with_noise_for_a_middle(samples: dict[str, bytes]) -> None:
    data = samples["image/jpeg"]
    with pytest.raises(BrokenPaper):
        _inspect(data[:20] + b"\x00" * (len(data) - 22) + data[-2:])


def test_pdf_locked_by_a_password() -> None:
    plain = born_digital(["secret"])
    owner, user, file_id = "28" * 32, "00" * 32, "ab" * 16
    rules = f"/Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{owner}> /U <{user}>"
    locked = f"/Encrypt << {rules} >> /ID [<{file_id}><{file_id}>] /Root"
    with pytest.raises(PasswordProtected):
        _inspect(plain.replace(b"/Root", locked.encode()))


def test_memory_limit_ends_the_child_alone() -> None:
    from PIL import Image

    a4 = saved(Image.new("RGB", (2480, 3508), "white"), "PNG")  # 25 MiB of pixels
    with pytest.raises(ReadingFailed):
        ocr.read(BytesSource(a4), Limits(memory_bytes=16 * 1024 * 1024), on_page=lambda _: None)
    assert not _left_behind()


def test_picture_of_every_odd_mode_becomes_a_page(birth_page: object) -> None:
    from PIL import Image

    for mode in ("1", "L", "P", "RGBA", "CMYK", "I;16"):
        image = Image.new(mode, (60, 40))
        assert _inspect(saved(image, "TIFF")).pages == 1


def _left_behind() -> list[Path]:
    return list(ROOT.glob(f"docvault-{os.getpid()}-*"))
