"""Somebody hostile answers in a store's place: nobody waits for ever, no memory fills, no wrong byte is taken."""

import gzip
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from storage import s3wire
from storage.errors import BlobExists, StoreUnavailable
from storage.s3 import EMPTY_PAGES, PART, S3Blobs
from storage.s3client import ATTEMPTS
from tests import certificates
from tests.storage.hostile import RESET, Behaviour, Hostile, Part, Request, answer

SILENCE_S = 0.3
PIECE = 0.1
BEGUN = answer(200, b"<R><Bucket>papers</Bucket><Key>sheet</Key><UploadId>one</UploadId></R>")
WRITTEN = answer(200, ETag='"0123"')
NOT_THERE = answer(404)
DONE = answer(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")


def ranged(body: bytes, offset: int, whole: int, **headers: str) -> bytes:
    place = f"bytes {offset}-{offset + len(body) - 1}/{whole}"
    return answer(206, body, "application/octet-stream", Content_Range=place, **headers)


def dripping(whole: bytes) -> Iterator[Part]:
    return chain.from_iterable((bytes([byte]), PIECE) for byte in whole)


def listed(names: Iterable[str], token: str | None) -> bytes:
    held = "".join(f"<Contents><Key>{name}</Key><Size>1</Size></Contents>" for name in names)
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return answer(200, f"<ListBucketResult><Name>papers</Name>{held}{more}</ListBucketResult>".encode())


def refused(behave: Behaviour, call: Callable[[S3Blobs], object], told: str = "object store") -> Hostile:
    with Hostile(behave) as store, pytest.raises(StoreUnavailable, match=told):
        call(S3Blobs(store.place(timeout_s=SILENCE_S)))
    return store


def read(blobs: S3Blobs) -> bytes:
    return blobs.read("paper", 0, 100)


@pytest.mark.parametrize(
    ("head", "call"),
    [
        (b"", read),
        (b"", lambda blobs: blobs.put("paper", [b"x"])),
        (b"", lambda blobs: list(blobs.list())),
        (b"HTTP/1.1 206 So\r\nContent-Length: 100\r\nContent-Range: bytes 0-99/100\r\n\r\n", read),
        (b"HTTP/1.1 404 So\r\nContent-Type: application/xml\r\nContent-Length: 9999\r\n\r\n", read),
        (b"HTTP/1.1 200 So\r\nX: ", read),
    ],
)
def test_a_store_that_drips_byte_by_byte_holds_nobody_for_long(head: bytes, call: Callable[[S3Blobs], object]) -> None:
    begun = time.monotonic()
    refused(lambda _: chain([head], dripping(b"HTTP/1.1 200 OK" + b"x" * 9000)), call, "ReadTimeout")
    assert SILENCE_S < time.monotonic() - begun < (s3wire.SILENCES + 3) * SILENCE_S


def test_a_store_that_takes_a_part_byte_by_byte_holds_nobody_for_long() -> None:
    begun = time.monotonic()
    behave: Behaviour = lambda request: [BEGUN] if request.method == "POST" else [30.0]  # noqa: E731
    with Hostile(behave, takes=1000) as store, pytest.raises(StoreUnavailable, match=r"Timeout|Protocol"):
        S3Blobs(store.place(timeout_s=SILENCE_S)).put("sheet", [b"x" * PART])
    assert time.monotonic() - begun < 8 * s3wire.SILENCES * SILENCE_S


def test_a_slow_line_has_longer_than_one_silence_for_a_part() -> None:
    def behave(request: Request) -> Iterable[Part]:
        return [WRITTEN if request.method == "PUT" else DONE if "uploadId" in request.line else BEGUN]

    with Hostile(behave, pause_s=0.05) as store:
        begun = time.monotonic()
        assert S3Blobs(store.place(timeout_s=1, connect_timeout_s=0.2)).put("sheet", [b"x" * PART]) == PART
        assert time.monotonic() - begun > 1


@pytest.mark.parametrize(
    "given",
    [
        ranged(b"x" * 50, 10, 1000),  # too few
        ranged(b"x" * 200, 10, 1000),  # too many
        ranged(b"x" * 100, 500, 1000),  # from elsewhere
        ranged(b"x" * 100, 10, 1000).replace(b"/1000", b"/*"),
        answer(206, b"x" * 100),
        answer(206, b"x" * 100, Content_Range="bytes 10-109/100"),
        answer(200, b"x" * 1000),  # all of it
        ranged(b"x" * 50, 10, 1000).replace(b"10-59", b"10-109"),  # fewer than it says
        ranged(b"x" * 50, 10, 1000).replace(b"10-59", b"10-109").replace(b"Content-Length: 50", b"X: y"),
    ],
)
def test_another_range_than_was_asked_for_is_not_taken(given: bytes) -> None:
    refused(lambda _: [given], lambda blobs: blobs.read("paper", 10, 100), r"range|Cut|Protocol")


def test_a_range_beyond_the_end_is_what_there_is() -> None:
    with Hostile(lambda _: [ranged(b"end", 10, 13)]) as store:
        assert S3Blobs(store.place()).read("paper", 10, 100) == b"end"


def test_half_a_range_is_not_taken_for_the_blobs_end() -> None:
    refused(lambda _: [ranged(b"x" * 100, 0, 1000)[:-50], PIECE, RESET], read, "Protocol")


def test_somebody_who_says_yes_to_everything_is_no_store() -> None:
    """A gate to a hotel's network answers like that, and the paper would be nowhere."""
    welcome = answer(200, b"<html>Welcome</html>", "text/html")
    for call in (
        lambda blobs: blobs.put("paper", [b"x"]),
        lambda blobs: blobs.put("sheet", [b"x" * PART]),
        lambda blobs: blobs.size("paper"),
        lambda blobs: list(blobs.list()),
        lambda blobs: list(blobs.temporary()),
    ):
        refused(lambda _: [welcome], call)


@pytest.mark.parametrize("size", ["-1", "none", "9" * 30])
def test_a_size_that_cannot_be_is_not_taken(size: str) -> None:
    told = answer(200, ETag='"x"').replace(b"Content-Length: 0", f"Content-Length: {size}".encode())
    refused(lambda _: [told], lambda blobs: blobs.size("paper"))


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    certificates.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


def test_over_tls_all_is_the_same(tls: ssl.SSLContext) -> None:
    def behave(request: Request) -> Iterable[Part]:
        match request.method:
            case "GET":
                return [ranged(b"x" * 100, 0, 1000)]
            case "PUT":
                return [WRITTEN]
        return [DONE if "uploadId" in request.line else BEGUN]

    with Hostile(behave, tls=tls) as store:
        blobs = S3Blobs(store.place())
        assert blobs.read("paper", 0, 100) == b"x" * 100
        assert blobs.put("sheet", [b"y" * PART, b"z"]) == PART + 1
    assert [len(request.body) for request in store.seen if request.method == "PUT"] == [PART, 1]
    begun = time.monotonic()
    with Hostile(lambda _: dripping(b"x" * 9000), tls=tls) as store, pytest.raises(StoreUnavailable):
        S3Blobs(store.place(timeout_s=SILENCE_S)).read("paper", 0, 100)
    assert time.monotonic() - begun < (s3wire.SILENCES + 3) * SILENCE_S


def test_a_store_whose_certificate_nobody_vouches_for_is_told_nothing(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with Hostile(lambda _: [WRITTEN], tls=tls) as store, pytest.raises(StoreUnavailable):
        S3Blobs(store.place()).put("paper", [b"sealed"])
    assert store.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_no_signature_elsewhere(status: int) -> None:
    with Hostile(lambda _: [WRITTEN]) as thief:
        there = answer(status, Location=f"{thief.address}/papers/paper")
        for call in (read, lambda blobs: blobs.put("paper", [b"sealed"]), lambda blobs: blobs.size("paper")):
            store = refused(lambda _: [there], call)
            assert len(store.seen) == 1
    assert thief.seen == []


def test_a_storm_of_refusals_is_not_answered_with_a_storm() -> None:
    def behave(request: Request) -> Iterable[Part]:
        begins = request.method == "POST"
        return [BEGUN if begins else answer(503, b"<Error><Code>SlowDown</Code></Error>", Retry_After="0")]

    store = refused(behave, lambda blobs: blobs.put("sheet", [b"x" * PART, b"y" * PART]), "SlowDown")
    tried = [request.method for request in store.seen]
    assert tried.count("PUT") <= ATTEMPTS and tried.count("DELETE") <= ATTEMPTS
    assert len(tried) <= 1 + 2 * ATTEMPTS


@pytest.mark.parametrize("breaks", [[RESET], [b"HTTP/1.1 200 So\r\nETag: ", PIECE, RESET], [b"SSH-2.0-x\r\n"]])
def test_a_connection_that_breaks_within_a_part_is_made_again(breaks: list[Part]) -> None:
    parts: Iterator[list[Part]] = iter([breaks, [WRITTEN]])

    def behave(request: Request) -> Iterable[Part]:
        return next(parts) if request.method == "PUT" else [DONE if "uploadId" in request.line else BEGUN]

    with Hostile(behave) as store:
        assert S3Blobs(store.place()).put("sheet", [b"x" * PART]) == PART
    bodies = [request.body for request in store.seen if request.method == "PUT"]
    assert bodies == [b"x" * PART] * 2


@pytest.mark.parametrize("told", [b"<Error><Code>NoSuchUpload</Code></Error>", b""])
def test_an_upload_whose_parts_were_removed_is_no_blob(told: bytes) -> None:
    def behave(request: Request) -> Iterable[Part]:
        return [BEGUN if request.method == "POST" else answer(404, told)]

    refused(behave, lambda blobs: blobs.put("sheet", [b"x" * PART]), "removed|404")


@pytest.mark.parametrize("content", [b"x", b"x" * PART])
def test_a_store_that_misses_what_is_just_being_written_is_no_lost_paper(content: bytes) -> None:
    missing = answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
    refused(lambda _: [missing], lambda blobs: blobs.put("paper", [content]), "NoSuchKey")


def test_parts_that_are_not_put_together_are_no_blob() -> None:
    """A wrong ETag comes out here; the outcome stands in a body under a good status."""

    def behave(request: Request) -> Iterable[Part]:
        if request.method == "PUT":
            return [WRITTEN]
        ends = answer(200, b"<Error><Code>InvalidPart</Code></Error>")
        return [BEGUN if "uploads" in request.line else ends]

    store = refused(behave, lambda blobs: blobs.put("sheet", [b"x" * PART]), "InvalidPart")
    assert store.seen[-1].method == "DELETE"


def test_a_listing_that_comes_again_and_again_is_given_up() -> None:
    names = [f"k{number}" for number in range(10)]
    tokens = iter(map(str, range(10**6)))
    for behave, most in (
        (lambda _: [listed(names, "same")], 2),
        (lambda _: [listed(names, next(tokens))], 2),
        (lambda _: [listed([], next(tokens))], EMPTY_PAGES + 1),
    ):
        store = refused(behave, lambda blobs: list(blobs.list()), "again")
        assert len(store.seen) == most


def test_unfinished_uploads_that_come_again_and_again_are_given_up() -> None:
    one = b"<Upload><Key>a</Key><UploadId>u</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
    page = answer(
        200, b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>" + one + b"</ListMultipartUploadsResult>"
    )
    behave: Behaviour = lambda request: [page if "uploads" in request.line else answer(200, b"<L/>")]  # noqa: E731
    refused(behave, lambda blobs: list(blobs.temporary()), "again")


ENTITIES = b'<!DOCTYPE l [<!ENTITY a "' + b"a" * 100_000 + b'">]><Error><Code>' + b"&a;" * 3000 + b"</Code></Error>"


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ([answer(404, ENTITIES)], read),
        ([answer(200, ENTITIES)], lambda blobs: list(blobs.list())),
        ([answer(404, gzip.compress(b" " * 60_000_000), Content_Encoding="gzip")], read),
        ([answer(200, gzip.compress(b" " * 60_000_000), Content_Encoding="gzip")], lambda blobs: list(blobs.list())),
        (chain([b"HTTP/1.1 200 So\r\n\r\n"], repeat(b" " * 1_000_000, 60)), lambda blobs: list(blobs.list())),
        (chain([b"HTTP/1.1 404 So\r\n\r\n"], repeat(b" " * 1_000_000, 60)), read),
        (repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, 240), read),
    ],
)
def test_an_answer_that_unfolds_or_never_ends_fills_no_memory(
    given: Iterable[Part], call: Callable[[S3Blobs], object]
) -> None:
    tracemalloc.start()
    try:
        refused(lambda _: given, call)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * s3wire.ANSWER_MAX


def test_a_name_that_is_taken_is_told_whatever_else_is_said() -> None:
    behave: Behaviour = lambda request: [NOT_THERE if request.method == "HEAD" else answer(412)]  # noqa: E731
    with Hostile(behave) as store, pytest.raises(BlobExists):
        S3Blobs(store.place()).put("paper", [b"x"], if_absent=True)
