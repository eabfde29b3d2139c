"""What only a store behind a network can show: parts, lost answers, a store that is away, full or somebody else's."""

import subprocess
import sys
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import s3client
from storage.errors import BlobExists, BlobMissing, StoreFull, StoreUnavailable
from storage.s3 import GROWTH, LARGEST_PART, PART, S3Blobs, part_size
from storage.s3client import Place
from tests.swift.flaky import Flaky
from tests.swift.servers import ACCESS_KEY, REGION, Swift

MIB = 1024 * 1024
LONG = b"0123456789abcdef" * (PART // 16)
WRITER = """
import os, sys
from storage.s3 import S3Blobs
from storage.s3client import Place

def forever():
    while True:
        yield b"x" * 65536
        print("wrote", flush=True)

S3Blobs(Place(*sys.argv[1:4], os.environ["SECRET"])).put("paper", forever())
"""


@pytest.fixture
def place(swift: Swift) -> Place:
    return swift.place(swift.bucket(), connect_timeout_s=5, timeout_s=20)


@pytest.fixture
def blobs(place: Place) -> S3Blobs:
    return S3Blobs(place)


@pytest.fixture
def way(swift: Swift) -> Iterator[Flaky]:
    with Flaky(swift.endpoint) as way:
        yield way


@pytest.fixture
def distant(way: Flaky, place: Place) -> S3Blobs:
    """The same bucket, reached by the flaky way."""
    return S3Blobs(Place(way.address, place.bucket, ACCESS_KEY, place.secret_key, REGION, 5, 20))


def pieces(content: bytes, size: int = 100_000) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 70_001])
def test_a_blob_of_several_parts_is_read_back(blobs: S3Blobs, size: int) -> None:
    content = (LONG * 3)[:size]
    assert blobs.put("sheet", pieces(content), if_absent=True) == size
    assert blobs.size("sheet") == size
    assert blobs.read("sheet", 0, size) == content
    assert blobs.read("sheet", PART - 10, 20) == content[PART - 10 : PART + 10]
    assert blobs.read("sheet", size - 5, 10) == content[-5:]
    assert [(info.name, info.size) for info in blobs.list()] == [("sheet", size)]
    assert list(blobs.temporary()) == []


def test_a_blob_of_several_parts_takes_nobodys_place(blobs: S3Blobs) -> None:
    def slow() -> Iterator[bytes]:
        yield LONG + b"x"
        blobs.put("sheet", [b"fast"], if_absent=True)

    with pytest.raises(BlobExists):
        blobs.put("sheet", slow(), if_absent=True)
    assert blobs.read("sheet", 0, 9) == b"fast"
    assert list(blobs.temporary()) == []


def test_a_blob_of_several_parts_replaces_and_is_removed_with_all_its_parts(blobs: S3Blobs, swift: Swift) -> None:
    before = set(swift.objects())
    blobs.put("sheet", [LONG, b"first"])
    blobs.put("sheet", [b"second"])
    assert blobs.read("sheet", 0, 100) == b"second"
    blobs.put("other", [LONG, b"x"])
    blobs.delete("other")
    blobs.delete("sheet")
    assert list(blobs.list()) == []
    kept = [path for path in set(swift.objects()) - before if path.stat().st_size > MIB]
    assert len(kept) <= 1  # of what was replaced, Swift keeps the parts


