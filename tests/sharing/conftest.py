"""A vault, an agency and their keys; and a forger, who writes tokens without the code under test."""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sharing.keys import KeySet, SigningKey, jwks, parse_jwks
from sharing.terms import Item, Terms, Tier

Forge = Callable[..., str]


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def keys(key: SigningKey) -> KeySet:
    return parse_jwks(jwks([key]))


@pytest.fixture(scope="session")
def paper() -> bytes:
    return b"%PDF-1.7 giay khai sinh " * 4096


@pytest.fixture(scope="session")
def terms(now: datetime, paper: bytes) -> Terms:
    digest = hashlib.sha256(paper).digest()
    birth = Item("ver-1", "birth-certificate", Tier.CHECKED, digest, len(paper), "application/pdf")
    card = Item("ver-2", "citizen-card", Tier.SELF, bytes(32), 7, "image/jpeg")
    return Terms(
        issuer="https://vault.example",
        audience="agency-1",
        subject="pseudonym-1",
        grant_id="grant-1",
        issued_at=now,
        not_before=now,
        expires_at=now + timedelta(days=7),
        purpose="Đăng ký khai sinh",
        items=(birth, card),
        openings=5,
    )


@pytest.fixture(scope="session")
def attached(terms: Terms, key: SigningKey) -> Terms:
    """The terms of a grant for a dossier, bound to a key."""
    birth, card = terms.items
    items = (
        dataclasses.replace(birth, components=("child-birth", "proof-of-birth")),
        dataclasses.replace(card, components=("parent-id",)),
    )
    return dataclasses.replace(
        terms, items=items, procedure="birth-registration", dossier="H10.01.02-261123-0001", key=key.kid
    )


@pytest.fixture(scope="session")
def forge() -> Forge:
    """Join a header, a payload and a signature as they are told to be: `sign` maps the signing input to a signature."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def to_bytes(value: Mapping[str, Any] | bytes) -> bytes:
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    def forge(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, sign: Any) -> str:
        signing_input = f"{encode(to_bytes(header))}.{encode(to_bytes(payload))}"
        return f"{signing_input}.{encode(sign(signing_input.encode()))}"

    return forge
