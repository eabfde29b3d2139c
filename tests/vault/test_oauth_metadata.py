"""Every word that the authorisation server says about itself is held against what it does (RFC 8414)."""

import json
import warnings
from typing import Any

import pytest
from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from sharing.encoding import b64url_encode
from sharing.keys import parse_jwks
from tests.vault import visitors
from tests.vault.portal import DETAIL, Portal, portal, refusal, returned
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import agencies, proving
from vault.db import now
from vault.oauth import codes, requests

PLACE = "/.well-known/oauth-authorization-server"
TESTED = {
    "issuer", "authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint",
    "revocation_endpoint", "introspection_endpoint", "jwks_uri", "require_pushed_authorization_requests",
    "response_types_supported", "response_modes_supported", "grant_types_supported", "ui_locales_supported",
    "code_challenge_methods_supported", "authorization_details_types_supported", "dpop_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
}  # fmt: skip
ALGORITHMS = ("Ed25519", "EdDSA", "ES256", "PS256")


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def registry(world: World, app: FastAPI) -> Portal:
    return portal(world, app)


@pytest.fixture
def said(registry: Portal) -> dict[str, Any]:
    answer = registry.http.get(PLACE)
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def path(said: dict[str, Any], name: str) -> str:
    assert said[name].startswith(f"{URL}/")
    return str(said[name]).removeprefix(URL)


def test_nothing_is_said_that_no_test_holds(said: dict[str, Any]) -> None:
    assert said.keys() == TESTED
    assert all(value not in ([], None, "") for value in said.values())  # RFC 8414 section 3.2


def test_the_issuer_is_the_address_that_the_metadata_lie_below(said: dict[str, Any]) -> None:
    assert said["issuer"] == URL


def test_the_endpoints_are_where_they_are_said_to_be(registry: Portal, said: dict[str, Any]) -> None:
    pushed = registry.post(path(said, "pushed_authorization_request_endpoint"), registry.push_form())
    query = {"client_id": registry.client_id, "request_uri": pushed.json()["request_uri"]}
    assert registry.http.get(path(said, "authorization_endpoint"), params=query).status_code == 303
    place = path(said, "token_endpoint")
    issued = registry.post(place, {"grant_type": "client_credentials"}, [registry.proof(place)])
    token = {"token": issued.json()["access_token"]}
    assert registry.post(path(said, "introspection_endpoint"), token).json()["active"]
    assert registry.post(path(said, "revocation_endpoint"), token).status_code == 200
    assert not registry.post(path(said, "introspection_endpoint"), token).json()["active"]


def test_the_keys_verify_what_is_signed_here(registry: Portal, said: dict[str, Any]) -> None:
    keys = parse_jwks(registry.http.get(path(said, "jwks_uri")).json())
    header = jws.extract_compact(registry.attached()["grant"].encode()).headers()
    assert keys.find(header["kid"], header["alg"]) is not None


def test_requests_must_be_pushed(registry: Portal, said: dict[str, Any]) -> None:
    assert said["require_pushed_authorization_requests"] is True
    query = {name: value for name, value in registry.push_form().items() if value} | {"client_id": registry.client_id}
    assert registry.http.get("/oauth/authorize", params=query).status_code == 404


def test_response_types_and_modes_are_those_taken(registry: Portal, said: dict[str, Any]) -> None:
    for response_type in ("code", "token", "id_token", "none", "code token"):
        taken = registry.push(response_type=response_type).status_code == 201
        assert taken == (response_type in said["response_types_supported"])
    for mode in ("query", "fragment", "form_post", "jwt", "query.jwt"):
        assert (registry.push(response_mode=mode).status_code == 201) == (mode in said["response_modes_supported"])


def test_grant_types_are_those_taken(registry: Portal, said: dict[str, Any]) -> None:
    for grant_type in ("authorization_code", "client_credentials", "refresh_token", "password",
                       "urn:ietf:params:oauth:grant-type:token-exchange"):  # fmt: skip
        answer = registry.exchange(registry.code(), grant_type=grant_type)
        assert (answer.status_code == 200) == (grant_type in said["grant_types_supported"])


def test_challenges_are_taken_by_the_methods_said(registry: Portal, said: dict[str, Any]) -> None:
    for method in ("S256", "plain", "s256", "S512"):
        taken = registry.push(code_challenge_method=method).status_code == 201
        assert taken == (method in said["code_challenge_methods_supported"])


