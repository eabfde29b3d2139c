"""Whatever is sent to the authorisation server, an error of OAuth comes out that tells no secret."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.vault import visitors
from tests.vault.portal import DETAIL, Portal, portal, refusal
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import problems
from vault.api.oauth import FORM_BYTES, FORM_TYPE, of_problem
from vault.i18n import translator
from vault.middleware import BODY_MAX

ENDPOINTS = ("/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect")
SECRET = "bi-mat-cua-toi"
FORM = {"Content-Type": FORM_TYPE}


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def registry(world: World, app: FastAPI) -> Portal:
    return portal(world, app)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", None])
def test_a_body_of_another_type_is_refused(registry: Portal, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    refusal(registry.http.post(path, content=b'{"token": "x"}', headers=headers), "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    [b"", b"=", b"&&&", b"token", b"\xff=\xfe", b"token=%ff", b"a=1&" * 60, b"token=x&token=x", b"%00=%00"],
)
def test_a_body_that_is_no_good_form_is_refused(registry: Portal, path: str, body: bytes) -> None:
    answer = registry.http.post(path, content=body, headers=FORM)
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}
    refusal(answer, answer.json()["error"], answer.status_code)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("size", [FORM_BYTES + 1, BODY_MAX + 1])
def test_a_body_that_is_too_large_is_refused(registry: Portal, path: str, size: int) -> None:
    refusal(registry.http.post(path, content=b"a" * size, headers=FORM), "invalid_request", 413)
    lying = FORM | {"Content-Length": "9"}
    refusal(registry.http.post(path, content=b"a" * size, headers=lying), "invalid_request", 413)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_another_method_is_refused_in_the_same_words(registry: Portal, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = registry.http.request(method, path)
        refusal(answer, "invalid_request", 405)
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_browser_that_another_site_drives_is_refused(registry: Portal, path: str) -> None:
    headers = FORM | {"Origin": "https://evil.example"}
    refusal(registry.http.post(path, content=b"token=x", headers=headers), "invalid_request", 403)


def test_an_address_that_is_not_there_is_refused_in_the_same_words(registry: Portal) -> None:
    refusal(registry.http.post("/oauth/nothing", data={"a": "b"}), "invalid_request", 404)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("busy", "temporarily_unavailable"),
        ("store-full", "temporarily_unavailable"),
        ("store-unavailable", "temporarily_unavailable"),
        ("damaged", "server_error"),
        ("internal", "server_error"),
    ],
)
def test_what_fails_here_is_said_by_the_codes_of_oauth(code: str, error: str) -> None:
    answer = of_problem(problems.make(code, translator("vi")))
    assert answer.status_code == problems.TABLE[code][0]
    assert json.loads(bytes(answer.body)) == {"error": error, "error_description": code.replace("-", " ")}


TEXTS = st.sampled_from(
    ["", "x", SECRET, "\x00", "é", "\U0001f4a9", "A" * 43, "S256", "code", "authorization_code", "client_credentials",
     "[" * 500, "a.b.c", "urn:ietf:params:oauth:request_uri:" + "A" * 43, "x" * 600, "' OR 1=1", '"><script>',
     "{}", "-1"]
) | st.text(max_size=30)  # fmt: skip
NAMES = st.sampled_from(
    ["client_id", "client_assertion", "client_assertion_type", "response_type", "redirect_uri", "state", "token",
     "code_challenge", "code_challenge_method", "authorization_details", "dpop_jkt", "scope", "request", "request_uri",
     "grant_type", "code", "code_verifier", "token_type_hint", "response_mode", "more"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(
    st.sampled_from([*DETAIL, "components", "fields", "name", "kinds", "needed", "tier", "label", "more"]), VALUES
)
COMMON = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def sound(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert SECRET not in answer.text + str(answer.headers)
    if answer.status_code >= 400:
        refusal(answer, answer.json()["error"], answer.status_code)


@settings(COMMON, max_examples=60)
@given(
    path=st.sampled_from(ENDPOINTS),
    form=st.lists(st.tuples(NAMES, TEXTS), max_size=8),
    dpop=st.lists(TEXTS, max_size=2),
)
def test_nonsense_of_a_stranger(registry: Portal, path: str, form: list[tuple[str, str]], dpop: list[str]) -> None:
    headers = [(b"Content-Type", FORM_TYPE.encode())]
    headers += [(b"DPoP", text.encode("utf-8", "replace").translate(None, b"\r\n\x00")) for text in dpop]
    body = urlencode(form, errors="replace")
    sound(registry.http.post(path, content=body, headers=headers))


@settings(COMMON, max_examples=80)
@given(path=st.sampled_from(ENDPOINTS), changes=st.dictionaries(NAMES, TEXTS, max_size=5), proves=st.booleans())
def test_nonsense_of_a_client_that_is_known(registry: Portal, path: str, changes: dict[str, str], proves: bool) -> None:
    form: dict[str, Any] = {"grant_type": "authorization_code", "token": "x", "code": "x"} | registry.push_form()
    sound(registry.post(path, form | changes, [registry.proof(path)] if proves else ()))


@settings(COMMON, max_examples=80)
@given(detail=MEMBERS, whole=st.booleans())
def test_nonsense_in_authorization_details(registry: Portal, detail: dict[str, Any], whole: bool) -> None:
    said = json.dumps([dict(DETAIL) | detail] if whole else detail)
    answer = registry.push(authorization_details=said)
    sound(answer)
    assert answer.status_code == 201 or answer.json()["error"] in {"invalid_authorization_details", "invalid_request"}


@settings(COMMON, max_examples=80)
@given(query=st.lists(st.tuples(NAMES, TEXTS), max_size=4))
def test_nonsense_in_the_address_that_a_browser_opens(registry: Portal, query: list[tuple[str, str]]) -> None:
    answer = registry.http.get(f"{URL}/oauth/authorize?{urlencode(query, errors='replace')}")
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "<script>" not in answer.text
    assert SECRET not in str(answer.headers)
