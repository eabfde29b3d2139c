"""Ranges, conditions and names of papers over HTTP."""

from collections.abc import Callable, Iterator
from urllib.parse import unquote

import anyio
import anyio.from_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import StreamingResponse

from storage.keys import Key
from storage.sealed import SealedReader, seal
from vault.api.streams import STANDS_EVERY, asked_range, disposition, paper_response
from vault.errors import RangeNotSatisfiable, ReleaseEnded
from vault.settings import MIB

ETAG = '"the-version"'
DATA = bytes(range(256)) * 200


def request(method: str = "GET", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "headers": raw, "path": "/", "query_string": b""})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 1000)),
        ("bytes=9500-", (9500, 10_000)),
        ("bytes=-500", (9500, 10_000)),
        ("bytes=-20000", (0, 10_000)),
        ("bytes=9999-20000", (9999, 10_000)),
        ("bytes=0-", (0, 10_000)),
        ("bytes= 0-4", (0, 5)),
        ("", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=1.5-2", None),
        ("bytes=-1-2", None),
        ("lines=0-4", None),
        ("0-4", None),
        ("bytes=0-0,-1", None),
        ("bytes=0-0," * 1000, None),
        ("bytes=" + "9" * 1000 + "-", None),
        ("bytes=²-³", None),
    ],
)
def test_a_range_is_found_as_rfc_9110_says_or_answered_whole(asked: str, found: tuple[int, int] | None) -> None:
    """Section 14.1.2 and its examples of a representation of 10000 bytes; what is not understood is ignored (14.2)."""
    assert asked_range(request(range=asked), ETAG, 10_000) == found


