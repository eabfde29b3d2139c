"""A searchable copy of a paper: PDF/A-2b (ISO 19005-2), written from front to back, page after page.

Nothing of the paper's own file is understood here: pictures pass through as they come from the child.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ocr import invisible, srgb, xmp
from ocr.invisible import Letters
from ocr.lying import Lie, placed
from ocr.reading import Page
from ocr.xmp import About

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_PLACES = 10  # digits of an offset (ISO 32000-1, 7.5.4)
_DEPTH = 8  # bits of a sample

Number = int


class LengthWrong(Exception):
    """A picture has another length than was announced."""


@dataclass(frozen=True)
class Leaf:
    """The picture of one page: `chunks` are `size` bytes in one of the filters `jpeg`, `deflate` (with PNG's
    predictors) and `fax` (group 4, 0 is white).

    `orientation` says how the picture is stored, in the terms of EXIF, and `lie` where the page is on the upright
    picture, if it is not just that; `points` is the size of the page.
    """

    form: str
    width: int
    height: int
    colours: int  # 1 or 3
    orientation: int
    points: tuple[float, float]
    size: int
    chunks: Iterable[bytes] = field(repr=False)
    lie: Lie | None = None


@dataclass(frozen=True)
class Empty:
    """A page that could not be shown."""

    points: tuple[float, float]


def written(leaves: Iterable[Leaf | Empty], pages: Iterable[Page | None], about: About) -> Iterator[bytes]:
    """The copy, piece by piece: each leaf with the words of its page over it. Raises `LengthWrong`."""
    body, letters, made = _Body(), Letters(), list[Number]()
    yield body.put(_HEADER)
    root, parent, font = body.reserve(), body.reserve(), body.reserve()
    for leaf, page in zip(leaves, pages, strict=True):
        number = body.reserve()
        yield from _page(body, number, parent, font, leaf, page, letters)
        made.append(number)
    yield from _font(body, font, letters)
    kids = " ".join(f"{number} 0 R" for number in made)
    yield body.whole(parent, f"<</Type/Pages/Count {len(made)}/Kids[{kids}]>>")
    yield from _catalogue(body, root, parent, about)
    yield from _end(body, root, about)


def _page(
    body: "_Body", number: Number, parent: Number, font: Number, leaf: Leaf | Empty, page: Page | None, letters: Letters
) -> Iterator[bytes]:
    width, height = leaf.points
    content, resources = b"", f"/Font<</{invisible.NAME} {font} 0 R>>"
    if isinstance(leaf, Leaf):
        picture = body.reserve()
        yield from body.stream(picture, _picture(leaf), leaf.size, leaf.chunks)
        matrix = " ".join(f"{value:.3f}" for value in placed(leaf.orientation, leaf.lie, leaf.points))
        content, resources = f"q {matrix} cm /Picture Do Q\n".encode(), f"{resources}/XObject<</Picture {picture} 0 R>>"
    content += invisible.drawn(page, leaf.points, letters) if page else b""
    text = body.reserve()
    yield body.deflated(text, "", content)
    yield body.whole(
        number,
        f"<</Type/Page/Parent {parent} 0 R/MediaBox[0 0 {width:.3f} {height:.3f}]"
        f"/Resources<<{resources}>>/Contents {text} 0 R>>",
    )


def _picture(leaf: Leaf) -> str:
    """ISO 32000-1, 8.9.5, 7.4.4 and 7.4.6."""
    space = "DeviceGray" if leaf.colours == 1 else "DeviceRGB"
    common = f"/Type/XObject/Subtype/Image/Width {leaf.width}/Height {leaf.height}/ColorSpace/{space}"
    across = f"/Columns {leaf.width}"
    filters = {
        "jpeg": f"/BitsPerComponent {_DEPTH}/Filter/DCTDecode",
        "deflate": f"/BitsPerComponent {_DEPTH}/Filter/FlateDecode"
        f"/DecodeParms<</Predictor 15/Colors {leaf.colours}/BitsPerComponent {_DEPTH}{across}>>",
        "fax": f"/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1{across}/Rows {leaf.height}>>",
    }
    return common + filters[leaf.form]


def _font(body: "_Body", number: Number, letters: Letters) -> Iterator[bytes]:
    """A composite font (ISO 32000-1, 9.7), embedded as ISO 19005-2, 6.2.11.4 has it."""
    inner, about, file, unicode, glyphs = (body.reserve() for _ in range(5))
    name, program = f"/{invisible.NAME}", invisible.font()
    yield body.deflated(file, f"/Length1 {len(program)}", program)
    yield body.deflated(unicode, "", letters.to_unicode())
    yield body.deflated(glyphs, "", letters.glyphs())
    yield body.whole(
        about,
        f"<</Type/FontDescriptor/FontName{name}/Flags 4/FontBBox[0 {invisible.DESCENT} {invisible.ADVANCE} "
        f"{invisible.ASCENT}]/ItalicAngle 0/Ascent {invisible.ASCENT}/Descent {invisible.DESCENT}"
        f"/CapHeight {invisible.ASCENT}/StemV 80/FontFile2 {file} 0 R>>",
    )
    yield body.whole(
        inner,
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont{name}/DW {invisible.ADVANCE}/CIDToGIDMap {glyphs} 0 R"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor {about} 0 R>>",
    )
    yield body.whole(
        number,
        f"<</Type/Font/Subtype/Type0/BaseFont{name}/Encoding/Identity-H/DescendantFonts[{inner} 0 R]"
        f"/ToUnicode {unicode} 0 R>>",
    )


def _catalogue(body: "_Body", root: Number, pages: Number, about: About) -> Iterator[bytes]:
    metadata, colours = body.reserve(), body.reserve()
    packet = xmp.packet(about)
    yield from body.stream(metadata, "/Type/Metadata/Subtype/XML", len(packet), (packet,))
    yield body.deflated(colours, "/N 3", srgb.profile())
    yield body.whole(
        root,
        f"<</Type/Catalog/Pages {pages} 0 R/Metadata {metadata} 0 R/Lang({about.language})"
        "/ViewerPreferences<</DisplayDocTitle true>>/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1"
        f"/OutputConditionIdentifier(sRGB)/Info(sRGB)/DestOutputProfile {colours} 0 R>>]>>",
    )


def _end(body: "_Body", root: Number, about: About) -> Iterator[bytes]:
    """What the old dictionary of information holds says the same as the XMP (ISO 19005-2, 6.6.3)."""
    info = body.reserve()
    told = {"Title": about.title, **about.archive}
    texts = "".join(f"/{name}{_string(text)}" for name, text in told.items() if text)
    made = f"/CreationDate{_date(about.made_at)}/ModDate{_date(about.made_at)}"
    yield body.whole(info, f"<</Producer({xmp.PRODUCER}){made}{texts}>>")
    yield body.table(root, info)


class _Body:
    """Numbers of objects and where they begin."""

    def __init__(self) -> None:
        self._at = 0
        self._starts: list[int] = []
        self._digest = hashlib.sha256()

    def reserve(self) -> Number:
        self._starts.append(0)
        return len(self._starts)

    def put(self, data: bytes) -> bytes:
        self._at += len(data)
        self._digest.update(data)
        return data

    def whole(self, number: Number, text: str) -> bytes:
        return self.put(self._begin(number) + text.encode() + b"\nendobj\n")

    def deflated(self, number: Number, entries: str, data: bytes) -> bytes:
        packed = zlib.compress(data, 9)
        return b"".join(self.stream(number, f"{entries}/Filter/FlateDecode", len(packed), (packed,)))

    def stream(self, number: Number, entries: str, size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """ISO 32000-1, 7.3.8, as strict as ISO 19005-2, 6.1.7. Raises `LengthWrong`."""
        yield self.put(self._begin(number) + f"<<{entries}/Length {size}>>\nstream\n".encode())
        for chunk in chunks:
            size -= len(chunk)
            yield self.put(chunk)
        if size:
            raise LengthWrong
        yield self.put(b"\nendstream\nendobj\n")

    def table(self, root: Number, info: Number) -> bytes:
        """The end of the file. Its id, of twice 16 bytes, is a hash of all before it."""
        start, count, name = self._at, len(self._starts) + 1, self._digest.digest()[:16].hex()
        entries = "".join(f"{at:0{_PLACES}d} 00000 n \n" for at in self._starts)
        return self.put(
            f"xref\n0 {count}\n{0:0{_PLACES}d} 65535 f \n{entries}trailer\n<</Size {count}/Root {root} 0 R"
            f"/Info {info} 0 R/ID[<{name}><{name}>]>>\nstartxref\n{start}\n%%EOF\n".encode()
        )

    def _begin(self, number: Number) -> bytes:
        self._starts[number - 1] = self._at
        return f"{number} 0 obj\n".encode()


def _string(text: str) -> str:
    """UTF-16 in hexadecimal digits (ISO 32000-1, 7.9.2.2)."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


def _date(at: datetime) -> str:
    return f"(D:{at.astimezone(UTC):%Y%m%d%H%M%S}Z)"
