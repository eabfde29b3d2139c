"""The ZIP that is written: as long as announced, from any place, and readable by everybody's tools."""

import io
import itertools
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.export import zipform
from vault.export.layout import Layout
from vault.export.zipform import FULL_32, Entry

AT = datetime(2026, 11, 25, 2, 30, 31, tzinfo=UTC)
GIB = 1024**3


def entries(*contents: bytes) -> list[Entry]:
    return [Entry(f"tệp/{n}.txt", len(data), zlib.crc32(data), AT) for n, data in enumerate(contents)]


def written(contents: Sequence[bytes], start: int = 0, length: int | None = None) -> bytes:
    layout = Layout(entries(*contents))

    def content(number: int, offset: int, size: int) -> Iterator[bytes]:
        data = contents[number][offset : offset + size]
        assert len(data) == size
        yield data

    return b"".join(layout.stream(start, layout.size if length is None else length, content))


@given(st.lists(st.binary(max_size=200), max_size=6), st.data())
def test_any_range_is_that_part_of_the_whole(contents: list[bytes], data: st.DataObject) -> None:
    whole = written(contents)
    assert len(whole) == Layout(entries(*contents)).size
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole)))
    assert written(contents, start, length) == whole[start : start + length]


def test_python_reads_every_entry_with_its_name_and_time() -> None:
    contents = [b"", b"one", bytes(range(256)) * 300]
    with ZipFile(io.BytesIO(written(contents))) as archive:
        assert archive.testzip() is None
        for number, (info, data) in enumerate(zip(archive.infolist(), contents, strict=True)):
            assert info.filename == f"tệp/{number}.txt"
            assert archive.read(info) == data
            assert info.compress_type == ZIP_STORED
            assert info.date_time == (2026, 11, 25, 9, 30, 30), "in Viet Nam, to two seconds"


def test_a_range_reads_no_entry_that_it_does_not_touch() -> None:
    layout = Layout([Entry(f"{n}.pdf", 10 * GIB, 0, AT) for n in range(3)])
    asked: list[tuple[int, int, int]] = []

    def content(number: int, offset: int, size: int) -> Iterator[bytes]:
        asked.append((number, offset, size))
        yield bytes(size)

    assert len(b"".join(layout.stream(15 * GIB, 1000, content))) == 1000
    assert [(number, size) for number, _, size in asked] == [(1, 1000)]


@pytest.mark.parametrize("size", [FULL_32 - 1, FULL_32, 10 * GIB])
def test_python_finds_entries_beyond_four_gibibytes(size: int) -> None:
    """Only headers and the directory are made: the content would take too long. A sparse file stands in for it."""
    layout = Layout([Entry("to.pdf", size, 0, AT), Entry("nho.txt", 3, zlib.crc32(b"abc"), AT)])
    with ZipFile(_Sparse(layout, size)) as archive:  # type: ignore[arg-type]
        big, small = archive.infolist()
        assert big.file_size == size
        assert archive.read(small) == b"abc"
        assert archive.open(big).read(10) == bytes(10)


def test_python_finds_more_entries_than_sixteen_bits_count() -> None:
    layout = Layout([Entry(f"{n}", 0, 0, AT) for n in range(70_000)])
    whole = b"".join(layout.stream(0, layout.size, lambda *_: ()))
    with ZipFile(io.BytesIO(whole)) as archive:
        assert len(archive.infolist()) == 70_000


def test_times_that_a_zip_cannot_hold_are_the_nearest_that_it_can() -> None:
    years = [zipform.dos_moment(datetime(year, 6, 1, tzinfo=UTC))[1] >> 9 for year in (1900, 1980, 2107, 2200)]
    assert years == [0, 0, 127, 127]


class _Sparse(io.RawIOBase):
    """The ZIP of a layout whose first entry is all zeros, made where it is read."""

    def __init__(self, layout: Layout, size: int) -> None:
        self._layout, self._big, self._at = layout, size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = (0, self._at, self._layout.size)[whence] + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        length = self._layout.size - self._at if size < 0 else size
        data = b"".join(itertools.islice(self._layout.stream(self._at, length, self._content), None))
        self._at += len(data)
        return data

    def _content(self, number: int, offset: int, size: int) -> Iterator[bytes]:
        yield bytes(size) if number == 0 else b"abc"[offset : offset + size]
