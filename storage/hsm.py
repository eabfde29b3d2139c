"""A root key that was made on a PKCS#11 token and never leaves it (docs/formats/storage.md#root-key-on-a-token).

PKCS#11 is asked not to be called from two threads at once, and gives one sign-in to the whole process: so everything
here happens under one lock, and a session that broke, or came over a fork, is opened anew.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from threading import RLock
from typing import NoReturn, Self, TypeVar, cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, SecretKey, Session, Token, TokenFlag
from pkcs11 import exceptions as token_errors
from pkcs11.mechanisms import GCMParams
from pkcs11.types import DecryptMixin, EncryptMixin

from storage.errors import KeyMissing, KeyUnavailable, KeyUnusable, SealBroken
from storage.keys import KEY_SIZE, NONCE_SIZE, TAG_SIZE, Key
from storage.rootkey import HEAD_SIZE, ID_SIZE, UNDER_TOKEN, refuse_other
from storage.secretfiles import read_secret

T = TypeVar("T")

WRAPPED_SIZE = HEAD_SIZE + NONCE_SIZE + KEY_SIZE + TAG_SIZE
PROBE_CONTEXT = b"\x13 is the token well?"

FORGED = (token_errors.EncryptedDataInvalid, token_errors.EncryptedDataLenRange)
"""What PKCS#11 has for bytes that do not authenticate. Some tokens say GeneralError instead: see `unwrap`."""


class _Aes(SecretKey, EncryptMixin, DecryptMixin):
    """What the token's module gives for such a key; the package puts its class together as it goes."""


class _Process:
    """The lock on this process's tokens. A child gets one of its own: its parent's may have been held at the fork."""

    lock = RLock()

    @classmethod
    def forked(cls) -> None:
        cls.lock = RLock()


os.register_at_fork(after_in_child=_Process.forked)


@dataclass(frozen=True)
class TokenPlace:
    """Where a key lies: the token's module (a shared library), labels of token and key, the file with the PIN."""

    module: Path
    token: str
    key: str
    pin_file: Path

    def __str__(self) -> str:
        return f"key {self.key!r} on the token {self.token!r}"


