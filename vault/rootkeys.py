"""The root key that the settings name, and a second one beside it: opened and made here, and nowhere else."""

from contextlib import suppress
from pathlib import Path

from storage.errors import KeyMissing, KeyUnusable
from storage.hsm import TokenPlace, TokenRootKey
from storage.rootkey import FileRootKey, RootKey, Succession
from vault.settings import Provider, Settings

Place = Path | TokenPlace


def open_root(settings: Settings) -> RootKey:
    """The root key, together with the second where there is one.

    Raises `KeyMissing`, `KeyUnusable` and `KeyUnavailable`, in a sentence for the operator.
    """
    current, second = _open(place(settings)), second_place(settings)
    return Succession(current, _open(second)) if second else current


def open_current(settings: Settings) -> RootKey:
    """The root key alone. Raises what `open_root` raises."""
    return _open(place(settings))


def create(settings: Settings) -> RootKey:
    """Makes the root key where the settings say. Raises `KeyUnusable` where one is already."""
    where = place(settings)
    try:
        if isinstance(where, TokenPlace):
            return TokenRootKey.create(where)
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileRootKey.create(where)
    except FileExistsError:
        raise KeyUnusable(f"There is a {describe(where)} already. It is left as it is.") from None


def create_once(settings: Settings) -> None:
    """At a first start: of several processes at once, one makes it."""
    with suppress(KeyUnusable):
        create(settings)
    open_current(settings)


def is_there(settings: Settings) -> bool:
    """Whether there is a root key, of whatever worth."""
    where = place(settings)
    if not isinstance(where, TokenPlace):
        return where.exists()
    try:
        TokenRootKey.open(where).close()
    except KeyMissing:
        return False
    return True


def place(settings: Settings) -> Place:
    """Where the root key lies. Raises `KeyUnusable` when settings are missing."""
    if settings.root_key_provider == "file":
        return settings.root_key
    module = _given(settings.pkcs11_module, "DOCVAULT_PKCS11_MODULE")
    pin_file = _given(settings.pkcs11_pin_file, "DOCVAULT_PKCS11_PIN_FILE")
    return TokenPlace(module, settings.pkcs11_token, settings.pkcs11_key, pin_file)


def second_place(settings: Settings) -> Place | None:
    """Where the second root key lies, if there is one. What is not said of it is as for the root key itself."""
    provider: Provider | None = settings.second_root_key_provider
    if provider is None:
        return None
    if provider == "file":
        return settings.second_root_key_file or settings.root_key
    return TokenPlace(
        _given(settings.second_pkcs11_module or settings.pkcs11_module, "DOCVAULT_SECOND_PKCS11_MODULE"),
        settings.second_pkcs11_token or settings.pkcs11_token,
        settings.second_pkcs11_key or settings.pkcs11_key,
        _given(settings.second_pkcs11_pin_file or settings.pkcs11_pin_file, "DOCVAULT_SECOND_PKCS11_PIN_FILE"),
    )


def describe(where: Place) -> str:
    """For a sentence to the operator."""
    return f"root {where}" if isinstance(where, TokenPlace) else f"root key file {where}"


def _open(where: Place) -> RootKey:
    if isinstance(where, TokenPlace):
        return TokenRootKey.open(where)
    try:
        return FileRootKey.open(where)
    except FileNotFoundError:
        raise KeyMissing(f"There is no root key {where}.") from None


def _given(path: Path | None, name: str) -> Path:
    if path is None:
        raise KeyUnusable(f"A root key on a token needs {name}.")
    return path