@pytest.mark.parametrize("asked", ["bytes=10000-", "bytes=10000-10001", "bytes=999999999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_416_and_tells_the_size(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        asked_range(request(range=asked), ETAG, 10_000)
    assert refused.value.values["size"] == 10_000


@pytest.mark.parametrize(
    ("condition", "partial"),
    [(ETAG, True), ('"another"', False), (f"W/{ETAG}", False), ("Wed, 21 Oct 2015 07:28:00 GMT", False)],
)
def test_if_range_gives_the_range_only_of_the_version_that_one_has(condition: str, partial: bool) -> None:
    """Section 13.1.5: compared strongly; and no date is kept."""
    found = asked_range(request(range="bytes=0-4", if_range=condition), ETAG, 10_000)
    assert (found == (0, 5)) == partial


def test_head_has_no_ranges() -> None:
    assert asked_range(request("HEAD", range="bytes=0-4"), ETAG, 10_000) is None
    assert asked_range(request("HEAD", range="bytes=99999-"), ETAG, 10_000) is None


@given(st.text(max_size=40), st.integers(min_value=1, max_value=10**6))
def test_no_range_header_breaks_anything(asked: str, size: int) -> None:
    try:
        found = asked_range(request(range=asked.encode("utf-8").decode("latin-1")), ETAG, size)
    except RangeNotSatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@pytest.fixture(scope="module")
def reader() -> SealedReader:
    key = Key.generate()
    sealed = b"".join(seal(key, b"ctx", [DATA]))
    return SealedReader(key, b"ctx", len(sealed), lambda offset, length: sealed[offset : offset + length])


def answered(reader: SealedReader, asked: Request, file_name: str = "a.pdf") -> tuple[int, dict[str, str], bytes]:
    answer = paper_response(
        asked, reader, media_type="application/pdf", etag="the-version", file_name=file_name, sha256=b"\x00" * 32
    )
    data = b"".join(_sent(answer)) if isinstance(answer, StreamingResponse) else bytes(answer.body)
    return answer.status_code, dict(answer.headers), data


def _sent(answer: StreamingResponse) -> Iterator[bytes]:
    async def collected() -> list[bytes]:
        return [bytes(chunk) if not isinstance(chunk, str) else chunk.encode() async for chunk in answer.body_iterator]

    yield from anyio.run(collected)


def test_the_whole_paper_comes_with_its_length_digest_and_guards(reader: SealedReader) -> None:
    status, headers, data = answered(reader, request())
    assert (status, data) == (200, DATA)
    assert headers["content-length"] == str(len(DATA))
    assert headers["repr-digest"] == "sha-256=:" + "A" * 43 + "=:"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert "no-store" in headers["cache-control"]
    assert headers["accept-ranges"] == "bytes"
    assert "content-range" not in headers


def streamed(size: int, stands: Callable[[], bool]) -> Iterator[bytes]:
    """The body's chunks as they are sent, of a paper of that size."""
    key, data = Key.generate(), bytes(size)
    sealed = b"".join(seal(key, b"ctx", [data]))
    reader = SealedReader(key, b"ctx", len(sealed), lambda offset, length: sealed[offset : offset + length])
    answer = paper_response(request(), reader, media_type="application/pdf", etag="v", file_name="a.pdf", stands=stands)
    assert isinstance(answer, StreamingResponse)
    portal = anyio.from_thread.start_blocking_portal()
    with portal as call:
        iterator = answer.body_iterator.__aiter__()
        while (chunk := call.call(anext, iterator, None)) is not None:
            assert isinstance(chunk, bytes)
            yield chunk


def test_a_stream_breaks_off_within_4_mib_of_the_grant_being_taken_back() -> None:
    sent: list[int] = []
    with pytest.raises(ReleaseEnded):
        sent.extend(len(chunk) for chunk in streamed(16 * MIB, lambda: sum(sent) < 5 * MIB))
    assert 5 * MIB <= sum(sent) <= 5 * MIB + STANDS_EVERY


def test_a_stream_that_stands_asks_now_and_then_and_comes_whole() -> None:
    asked: list[None] = []
    assert sum(map(len, streamed(16 * MIB + 5, lambda: asked.append(None) is None))) == 16 * MIB + 5
    assert 3 <= len(asked) <= 16
    asked.clear()
    assert sum(map(len, streamed(1000, lambda: asked.append(None) is None))) == 1000
    assert asked == [], "what is short has been decided on a moment ago"


@pytest.mark.parametrize("start", [0, 1, 16_383, 16_384, 16_385, len(DATA) - 1])
def test_a_range_is_exactly_the_asked_bytes(reader: SealedReader, start: int) -> None:
    end = min(start + 16_400, len(DATA))
    status, headers, data = answered(reader, request(range=f"bytes={start}-{end - 1}"))
    assert (status, data) == (206, DATA[start:end])
    assert headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert headers["content-length"] == str(end - start)


def test_head_tells_everything_but_the_bytes(reader: SealedReader) -> None:
    status, headers, data = answered(reader, request("HEAD", range="bytes=0-4"))
    assert (status, data) == (200, b"")
    assert headers["content-length"] == str(len(DATA))


@pytest.mark.parametrize("known", [ETAG, "*", f"W/{ETAG}", f'"other", {ETAG}', f'"a",W/{ETAG} , "b"'])
def test_who_has_this_version_is_not_sent_it_again(reader: SealedReader, known: str) -> None:
    assert answered(reader, request(if_none_match=known, range="bytes=0-4"))[0] == 304
    assert answered(reader, request(if_none_match='"another"'))[0] == 200


@pytest.mark.parametrize(
    "name",
    [
        "Giấy khai sinh của Nguyễn Văn An.pdf",
        'a"; filename="evil.exe',
        "a\r\nSet-Cookie: session=stolen\r\n\r\n<script>",
        "a;b,c=d%20e'f*.pdf",
        "\\..\\..\\x",
        "văn bản (bản sao) số 1/2024.pdf",
        "",
        "\U0001f4c4.pdf",
    ],
)
@pytest.mark.parametrize("attachment", [False, True])
def test_a_name_can_inject_nothing_and_arrives_whole(name: str, attachment: bool) -> None:
    """RFC 6266 and RFC 8187: a plain fallback, and the full name percent-encoded in UTF-8."""
    header = disposition(name, attachment=attachment)
    assert header.isascii()
    assert header.isprintable()
    kind, plain, full = header.split("; ", 2)
    assert kind == ("attachment" if attachment else "inline")
    assert plain.startswith('filename="')
    assert plain.count('"') == 2
    assert unquote(full.removeprefix("filename*=UTF-8''")) == name
    assert not set(full.removeprefix("filename*=UTF-8''")) & set(" \"',;*()\\/")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_name_makes_one_header_line(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(header.rpartition("''")[2]) == name
