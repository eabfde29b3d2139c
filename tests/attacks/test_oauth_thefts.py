"""Codes, tokens, assertions and proofs in the wrong hands."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi import FastAPI

from sharing.keys import SigningKey
from sharing.pkce import challenge_of
from tests.dpop import Dpop
from tests.vault import visitors
from tests.vault.portal import CALLBACK, Portal, grant_of, portal, refusal
from tests.vault.visitors import URL
from tests.vault.world import World
from vault.models import AccessToken, AuthorizationCode, GrantHolder, GrantItem, Holder
from vault.oauth import exchange
from vault.oauth.clients import Client
from vault.oauth.exchange import Exchange, Issued
from vault.oauth.refusals import InvalidGrant
from vault.tokens import decode, digest


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def registry(world: World, app: FastAPI) -> Portal:
    return portal(world, app)


@pytest.fixture
def bank(world: World, app: FastAPI) -> Portal:
    return portal(world, app, world.bank)


def row_of(world: World, code: str) -> AuthorizationCode:
    found: AuthorizationCode = world.row(AuthorizationCode, digest(decode(code) or b""))
    return found


def test_code_replay_ends_what_the_code_gave(world: World, registry: Portal) -> None:
    code = registry.code()
    body = registry.exchange(code).json()
    refusal(registry.exchange(code), "invalid_grant")
    assert registry.introspect(body["access_token"]) == {"active": False}
    grant = grant_of(world, body)
    version = body["authorization_details"][0]["components"][0]["version"]
    assert grant.revoked_at is not None
    assert world.row(GrantItem, (grant.id, version)).wrapped_key is None
    for holder in (Holder.agency, Holder.token, Holder.code):
        assert world.row(GrantHolder, (grant.id, holder)) is None
    assert world.row(AccessToken, digest(decode(body["access_token"]) or b"")).revoked_at is not None
    assert [event.grant_id for event in world.events("code-replayed")] == [grant.id]
    place = f"/agency/grants/{grant.id}/documents/{version}"
    assert registry.http.get(place, auth=Dpop(registry.key, body["access_token"])).status_code == 401


def test_code_replay_needs_no_proof_to_be_noticed(world: World, registry: Portal) -> None:
    """The thief authenticates as the client (a stolen signing key) but knows neither verifier nor key."""
    code = registry.code()
    body = registry.exchange(code).json()
    refusal(registry.exchange(code, key=SigningKey.generate(), code_verifier="x" * 43), "invalid_grant")
    assert grant_of(world, body).revoked_at is not None


def test_another_client_can_neither_use_a_code_nor_spoil_it(world: World, registry: Portal, bank: Portal) -> None:
    code = registry.code()
    bank.verifier = registry.verifier
    refusal(bank.exchange(code, key=registry.key), "invalid_grant")
    assert row_of(world, code).used_at is None
    body = registry.exchange(code).json()
    refusal(bank.exchange(code), "invalid_grant")
    assert grant_of(world, body).revoked_at is None, "another client's attempt is no replay"
    assert world.events("code-replayed") == []


def test_two_concurrent_redemptions_of_one_code_end_with_no_token_that_works(world: World, registry: Portal) -> None:
    """One is first and gets a token; the other one is a replay, and ends it: whoever of the two was the thief."""
    code, at_once = decode(registry.code()) or b"", Barrier(6)
    keys = [SigningKey.generate() for _ in range(6)]

    def redeem(key: SigningKey) -> Issued | None:
        attempt = Exchange(Client(world.registry_system, key.kid), key.kid, code, CALLBACK, registry.verifier)
        at_once.wait()
        try:
            return exchange.redeem(world.services, attempt)
        except InvalidGrant:
            return None

    with ThreadPoolExecutor(6) as pool:
        issued = [found for found in pool.map(redeem, keys) if found is not None]
    assert len(issued) == 1
    assert registry.introspect(issued[0].access_token) == {"active": False}
    assert len(world.events("redeemed")) == 1
    assert len(world.events("code-replayed")) == 5


@pytest.mark.parametrize("method", ["plain", None, "s256", "S256 plain"])
def test_pkce_downgrade_when_pushing(registry: Portal, method: str | None) -> None:
    refusal(registry.push(code_challenge_method=method), "invalid_request")
    plain = registry.push(code_challenge_method=method, code_challenge=registry.verifier)
    refusal(plain, "invalid_request")


def test_pkce_left_out_or_hollow(registry: Portal) -> None:
    for challenge in (None, "", registry.verifier[:20], challenge_of(registry.verifier) + "=", "é" * 43):
        refusal(registry.push(code_challenge=challenge), "invalid_request")


def test_pkce_downgrade_in_the_authorize_url(world: World, registry: Portal) -> None:
    """What stands beside the request URI is passed over: the challenge that was pushed stays."""
    request_uri = registry.request_uri()
    thief = challenge_of("x" * 43)
    answer = registry.authorize(request_uri, code_challenge=thief, code_challenge_method="plain")
    assert answer.status_code == 303
    code = registry.code()
    assert row_of(world, code).code_challenge == challenge_of(registry.verifier)
    for verifier in ("x" * 43, challenge_of(registry.verifier), registry.verifier + "x", "x", "é" * 43):
        refusal(registry.exchange(code, code_verifier=verifier), "invalid_grant")
    refusal(registry.exchange(code, code_verifier=None), "invalid_request")


def test_stolen_code_with_another_dpop_key(world: World, registry: Portal) -> None:
    """The thief holds the code, the verifier and even the client's signing key, but not the key that was named."""
    code = registry.code(dpop_jkt=registry.key.kid)
    refusal(registry.exchange(code, key=SigningKey.generate()), "invalid_grant")
    assert row_of(world, code).used_at is None
    assert registry.exchange(code).status_code == 200


