"""Requests that ask for more than they show, come from elsewhere, or are opened by somebody else."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from sqlmodel import select

from tests.vault import visitors
from tests.vault.portal import CALLBACK, DETAIL, Portal, opened, pending, portal, refusal
from tests.vault.world import World
from vault import agencies
from vault.errors import RequestOver
from vault.models import Agency, AuthorizationRequest
from vault.oauth.requests import Opened
from vault.tokens import decode, digest

EXTRA: Mapping[str, Any] = {"name": "diploma", "kinds": ["diploma"]}


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def registry(world: World, app: FastAPI) -> Portal:
    return portal(world, app)


@pytest.fixture
def bank(world: World, app: FastAPI) -> Portal:
    return portal(world, app, world.bank)


def request_of(world: World, request_uri: str) -> AuthorizationRequest:
    wanted = digest(decode(request_uri.rpartition(":")[2]) or b"")
    with world.services.db.read() as session:
        return session.exec(select(AuthorizationRequest).where(AuthorizationRequest.secret_hash == wanted)).one()


def test_request_uri_expired(world: World, registry: Portal) -> None:
    request_uri = registry.request_uri()
    row = request_of(world, request_uri)
    world.change(AuthorizationRequest, row.id, expires_at=row.created_at - timedelta(seconds=1))
    answer = registry.authorize(request_uri)
    assert (answer.status_code, "location" in answer.headers) == (404, False)
    assert "set-cookie" not in answer.headers


def test_request_uri_reused(registry: Portal) -> None:
    request_uri = registry.request_uri()
    assert registry.authorize(request_uri).status_code == 303
    again = registry.authorize(request_uri)
    assert (again.status_code, "set-cookie" in again.headers) == (404, False)


def test_request_uri_opened_by_many_browsers_at_once(world: World, registry: Portal) -> None:
    request_uri, at_once = registry.request_uri(), Barrier(6)

    def attempt(_number: int) -> bool:
        at_once.wait()
        try:
            opened(registry, request_uri)
        except RequestOver:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


def test_request_pushed_by_one_client_and_opened_as_another(registry: Portal, bank: Portal) -> None:
    request_uri = registry.request_uri()
    assert bank.authorize(request_uri).status_code == 404
    assert registry.authorize(request_uri, client_id=bank.client_id).status_code == 404
    assert registry.authorize(request_uri).status_code == 303, "the attempt did not spend it"


@pytest.mark.parametrize(
    "query",
    [
        {"request_uri": ""},
        {"request_uri": "urn:ietf:params:oauth:request_uri:"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:" + "A" * 43},
        {"request_uri": "https://evil.example/request"},
        {"request_uri": "\x00"},
        {"client_id": ""},
        {"client_id": "\x00"},
    ],
    ids=str,
)
def test_request_uri_made_up(registry: Portal, query: dict[str, str]) -> None:
    given = {"client_id": registry.client_id, "request_uri": registry.request_uri()} | query
    answer = registry.http.get("/oauth/authorize", params=given)
    assert (answer.status_code, "location" in answer.headers) == (404, False)
    assert answer.headers["content-type"].startswith("text/html")


def test_request_without_pushing_it(registry: Portal) -> None:
    form = {name: value for name, value in registry.push_form().items() if value} | {"client_id": registry.client_id}
    answer = registry.http.get("/oauth/authorize", params=form)
    assert (answer.status_code, "location" in answer.headers) == (404, False), "nobody is sent anywhere unchecked"


def test_parameters_beside_the_request_uri_change_nothing(world: World, registry: Portal) -> None:
    request_uri = registry.request_uri()
    beside = {
        "redirect_uri": "https://evil.example/callback",
        "state": "evil",
        "response_type": "token",
        "code_challenge": "A" * 43,
        "authorization_details": "[]",
        "scope": "all",
    }
    answer = registry.authorize(request_uri, **beside)
    found = Opened(answer.headers["location"].rpartition("/")[2], _cookie(answer.headers["set-cookie"]))
    pushed = pending(world, found, None).pushed
    assert (pushed.redirect_uri, pushed.state) == (CALLBACK, registry.state)
    assert pushed.asked.components[0].registered


def test_request_uri_named_twice(registry: Portal, bank: Portal) -> None:
    one, other = registry.request_uri(), registry.request_uri()
    for query in (
        {"client_id": registry.client_id, "request_uri": [one, other]},
        {"client_id": [registry.client_id, bank.client_id], "request_uri": one},
    ):
        assert registry.http.get("/oauth/authorize", params=query).status_code == 404


@pytest.mark.parametrize("name", ["redirect_uri", "client_id", "authorization_details", "code_challenge", "unknown"])
def test_parameter_pushed_twice(registry: Portal, name: str) -> None:
    form = registry.signed(registry.push_form())
    body = [*form.items(), (name, form.get(name, "x")), (name, "another")]
    refusal(_post(registry, body), "invalid_request")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/callback",
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#",
        CALLBACK.upper(),
        CALLBACK.replace("https", "http"),
        CALLBACK.replace("portal.example", "portal.example:443"),
        CALLBACK.replace("portal", "portal%2e"),
        CALLBACK.replace("/callback", "/./callback"),
        CALLBACK.replace("//", "//user@"),
        "javascript:alert(1)",
        " " + CALLBACK,
        CALLBACK + "\x00",
        "/callback",
    ],
)
def test_redirect_uri_not_registered(registry: Portal, address: str) -> None:
    refusal(registry.push(redirect_uri=address), "invalid_request")


def test_redirect_uri_of_another_agency(registry: Portal, bank: Portal) -> None:
    services = registry.world.services
    with services.db.write() as session:
        agencies.register_portal(session, bank.client_id, ["https://bank.example/"], [], services.procedures)
    refusal(registry.push(redirect_uri="https://bank.example/"), "invalid_request")


def test_redirect_uri_taken_back_while_the_citizen_reads(world: World, registry: Portal) -> None:
    """The portal's address was lost to somebody else: no answer goes there any more."""
    found = opened(registry)
    world.change(Agency, registry.client_id, redirect_uris=["https://new.example/callback"])
    with pytest.raises(RequestOver):
        pending(world, found, world.an)


