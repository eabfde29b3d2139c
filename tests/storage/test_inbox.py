"""Messages to an inbox."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import inbox
from storage.errors import KeyUnusable, SealBroken
from storage.keys import context

CTX = context("agency", "a-1", "grant key")
PRIVATE, PUBLIC = inbox.generate()


@given(st.binary(max_size=300), st.binary(max_size=40))
@settings(deadline=None, max_examples=30)
def test_a_message_opens_for_its_inbox(plain: bytes, ctx: bytes) -> None:
    sealed = inbox.seal_to(PUBLIC, plain, ctx)
    assert len(sealed) == len(plain) + inbox.OVERHEAD
    assert inbox.open_from(PRIVATE, sealed, ctx) == plain


def test_the_layouts_have_the_documented_sizes() -> None:
    assert (len(PRIVATE), len(PUBLIC), inbox.OVERHEAD) == (97, 1217, 1137)
    assert (PRIVATE[0], PUBLIC[0], inbox.seal_to(PUBLIC, b"", CTX)[0]) == (0x41, 0x31, 0x51)


def test_another_inbox_cannot_open_it() -> None:
    stranger, _ = inbox.generate()
    with pytest.raises(SealBroken):
        inbox.open_from(stranger, inbox.seal_to(PUBLIC, b"key", CTX), CTX)


def test_a_message_moved_to_another_place_is_refused() -> None:
    with pytest.raises(SealBroken):
        inbox.open_from(PRIVATE, inbox.seal_to(PUBLIC, b"key", CTX), context("agency", "a-2", "grant key"))


def test_a_flipped_bit_anywhere_is_refused() -> None:
    sealed = inbox.seal_to(PUBLIC, b"key", CTX)
    for at in [0, 1, *range(2, len(sealed), 37), *range(len(sealed) - 20, len(sealed))]:
        changed = bytearray(sealed)
        changed[at] ^= 1 << at % 8
        with pytest.raises(SealBroken):
            inbox.open_from(PRIVATE, bytes(changed), CTX)


def test_a_cut_or_longer_message_is_refused() -> None:
    sealed = inbox.seal_to(PUBLIC, b"key", CTX)
    for changed in [b"", *(sealed[:size] for size in range(1, len(sealed), 50)), sealed[:-1], sealed + b"\0"]:
        with pytest.raises(SealBroken):
            inbox.open_from(PRIVATE, changed, CTX)


def test_what_is_no_key_is_refused() -> None:
    for bad in (b"", PRIVATE, PUBLIC[:-1], PUBLIC + b"\0", b"\x32" + PUBLIC[1:], PUBLIC[:1] + b"\xff" * 1216):
        with pytest.raises(KeyUnusable):
            inbox.seal_to(bad, b"key", CTX)
    sealed = inbox.seal_to(PUBLIC, b"key", CTX)
    for bad in (b"", PUBLIC, PRIVATE[:-1], PRIVATE + b"\0", b"\x42" + PRIVATE[1:]):
        with pytest.raises(KeyUnusable):
            inbox.open_from(bad, sealed, CTX)


def test_an_inbox_with_a_point_of_low_order_is_refused() -> None:
    forged = PUBLIC[:-32] + bytes(32)
    with pytest.raises(KeyUnusable):
        inbox.seal_to(forged, b"key", CTX)
