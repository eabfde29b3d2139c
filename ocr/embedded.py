"""A scanned sheet in a PDF: a page that is nothing but one picture, decoded from where it lies in the file.

pdfium would hold the whole picture in memory, twice. What the stream's dictionary says decides whether its bytes can be
taken as a picture file: JPEG as it is, fax (CCITT) behind a TIFF header, deflated pixels as a PNG.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_DICTIONARY_BYTES = 4096  # most that the dictionary of a plain picture takes
_PIECE = 1 << 20
_BUFFER_BYTES = 256 * 1024
_REFUSED = re.compile(r"/Decode ?\[(?! ?(0 1 ?)+\])|/ImageMask true|/S?Mask |/Indexed|/F ")
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Embedded:
    """A picture file that stands for a page: its type and its bytes, and where these lie in the PDF just so."""

    media_type: str
    file: BinaryIO
    place: tuple[int, int] | None = None


class Part(io.RawIOBase):
    """Some bytes of another file, as a file, after a header that stands before them."""

    def __init__(self, file: BinaryIO, offset: int, length: int, head: bytes = b"") -> None:
        self._file, self._offset, self._head, self._size, self._at = file, offset, head, len(head) + length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._head[self._at : self._at + len(view)]
        if not data and self._at < self._size:
            self._file.seek(self._offset + self._at - len(self._head))
            data = self._file.read(min(len(view), self._size - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class Made(io.RawIOBase):
    """A file that is made while it is read from front to back; going back starts it anew."""

    def __init__(self, make: "Pieces") -> None:
        self._make, self._at = make, 0
        self._pieces, self._rest = make.pieces(), b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence, -1) + offset
        if whence not in (io.SEEK_SET, io.SEEK_CUR) or target < 0:
            raise OSError("its end is not known")
        if target < self._at:
            self._at, self._pieces, self._rest = 0, self._make.pieces(), b""
        while self._at < target and self.read(min(_PIECE, target - self._at)):
            pass
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        data, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True)
class Pieces:
    """A PNG (ISO/IEC 15948) around deflated rows that each begin with their filter's number, as PNG wants them."""

    file: BinaryIO
    offset: int
    length: int
    header: bytes

    def pieces(self) -> Iterator[bytes]:
        yield _PNG + _chunk(b"IHDR", self.header)
        for at in range(0, self.length, _PIECE):
            self.file.seek(self.offset + at)
            yield _chunk(b"IDAT", self.file.read(min(_PIECE, self.length - at)))
        yield _chunk(b"IEND", b"")


def embedded(file: BinaryIO, offset: int, length: int, size: tuple[int, int]) -> Embedded | None:
    """The picture whose stream lies there; None where only a whole renderer can tell how it looks."""
    text = _dictionary(file, offset)
    if text is None or _REFUSED.search(text):
        return None
    if (_number(text, "Width"), _number(text, "Height")) != size:
        return None
    if _filter(text) == "DCTDecode":
        return Embedded("image/jpeg", _buffered(Part(file, offset, length)), (offset, length))
    if _filter(text) == "CCITTFaxDecode":
        return _fax(file, offset, length, size, text)
    if _filter(text) == "FlateDecode":
        return _deflated(file, offset, length, size, text)
    return None


def _dictionary(file: BinaryIO, offset: int) -> str | None:
    """The text of the dictionary that stands before a stream (ISO 32000-1, 7.3.8), its white space made plain."""
    start = max(0, offset - _DICTIONARY_BYTES)
    file.seek(start)
    before = file.read(offset - start)
    found = re.search(rb"\d\s+\d+\s+obj\s*(<<(?:(?!\d\s+obj\b).)*>>)\s*stream\r?\n\Z", before, re.DOTALL)
    if found is None:
        return None
    return re.sub(r"\s+", " ", found[1].decode("latin-1").replace("/", " /"))


def _filter(text: str) -> str:
    """The one filter of the stream; empty for several."""
    found = re.search(r"/Filter ?(?:/(\w+)|\[ ?/(\w+) ?\])", text)
    return (found[1] or found[2]) if found else ""


def _number(text: str, name: str, default: int = 0) -> int:
    found = re.search(rf"/{name} (-?\d+)(?! \d+ R)", text)
    return int(found[1]) if found else default


def _fax(file: BinaryIO, offset: int, length: int, size: tuple[int, int], text: str) -> Embedded | None:
    """A TIFF of one strip (TIFF 6.0, section 11) whose data is the stream."""
    if _number(text, "Columns", 1728) != size[0] or "/EncodedByteAlign true" in text or length >= 1 << 32:
        return None
    k = _number(text, "K")
    black_is_zero = "/BlackIs1 true" not in text
    fax = ((259, 4, 4),) if k < 0 else ((259, 4, 3), (292, 4, 1 if k > 0 else 0))
    entries = sorted(
        (
            (256, 4, size[0]), (257, 4, size[1]), (258, 3, 1), *fax, (262, 3, 0 if black_is_zero else 1), (277, 3, 1),
            (278, 4, size[1]), (279, 4, length),
        )
    )  # fmt: skip
    head_bytes = 8 + 2 + 12 * (len(entries) + 1) + 4
    entries = sorted([*entries, (273, 4, head_bytes)])
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + body + struct.pack("<I", 0)
    return Embedded("image/tiff", _buffered(Part(file, offset, length, head)))


def _deflated(file: BinaryIO, offset: int, length: int, size: tuple[int, int], text: str) -> Embedded | None:
    """PDF's PNG predictors (ISO 32000-1, 7.4.4.4) are PNG's own rows; other deflated pixels are pdfium's."""
    colour = {"DeviceGray": (0, 1), "DeviceRGB": (2, 3)}.get(_name(text, "ColorSpace"))
    bits = _number(text, "BitsPerComponent", 8)
    if colour is None or bits not in (1, 8) or _number(text, "Predictor", 1) < 10:
        return None
    as_told = (_number(text, "Colors", 1), _number(text, "Columns", 1)) == (colour[1], size[0])
    if not as_told or (bits == 1 and colour[1] != 1):
        return None
    header = struct.pack(">IIBBBBB", *size, bits, colour[0], 0, 0, 0)
    return Embedded("image/png", _buffered(Made(Pieces(file, offset, length, header))))


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(raw, _BUFFER_BYTES)


def _name(text: str, key: str) -> str:
    found = re.search(rf"/{key} /(\w+)", text)
    return found[1] if found else ""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