def test_procedure_taken_back_while_the_citizen_reads(world: World, registry: Portal) -> None:
    found = opened(registry)
    world.change(Agency, registry.client_id, procedures=[])
    with pytest.raises(RequestOver):
        pending(world, found, world.an)


OVER_ASKS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "a second object": ({}, {"components": [EXTRA]}),
    "a member that nobody shows": ({"also": ["diploma"]},),
    "another type": ({"type": "docvault_document"},),
    "a registered name with other kinds": ({"components": [{"name": "applicant-identity", "kinds": ["diploma"]}]},),
    "an extra one that is needed": ({"components": [{**EXTRA, "needed": True}]},),
    "an extra one that is needed in other words": ({"components": [{**EXTRA, "needed": 1}]},),
    "a member inside an extra one": ({"components": [{**EXTRA, "registered": True}]},),
    "a component twice": ({"components": ["applicant-identity", "applicant-identity"]},),
    "a registered field from another paper": (
        {"fields": [{"name": "applicant-name", "kind": "passport", "field": "number"}]},
    ),
    "any kind of paper": ({"components": [{"name": "x", "kinds": ["other"]}]},),
    "a name with a look-alike letter": ({"components": [{**EXTRA, "name": "\u0430pplicant-identity"}]},),
    "a name with a hidden character": ({"components": [{**EXTRA, "name": "applicant-identity\u200b"}]},),
    "a label that turns round": ({"components": [{**EXTRA, "label": {"vi": "a\u202eb", "en": "x"}}]},),
    "a label of two lines": ({"components": [{**EXTRA, "label": {"vi": "a\nb", "en": "x"}}]},),
    "a label of hidden characters": ({"components": [{**EXTRA, "label": {"vi": "\u2063", "en": "x"}}]},),
    "a label that paints over its neighbours": (
        {"components": [{**EXTRA, "label": {"vi": "a" + "\u0335" * 40, "en": "x"}}]},
    ),
    "a purpose with a hidden tail": ({"purpose": "Đăng ký kết hôn" + "\u200b" * 3},),
    "a purpose pushed out of sight": ({"purpose": "Đăng ký" + " " * 200 + "và bán"},),
    "a purpose with a control character": ({"purpose": "Đăng ký\x1b[8mvà bán"},),
    "a purpose in odd spaces": ({"purpose": "Đăng\u00a0ký"},),
    "a purpose that is not composed": ({"purpose": "Đa\u0306ng ky\u0301"},),
    "a dossier with a control character": ({"dossier": "H10\u0000"},),
    "a procedure of another agency": ({"procedure": "house-construction-permit"},),
}  # fmt: skip


@pytest.mark.parametrize("trick", OVER_ASKS)
def test_over_ask_hidden_in_authorization_details(registry: Portal, trick: str) -> None:
    details = [dict(DETAIL) | dict(changes) for changes in OVER_ASKS[trick]]
    refusal(registry.push(authorization_details=json.dumps(details)), "invalid_authorization_details")


def test_over_ask_by_a_member_said_twice(registry: Portal) -> None:
    """Parsers differ in which of two they take: what is shown and what is granted could differ too."""
    text = json.dumps([dict(DETAIL) | {"components": ["applicant-identity"]}])
    twice = text[:-2] + ', "components": ["partner-identity"]}]'
    refusal(registry.push(authorization_details=twice), "invalid_authorization_details")


def test_over_ask_in_the_open_is_told_apart(world: World, registry: Portal) -> None:
    request_uri = registry.request_uri({"components": ["applicant-identity", EXTRA]})
    own, extra = pending(world, opened(registry, request_uri), world.an).pushed.asked.components
    assert (own.registered, extra.registered, extra.component.needed) == (True, False, False)


def _cookie(header: str) -> str:
    return header.partition("=")[2].partition(";")[0]


def _post(registry: Portal, body: list[tuple[str, str]]) -> Any:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return registry.http.post("/oauth/par", content=urlencode(body), headers=kind)
