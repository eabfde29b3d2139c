"""Access tokens over HTTP: worth nothing without a fresh proof of their key, made for this very request."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx
import pytest
from sqlmodel import select

from sharing.assertions import sign_assertion
from sharing.keys import SigningKey
from sharing.proofs import sign_proof
from tests.dpop import Dpop
from tests.vault import visitors
from tests.vault.visitors import URL
from tests.vault.world import CONTENT, World
from vault import proving
from vault.api.agency import ASSERTION_TYPE
from vault.db import now
from vault.models import Grant, GrantHolder, Holder, UsedProof


@dataclass
class Opened:
    """A grant whose token the registry's system holds, and the address of its paper."""

    world: World
    client: httpx.Client
    grant_id: str
    path: str
    proved: Dpop

    def headers(self, method: str = "GET", path: str | None = None) -> dict[str, str]:
        """The system's own headers, with a nonce: good for one request."""
        self.proved.nonce = proving.new_nonce(self.world.services)
        return self.proved.headers(method, URL + (path or self.path))

    def refusals(self) -> list[str | None]:
        return [event.detail for event in self.world.events("refused")]


@pytest.fixture
def opened(world: World) -> Iterator[Opened]:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = world.bearer(link).token
    path = f"/agency/grants/{grant_id}/documents/{paper.version.id}"
    with visitors.visitor(world, visitors.app_of(world)) as client:
        yield Opened(world, client, grant_id, path, Dpop(world.registry_key, token))


def refused(answer: httpx.Response, code: str, error: str) -> None:
    """A 401 as RFC 9449 section 7.1 has it, with a nonce for the next try and the same words for all of one kind."""
    assert (answer.status_code, answer.json()["type"]) == (401, f"/problems/{code}")
    assert answer.headers["www-authenticate"] == f'DPoP error="{error}", algs="Ed25519 EdDSA ES256 PS256"'
    assert answer.headers["dpop-nonce"]
    assert CONTENT[:8] not in answer.content


def test_a_system_opens_with_its_token_and_proofs_and_learns_nonces_by_the_way(opened: Opened) -> None:
    first = opened.client.get(opened.path, headers=opened.proved.headers("GET", URL + opened.path))
    refused(first, "nonce-needed", "use_dpop_nonce")
    opened.proved.nonce = first.headers["dpop-nonce"]
    for _ in range(3):
        headers = opened.proved.headers("GET", URL + opened.path)
        assert opened.client.get(opened.path, headers=headers).content == CONTENT
    assert opened.client.head(opened.path, auth=opened.proved).status_code == 200


def test_token_without_proof_is_refused(opened: Opened) -> None:
    headers = opened.headers()
    del headers["DPoP"]
    refused(opened.client.get(opened.path, headers=headers), "proof-needed", "invalid_dpop_proof")


@pytest.mark.parametrize("with_proof", [False, True])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "DPoPP"])
def test_token_as_bearer_is_refused(opened: Opened, scheme: str, with_proof: bool) -> None:
    headers = opened.headers()
    headers["Authorization"] = headers["Authorization"].replace("DPoP", scheme)
    if not with_proof:
        del headers["DPoP"]
    refused(opened.client.get(opened.path, headers=headers), "token-invalid", "invalid_token")


def test_replayed_proof_is_refused(opened: Opened) -> None:
    headers = opened.headers()
    assert opened.client.get(opened.path, headers=headers).status_code == 200
    again = opened.client.get(opened.path, headers=headers)
    refused(again, "proof-invalid", "invalid_dpop_proof")
    assert f"step {proving.REPLAYED} " in again.json()["detail"]


def test_proof_for_another_url_is_refused(opened: Opened) -> None:
    elsewhere = opened.headers(path=f"/agency/grants/{opened.grant_id}")
    refused(opened.client.get(opened.path, headers=elsewhere), "proof-invalid", "invalid_dpop_proof")
    opened.proved.nonce = proving.new_nonce(opened.world.services)
    other_vault = opened.proved.headers("GET", f"https://attacker.example{opened.path}")
    refused(opened.client.get(opened.path, headers=other_vault), "proof-invalid", "invalid_dpop_proof")


def test_proof_for_another_host_header_is_refused(opened: Opened) -> None:
    """The address is the vault's own, never what a request says of itself."""
    opened.proved.nonce = proving.new_nonce(opened.world.services)
    headers = opened.proved.headers("GET", f"https://attacker.example{opened.path}") | {"Host": "attacker.example"}
    refused(opened.client.get(opened.path, headers=headers), "proof-invalid", "invalid_dpop_proof")


def test_proof_for_another_method_is_refused(opened: Opened) -> None:
    refused(opened.client.get(opened.path, headers=opened.headers("HEAD")), "proof-invalid", "invalid_dpop_proof")


def test_proof_for_another_token_is_refused(opened: Opened) -> None:
    headers = opened.headers()
    other = Dpop(opened.proved.key, "A" * 43, opened.proved.nonce)
    headers["DPoP"] = other.proof("GET", URL + opened.path)
    refused(opened.client.get(opened.path, headers=headers), "proof-invalid", "invalid_dpop_proof")


