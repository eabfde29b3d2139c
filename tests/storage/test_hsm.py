"""A root key on a token: really on SoftHSM."""

import os
import pickle
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, ObjectClass, TokenFlag
from pkcs11 import exceptions as token_errors

from storage import hsm
from storage.errors import KeyMissing, KeyUnavailable, KeyUnusable, OtherRootKey, SealBroken
from storage.hsm import TokenPlace, TokenRootKey
from storage.keys import Key, context
from storage.rootkey import FileRootKey, RootKey, Succession, root_id
from tests.tokens import PIN, Tokens

CTX = context("wallet-key", "c-1")


@pytest.fixture
def place(tokens: Tokens) -> TokenPlace:
    return tokens.place(f"t-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def root(place: TokenPlace) -> TokenRootKey:
    return TokenRootKey.create(place)


def test_a_key_wrapped_before_a_restart_unwraps_after_it(root: TokenRootKey, place: TokenPlace) -> None:
    wallet = Key.generate()
    wrapped = root.wrap(wallet, CTX)
    again: RootKey = TokenRootKey.open(place)
    assert again.id == root.id
    assert again.unwrap(wrapped, CTX) == wallet
    assert (len(wrapped), wrapped[:1], root_id(wrapped)) == (69, b"\x13", root.id)


def test_changed_bytes_and_another_context_are_refused(root: TokenRootKey) -> None:
    wrapped = root.wrap(Key.generate(), CTX)
    for place in range(len(wrapped)):
        changed = wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :]
        with pytest.raises(SealBroken):
            root.unwrap(changed, CTX)
    for broken in (b"", wrapped[:9], wrapped[:-1], wrapped + b"x"):
        with pytest.raises(SealBroken):
            root.unwrap(broken, CTX)
    with pytest.raises(SealBroken):
        root.unwrap(wrapped, context("wallet-key", "c-2"))
    with pytest.raises(SealBroken):
        root.unwrap(wrapped, context("agency-key", "c-1"))
    assert root.unwrap(wrapped, CTX), "a refusal breaks nothing"


def test_what_a_file_wrapped_is_not_taken_for_the_tokens_nor_the_other_way_round(
    root: TokenRootKey, tmp_path: Path
) -> None:
    file = FileRootKey.create(tmp_path / "root.key")
    by_file, by_token = file.wrap(Key.generate(), CTX), root.wrap(Key.generate(), CTX)
    with pytest.raises(OtherRootKey, match=file.id):
        root.unwrap(by_file, CTX)
    with pytest.raises(OtherRootKey, match=root.id):
        file.unwrap(by_token, CTX)
    for opener, wrapped in ((root, root.head + by_file[9:]), (file, file.head + by_token[9:])):
        with pytest.raises(SealBroken):
            opener.unwrap(wrapped, CTX)


def test_nobody_takes_the_key_out_of_the_token(root: TokenRootKey, place: TokenPlace) -> None:
    """Somebody with the PIN and the vault's machine may use the token; the key they do not get."""
    with pkcs11.lib(str(place.module)).get_token(token_label=place.token).open(rw=True) as session:
        key = session.get_key(object_class=ObjectClass.SECRET_KEY, label=place.key)
        assert key.id.hex() == root.id
        for attribute in (
            Attribute.SENSITIVE,
            Attribute.ALWAYS_SENSITIVE,
            Attribute.NEVER_EXTRACTABLE,
            Attribute.LOCAL,
        ):
            assert key[attribute] is True
        assert key[Attribute.EXTRACTABLE] is False
        with pytest.raises(token_errors.AttributeSensitive):
            key[Attribute.VALUE]
        wrapping = session.generate_key(KeyType.AES, 256, template={Attribute.WRAP: True})
        with pytest.raises(token_errors.PKCS11Error):
            wrapping.wrap_key(key)
        with pytest.raises(token_errors.PKCS11Error):
            key[Attribute.EXTRACTABLE] = True
        with pytest.raises(token_errors.PKCS11Error):
            key.copy({Attribute.EXTRACTABLE: True})


