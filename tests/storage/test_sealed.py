"""Sealed objects: round trips around the borders of chunks, and everything an attacker with the disk can do."""

import hmac
import random
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.chunked import CHUNK, SEALED_CHUNK
from storage.errors import SealBroken
from storage.keys import Key, context
from storage.sealed import BLOCK, SealedReader, plain_size, seal, sealed_size

KEY = Key.from_bytes(bytes(range(32)))
CTX = context("version", "v-1", "original")
HEAD = 57
BORDERS = [
    0,
    1,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK - 1,
    2 * CHUNK,
    2 * CHUNK + 1,
    64 * CHUNK,
    64 * CHUNK + 1,
    65 * CHUNK,
]
SIZES = st.one_of(st.sampled_from(BORDERS), st.integers(0, 3 * CHUNK))
PAPER = random.Random(7).randbytes(2 * CHUNK + 100)  # noqa: S311 - a paper, not a key


def paper(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311 - a paper, not a key


def sealed_bytes(plain: bytes, ctx: bytes = CTX) -> bytes:
    return b"".join(seal(KEY, ctx, [plain]))


def reader(sealed: bytes, key: Key = KEY, ctx: bytes = CTX) -> SealedReader:
    return SealedReader(key, ctx, len(sealed), lambda offset, length: sealed[offset : offset + length])


def open_by_stream(sealed: bytes) -> bytes:
    return b"".join(reader(sealed).stream())


def open_by_ranges(sealed: bytes) -> bytes:
    """Chunk by chunk, and the end for itself: never through the stream of the whole."""
    opened = reader(sealed)
    parts = [opened.read(at, CHUNK - 1) for at in range(0, opened.size, CHUNK - 1)]
    return b"".join(parts) + opened.read(opened.size, 1)


def refused(sealed: bytes) -> None:
    for opening in (open_by_stream, open_by_ranges):
        with pytest.raises(SealBroken):
            opening(sealed)


SEALED = sealed_bytes(PAPER)


@pytest.mark.parametrize("size", BORDERS)
def test_a_paper_opens_as_it_was_sealed(size: int) -> None:
    sealed = sealed_bytes(paper(size))
    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == reader(sealed).size == size
    assert open_by_stream(sealed) == open_by_ranges(sealed) == paper(size)


@given(size=SIZES, cuts=st.lists(st.integers(0, 3 * CHUNK), max_size=6))
@settings(deadline=None, max_examples=60)
def test_how_the_upload_was_cut_does_not_matter(size: int, cuts: list[int]) -> None:
    plain = paper(size)
    edges = [0, *sorted(min(cut, size) for cut in cuts), size]
    sealed = b"".join(seal(KEY, CTX, [plain[start:end] for start, end in pairwise(edges)]))
    assert open_by_stream(sealed) == plain


@given(size=SIZES, offset=st.integers(0, 4 * CHUNK), length=st.one_of(st.none(), st.integers(0, 4 * CHUNK)))
@settings(deadline=None, max_examples=150)
def test_any_range_is_that_part_of_the_paper(size: int, offset: int, length: int | None) -> None:
    plain, opened = paper(size), reader(sealed_bytes(paper(size)))
    expected = plain[offset:] if length is None else plain[offset : offset + length]
    assert b"".join(opened.stream(offset, length)) == expected
    if length is not None:
        assert opened.read(offset, length) == expected


def test_a_long_range_runs_over_many_blocks() -> None:
    plain = paper(150 * CHUNK + 5)
    opened = reader(sealed_bytes(plain))
    for offset, length in ((1, None), (CHUNK, 130 * CHUNK), (64 * CHUNK, 64 * CHUNK), (5, 149 * CHUNK)):
        blocks = list(opened.stream(offset, length))
        assert b"".join(blocks) == (plain[offset:] if length is None else plain[offset : offset + length])
        assert all(0 < len(block) <= 1024 * 1024 for block in blocks)


def test_the_librarys_stream_opens_what_follows_the_format_byte() -> None:
    subkey = hmac.digest(KEY.expose(), b"docvault storage v1 object\x01", "sha256")
    decryptor = Cobblestone256Decryptor(subkey, CTX)
    assert SEALED[:1] == b"\x01"
    assert decryptor.update(SEALED[1:]) + decryptor.finalize() == PAPER


@pytest.mark.parametrize("size", [0, 1, CHUNK, 3 * CHUNK + 7])
def test_somebody_without_our_code_opens_it(size: int) -> None:
    script = Path(__file__).with_name("open_sealed.mjs")
    command = ["node", str(script), KEY.expose().hex(), CTX.hex()]
    opened = subprocess.run(command, input=sealed_bytes(paper(size)), capture_output=True, check=True)
    assert opened.stdout == paper(size)


def test_sealing_holds_no_more_than_a_block() -> None:
    taken = 0

    def upload() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 10_000
            yield bytes(10_000)

    given_out = 0
    for block in seal(KEY, CTX, upload()):
        given_out += len(block)
        assert taken - given_out <= 2 * BLOCK + 10_000
        assert len(block) <= 3 * BLOCK
    assert given_out == sealed_size(1_000_000)


def test_one_large_piece_is_sealed_in_blocks() -> None:
    assert max(len(block) for block in seal(KEY, CTX, [bytes(20 * BLOCK)])) <= 3 * BLOCK


def test_the_same_paper_sealed_twice_looks_different() -> None:
    assert sealed_bytes(PAPER)[1:25] != SEALED[1:25]
    assert sealed_bytes(PAPER)[57:100] != SEALED[57:100]


def test_a_failing_upload_fails_the_sealing() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        list(seal(KEY, CTX, broken()))


def test_every_truncation_of_a_short_paper_is_refused() -> None:
    sealed = sealed_bytes(b"a short paper")
    for size in range(len(sealed)):
        refused(sealed[:size])


@pytest.mark.parametrize("size", [CHUNK, 2 * CHUNK, CHUNK + 1, 2 * CHUNK + 100])
def test_every_truncation_near_a_border_is_refused(size: int) -> None:
    sealed = sealed_bytes(paper(size))
    borders = [HEAD, HEAD + SEALED_CHUNK, HEAD + 2 * SEALED_CHUNK, len(sealed)]
    for border in borders:
        for end in range(border - 20, border + 20):
            if 0 <= end < len(sealed):
                refused(sealed[:end])


@given(st.integers(0, len(SEALED) - 1))
@settings(deadline=None, max_examples=150)
def test_any_truncation_is_refused(size: int) -> None:
    refused(SEALED[:size])


def test_a_store_that_lost_the_end_is_refused_though_it_tells_the_old_size() -> None:
    with pytest.raises(SealBroken):
        cut = SealedReader(KEY, CTX, len(SEALED), lambda offset, length: SEALED[:-1][offset : offset + length])
        cut.read(2 * CHUNK, 10)
    with pytest.raises(SealBroken):
        SealedReader(KEY, CTX, len(SEALED), lambda _offset, _length: b"")


@given(st.integers(0, 8 * len(SEALED) - 1))
@settings(deadline=None, max_examples=200)
def test_any_flipped_bit_is_refused(bit: int) -> None:
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8
    refused(bytes(changed))


def test_every_flipped_bit_of_a_short_paper_is_refused() -> None:
    sealed = sealed_bytes(b"a short paper")
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        refused(bytes(changed))


def chunks_of(sealed: bytes) -> list[bytes]:
    return [sealed[at : at + SEALED_CHUNK] for at in range(HEAD, len(sealed), SEALED_CHUNK)]


def rebuilt(*chunks: bytes) -> bytes:
    return SEALED[:HEAD] + b"".join(chunks)


def test_swapped_chunks_are_refused() -> None:
    first, second, last = chunks_of(SEALED)
    refused(rebuilt(second, first, last))


def test_a_repeated_chunk_is_refused() -> None:
    first, second, last = chunks_of(SEALED)
    refused(rebuilt(first, first, last))
    refused(rebuilt(first, second, second, last))


def test_a_dropped_chunk_is_refused() -> None:
    first, second, last = chunks_of(SEALED)
    refused(rebuilt(first, last))
    refused(rebuilt(second, last))
    refused(rebuilt(last))
    refused(rebuilt(first, second))


def test_a_chunk_of_another_paper_is_refused() -> None:
    first, _, last = chunks_of(SEALED)
    foreign = chunks_of(sealed_bytes(PAPER))[1]
    refused(rebuilt(first, foreign, last))


def test_anything_appended_is_refused() -> None:
    for extra in (b"\0", bytes(16), bytes(SEALED_CHUNK), chunks_of(SEALED)[-1], SEALED):
        refused(SEALED + extra)


def test_the_header_of_another_paper_is_refused() -> None:
    refused(sealed_bytes(PAPER)[:HEAD] + SEALED[HEAD:])


@pytest.mark.parametrize("form", [b"\x00", b"\x02", b"\x11", b"\xff"])
def test_an_unknown_format_byte_is_refused(form: bytes) -> None:
    refused(form + SEALED[1:])


def test_another_key_is_refused_at_once() -> None:
    with pytest.raises(SealBroken):
        reader(SEALED, key=Key.generate())


@pytest.mark.parametrize(
    "ctx", [b"", CTX[:-1], CTX + b"\0", context("version", "v-2", "original"), context("version", "v-1", "preview")]
)
def test_a_paper_moved_to_another_place_is_refused_at_once(ctx: bytes) -> None:
    with pytest.raises(SealBroken):
        reader(SEALED, ctx=ctx)


@pytest.mark.parametrize("size", [CHUNK, 2 * CHUNK])
def test_a_range_that_reaches_the_end_proves_it_even_when_the_last_chunk_is_empty(size: int) -> None:
    sealed = bytearray(sealed_bytes(paper(size)))
    sealed[-1] ^= 1
    opened = reader(bytes(sealed))
    assert opened.read(0, size - 1) == paper(size)[:-1]
    for offset, length in ((0, size), (size - 1, 1), (size, 1), (size + 5, 10)):
        with pytest.raises(SealBroken):
            opened.read(offset, length)


def test_a_range_needs_one_read_beside_the_header() -> None:
    reads: list[tuple[int, int]] = []

    def read_range(offset: int, length: int) -> bytes:
        reads.append((offset, length))
        return SEALED[offset : offset + length]

    opened = SealedReader(KEY, CTX, len(SEALED), read_range)
    opened.read(CHUNK + 5, 10)
    assert reads == [(0, HEAD), (HEAD + SEALED_CHUNK, SEALED_CHUNK)]


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (-1, None)])
def test_a_negative_range_is_refused(offset: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="not negative"):
        reader(SEALED).stream(offset, length)
