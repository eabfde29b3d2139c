"""Keys and the small things sealed under them."""

import copy
import hashlib
import hmac
import pickle
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import KeyUnusable, SealBroken
from storage.keys import Key, context

CTX = context("citizen", "c-1", "wallet key")
OTHER_CTX = context("citizen", "c-2", "wallet key")
KEY = Key.from_bytes(bytes(range(32)))
PARTS = st.lists(st.text(max_size=8), max_size=4)


def hkdf_expand(key: bytes, info: bytes) -> bytes:
    """One block of RFC 5869 section 2.3, so that docs/formats/storage.md is checked without our code."""
    return hmac.digest(key, info + b"\x01", "sha256")


@given(one=PARTS, other=PARTS)
def test_two_contexts_are_equal_only_when_their_parts_are(one: list[str], other: list[str]) -> None:
    assert (context(*one) == context(*other)) == (one == other)


def test_a_context_is_laid_out_as_documented() -> None:
    assert context("é", "", "ab") == b"\0\0\0\x02\xc3\xa9" + b"\0\0\0\0" + b"\0\0\0\x02ab"


def test_a_shifted_border_between_ids_gives_another_context() -> None:
    assert context("ab", "c") != context("a", "bc")
    assert context("a", "") != context("a")


@given(st.binary(max_size=500), st.binary(max_size=40))
def test_a_small_thing_opens_as_it_was_sealed(plain: bytes, ctx: bytes) -> None:
    sealed = KEY.seal(plain, ctx)
    assert len(sealed) == len(plain) + 29
    assert KEY.open(sealed, ctx) == plain


def test_a_wrapped_key_unwraps_as_it_was() -> None:
    other = Key.generate()
    wrapped = KEY.wrap(other, CTX)
    assert len(wrapped) == 61
    assert KEY.unwrap(wrapped, CTX) == other


def test_the_layouts_are_as_documented() -> None:
    sealed, wrapped = KEY.seal(b"title", CTX), KEY.wrap(Key.from_bytes(b"k" * 32), CTX)
    for form, box, use, plain in ((b"\x21", sealed, b"seal", b"title"), (b"\x11", wrapped, b"wrap", b"k" * 32)):
        subkey = hkdf_expand(bytes(range(32)), b"docvault storage v1 " + use)
        assert box[:1] == form
        assert AESGCM(subkey).decrypt(box[1:13], box[13:], form + CTX) == plain
    subkey = hkdf_expand(bytes(range(32)), b"docvault storage v1 mac")
    assert KEY.mac(b"data", b"ctx") == hmac.digest(subkey, b"\0\0\0\x03ctxdata", "sha256")


def test_a_key_derives_as_documented() -> None:
    pseudorandom = hmac.digest(bytes(32), b"s" * 32, "sha256")
    assert Key.derive(b"s" * 32, CTX).expose() == hkdf_expand(pseudorandom, b"docvault storage v1 derive" + CTX)


def test_sealing_the_same_twice_looks_different() -> None:
    assert KEY.seal(b"x", CTX) != KEY.seal(b"x", CTX)
    assert KEY.wrap(KEY, CTX) != KEY.wrap(KEY, CTX)


def test_every_flipped_bit_is_refused() -> None:
    sealed, wrapped = KEY.seal(b"title", CTX), KEY.wrap(Key.generate(), CTX)
    for box, opening in ((sealed, KEY.open), (wrapped, KEY.unwrap)):
        for bit in range(8 * len(box)):
            changed = bytearray(box)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(SealBroken):
                opening(bytes(changed), CTX)


def test_every_cut_and_every_addition_is_refused() -> None:
    sealed, wrapped = KEY.seal(b"title", CTX), KEY.wrap(Key.generate(), CTX)
    for box, opening in ((sealed, KEY.open), (wrapped, KEY.unwrap)):
        for changed in [*(box[:size] for size in range(len(box))), box + b"\0"]:
            with pytest.raises(SealBroken):
                opening(changed, CTX)


def test_a_box_moved_to_another_row_is_refused() -> None:
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(b"title", CTX), OTHER_CTX)
    with pytest.raises(SealBroken):
        KEY.unwrap(KEY.wrap(Key.generate(), CTX), OTHER_CTX)


def test_another_key_is_refused() -> None:
    with pytest.raises(SealBroken):
        Key.generate().open(KEY.seal(b"title", CTX), CTX)
    with pytest.raises(SealBroken):
        Key.generate().unwrap(KEY.wrap(KEY, CTX), CTX)


def test_a_sealed_note_is_not_taken_for_a_wrapped_key() -> None:
    note = KEY.seal(b"k" * 32, CTX)
    for forged in (note, b"\x11" + note[1:]):
        with pytest.raises(SealBroken):
            KEY.unwrap(forged, CTX)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(KeyUnusable):
        Key.from_bytes(bytes(size))


def test_a_short_secret_derives_no_key() -> None:
    with pytest.raises(KeyUnusable):
        Key.derive(b"password", CTX)


def test_derived_keys_differ_by_secret_and_context() -> None:
    keys = {Key.derive(secret * 32, ctx).expose() for secret in (b"a", b"b") for ctx in (CTX, OTHER_CTX)}
    assert len(keys) == 4


def test_macs_differ_where_context_and_data_touch() -> None:
    assert KEY.mac(b"bc", b"a") != KEY.mac(b"c", b"ab")
    assert len(KEY.mac(b"", b"")) == 32
    assert KEY.mac(b"x", CTX) != hmac.digest(KEY.expose(), b"x", hashlib.sha256)


def test_a_key_shows_itself_nowhere() -> None:
    key = Key.from_bytes(b"SECRET-SECRET-SECRET-SECRET-SECR")
    assert repr(key) == str(key) == "<Key>"
    assert "SECRET" not in repr([key]) + repr({"key": key})
    for leak in (lambda: f"{key}", lambda: format(key, "s"), lambda: "{}".format(key)):  # noqa: UP032
        with pytest.raises(TypeError):
            leak()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    duplicates: list[Callable[[Key], object]] = [copy.copy, copy.deepcopy, vars, hash]
    for duplicate in duplicates:
        with pytest.raises(TypeError):
            duplicate(key)


def test_keys_are_equal_by_their_bytes_alone() -> None:
    assert Key.from_bytes(bytes(range(32))) == KEY
    assert Key.generate() != KEY
    assert bytes(range(32)) != KEY
    assert KEY.expose() == bytes(range(32))