class TokenRootKey:
    """A root key on a token. `open` and `create` make these."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._session: Session | None = None
        self._key: _Aes | None = None
        self._pid = os.getpid()
        self._refused_pin: int | None = None
        self.id = ""

    @classmethod
    def open(cls, place: TokenPlace) -> Self:
        """The key that lies there. Raises `KeyUnusable`, `KeyMissing` and `KeyUnavailable` with what to do."""
        root = cls(place)
        with _Process.lock:
            root.id = root._twice(lambda: _id_of(root._connected(), place))
        return root

    @classmethod
    def create(cls, place: TokenPlace) -> Self:
        """Make a new key on the token. Raises `FileExistsError` rather than make a second one of that label."""
        root = cls(place)
        with _Process.lock:
            root._twice(lambda: root._make(token_bytes(ID_SIZE)))
        return cls.open(place)

    @property
    def head(self) -> bytes:
        """How everything begins that this key wraps."""
        return UNDER_TOKEN + bytes.fromhex(self.id)

    def wrap(self, key: Key, ctx: bytes) -> bytes:
        """Seal a key under the root key, bound to `ctx`: 69 bytes that name the root key. Raises `KeyUnavailable`."""
        # Random 96-bit nonces are safe up to 2**32 messages a key (SP 800-38D section 8.3): one a wallet and rewrap.
        nonce = os.urandom(NONCE_SIZE)
        with _Process.lock:
            box = self._twice(lambda: _encrypt(self._connected(), nonce, key.expose(), self.head + ctx))
        return self.head + nonce + box

    def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
        """The key that `wrap` sealed. Raises `SealBroken`, `OtherRootKey`, `KeyUnavailable`."""
        refuse_other(self, wrapped)
        if len(wrapped) != WRAPPED_SIZE or not wrapped.startswith(self.head):
            raise SealBroken("not a key wrapped on this token")
        nonce, box = wrapped[HEAD_SIZE : HEAD_SIZE + NONCE_SIZE], wrapped[HEAD_SIZE + NONCE_SIZE :]
        with _Process.lock:
            return Key(self._twice(lambda: self._decrypt(nonce, box, self.head + ctx)))

    def close(self) -> None:
        """Gives the session back; the next use opens another."""
        with _Process.lock:
            self._disconnect()

    def _decrypt(self, nonce: bytes, box: bytes, bound: bytes) -> bytes:
        """A token that says of forged bytes only that it failed is well when it still opens what it sealed."""
        key = self._connected()
        try:
            return _decrypt(key, nonce, box, bound)
        except FORGED:
            raise SealBroken("does not open with this key and context") from None
        except token_errors.PKCS11Error:
            probe = token_bytes(NONCE_SIZE)
            if _decrypt(key, probe, _encrypt(key, probe, probe, PROBE_CONTEXT), PROBE_CONTEXT) != probe:
                raise
            raise SealBroken("does not open with this key and context") from None

    def _twice(self, operation: Callable[[], T]) -> T:
        """The second time on a session of its own: tokens are pulled, restarted and reset while servers run."""
        try:
            return operation()
        except token_errors.PKCS11Error:
            self._disconnect()
        try:
            return operation()
        except token_errors.PKCS11Error as error:
            self._disconnect()
            raise KeyUnavailable(f"The {self._place} does not answer ({type(error).__name__}).") from None

    def _connected(self) -> "_Aes":
        if self._pid != os.getpid():
            self._disconnect()
            _start_anew(self._place.module)
            self._pid = os.getpid()
        if self._key is None:
            self._session = self._sign_in(writing=False)
            self._key = _find(self._session, self._place)
            if self.id and _id_of(self._key, self._place) != self.id:
                raise KeyUnavailable(f"The {self._place} was replaced by another one. Restart to use it.")
        return self._key

    def _disconnect(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None and self._pid == os.getpid():
            with suppress(token_errors.PKCS11Error):
                session.close()

    def _sign_in(self, *, writing: bool) -> Session:
        token = _token(self._place)
        tried = _changed(self._place.pin_file)
        if self._refused_pin is not None and self._refused_pin == tried:
            raise KeyUnusable(f"The token {self._place.token!r} refused the PIN, which has not changed since.")
        try:
            return _sign_in(token, self._place, writing)
        except token_errors.PinIncorrect:
            self._refused_pin = tried
            raise KeyUnusable(
                f"The token {self._place.token!r} refuses the PIN in {self._place.pin_file}. Correct it before you try "
                "again: tokens lock themselves after a few wrong ones."
            ) from None

    def _make(self, key_id: bytes) -> None:
        with self._sign_in(writing=True) as session:
            if _all(session, self._place):
                raise FileExistsError(f"There is a {self._place} already.")
            made = session.generate_key(
                KeyType.AES,
                8 * KEY_SIZE,
                id=key_id,
                label=self._place.key,
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
            )
            if len(_all(session, self._place)) > 1:  # another process was as quick: each takes only its own back
                made.destroy()

    def __repr__(self) -> str:
        return f"<TokenRootKey {self.id}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is not copied or pickled")


def _encrypt(key: EncryptMixin, nonce: bytes, plaintext: bytes, bound: bytes) -> bytes:
    params = GCMParams(nonce=nonce, aad=bound, tag_bits=8 * TAG_SIZE)
    return cast(bytes, key.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=params))


def _decrypt(key: DecryptMixin, nonce: bytes, box: bytes, bound: bytes) -> bytes:
    params = GCMParams(nonce=nonce, aad=bound, tag_bits=8 * TAG_SIZE)
    return cast(bytes, key.decrypt(box, mechanism=Mechanism.AES_GCM, mechanism_param=params))


def _token(place: TokenPlace) -> Token:
    """A module lists its tokens once, when it is started; so where one is not found it is started anew."""
    try:
        library = pkcs11.lib(str(place.module))
    except token_errors.PKCS11Error as error:
        raise KeyUnusable(f"The PKCS#11 module {place.module} cannot be used: {error}") from None
    for attempt in range(2):
        with suppress(token_errors.PKCS11Error):
            found = list(library.get_tokens(token_label=place.token))
            if len(found) > 1:
                raise KeyUnusable(f"There are {len(found)} tokens with the label {place.token!r}. Give them others.")
            if found:
                return found[0]
        if not attempt:
            _start_anew(place.module)
    raise KeyUnavailable(f"There is no token with the label {place.token!r}. Is it plugged in, is its service running?")


def _start_anew(module: Path) -> None:
    with suppress(token_errors.PKCS11Error):
        library = pkcs11.lib(str(module))
        with suppress(token_errors.PKCS11Error):  # after a fork there is nothing to end (PKCS#11 3.0 section 6.6.1)
            library.finalize()
        library.initialize()


def _sign_in(token: Token, place: TokenPlace, writing: bool) -> Session:
    if token.flags & (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED):
        raise KeyUnusable(
            f"The token {place.token!r} is locked, or will be after one more wrong PIN. Sign in to it once by its own "
            "tools."
        )
    pin = _pin(place.pin_file)
    try:
        return token.open(rw=writing, user_pin=pin)
    except token_errors.UserAlreadyLoggedIn:  # by another key of this process: the sign-in is the process's
        return token.open(rw=writing)
    except token_errors.PinIncorrect:
        raise
    except token_errors.PKCS11Error as error:
        raise KeyUnavailable(f"The token {place.token!r} takes no session ({type(error).__name__}).") from None


def _changed(path: Path) -> int | None:
    """When the file was last written, in nanoseconds; None where there is none to be seen."""
    try:
        return path.stat().st_mtime_ns
    except OSError:  # reading it tells better what is wrong
        return None


def _pin(path: Path) -> str:
    try:
        return read_secret(path, "PIN").decode().rstrip("\r\n")
    except FileNotFoundError:
        raise KeyUnusable(f"There is no PIN file {path}.") from None
    except UnicodeDecodeError:
        raise KeyUnusable(f"The PIN file {path} holds no text.") from None


def _all(session: Session, place: TokenPlace) -> list["_Aes"]:
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: place.key}
    return [cast(_Aes, found) for found in session.get_objects(wanted)]


def _find(session: Session, place: TokenPlace) -> "_Aes":
    found = _all(session, place)
    if not found:
        raise KeyMissing(f"There is no {place}.")
    if len(found) > 1:
        raise KeyUnusable(f"There are {len(found)} keys with the label {place.key!r} on the token {place.token!r}.")
    key = found[0]
    if key.key_type != KeyType.AES or key.key_length != 8 * KEY_SIZE:
        raise KeyUnusable(f"The {place} is no AES key of 256 bits.")
    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise KeyUnusable(f"The {place} could be taken out of the token. Make one that cannot: docvault keys create")
    return key


def _id_of(key: "_Aes", place: TokenPlace) -> str:
    """Random, not of the key's making: nothing that a token tells of a key's bits is long enough for a name."""
    if len(key.id) != ID_SIZE:
        raise KeyUnusable(f"The {place} has no id (CKA_ID) of {ID_SIZE} bytes.")
    return bytes(key.id).hex()