def test_a_write_holds_little_more_than_one_part(blobs: S3Blobs) -> None:
    tracemalloc.start()
    try:
        blobs.put("sheet", (bytes(65536) for _ in range(6 * PART // 65536)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * PART


def test_parts_grow_so_that_a_thousand_hold_any_paper() -> None:
    assert [part_size(n) // MIB for n in (1, GROWTH, GROWTH + 1, 3 * GROWTH, 3 * GROWTH + 1, 10_000)] == [
        8, 8, 16, 32, 64, 64,
    ]  # fmt: skip
    assert sum(map(part_size, range(1, 1001))) > 35 * 1024 * MIB
    assert part_size(10_000) == LARGEST_PART


def test_a_writer_killed_in_the_middle_leaves_no_blob_and_the_sweep_finds_the_rest(
    swift: Swift, place: Place, blobs: S3Blobs
) -> None:
    command = [sys.executable, "-c", WRITER, place.endpoint, place.bucket, ACCESS_KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"SECRET": place.secret_key}) as writer:
        assert writer.stdout
        for _ in range(2 * PART // 65536 + 2):
            assert writer.stdout.readline() == b"wrote\n"
        writer.kill()
    assert list(blobs.list()) == []
    (left,) = blobs.temporary()
    assert left.size >= 2 * PART
    assert left.modified.tzinfo is not None
    held = len(swift.objects())
    blobs.discard(left.name)
    blobs.discard(left.name)
    assert list(blobs.temporary()) == []
    assert len(swift.objects()) < held


def test_a_write_that_breaks_off_leaves_no_parts(blobs: S3Blobs) -> None:
    def broken() -> Iterator[bytes]:
        yield LONG + b"x"
        assert len(list(blobs.temporary())) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blobs.put("sheet", broken())
    assert list(blobs.temporary()) == []


@pytest.mark.parametrize("name", ["", "paper", "paper?", "?id", "../paper?id", "paper?i d", "paper?\n", "a/?id"])
def test_the_sweep_is_held_to_temporary_writes(blobs: S3Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="temporary"):
        blobs.discard(name)


def test_listings_longer_than_a_page_are_whole(blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3client, "PAGE", 2)
    client = s3client.Client(blobs._place)
    for number in range(5):
        blobs.put(f"d/{number}", [b"x"])
        client.begin(f"e/{number % 2}", {})
    assert [info.name for info in blobs.list("d/")] == [f"d/{number}" for number in range(5)]
    left = [info.name for info in blobs.temporary()]
    assert len(left) == len(set(left)) == 5


def test_a_stranger_in_the_bucket_is_no_blob(blobs: S3Blobs, place: Place) -> None:
    blobs.put("paper", [b"x"])
    client = s3client.Client(place)
    client.put("Not/One Of Ours", bytearray(b"x"), {})
    client.begin("Nor/This One", {})
    upload = client.begin("ours", {})
    assert [info.name for info in blobs.list()] == ["paper"]
    assert [info.name for info in blobs.temporary()] == [f"ours?{upload}"]


def test_a_busy_store_is_asked_again(way: Flaky, distant: S3Blobs) -> None:
    for method in ("PUT", "HEAD", "GET"):
        way.next("busy", method, times=2)
    distant.put("paper", [b"sealed"])
    assert distant.size("paper") == 6
    assert distant.read("paper", 0, 6) == b"sealed"
    assert len(way.seen) == 9


def test_a_store_that_stays_busy_is_given_up(way: Flaky, distant: S3Blobs) -> None:
    way.next("busy", "GET", times=100)
    with pytest.raises(StoreUnavailable, match="SlowDown"):
        distant.read("paper", 0, 1)
    assert len(way.seen) == s3client.ATTEMPTS


def test_a_write_whose_answer_was_lost_is_known_as_ones_own(way: Flaky, distant: S3Blobs) -> None:
    way.next("lose", "PUT")
    assert distant.put("paper", [b"sealed"], if_absent=True) == 6
    with pytest.raises(BlobExists):
        distant.put("paper", [b"other"], if_absent=True)
    assert distant.read("paper", 0, 9) == b"sealed"


def test_parts_put_together_whose_answer_was_lost_are_known_as_ones_own(way: Flaky, distant: S3Blobs) -> None:
    def last() -> Iterator[bytes]:
        yield LONG
        way.next("lose", "POST")  # what comes after the parts puts them together
        yield b"the end"

    assert distant.put("sheet", last(), if_absent=True) == PART + 7
    assert distant.read("sheet", PART, 9) == b"the end"
    assert list(distant.temporary()) == []


def test_an_error_that_comes_under_a_good_status_is_one(way: Flaky, distant: S3Blobs) -> None:
    def last() -> Iterator[bytes]:
        yield LONG
        way.next("failed", "POST", times=100)

    with pytest.raises(StoreUnavailable, match="InternalError"):
        distant.put("sheet", last())
    assert list(distant.list()) == []
    assert list(distant.temporary()) == []


def test_half_an_answer_is_not_taken_for_a_blob(way: Flaky, distant: S3Blobs) -> None:
    distant.put("paper", [b"sealed" * 1000])
    way.next("halve", "GET")
    assert distant.read("paper", 0, 6000) == b"sealed" * 1000
    way.next("halve", "GET", times=100)
    with pytest.raises(StoreUnavailable):
        distant.read("paper", 0, 6000)


def test_a_store_that_overlooks_ranges_gives_no_wrong_bytes(way: Flaky, distant: S3Blobs) -> None:
    distant.put("paper", [b"0123456789"])
    way.next("whole", "GET", times=2)
    assert distant.read("paper", 0, 4) == b"0123"
    with pytest.raises(StoreUnavailable, match="ranges"):
        distant.read("paper", 2, 4)


def test_a_full_store_is_told_and_asked_no_second_time(way: Flaky, distant: S3Blobs) -> None:
    way.next("full", "PUT", times=2)
    for chunks in ([b"x"], [LONG, b"x"]):
        with pytest.raises(StoreFull):
            distant.put("paper", chunks)
    assert sum(seen.startswith("PUT") for seen in way.seen) == 2
    assert list(distant.list()) == []
    assert list(distant.temporary()) == []


def test_a_missing_bucket_does_not_look_like_lost_papers(swift: Swift) -> None:
    blobs = S3Blobs(swift.place("no-such-bucket"))
    for call in (
        lambda: blobs.read("paper", 0, 1),
        lambda: blobs.read("paper", 0, 0),
        lambda: blobs.size("paper"),
        lambda: blobs.put("paper", [b"y"]),
        lambda: blobs.put("paper", [b"y"], if_absent=True),
        lambda: blobs.put("paper", [LONG, b"y"]),
        lambda: blobs.delete("paper"),
        lambda: list(blobs.list()),
        lambda: list(blobs.temporary()),
    ):
        with pytest.raises(StoreUnavailable, match="bucket"):
            call()


def test_a_wrong_secret_opens_nothing_and_shows_nowhere(swift: Swift) -> None:
    bucket, wrong = swift.bucket(), "not-the-secret-of-anybody"
    blobs = S3Blobs(Place(swift.endpoint, bucket, ACCESS_KEY, wrong))
    for call in (lambda: blobs.size("paper"), lambda: blobs.put("paper", [b"x"]), lambda: list(blobs.list())):
        with pytest.raises(StoreUnavailable) as refused:
            call()
        assert wrong not in "".join(traceback.format_exception(refused.value))
        assert refused.value.__suppress_context__
    assert wrong not in f"{blobs!r} {blobs._place!r}"


@pytest.mark.parametrize(
    ("endpoint", "bucket"),
    [
        ("ftp://store.example", "papers"), ("store.example", "papers"), ("https://", "papers"),
        ("https://store.example/path", "papers"), ("https://store.example/?a=b", "papers"),
        ("https://store.example", ""), ("https://store.example", "a/b"), ("https://store.example", "../x"),
        ("https://name:word@store.example", "papers"), ("https://store.example:port", "papers"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_refused(endpoint: str, bucket: str) -> None:
    with pytest.raises(ValueError, match=r"address|bucket"):
        Place(endpoint, bucket, "key", "secret")


def test_a_store_that_is_away_is_told_soon_and_has_everything_when_it_is_back(tmp_path: Path) -> None:
    with Swift(tmp_path / "store") as swift:
        blobs = S3Blobs(swift.place(swift.bucket(), connect_timeout_s=1, timeout_s=1))
        blobs.put("paper", [b"kept"])
        for leave, come_back in ((swift.stop, swift.start), (swift.pause, swift.resume)):
            leave()
            begun = time.monotonic()
            for call in (lambda: blobs.read("paper", 0, 1), lambda: blobs.put("new", [b"x"])):
                with pytest.raises(StoreUnavailable):
                    call()
            assert time.monotonic() - begun < 10
            come_back()
            assert blobs.read("paper", 0, 9) == b"kept"
        swift.reserve = "100%"
        swift.stop()
        swift.start()
        for chunks in ([b"x"], [LONG, b"x"]):
            with pytest.raises(StoreUnavailable):  # Swift does not say why
                blobs.put("more", chunks)
        with pytest.raises(BlobMissing):
            blobs.size("more")
        assert blobs.read("paper", 0, 9) == b"kept"
