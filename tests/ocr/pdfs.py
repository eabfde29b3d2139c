"""PDFs written by hand, object by object, so that tests can say what no writer would let them say."""

from collections.abc import Sequence
from dataclasses import dataclass

HELVETICA = b"/Subtype/Type1/BaseFont/Helvetica"
A4 = b"[0 0 595 842]"


@dataclass(frozen=True)
class Sheet:
    """One page: what is drawn on it, and the pictures by their names in it (`/Do`), each a dictionary and a stream."""

    content: bytes
    pictures: tuple[tuple[bytes, bytes, bytes], ...] = ()
    turned: int = 0
    box: bytes = A4


def lines(texts: Sequence[bytes], *, top: int = 780, left: int = 60, size: int = 12, font: bytes = b"/F1") -> bytes:
    """Text below each other, in the codes of its font."""
    escaped = (text.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)") for text in texts)
    shown = b" ".join(b"(%s) Tj T*" % text for text in escaped)
    return b"BT %s %d Tf %d TL %d %d Td %s ET" % (font, size, size + 4, left, top, shown)


def written(pages: Sequence[Sheet], *, fonts: Sequence[bytes] = (HELVETICA,), more: Sequence[bytes] = ()) -> bytes:
    """`fonts` are the dictionaries of /F1, /F2, …; `more` are objects that stand last, for whoever refers to them."""
    bodies: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    named = []
    for number, font in enumerate(fonts, 1):
        bodies.append(b"<</Type/Font%s>>" % font)
        named.append(b"/F%d %d 0 R" % (number, len(bodies)))
    kids = [_page(bodies, sheet, b"".join(named)) for sheet in pages]
    bodies[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    return assembled([*bodies, *more])


def assembled(bodies: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """Objects from number 1 on, with their cross-reference table (ISO 32000-1, 7.5.4)."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, trailer, start)
    return bytes(out)


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (dictionary, len(data), data)


def _page(bodies: list[bytes], sheet: Sheet, fonts: bytes) -> int:
    """Its number, after everything that it refers to."""
    pictures = []
    for name, dictionary, data in sheet.pictures:
        bodies.append(stream(b"/Type/XObject/Subtype/Image" + dictionary, data))
        pictures.append(b"/%s %d 0 R" % (name, len(bodies)))
    bodies.append(stream(b"", sheet.content))
    resources = b"<</Font<<%s>>/XObject<<%s>>>>" % (fonts, b"".join(pictures))
    place = b"/Parent 2 0 R/MediaBox%s/Rotate %d" % (sheet.box, sheet.turned)
    bodies.append(b"<</Type/Page%s/Contents %d 0 R/Resources%s>>" % (place, len(bodies), resources))
    return len(bodies)