def test_types_of_details_are_those_taken(registry: Portal, said: dict[str, Any]) -> None:
    for kind in ("docvault_dossier", "docvault_document", "payment_initiation"):
        taken = registry.push(dict(DETAIL) | {"type": kind}).status_code == 201
        assert taken == (kind in said["authorization_details_types_supported"])


def test_each_answer_names_the_issuer(world: World, registry: Portal, said: dict[str, Any]) -> None:
    assert said["authorization_response_iss_parameter_supported"] is True
    opened = requests.open_(world.services.db, registry.client_id, registry.request_uri())
    with world.services.db.read() as session:
        pushed = requests.pending(session, opened.request_id, opened.secret, None).pushed
    for answer in ({"code": "x"}, {"error": codes.REFUSED}):
        assert returned(codes.answer_url(pushed, URL, **answer))["iss"] == said["issuer"]


def test_pages_speak_the_languages_said(registry: Portal, said: dict[str, Any]) -> None:
    for language in said["ui_locales_supported"]:
        page = registry.http.get("/oauth/authorize", headers={"Accept-Language": language})
        assert f'lang="{language}"' in page.text


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "RS256", "HS256", "ES384", "none"])
@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_clients_sign_assertions_by_the_algorithms_said(
    world: World, registry: Portal, said: dict[str, Any], algorithm: str, endpoint: str
) -> None:
    assert said[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    known = algorithm in said[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
    assert known == (algorithm in ALGORITHMS)
    key = key_for(algorithm)
    if isinstance(key, RSAKey | ECKey | OKPKey) and algorithm in ALGORITHMS:
        published = {"keys": [key.as_dict(private=False) | {"kid": "k"}]}
        with world.services.db.write() as session:
            agencies.replace_keys(session, registry.client_id, published)
    with world.services.db.read() as session:
        at = int(now(session).timestamp())
    claims = {"iss": registry.client_id, "sub": registry.client_id, "aud": URL, "jti": "j", "iat": at, "exp": at + 60}
    assertion = compact({"alg": algorithm, "kid": "k"}, claims, key)
    place = path(said, f"{endpoint}_endpoint")
    form = {"token": "x", "grant_type": "client_credentials", "client_assertion": assertion}
    answer = registry.post(place, form, [registry.proof(place)] if endpoint == "token" else ())
    assert (answer.status_code == 200) == known, answer.text


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "RS256", "HS256", "ES384", "none"])
def test_proofs_are_signed_by_the_algorithms_said(
    world: World, registry: Portal, said: dict[str, Any], algorithm: str
) -> None:
    key = key_for(algorithm)
    with world.services.db.read() as session:
        at = int(now(session).timestamp())
    nonce = proving.new_nonce(world.services)
    claims = {"jti": "j", "htm": "POST", "htu": said["token_endpoint"], "iat": at, "nonce": nonce}
    public = key.as_dict(private=False) if isinstance(key, RSAKey | ECKey | OKPKey) else {}
    proof = compact({"alg": algorithm, "typ": "dpop+jwt", "jwk": dict(public)}, claims, key)
    answer = registry.post("/oauth/token", {"grant_type": "client_credentials"}, [proof])
    if algorithm in said["dpop_signing_alg_values_supported"]:
        assert answer.status_code == 200, answer.text
    else:
        refusal(answer, "invalid_dpop_proof")


def key_for(algorithm: str) -> Key | None:
    if algorithm in {"Ed25519", "EdDSA"}:
        return OKPKey.generate_key("Ed25519")
    if algorithm in {"ES256", "ES384"}:
        return ECKey.generate_key("P-256" if algorithm == "ES256" else "P-384")
    return RSAKey.generate_key(2048) if algorithm in {"PS256", "RS256"} else None


def compact(header: dict[str, Any], claims: dict[str, Any], key: Key | None) -> str:
    """Signed as the header says; for `none` and HS256 as a forger would write it."""
    payload = json.dumps(claims).encode()
    if key is None:
        return f"{b64url_encode(json.dumps(header).encode())}.{b64url_encode(payload)}.{b64url_encode(bytes(32))}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older name of Ed25519 is deprecated, and clients still use it
        return jws.serialize_compact(header, payload, key, algorithms=[header["alg"]])