def test_code_without_a_proof_of_any_key(registry: Portal) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": registry.code(),
        "redirect_uri": CALLBACK,
        "code_verifier": registry.verifier,
    }
    refusal(registry.post("/oauth/token", form), "invalid_dpop_proof")
    assert registry.post("/oauth/token", form, [registry.proof("/oauth/token")]).status_code == 200


def test_proof_replayed_for_another_code(registry: Portal) -> None:
    proof = registry.proof("/oauth/token")
    form = {"grant_type": "client_credentials"}
    assert registry.post("/oauth/token", form, [proof]).status_code == 200
    refusal(registry.post("/oauth/token", form, [proof]), "invalid_dpop_proof")


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize(
    "audience", [f"{URL}/oauth/token", f"{URL}/oauth/par", f"{URL}/", "https://elsewhere.example", ""]
)
def test_assertion_for_another_audience(registry: Portal, path: str, audience: str) -> None:
    answer = registry.post(path, {"client_assertion": registry.assertion(audience)})
    refusal(answer, "invalid_client", 401)


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_assertion_replayed(registry: Portal, path: str) -> None:
    assertion = registry.assertion()
    assert registry.post("/oauth/introspect", {"token": "x", "client_assertion": assertion}).status_code == 200
    refusal(registry.post(path, {"token": "x", "client_assertion": assertion}), "invalid_client", 401)


def test_assertion_of_one_client_with_the_name_of_another(registry: Portal, bank: Portal) -> None:
    refusal(registry.push(client_id=bank.client_id), "invalid_client", 401)
    refusal(registry.push(client_assertion=bank.assertion()), "invalid_client", 401)
    forged = registry.assertion(client_id=bank.client_id)
    refusal(registry.push(client_id=bank.client_id, client_assertion=forged), "invalid_client", 401)


@pytest.mark.parametrize(
    "form",
    [
        {"client_assertion": None},
        {"client_assertion": "a.b.c"},
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None, "client_assertion_type": None},
    ],
    ids=str,
)
def test_client_without_its_signature(registry: Portal, form: dict[str, str | None]) -> None:
    for path in ("/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect"):
        refusal(registry.post(path, form), "invalid_client", 401)


def test_client_with_a_password_instead_of_its_signature(registry: Portal) -> None:
    refusal(registry.push(client_secret="secret"), "invalid_request")
    basic = registry.http.post("/oauth/par", data=registry.signed(registry.push_form()), auth=("client", "secret"))
    refusal(basic, "invalid_request")


def test_token_of_another_agency_is_neither_told_of_nor_ended(registry: Portal, bank: Portal) -> None:
    token = registry.attached()["access_token"]
    assert bank.introspect(token) == {"active": False}
    answer = bank.post("/oauth/revoke", {"token": token})
    assert (answer.status_code, answer.content) == (200, b"")
    assert registry.introspect(token)["active"] is True


def test_token_for_lists_opens_no_paper(registry: Portal) -> None:
    body = registry.attached()
    lists = registry.lists_token()
    version = body["authorization_details"][0]["components"][0]["version"]
    place = f"/agency/grants/{body['grant_id']}/documents/{version}"
    assert registry.http.get(place, auth=Dpop(registry.key, lists)).status_code in {401, 404}
