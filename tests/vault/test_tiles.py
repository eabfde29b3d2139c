"""Sheets as they are stored: the vector of the format page, and what is refused."""

import struct
from collections.abc import Callable

import pytest

from ocr import Place, Pyramid
from storage.errors import SealBroken
from storage.keys import Key, context
from storage.sealed import SealedReader, seal
from vault.tiles import StoredSheet, pack

KEY, CONTEXT = Key.generate(), context("sheet", "v", "1")
TILE = b"\xff\xd8\xff\xd9"
VECTOR = bytes.fromhex("ffd8ffd9 0000000000 000004 61 09 0001 00000003 00000002")
FOOTER = VECTOR[-12:]


def opened(content: bytes, reads: list[tuple[int, int]] | None = None) -> StoredSheet:
    sealed = b"".join(seal(KEY, CONTEXT, [content]))

    def read(offset: int, length: int) -> bytes:
        if reads is not None:
            reads.append((offset, length))
        return sealed[offset : offset + length]

    return StoredSheet(SealedReader(KEY, CONTEXT, len(sealed), read))


def large() -> tuple[Pyramid, dict[Place, bytes]]:
    pyramid = Pyramid(19_866, 28_087)
    return pyramid, {place: b"%d %d %d" % (place.level, place.column, place.row) for place in pyramid.places()}


def test_the_vector_of_the_format_page() -> None:
    assert b"".join(pack(Pyramid(3, 2), [(Place(0, 0, 0), TILE)])) == VECTOR
    assert opened(VECTOR).tile(Place(0, 0, 0)) == TILE


def test_every_tile_of_an_a0_comes_back_in_whatever_order_it_was_cut() -> None:
    pyramid, tiles = large()
    sheet = opened(b"".join(pack(pyramid, reversed(tiles.items()))))
    assert sheet.pyramid == pyramid
    assert all(sheet.tile(place) == tile for place, tile in tiles.items())


def test_a_tile_costs_three_reads() -> None:
    pyramid, tiles = large()
    reads: list[tuple[int, int]] = []
    opened(b"".join(pack(pyramid, tiles.items())), reads).tile(Place(6, 30, 40))
    assert len(reads) == 3
    assert sum(length for _, length in reads) < 100_000


def test_an_index_longer_than_the_tail_is_read_too() -> None:
    pyramid = Pyramid(60_000, 50_000)
    tiles = dict.fromkeys(pyramid.places(), TILE)
    assert opened(b"".join(pack(pyramid, tiles.items()))).tile(Place(7, 9, 9)) == TILE


@pytest.mark.parametrize("place", [Place(1, 0, 0), Place(0, 1, 0), Place(0, 0, 1), Place(-1, 0, 0)])
def test_a_tile_out_of_range(place: Place) -> None:
    with pytest.raises(ValueError, match="no tile"):
        opened(VECTOR).tile(place)


def entry(offset: int, length: int) -> bytes:
    return struct.pack(">Q", offset << 24 | length)


@pytest.mark.parametrize(
    "content",
    [
        b"", VECTOR[:-1], VECTOR[1:], TILE + VECTOR, b"\0" + VECTOR, FOOTER,
        TILE + entry(0, 3) + FOOTER, TILE + entry(1, 3) + FOOTER, TILE + entry(0, 5) + FOOTER, entry(0, 0) + FOOTER,
        TILE + entry(0, 4) + b"\x62" + FOOTER[1:], TILE + entry(0, 4) + b"\x61\x08" + FOOTER[2:],
        TILE + entry(0, 4) + FOOTER[:4] + struct.pack(">II", 0, 2),
        TILE + entry(0, 4) + FOOTER[:4] + struct.pack(">II", 1_000_001, 2),
        TILE + entry(0, 4) + FOOTER[:4] + struct.pack(">II", 513, 2),
        2 * TILE + entry(0, 8) + 2 * entry(0, 4) + FOOTER[:4] + struct.pack(">II", 513, 2),
    ],
)  # fmt: skip
def test_what_no_vault_has_written_is_refused(content: bytes) -> None:
    with pytest.raises(SealBroken):
        opened(content)


def test_overlapping_tiles_are_refused() -> None:
    content = 3 * TILE + entry(0, 8) + entry(4, 4) + entry(8, 4) + FOOTER[:4] + struct.pack(">II", 513, 2)
    with pytest.raises(SealBroken):
        opened(content)


@pytest.mark.parametrize(
    "tiles",
    [[], [(Place(0, 0, 0), b"")], [(Place(0, 0, 0), TILE)] * 2, [(Place(0, 0, 1), TILE)]],
    ids=["none", "empty", "twice", "elsewhere"],
)
def test_tiles_that_make_no_sheet_are_not_stored(tiles: list[tuple[Place, bytes]]) -> None:
    with pytest.raises(ValueError, match="tile"):
        list(pack(Pyramid(3, 2), tiles))


@pytest.mark.parametrize("at", [0, 60, -1, -20])
def test_a_sheet_that_was_tampered_with_or_cut_is_refused(at: int) -> None:
    pyramid, tiles = large()
    sealed = bytearray(b"".join(seal(KEY, CONTEXT, pack(pyramid, tiles.items()))))
    sealed[at] ^= 1
    for changed in (bytes(sealed), bytes(sealed[:-40]), bytes(sealed[: len(sealed) // 2])):
        read: Callable[[int, int], bytes] = lambda offset, length, changed=changed: changed[offset : offset + length]  # type: ignore[misc]  # noqa: E731
        with pytest.raises(SealBroken):
            StoredSheet(SealedReader(KEY, CONTEXT, len(changed), read)).tile(Place(0, 0, 0))
