"""The two pictures that are shown of every page."""

import io

from PIL import Image

from ocr.limits import PREVIEW_BYTES, PREVIEW_WIDTH, THUMBNAIL_WIDTH


def previews(image: Image.Image) -> tuple[bytes, bytes]:
    """Preview and thumbnail as WebP, of a page in RGB or gray; empty where one would weigh too much."""
    preview = _fitted(image, PREVIEW_WIDTH)
    return _webp(preview), _webp(_fitted(preview, THUMBNAIL_WIDTH))


def turned(preview: bytes, thumbnail: bytes) -> tuple[bytes, bytes]:
    """The same pictures turned by 180 degrees."""
    return _around(preview), _around(thumbnail)


def _around(picture: bytes) -> bytes:
    if not picture:
        return picture
    with Image.open(io.BytesIO(picture)) as image:
        return _webp(image.transpose(Image.Transpose.ROTATE_180))


def _fitted(image: Image.Image, width: int) -> Image.Image:
    """At most `width` wide and twice as high."""
    small = image.copy()
    small.thumbnail((width, width * 2))
    return small


def _webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=72, method=2)
    return out.getvalue() if out.tell() <= PREVIEW_BYTES else b""
