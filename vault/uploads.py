"""A multipart body (RFC 7578) taken apart as it arrives: its one file as chunks, its other parts as short texts."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from vault.errors import BadUpload, TooLarge

FIELD_MAX = 4096
PARTS_MAX = 20
OVERHEAD_MAX = 64 * 1024
FILE_NAME_MAX = 200


class Incoming(Protocol):
    """A paper on its way in, from a browser or from the demo."""

    @property
    def file_name(self) -> str:
        """What the sender calls the file; empty until its bytes begin."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Text that came along; whole once `chunks()` is used up."""

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, in order, once."""


@dataclass(frozen=True)
class Ready:
    """A paper that is in memory already."""

    file_name: str
    data: bytes = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[bytes]:
        yield self.data


class Upload:
    """The file part named `file` of one multipart body.

    `chunks()` yields the file as it arrives; `fields` holds the text parts, all of them once `chunks()` is used up.
    Raises `BadUpload` (not multipart, no file, two files, cut off …) and `TooLarge`.
    """

    def __init__(self, content_type: str, body: Iterator[bytes], limit: int) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadUpload(reason="not-multipart")
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self._body, self._limit, self._size, self._arrived = body, limit, 0, 0
        self._ready: deque[bytes] = deque()
        self._part, self._parts, self._ended, self._file_begun = _Part(), 0, False, False
        try:
            self._parser = self._make_parser(options[b"boundary"])
        except FormParserError:  # a boundary longer than any that is sent
            raise BadUpload(reason="not-multipart") from None

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file, in order; the whole body has been parsed when this ends."""
        for data in self._body:
            self._arrived += len(data)
            if self._arrived > self._limit + OVERHEAD_MAX:  # also what stands before, between and after the parts
                raise TooLarge(limit=self._limit)
            try:
                self._parser.write(data)
            except FormParserError:
                raise BadUpload(reason="malformed") from None
            while self._ready:
                yield self._ready.popleft()
        if not self._ended:
            raise BadUpload(reason="cut-off")
        if not self._file_begun:
            raise BadUpload(reason="no-file")

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._part.header_name(data[start:end]),
                "on_header_value": lambda data, start, end: self._part.header_value(data[start:end]),
                "on_header_end": lambda: self._part.header_end(),
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise BadUpload(reason="too-many-parts")
        self._part = _Part()

    def _on_headers(self) -> None:
        self._part.read_disposition()
        if self._part.is_file:
            if self._file_begun:
                raise BadUpload(reason="two-files")
            self._file_begun = True
            self.file_name = self._part.file_name

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if not self._part.is_file:
            self._part.add(piece)
            return
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLarge(limit=self._limit)
        self._ready.append(piece)

    def _on_part_end(self) -> None:
        if not self._part.is_file:
            self.fields[self._part.name] = self._part.text()

    def _on_end(self) -> None:
        self._ended = True


class _Part:
    """Headers and, for a text part, the value of the part being parsed."""

    def __init__(self) -> None:
        self.name, self.file_name, self.is_file = "", "", False
        self._header, self._value, self._disposition, self._data = b"", b"", b"", b""

    def header_name(self, data: bytes) -> None:
        self._header += data

    def header_value(self, data: bytes) -> None:
        self._value += data

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def read_disposition(self) -> None:
        _, options = parse_options_header(self._disposition)
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        self.is_file = self.name == "file"
        self.file_name = clean_file_name(options.get(b"filename", b"").decode("utf-8", "replace"))

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > FIELD_MAX:
            raise BadUpload(reason="field-too-long")

    def text(self) -> str:
        return self._data.decode("utf-8", "replace").strip()


def clean_file_name(name: str) -> str:
    """The last path component, without control characters, at most 200 characters; for showing, never for a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-FILE_NAME_MAX:]