def test_proof_by_another_key_opens_nothing_and_the_citizen_sees_it(opened: Opened) -> None:
    thief = Dpop(SigningKey.generate(), opened.proved.token)
    answer = opened.client.get(opened.path, auth=thief)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/release-refused")
    shown = opened.client.get(f"/agency/grants/{opened.grant_id}", auth=thief)
    refused(shown, "token-invalid", "invalid_token")
    assert opened.refusals() == ["key-not-proved", "key-not-proved"]
    assert opened.world.row(Grant, opened.grant_id).openings == 0


def test_token_used_by_another_agency_opens_nothing(opened: Opened) -> None:
    """The bank has a token of its own, and the registry's, and its own key."""
    world, bank_key = opened.world, SigningKey.generate()
    _, link = world.share(world.put_in(content=b"%PDF-1.7 another"), agency_id=world.bank.agency_id)
    own = world.bearer(link, world.bank_system, bank_key).token
    for token in (own, opened.proved.token):
        answer = opened.client.get(opened.path, auth=Dpop(bank_key, token))
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/release-refused")
    assert opened.refusals() == ["other-agency", "key-not-proved"]


def test_unknown_token_is_refused_whoever_proves_what(opened: Opened) -> None:
    for token in ("A" * 43, "nonsense", "x" * 4000):
        answer = opened.client.get(opened.path, auth=Dpop(opened.proved.key, token))
        refused(answer, "token-invalid", "invalid_token")
        missing = opened.client.get("/agency/grants/0/documents/0", auth=Dpop(opened.proved.key, token))
        assert missing.json() == answer.json(), "whether there is such a grant is not told"


def test_stranger_with_good_proofs_fills_no_table(opened: Opened) -> None:
    with opened.world.services.db.read() as session:
        before = session.exec(select(UsedProof)).all()
    stranger, path = SigningKey.generate(), "/agency/grants/redeem"
    proved = Dpop(stranger, "A" * 43, proving.new_nonce(opened.world.services))
    assert opened.client.get(opened.path, auth=proved).status_code == 401
    body = redeem_body(opened.world, "x") | {"client_assertion": "x.y.z"}
    headers = {"DPoP": proved.proof("POST", URL + path)}
    assert opened.client.post(path, json=body, headers=headers).status_code == 401
    with opened.world.services.db.read() as session:
        assert session.exec(select(UsedProof)).all() == before


def test_two_proofs_in_one_request_are_refused(opened: Opened) -> None:
    headers = opened.headers()
    both = [*headers.items(), ("DPoP", opened.headers()["DPoP"])]
    refused(opened.client.get(opened.path, headers=both), "proof-invalid", "invalid_dpop_proof")


def test_nonce_of_before_is_answered_with_a_new_one(opened: Opened) -> None:
    opened.proved.nonce = "AQAAAABrBAeYkKLKoYtciaGUg4AcaRVdhw"
    stale = opened.client.get(opened.path, headers=opened.proved.headers("GET", URL + opened.path))
    refused(stale, "nonce-needed", "use_dpop_nonce")
    assert opened.client.get(opened.path, auth=opened.proved).status_code == 200


def test_session_of_an_officer_does_not_help_a_wrong_token(opened: Opened) -> None:
    headers = opened.headers() | {"Authorization": f"Bearer {opened.proved.token}"}
    headers |= visitors.cookie(opened.world, opened.world.registry)
    refused(opened.client.get(opened.path, headers=headers), "token-invalid", "invalid_token")


def redeem_body(world: World, link: str) -> dict[str, str]:
    with world.services.db.read() as session:
        at = now(session)
    assertion = sign_assertion(world.registry_key, client_id=world.registry.agency_id, audience=URL, now=at)
    return {"link": link, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def test_link_redeemed_without_a_proof_stays_unused_and_so_does_the_assertion(opened: Opened) -> None:
    world, path = opened.world, "/agency/grants/redeem"
    grant_id, link = world.share(world.put_in(content=b"%PDF-1.7 another"))
    body = redeem_body(world, link)
    refused(opened.client.post(path, json=body), "proof-needed", "invalid_dpop_proof")
    without = sign_proof(SigningKey.generate(), method="POST", url=URL + path, now=_now(world))
    refused(opened.client.post(path, json=body, headers={"DPoP": without}), "nonce-needed", "use_dpop_nonce")
    assert world.row(GrantHolder, (grant_id, Holder.link)) is not None
    assert opened.client.post(path, json=body, auth=Dpop(SigningKey.generate())).status_code == 200


def test_system_may_redeem_with_a_key_of_its_own_that_no_one_registered(opened: Opened) -> None:
    world, key = opened.world, SigningKey.generate()
    paper = world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(paper)
    answer = opened.client.post("/agency/grants/redeem", json=redeem_body(world, link), auth=Dpop(key))
    token = answer.raise_for_status().json()["access_token"]
    address = f"/agency/grants/{grant_id}/documents/{paper.version.id}"
    assert opened.client.get(address, auth=Dpop(key, token)).content == b"%PDF-1.7 another"
    assert opened.client.get(address, auth=Dpop(world.registry_key, token)).status_code == 404


def _now(world: World) -> datetime:
    with world.services.db.read() as session:
        return now(session)
