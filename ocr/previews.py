"""The two pictures that are shown of every page."""

import io

from PIL import Image

from ocr.limits import PREVIEW_BYTES, PREVIEW_WIDTH, THUMBNAIL_WIDTH


def previews(image: Image.Image) -> tuple[bytes, bytes]:
    """Preview and thumbnail as WebP, of a page in RGB or gray; empty where one would weigh too much."""
    return _webp(image, PREVIEW_WIDTH), _webp(image, THUMBNAIL_WIDTH)


def _webp(image: Image.Image, width: int) -> bytes:
    """At most `width` wide and twice as high."""
    small = image.copy()
    small.thumbnail((width, width * 2))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=72, method=2)
    return out.getvalue() if out.tell() <= PREVIEW_BYTES else b""