def test_there_is_never_a_second_key_of_the_label(root: TokenRootKey, place: TokenPlace) -> None:
    with pytest.raises(FileExistsError):
        TokenRootKey.create(place)
    assert TokenRootKey.open(place).id == root.id


def test_a_second_key_that_somebody_else_made_is_not_chosen_between(root: TokenRootKey, place: TokenPlace) -> None:
    with pkcs11.lib(str(place.module)).get_token(token_label=place.token).open(rw=True) as session:
        session.generate_key(KeyType.AES, 256, label=place.key, store=True)
    with pytest.raises(KeyUnusable, match="2 keys"):
        TokenRootKey.open(place)


@pytest.mark.parametrize(
    ("bits", "template", "says"),
    [
        (256, {Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: True}, "taken out"),
        (256, {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: False}, "taken out"),
        (128, {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True}, "256 bits"),
        (256, {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True}, "CKA_ID"),
    ],
)
def test_a_key_that_does_not_protect_is_refused(
    place: TokenPlace, bits: int, template: dict[Attribute, bool], says: str
) -> None:
    with pytest.raises(KeyMissing):
        TokenRootKey.open(place)
    with pkcs11.lib(str(place.module)).get_token(token_label=place.token).open(rw=True) as session:
        session.generate_key(KeyType.AES, bits, label=place.key, store=True, template=template)
        with pytest.raises(KeyUnusable, match=says):
            TokenRootKey.open(place)


def test_what_is_missing_is_said(tokens: Tokens, place: TokenPlace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "none"
    with pytest.raises(KeyMissing, match=f"no key 'docvault-root' on the token '{place.token}'"):
        TokenRootKey.open(place)
    with pytest.raises(KeyUnusable, match="module"):
        TokenRootKey.open(TokenPlace(elsewhere, place.token, place.key, place.pin_file))
    with pytest.raises(KeyUnavailable, match="no token"):
        TokenRootKey.open(TokenPlace(place.module, "another", place.key, place.pin_file))
    with pytest.raises(KeyUnusable, match="no PIN file"):
        TokenRootKey.open(TokenPlace(place.module, place.token, place.key, elsewhere))
    place.pin_file.chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        TokenRootKey.open(place)


def test_two_tokens_of_one_label_are_not_chosen_between(tokens: Tokens, place: TokenPlace) -> None:
    tokens.place(place.token)
    with pytest.raises(KeyUnusable, match="2 tokens"):
        TokenRootKey.open(place)


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(root: TokenRootKey, place: TokenPlace) -> None:
    wrapped = root.wrap(Key.generate(), CTX)
    restart(place)
    place.pin_file.write_text("not-the-pin\n")
    for says in ("refuses the PIN", "not changed since"):
        with pytest.raises(KeyUnusable, match=says) as refused:
            root.unwrap(wrapped, CTX)
        assert "not-the-pin" not in str(refused.value)
    place.pin_file.write_text(f"{PIN}\n")
    os.utime(place.pin_file, (1, 1))
    assert root.unwrap(wrapped, CTX), "it goes on as soon as the file is corrected"


class WornToken:
    """A token that has counted wrong PINs, which SoftHSM does not. Writes down who would sign in."""

    def __init__(self, flag: TokenFlag) -> None:
        self.flags, self.signed_in = TokenFlag.TOKEN_INITIALIZED | flag, 0

    def open(self, **_how: object) -> NoReturn:
        self.signed_in += 1
        raise token_errors.PinIncorrect


@pytest.mark.parametrize("flag", [TokenFlag.USER_PIN_FINAL_TRY, TokenFlag.USER_PIN_LOCKED])
def test_servers_that_restart_with_a_wrong_pin_never_spend_the_last_try(
    root: TokenRootKey, place: TokenPlace, monkeypatch: pytest.MonkeyPatch, flag: TokenFlag
) -> None:
    wrapped, worn = root.wrap(Key.generate(), CTX), WornToken(flag)
    restart(place)
    monkeypatch.setattr(hsm, "_token", lambda _place: worn)
    attempts = (lambda: TokenRootKey.open(place), lambda: root.unwrap(wrapped, CTX), lambda: TokenRootKey.create(place))
    for attempt in attempts:
        with pytest.raises(KeyUnusable, match="is locked, or will be after one more wrong PIN"):
            attempt()
    assert worn.signed_in == 0


def test_a_token_that_was_restarted_under_a_running_server_is_found_again(
    root: TokenRootKey, place: TokenPlace
) -> None:
    wallet = Key.generate()
    wrapped = root.wrap(wallet, CTX)
    restart(place)
    assert root.unwrap(wrapped, CTX) == wallet
    restart(place)
    assert root.unwrap(root.wrap(wallet, CTX), CTX) == wallet


def test_a_token_that_is_gone_is_told_from_a_broken_seal(root: TokenRootKey, place: TokenPlace) -> None:
    wrapped = root.wrap(Key.generate(), CTX)
    subprocess.run(["softhsm2-util", "--delete-token", "--token", place.token], check=True, capture_output=True)
    restart(place)
    for use in (lambda: root.unwrap(wrapped, CTX), lambda: root.wrap(Key.generate(), CTX)):
        with pytest.raises(KeyUnavailable):
            use()


def test_a_key_that_was_replaced_under_a_running_server_is_not_used(root: TokenRootKey, place: TokenPlace) -> None:
    with pkcs11.lib(str(place.module)).get_token(token_label=place.token).open(rw=True) as session:
        session.get_key(label=place.key).destroy()
    other = TokenRootKey.create(place)
    restart(place)
    with pytest.raises(KeyUnavailable, match="replaced"):
        root.wrap(Key.generate(), CTX)
    assert other.wrap(Key.generate(), CTX)


def test_many_threads_use_one_key(root: TokenRootKey) -> None:
    def there_and_back(number: int) -> bool:
        key, ctx = Key.generate(), context("wallet-key", str(number))
        return root.unwrap(root.wrap(key, ctx), ctx) == key

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(200)))


