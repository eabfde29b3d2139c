"""Proofs at the vault: made for this request, with this vault's nonce, and used once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import select

from sharing.keys import SigningKey
from sharing.limits import PROOF_AGE
from sharing.proofs import sign_proof
from tests.vault.world import World
from vault import proving, signing
from vault.db import now
from vault.errors import NonceNeeded, ProofInvalid, ProofNeeded, VaultError
from vault.models import UsedProof
from vault.services import Services

PATH, URL, TOKEN = "/agency/grants/g-1", "https://vault.example/agency/grants/g-1", "the-token"


def proof(world: World, key: SigningKey, **changes: Any) -> str:
    with world.services.db.read() as session:
        at = now(session)
    asked = {"method": "GET", "url": URL, "now": at, "nonce": proving.new_nonce(world.services)}
    return sign_proof(key, **(asked | changes))


def prove(world: World, written: str | None, token: str | None = None) -> str:
    return proving.prove(world.services, "GET", PATH, written, token)


def test_a_system_proves_its_key(world: World) -> None:
    key = world.registry_key
    assert prove(world, proof(world, key)) == key.kid
    assert prove(world, proof(world, key, access_token=TOKEN), TOKEN) == key.kid


def test_without_a_proof_nothing_is_proved(world: World) -> None:
    with pytest.raises(ProofNeeded):
        prove(world, None)


def test_a_replayed_proof_is_refused_and_remembered_until_it_is_too_old(world: World) -> None:
    written = proof(world, world.registry_key)
    prove(world, written)
    with pytest.raises(ProofInvalid) as refused:
        prove(world, written)
    assert refused.value.values["step"] == proving.REPLAYED
    with world.services.db.read() as session:
        row, at = session.exec(select(UsedProof)).one(), now(session)
    assert timedelta(0) < row.expires_at - at <= PROOF_AGE


def test_a_proof_sent_to_two_processes_at_once_serves_one(world: World) -> None:
    written = proof(world, world.registry_key)
    others = [Services.open(world.services.settings) for _ in range(4)]
    at_once = Barrier(4)

    def send(services: Services) -> str | VaultError:
        at_once.wait()
        try:
            return proving.prove(services, "GET", PATH, written)
        except VaultError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, others))
    for services in others:
        services.db.close()
    assert sum(answer == world.registry_key.kid for answer in answers) == 1
    assert sum(isinstance(answer, ProofInvalid) for answer in answers) == 3


def test_two_systems_may_use_the_same_jti(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharing.proofs.secrets.token_urlsafe", lambda _: "the-same")
    prove(world, proof(world, world.registry_key))
    other = SigningKey.generate()
    assert prove(world, proof(world, other)) == other.kid


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"method": "POST"}, 8),
        ({"url": "https://vault.example/agency/grants/g-2"}, 9),
        ({"url": "https://attacker.example/agency/grants/g-1"}, 9),
        ({"access_token": "another"}, 12),
        ({}, 12),
    ],
)
def test_a_proof_for_something_else_is_refused(world: World, changes: dict[str, Any], step: int) -> None:
    with pytest.raises(ProofInvalid) as refused:
        prove(world, proof(world, world.registry_key, **changes), TOKEN)
    assert refused.value.values["step"] == step


@pytest.mark.parametrize("nonce", [None, "x", "A" * 34])
def test_a_proof_without_this_vaults_nonce_is_asked_for_again(world: World, nonce: str | None) -> None:
    written = proof(world, world.registry_key, nonce=nonce)
    with pytest.raises(NonceNeeded):
        prove(world, written)
    with world.services.db.read() as session:
        assert session.exec(select(UsedProof)).all() == [], "nothing is kept of what was not taken"


def test_nonces_are_known_to_all_processes_and_end_with_the_key(world: World) -> None:
    nonce = proving.new_nonce(world.services)
    other = Services.open(world.services.settings)
    written = proof(world, world.registry_key, nonce=nonce)
    assert proving.prove(other, "GET", PATH, written) == world.registry_key.kid
    with other.db.write() as session:
        signing.rotate(session, other.root)
    other.db.close()
    with pytest.raises(NonceNeeded):
        prove(world, proof(world, world.registry_key, nonce=nonce))
    assert prove(world, proof(world, world.registry_key))


def test_a_path_is_proved_as_it_was_sent(world: World) -> None:
    key = world.registry_key
    for path, url in (
        ("/agency/grants/a b", "https://vault.example/agency/grants/a%20b"),
        ("/agency/grants/ấ?#%", "https://vault.example/agency/grants/%e1%ba%a5%3F%23%25"),
    ):
        assert proving.prove(world.services, "GET", path, proof(world, key, url=url)) == key.kid
