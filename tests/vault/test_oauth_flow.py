"""The walk that a portal takes, from the pushed request to the token, each step as FAPI 2.0 has it."""

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from sharing import grants as verifying
from sharing.keys import SigningKey, parse_jwks
from tests.dpop import Dpop
from tests.vault import visitors
from tests.vault.portal import CALLBACK, DETAIL, FORM, PROCEDURE, Portal, later, portal, refusal, returned
from tests.vault.visitors import URL
from tests.vault.world import World
from vault.db import now
from vault.models import AccessToken, AuthorizationCode, AuthorizationRequest
from vault.oauth import codes, requests
from vault.tokens import decode, digest


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def registry(world: World, app: FastAPI) -> Portal:
    return portal(world, app)


def test_a_pushed_request_is_good_for_ninety_seconds(registry: Portal) -> None:
    answer = registry.push()
    assert answer.status_code == 201
    assert answer.json().keys() == {"request_uri", "expires_in"}
    assert answer.json()["expires_in"] <= 90
    assert re.fullmatch(r"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}", answer.json()["request_uri"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_nothing_of_a_request_lies_in_the_clear(world: World, registry: Portal) -> None:
    request_uri = registry.request_uri()
    row = _request(world, request_uri)
    held = json.dumps([repr(value) for value in vars(row).values()])
    assert request_uri.rpartition(":")[2] not in held
    for said in (DETAIL["dossier"], PROCEDURE, registry.state, CALLBACK):
        assert said not in held


def test_opening_a_request_hands_it_to_one_browser(world: World, registry: Portal) -> None:
    answer = registry.authorize(registry.request_uri())
    assert answer.status_code == 303
    place = answer.headers["location"]
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert place.startswith("/consent/")
    assert name.startswith("__Secure-consent=")
    assert {"HttpOnly", "Secure", "SameSite=lax", f"Path={place}"} <= set(attributes)
    request_id, secret = place.rpartition("/")[2], name.partition("=")[2]
    with world.services.db.read() as session:
        found = requests.pending(session, request_id, secret, None)
    assert found.pushed.state == registry.state
    assert found.pushed.redirect_uri == CALLBACK
    assert found.pushed.asked.dossier == DETAIL["dossier"]
    assert secret not in repr(found) + repr(found.row)


def test_an_opened_request_outlives_a_sign_in_and_a_slow_reading(world: World, registry: Portal) -> None:
    opened = requests.open_(world.services.db, registry.client_id, registry.request_uri())
    row = world.row(AuthorizationRequest, opened.request_id)
    assert (row.expires_at - row.opened_at).total_seconds() >= 3600


def test_the_token_response_holds_all_that_a_portal_needs(world: World, registry: Portal) -> None:
    issued = registry.exchange(registry.code())
    assert issued.status_code == 200
    assert issued.headers["cache-control"] == "no-store"
    body = issued.json()
    assert body.keys() == {
        "access_token", "token_type", "expires_in", "authorization_details", "grant", "grant_id", "dossier_id", "form"
    }  # fmt: skip
    assert body["token_type"] == "DPoP"
    assert 0 < body["expires_in"] <= 14 * 86_400
    assert body["form"] == list(FORM)
    (detail,) = body["authorization_details"]
    assert detail.keys() == {"type", "procedure", "dossier", "purpose", "components", "fields"}
    assert {name: detail[name] for name in DETAIL} == DETAIL
    assert detail["fields"] == ["applicant-name"]
    (component,) = detail["components"]
    assert component.keys() == {"name", "version", "kind", "tier", "sha-256", "size", "media_type"}
    assert component["name"] == "applicant-identity"


def test_the_grant_names_dossier_component_and_the_key_that_was_proved(world: World, registry: Portal) -> None:
    body = registry.attached()
    keys = registry.http.get("/.well-known/jwks.json").json()
    with world.services.db.read() as session:
        at = now(session)
    terms = verifying.verify(body["grant"], _keys(keys), registry.client_id, at, issuer=URL)
    assert (terms.procedure, terms.dossier) == (PROCEDURE, DETAIL["dossier"])
    assert terms.key == registry.key.kid
    assert terms.items[0].components == ("applicant-identity",)


def test_the_papers_are_opened_by_the_token_and_its_key_without_another_upload(registry: Portal) -> None:
    body = registry.attached()
    version = body["authorization_details"][0]["components"][0]["version"]
    place = f"/agency/grants/{body['grant_id']}/documents/{version}"
    answer = registry.http.get(place, auth=Dpop(registry.key, body["access_token"]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    stolen = registry.http.get(place, auth=Dpop(SigningKey.generate(), body["access_token"]))
    assert stolen.status_code == 404


def test_each_step_is_in_the_citizens_log(world: World, registry: Portal) -> None:
    registry.attached()
    assert len(world.events("attached")) == len(world.events("redeemed")) == 1


def test_the_form_is_gone_once_it_was_handed_over(world: World, registry: Portal) -> None:
    code = registry.code()
    assert b"Nguy" not in (world.row(AuthorizationCode, _hash(code)).sealed_form or b"")
    registry.exchange(code)
    assert world.row(AuthorizationCode, _hash(code)).sealed_form is None


def test_a_code_is_good_for_sixty_seconds(world: World, registry: Portal) -> None:
    code = registry.code()
    row = world.row(AuthorizationCode, _hash(code))
    assert (row.expires_at - row.created_at).total_seconds() <= 60
    later(world, AuthorizationCode, row.code_hash)
    refusal(registry.exchange(code), "invalid_grant")
    assert [event.detail for event in world.events("refused")] == ["expired"]


def test_what_the_citizen_revoked_before_the_code_was_used_is_not_handed_over(world: World, registry: Portal) -> None:
    code = registry.code()
    world.revoke(world.row(AuthorizationCode, _hash(code)).grant_id)
    refusal(registry.exchange(code), "invalid_grant")


def test_a_mistake_at_the_exchange_leaves_the_code_to_be_used_well(world: World, registry: Portal) -> None:
    code = registry.code()
    refusal(registry.exchange(code, code_verifier="x" * 43), "invalid_grant")
    refusal(registry.exchange(code, redirect_uri=f"{CALLBACK}/"), "invalid_grant")
    assert [event.detail for event in world.events("refused")] == ["code-not-proved"] * 2
    assert registry.exchange(code).status_code == 200


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier"])
def test_what_is_missing_at_the_token_endpoint_is_named(registry: Portal, name: str) -> None:
    code = registry.code()
    answer = registry.exchange(None) if name == "code" else registry.exchange(code, **{name: None})
    refusal(answer, "invalid_request")
    assert name in answer.json()["error_description"]


@pytest.mark.parametrize("grant_type", ["refresh_token", "password", "implicit", "authorization_code "])
def test_other_grant_types_are_not_known(registry: Portal, grant_type: str) -> None:
    refusal(registry.exchange("x", grant_type=grant_type), "unsupported_grant_type")


def test_nobody_gets_a_refresh_token(registry: Portal) -> None:
    assert "refresh_token" not in registry.attached()


def test_the_code_can_be_bound_to_a_key_when_the_request_is_pushed(world: World, registry: Portal) -> None:
    thumbprint = registry.key.kid
    by_name = registry.code(dpop_jkt=thumbprint)
    pushed = registry.push(proofs=[registry.proof("/oauth/par")])
    by_proof = registry.code_for(pushed.json()["request_uri"])
    both = registry.push(proofs=[registry.proof("/oauth/par")], dpop_jkt=thumbprint)
    for code in (by_name, by_proof, registry.code_for(both.json()["request_uri"])):
        assert world.row(AuthorizationCode, _hash(code)).key == thumbprint
        assert registry.exchange(code).status_code == 200
    other = SigningKey.generate().kid
    refusal(registry.push(proofs=[registry.proof("/oauth/par")], dpop_jkt=other), "invalid_dpop_proof")
    for odd in ("x", thumbprint + "=", thumbprint[:-1], "é" * 43):
        refusal(registry.push(dpop_jkt=odd), "invalid_request")


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token"])
def test_a_proof_without_the_servers_nonce_is_asked_for_again(registry: Portal, path: str) -> None:
    form = registry.push_form() if path == "/oauth/par" else {"grant_type": "client_credentials"}
    same = registry.signed(form)
    first = registry.http.post(path, data=same, headers={"DPoP": registry.proof(path, nonce=None)})
    refusal(first, "use_dpop_nonce")
    proof = registry.proof(path, nonce=first.headers["dpop-nonce"])
    again = registry.http.post(path, data=same, headers={"DPoP": proof})
    assert again.status_code in {200, 201}, "the same assertion was not used up by the first attempt"
    assert again.headers["dpop-nonce"]


def test_a_client_that_follows_the_nonce_by_itself_gets_through(registry: Portal) -> None:
    form = registry.signed({"grant_type": "client_credentials"})
    assert registry.http.post("/oauth/token", data=form, auth=Dpop(registry.key)).status_code == 200


def test_the_token_endpoint_wants_exactly_one_proof(registry: Portal) -> None:
    form = {"grant_type": "client_credentials"}
    refusal(registry.post("/oauth/token", form), "invalid_dpop_proof")
    two = [registry.proof("/oauth/token"), registry.proof("/oauth/token")]
    refusal(registry.post("/oauth/token", form, two), "invalid_dpop_proof")
    refusal(registry.post("/oauth/token", form, ["nonsense"]), "invalid_dpop_proof")
    elsewhere = registry.proof("/oauth/token", url=f"{URL}/oauth/par")
    refusal(registry.post("/oauth/token", form, [elsewhere]), "invalid_dpop_proof")
    refusal(registry.post("/oauth/token", form, [registry.proof("/oauth/token", method="GET")]), "invalid_dpop_proof")


def test_a_proof_is_taken_once(registry: Portal) -> None:
    proof = registry.proof("/oauth/token")
    form = {"grant_type": "client_credentials"}
    assert registry.post("/oauth/token", form, [proof]).status_code == 200
    refusal(registry.post("/oauth/token", form, [proof]), "invalid_dpop_proof")


def test_an_agency_gets_a_token_for_its_own_lists_and_no_paper(world: World, registry: Portal) -> None:
    answer = registry.post("/oauth/token", {"grant_type": "client_credentials"}, [registry.proof("/oauth/token")])
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.json()["expires_in"] == 600
    row = world.row(AccessToken, _hash(answer.json()["access_token"]))
    assert (row.agency_id, row.grant_id, row.key) == (registry.client_id, None, registry.key.kid)
    refusal(_client_credentials(registry, scope="everything"), "invalid_scope")
    refusal(_client_credentials(registry, authorization_details="[]"), "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "query.jwt"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"client_id": None}, "invalid_request"),
        ({"request": "eyJ.eyJ.x"}, "invalid_request"),
        ({"request_uri": "https://portal.example/request"}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"state": "x" * 1025}, "invalid_request"),
        ({"state": "a\nb"}, "invalid_request"),
        ({"state": "trạng thái"}, "invalid_request"),
        ({"authorization_details": None}, "invalid_request"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
    ],
    ids=str,
)
def test_a_request_that_is_not_right_is_refused_when_it_is_pushed(
    registry: Portal, changes: dict[str, Any], error: str
) -> None:
    refusal(registry.push(**changes), error)


def test_what_nobody_knows_is_passed_over(registry: Portal) -> None:
    assert registry.push(nonce="n", prompt="consent", response_mode="query").status_code == 201


def test_a_portal_without_a_state_gets_none_back(registry: Portal, world: World) -> None:
    request_uri = registry.request_uri(state=None)
    opened = requests.open_(world.services.db, registry.client_id, request_uri)
    with world.services.db.read() as session:
        pushed = requests.pending(session, opened.request_id, opened.secret, None).pushed
    assert returned(codes.answer_url(pushed, URL, code="c")) == {"code": "c", "iss": URL}


def test_every_answer_names_its_issuer_and_gives_the_state_back(world: World, registry: Portal) -> None:
    opened = requests.open_(world.services.db, registry.client_id, registry.request_uri(state="a b&c=d#e"))
    with world.services.db.read() as session:
        pushed = requests.pending(session, opened.request_id, opened.secret, None).pushed
    assert returned(codes.answer_url(pushed, URL, code="c")) == {"code": "c", "state": "a b&c=d#e", "iss": URL}
    refused = codes.answer_url(pushed, URL, error=codes.REFUSED)
    assert returned(refused) == {"error": "access_denied", "state": "a b&c=d#e", "iss": URL}
    assert refused.startswith(f"{CALLBACK}?")


def test_a_portal_that_asks_for_too_much_learns_why_and_no_person_is_bothered(world: World, registry: Portal) -> None:
    answer = registry.push({"procedure": "house-construction-permit"})
    refusal(answer, "invalid_authorization_details")
    assert world.services.db and not _requests(world)


def _client_credentials(registry: Portal, **more: str) -> Any:
    form = {"grant_type": "client_credentials"} | more
    return registry.post("/oauth/token", form, [registry.proof("/oauth/token")])


def _hash(token: str) -> bytes:
    return digest(decode(token) or b"")


def _request(world: World, request_uri: str) -> AuthorizationRequest:
    wanted = _hash(request_uri.rpartition(":")[2])
    return next(row for row in _requests(world) if row.secret_hash == wanted)


def _requests(world: World) -> list[AuthorizationRequest]:
    with world.services.db.read() as session:
        return list(session.exec(select(AuthorizationRequest)))


def _keys(published: dict[str, Any]) -> Any:
    return parse_jwks(published)
