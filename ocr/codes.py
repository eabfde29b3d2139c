"""Bar codes and QRs on a page."""

from collections.abc import Sequence

import zxingcpp
from PIL import Image

from ocr.reading import Box, Code

# A page that shows no code is looked at again larger, up to so many pixels of it: that finds the small codes of
# photographed cards (measured of 56: 51 as they are, 53 doubled, 54 trebled); on larger pages it only costs time.
_LARGER = ((2, 12_000_000), (3, 1_500_000))
_SMALL = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_MOST_CODES = 50
_MOST_LETTERS = 8000


def find_codes(image: Image.Image, page: int) -> tuple[Code, ...]:
    """Codes of a page as they are, at any turn; one that shows none is looked at again larger, which finds small QRs.

    For nothing else then: all kinds of codes, inverted and smaller again, took as long as recognising the page.
    """
    gray = image.convert("L")
    found = _usable(zxingcpp.read_barcodes(gray))
    larger = gray
    for times in (times for times, most in _LARGER if not found and gray.width * gray.height <= most):
        larger = gray.resize((gray.width * times, gray.height * times), Image.Resampling.BICUBIC)
        found = _usable(zxingcpp.read_barcodes(larger, formats=_SMALL, try_invert=False, try_downscale=False))
    return tuple(_code(code, page, larger.size) for code in found[:_MOST_CODES])


def _usable(found: Sequence[zxingcpp.Barcode]) -> list[zxingcpp.Barcode]:
    return [code for code in found if code.valid and 0 < len(code.text) <= _MOST_LETTERS]


def _code(code: zxingcpp.Barcode, page: int, size: tuple[int, int]) -> Code:
    return Code(str(code.format), code.text.replace("\x00", "\ufffd"), page, _box(code.position, size))


def _box(position: zxingcpp.Position, size: tuple[int, int]) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    xs = [min(max(corner.x / size[0], 0.0), 1.0) for corner in corners]
    ys = [min(max(corner.y / size[1], 0.0), 1.0) for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)
