"""A store is copied into another whole, also when it is broken off, changed meanwhile, or the copy is damaged."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from storage.blobs import Blobs
from storage.copying import BLOCK, Outcome, copy
from storage.errors import StoreUnavailable
from storage.files import FileBlobs

CONTENT = {
    "versions/1/original": os.urandom(2 * BLOCK + 5),
    "versions/1/page-1": b"sealed preview",
    "versions/2/original": b"",
}


@pytest.fixture
def source(tmp_path: Path) -> FileBlobs:
    source = FileBlobs(tmp_path / "source")
    for name, content in CONTENT.items():
        source.put(name, [content])
    return source


def moved_all(source: Blobs, target: Blobs) -> dict[str, str]:
    """Name → outcome; what was told of the way adds up to every byte of the source."""
    told: list[int] = []
    blobs = list(source.list())
    found = {result.blob.name: str(result.outcome) for result in copy(source, target, blobs, told.append)}
    assert sum(told) == sum(map(len, CONTENT.values()))
    return found


def held(store: Blobs) -> dict[str, bytes]:
    return {blob.name: store.read(blob.name, 0, blob.size) for blob in store.list()}


def test_all_is_copied_and_the_second_time_nothing(source: FileBlobs, blobs: Blobs) -> None:
    assert set(moved_all(source, blobs).values()) == {Outcome.copied}
    assert held(blobs) == CONTENT
    assert set(moved_all(source, blobs).values()) == {Outcome.same}


def test_a_store_is_copied_back(source: FileBlobs, blobs: Blobs, tmp_path: Path) -> None:
    moved_all(source, blobs)
    back = FileBlobs(tmp_path / "back")
    assert set(moved_all(blobs, back).values()) == {Outcome.copied}
    assert held(back) == CONTENT


@pytest.mark.parametrize("at", [0, BLOCK + 1, 2 * BLOCK + 4])
def test_a_copy_with_a_flipped_byte_is_found_and_mended(source: FileBlobs, blobs: Blobs, at: int) -> None:
    moved_all(source, blobs)
    name = "versions/1/original"
    damaged = bytearray(CONTENT[name])
    damaged[at] ^= 1
    blobs.put(name, [bytes(damaged)])
    blobs.put("versions/1/page-1", [b"short"])
    assert moved_all(source, blobs) == {
        name: Outcome.mended,
        "versions/1/page-1": Outcome.mended,
        "versions/2/original": Outcome.same,
    }
    assert held(blobs) == CONTENT


def test_what_the_target_holds_besides_stays(source: FileBlobs, blobs: Blobs) -> None:
    blobs.put("versions/9/original", [b"put in there"])
    moved_all(source, blobs)
    assert held(blobs) == CONTENT | {"versions/9/original": b"put in there"}


def test_a_copy_that_breaks_off_goes_on_where_it_stopped(source: FileBlobs, tmp_path: Path) -> None:
    class Leaving(FileBlobs):
        """Away after the first blob."""

        def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
            if list(self.list()):
                raise StoreUnavailable("away")
            return super().put(name, chunks, if_absent=if_absent)

    with pytest.raises(StoreUnavailable):
        list(copy(source, Leaving(tmp_path / "target"), list(source.list()), lambda _: None))
    outcomes = sorted(moved_all(source, FileBlobs(tmp_path / "target")).values())
    assert outcomes == [Outcome.copied, Outcome.copied, Outcome.same]


def test_a_target_that_keeps_other_bytes_is_told_apart(source: FileBlobs, tmp_path: Path) -> None:
    class Lying(FileBlobs):
        """Takes everything and keeps one byte differently."""

        def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
            return super().put(name, [b"x", *list(chunks)[1:]], if_absent=if_absent)

    found = moved_all(source, Lying(tmp_path / "target"))
    assert set(found.values()) == {Outcome.broken}


def test_a_paper_that_is_destroyed_or_read_anew_meanwhile_is_no_fault(source: FileBlobs, blobs: Blobs) -> None:
    listed = sorted(source.list(), key=lambda blob: blob.name)
    copying = copy(source, blobs, listed, lambda _: None)
    assert next(copying).outcome == Outcome.copied
    source.put("versions/1/page-1", [b"another preview"])
    source.delete("versions/2/original")
    assert [result.outcome for result in copying] == [Outcome.copied, Outcome.gone]
    assert held(blobs) == held(source)


def test_a_preview_that_is_replaced_while_it_is_copied_is_copied_again(tmp_path: Path) -> None:
    source, target = FileBlobs(tmp_path / "source"), FileBlobs(tmp_path / "target")
    source.put("versions/1/page-1", [b"a" * (BLOCK + 9)])
    replaced = False

    def replace(_size: int) -> None:
        nonlocal replaced
        if not replaced:
            replaced = True
            source.put("versions/1/page-1", [b"b" * (BLOCK + 9)])

    (result,) = copy(source, target, list(source.list()), replace)
    assert result.outcome == Outcome.copied
    assert held(target) == held(source)