def test_many_starting_at_once_end_with_one_key(place: TokenPlace) -> None:
    def start(_: int) -> str:
        try:
            return TokenRootKey.open(place).id
        except KeyMissing:
            pass
        try:
            return TokenRootKey.create(place).id
        except FileExistsError:
            return TokenRootKey.open(place).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(16)))) == 1


def test_a_forked_child_and_its_parent_both_go_on(root: TokenRootKey) -> None:
    wallet = Key.generate()
    wrapped = root.wrap(wallet, CTX)
    child = os.fork()
    if child == 0:  # only _exit: nothing of pytest may run twice
        try:
            os._exit(0 if root.unwrap(wrapped, CTX) == wallet else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert root.unwrap(wrapped, CTX) == wallet


def test_two_keys_on_one_token_serve_one_process(root: TokenRootKey, place: TokenPlace) -> None:
    """As during a rewrap from one to the other."""
    other = TokenRootKey.create(TokenPlace(place.module, place.token, "docvault-root-2", place.pin_file))
    both = Succession(other, root)
    wallet = Key.generate()
    assert both.unwrap(root.wrap(wallet, CTX), CTX) == wallet
    assert root_id(both.wrap(wallet, CTX)) == other.id
    restart(place)
    assert both.unwrap(both.wrap(wallet, CTX), CTX) == both.unwrap(root.wrap(wallet, CTX), CTX) == wallet


def test_it_shows_its_name_alone_and_is_not_taken_along(root: TokenRootKey) -> None:
    assert repr(root) == f"<TokenRootKey {root.id}>"
    with pytest.raises(TypeError):
        pickle.dumps(root)


def restart(place: TokenPlace) -> None:
    """As pulling the token and putting it in again: every session of the process is gone."""
    pkcs11.lib(str(place.module)).reinitialize()
