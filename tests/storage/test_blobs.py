"""What every store of blobs must do. Nothing here knows which store it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.blobs import Blobs, check_name
from storage.errors import BlobExists, BlobMissing, StoreUnavailable

NOT_NAMES = [
    "", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", ".hidden", "a/.hidden", "-rf",
    "A", "é", "a b", "a\n", "a\x00", "a\\b", "a,b", "~", "x" * 201,
]  # fmt: skip


class UploadLost(Exception):
    """The connection of whoever uploads breaks."""


def cut_off(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks
    raise UploadLost


def names(blobs: Blobs, prefix: str = "") -> list[str]:
    return sorted(info.name for info in blobs.list(prefix))


def test_what_is_put_is_read_back(blobs: Blobs) -> None:
    assert blobs.put("d/1/original", [b"one ", b"", b"two"]) == 7
    assert blobs.size("d/1/original") == 7
    assert blobs.read("d/1/original", 0, 7) == b"one two"


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    assert blobs.put("empty", []) == 0
    assert blobs.size("empty") == 0
    assert blobs.read("empty", 0, 10) == b""


@pytest.mark.parametrize(
    ("offset", "length", "part"), [(2, 3, b"234"), (8, 5, b"89"), (10, 5, b""), (50, 1, b""), (3, 0, b"")]
)
def test_a_range_ends_where_the_blob_ends(blobs: Blobs, offset: int, length: int, part: bytes) -> None:
    blobs.put("digits", [b"0123456789"])
    assert blobs.read("digits", offset, length) == part


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_a_negative_range_is_refused(blobs: Blobs, offset: int, length: int) -> None:
    blobs.put("digits", [b"0123456789"])
    with pytest.raises(ValueError, match="not negative"):
        blobs.read("digits", offset, length)


def test_a_missing_blob_is_told(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing):
        blobs.read("none/such", 0, 1)
    with pytest.raises(BlobMissing):
        blobs.size("none/such")


def test_deleting_twice_is_well(blobs: Blobs) -> None:
    blobs.put("a/b", [b"x"])
    blobs.delete("a/b")
    blobs.delete("a/b")
    with pytest.raises(BlobMissing):
        blobs.read("a/b", 0, 1)
    assert names(blobs) == []


def test_a_broken_upload_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(UploadLost):
        blobs.put("paper", cut_off(b"half of it" * 100_000))
    assert names(blobs) == []


def test_a_broken_upload_leaves_the_blob_that_was_there(blobs: Blobs) -> None:
    blobs.put("paper", [b"old"])
    with pytest.raises(UploadLost):
        blobs.put("paper", cut_off(b"new"))
    assert blobs.read("paper", 0, 9) == b"old"


def test_the_error_of_whoever_uploads_passes_through_as_it_is(blobs: Blobs) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.put("paper", broken())


def test_a_blob_is_not_seen_before_it_is_whole(blobs: Blobs) -> None:
    def watching() -> Iterator[bytes]:
        yield b"first half, "
        assert names(blobs) == []
        with pytest.raises(BlobMissing):
            blobs.size("paper")
        yield b"second half"

    blobs.put("paper", watching())
    assert names(blobs) == ["paper"]


def test_putting_again_replaces(blobs: Blobs) -> None:
    blobs.put("paper", [b"a longer first one"])
    blobs.put("paper", [b"second"])
    assert blobs.read("paper", 0, 100) == b"second"


def test_if_absent_takes_nobodys_place(blobs: Blobs) -> None:
    assert blobs.put("paper", [b"first"], if_absent=True) == 5
    with pytest.raises(BlobExists):
        blobs.put("paper", [b"second"], if_absent=True)
    assert blobs.read("paper", 0, 9) == b"first"
    assert names(blobs) == ["paper"]


def test_of_two_writers_at_once_if_absent_lets_one_win(blobs: Blobs) -> None:
    def slow() -> Iterator[bytes]:
        yield b"slow"
        blobs.put("paper", [b"fast"], if_absent=True)

    with pytest.raises(BlobExists):
        blobs.put("paper", slow(), if_absent=True)
    assert blobs.read("paper", 0, 9) == b"fast"


def test_a_listing_tells_name_size_and_time(blobs: Blobs) -> None:
    before = datetime.now(UTC)
    blobs.put("d/1/original", [b"12345"])
    (info,) = blobs.list()
    assert (info.name, info.size) == ("d/1/original", 5)
    assert info.modified.tzinfo is not None
    assert abs(info.modified - before) < timedelta(minutes=1)


def test_a_listing_keeps_to_its_prefix(blobs: Blobs) -> None:
    for name in ("d/1/a", "d/1/b", "d/10", "e/1"):
        blobs.put(name, [b"x"])
    assert names(blobs, "d/1/") == ["d/1/a", "d/1/b"]
    assert names(blobs, "d/1") == ["d/1/a", "d/1/b", "d/10"]
    assert names(blobs) == ["d/1/a", "d/1/b", "d/10", "e/1"]
    assert names(blobs, "f") == []


def test_a_blob_may_bear_the_name_of_anothers_folder(blobs: Blobs) -> None:
    blobs.put("a", [b"1"])
    blobs.put("a/b", [b"2"])
    blobs.put("a/b/c", [b"3"])
    assert [blobs.read(name, 0, 1) for name in ("a", "a/b", "a/b/c")] == [b"1", b"2", b"3"]


@pytest.mark.parametrize("name", NOT_NAMES)
def test_a_name_that_steps_out_is_refused(blobs: Blobs, name: str) -> None:
    for call in (
        lambda: blobs.put(name, [b"x"]),
        lambda: blobs.read(name, 0, 1),
        lambda: blobs.size(name),
        lambda: blobs.delete(name),
    ):
        with pytest.raises(ValueError, match="name of a blob"):
            call()
    assert names(blobs) == []


def test_a_prefix_of_other_letters_is_refused(blobs: Blobs) -> None:
    with pytest.raises(ValueError, match="name"):
        list(blobs.list("a*"))


def test_a_write_that_the_sweep_takes_for_abandoned_fails_and_leaves_no_blob(blobs: Blobs) -> None:
    def swept() -> Iterator[bytes]:
        yield bytes(9 * 1024 * 1024)
        (under_way,) = blobs.temporary()
        assert under_way.modified <= datetime.now(UTC) + timedelta(seconds=2)
        blobs.discard(under_way.name)
        blobs.discard(under_way.name)
        yield b"the rest"

    with pytest.raises(StoreUnavailable):
        blobs.put("paper", swept())
    assert names(blobs) == []
    assert list(blobs.temporary()) == []


@given(
    name=st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,20}(/[a-z0-9_][a-z0-9._-]{0,20}){0,5}", fullmatch=True),
    content=st.binary(max_size=300),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_name_holds_any_content(blobs: Blobs, name: str, content: bytes) -> None:
    assert check_name(name) == name
    blobs.put(name, [content])
    assert blobs.read(name, 0, 300) == content
    assert names(blobs, name)[0] == name
    blobs.delete(name)
