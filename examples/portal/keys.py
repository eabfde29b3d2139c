"""The portal's two private keys, its application to the vault, and the vault's answer. All are files in its folder.

`client.json` is what a portal hands to the operator of a vault: its redirect URIs and public keys, named as in
RFC 7591 §2. `registration.json` is what it gets back: the vault's issuer and the id that the vault knows it by.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jwskate import Jwk

from examples.portal.settings import Settings

NAME = "Cổng dịch vụ công (bản dùng thử)"
ALGORITHM = "ES256"


@dataclass(frozen=True)
class Keys:
    """`client` signs who the portal is (RFC 7523 §3), `proof` binds its access tokens (RFC 9449)."""

    client: Jwk = field(repr=False)
    proof: Jwk = field(repr=False)


@dataclass(frozen=True)
class Registration:
    """What a vault says to a portal that it knows."""

    issuer: str
    client_id: str


class NotRegistered(Exception):
    """No vault has registered this portal yet."""


def load_or_make(folder: Path) -> Keys:
    """The keys, made at first use; the file is the owner's alone from the moment that it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "keys.json"
    if not path.exists():
        made = {name: Jwk.generate(alg=ALGORITHM).with_kid_thumbprint().to_dict() for name in ("client", "proof")}
        _write_private(path, json.dumps(made))
    stored = json.loads(path.read_text("utf-8"))
    return Keys(Jwk(stored["client"]), Jwk(stored["proof"]))


def apply(settings: Settings, keys: Keys, procedures: Sequence[str]) -> Path:
    """Writes the application that the vault's operator registers; nothing in it is secret."""
    application = {
        "client_name": NAME,
        "redirect_uris": [settings.redirect_uri],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [keys.client.public_jwk().with_usage_parameters().to_dict()]},
        "procedures": list(procedures),
    }
    path = settings.folder / "client.json"
    path.write_text(json.dumps(application, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def registration(folder: Path) -> Registration:
    """Raises `NotRegistered` as long as no vault has answered."""
    try:
        answer = json.loads((folder / "registration.json").read_text("utf-8"))
        return Registration(answer["issuer"], answer["client_id"])
    except (OSError, ValueError, KeyError):
        raise NotRegistered from None


def _write_private(path: Path, text: str) -> None:
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
