"""Bar codes and QRs on a page."""

import zxingcpp
from PIL import Image

from ocr.reading import Box, Code

_DOUBLED_PIXELS = 12_000_000  # small codes on larger pages are beyond doubling: it would only cost memory
_SMALL = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_MOST_CODES = 50
_MOST_LETTERS = 8000


def find_codes(image: Image.Image, page: int) -> tuple[Code, ...]:
    """Codes of a page; a page that shows none is looked at again at double size, which finds small QRs.

    For nothing else then: all kinds of codes, inverted and smaller again, took as long as recognising the page.
    """
    gray = image.convert("L")
    found = zxingcpp.read_barcodes(gray)
    if not found and gray.width * gray.height <= _DOUBLED_PIXELS:
        gray = gray.resize((gray.width * 2, gray.height * 2), Image.Resampling.BICUBIC)
        found = zxingcpp.read_barcodes(gray, formats=_SMALL, try_invert=False, try_downscale=False)
    size = gray.size
    usable = [code for code in found if code.valid and 0 < len(code.text) <= _MOST_LETTERS]
    return tuple(
        Code(str(code.format), code.text.replace("\x00", "\ufffd"), page, _box(code.position, size))
        for code in usable[:_MOST_CODES]
    )


def _box(position: zxingcpp.Position, size: tuple[int, int]) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    xs = [min(max(corner.x / size[0], 0.0), 1.0) for corner in corners]
    ys = [min(max(corner.y / size[1], 0.0), 1.0) for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)
