"""Papers of any size, made piece by piece, so that nobody has to hold them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = 256 * 1024
WIDTH = 4096
ROWS = 4096
"""Pixels of the largest image on a page, one byte each: 16 MiB."""
HEADER = b"%PDF-1.7\n"


def noise(seed: int = 2) -> bytes:
    """A page's worth that does not get smaller by compressing; the same each time."""
    return random.Random(seed).randbytes(WIDTH * ROWS)  # noqa: S311 - to be the same each time, not to be secret


@dataclass(frozen=True)
class BigPaper:
    """A PDF of at least `size` bytes, one gray picture to a page, made piece by piece from the same noise."""

    size: int
    noise: bytes

    @property
    def length(self) -> int:
        """Bytes of the whole file."""
        return sum(map(len, self.pieces()))

    def write(self, path: Path) -> Path:
        """The file, on the disk."""
        with path.open("wb") as file:
            file.writelines(self.pieces())
        return path

    def pieces(self) -> Iterator[bytes]:
        """The file, in order."""
        yield HEADER
        at, places = len(HEADER), []
        for number, body in enumerate(self._objects(list(self._rows())), start=1):
            places.append(at)
            for piece in (b"%d 0 obj\n" % number, *body, b"\nendobj\n"):
                at += len(piece)
                yield piece
        yield _tail(places, at)

    def _rows(self) -> Iterator[int]:
        """Heights of the pictures."""
        rows = -(-self.size // WIDTH)
        while rows > 0:
            yield min(rows, ROWS)
            rows -= ROWS

    def _objects(self, pages: list[int]) -> Iterator[Iterator[bytes]]:
        """Catalog, page tree, then page, content and picture of each page."""
        kids = b" ".join(b"%d 0 R" % (3 + 3 * index) for index in range(len(pages)))
        yield iter((b"<</Type/Catalog/Pages 2 0 R>>",))
        yield iter((b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),))
        draw = b"595 0 0 842 0 0 cm /I Do"
        for index, rows in enumerate(pages):
            content, picture = 4 + 3 * index, 5 + 3 * index
            resources = b"/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R" % (picture, content)
            yield iter((b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s>>" % resources,))
            yield iter((b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),))
            yield self._picture(rows)

    def _picture(self, rows: int) -> Iterator[bytes]:
        form = b"/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (WIDTH, rows)
        yield b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n" % (form, WIDTH * rows)
        for start in range(0, WIDTH * rows, PIECE):
            yield self.noise[start : min(start + PIECE, WIDTH * rows)]
        yield b"\nendstream"


@dataclass(frozen=True)
class Drawing(BigPaper):
    """A PDF of one page with a drawing attached (ISO 32000-1, 7.11.4), which is looked over without being read."""

    def _objects(self, pages: list[int]) -> Iterator[Iterator[bytes]]:
        yield iter((b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.dwg) 5 0 R]>>>>>>",))
        yield iter((b"<</Type/Pages/Count 1/Kids[3 0 R]>>",))
        yield iter((b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",))
        yield iter((b"<</Length 0>>stream\n\nendstream",))
        yield iter((b"<</Type/Filespec/F(a.dwg)/EF<</F 6 0 R>>>>",))
        yield self._attachment(sum(pages) * WIDTH)

    def _attachment(self, size: int) -> Iterator[bytes]:
        yield b"<</Type/EmbeddedFile/Length %d>>stream\n" % size
        for at in range(0, size, PIECE):
            start = at % len(self.noise)
            yield self.noise[start : start + min(PIECE, size - at)]
        yield b"\nendstream"


def _tail(places: list[int], at: int) -> bytes:
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    return head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, at)
