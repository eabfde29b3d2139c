"""The API's description is whole and true; whatever nonsense is sent in, a problem that tells no secret comes out."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from tests.vault import visitors
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import problems
from vault.i18n import translator
from vault.middleware import BODY_MAX, SAFE

SECRET = "bi-mat-cua-toi-khong-ai-biet"
MEMBERS = {"type", "title", "status", "detail"}


@pytest.fixture
def app(world: World) -> FastAPI:
    visitors.give_passwords(world)
    return visitors.app_of(world)


@pytest.fixture
def description(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(description: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation."""
    return [(m.upper(), path, o) for path, item in description["paths"].items() for m, o in item.items()]


def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    validate(description)


def test_every_operation_has_a_summary_a_tag_and_an_id_of_its_own(description: dict[str, Any]) -> None:
    ids = []
    for method, path, operation in operations(description):
        assert operation.get("summary"), (method, path)
        assert operation.get("tags"), (method, path)
        ids.append(operation["operationId"])
    assert len(set(ids)) == len(ids) > 20


def test_every_operation_says_what_success_looks_like(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert good, (method, path)
        assert "204" in good or any(answer.get("content") for answer in good.values()), (method, path)
        for answer in good.values():
            json_answer = answer.get("content", {}).get("application/json")
            assert json_answer is None or json_answer["schema"], (method, path)


def test_every_refusal_is_a_problem_with_true_examples(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        refused = {s: a for s, a in operation["responses"].items() if int(s) >= 400}
        assert refused, (method, path)
        for status, answer in refused.items():
            assert set(answer["content"]) == {problems.MEDIA_TYPE}, (method, path, status)
            described = answer["content"][problems.MEDIA_TYPE]
            assert described["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
            assert described["examples"], (method, path, status)
            for code, example in described["examples"].items():
                body = example["value"]
                assert body.keys() >= MEMBERS
                assert body["type"] == f"/problems/{code}"
                assert str(body["status"]) == status
                assert "{" not in body["detail"], "an example shows what is sent, not a template"


def test_every_unsafe_operation_names_the_refusal_of_other_sites(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        examples = operation["responses"].get("403", {}).get("content", {}).get(problems.MEDIA_TYPE, {})
        assert ("cross-site" in examples.get("examples", {})) == (method not in SAFE), (method, path)


def test_every_problem_that_can_come_is_in_the_table_and_speaks_vietnamese(description: dict[str, Any]) -> None:
    named = {
        code
        for _, _, operation in operations(description)
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(problems.MEDIA_TYPE, {}).get("examples", {})
    }
    assert named <= problems.TABLE.keys()
    vietnamese = translator("vi")
    for code, (_, title, detail) in problems.TABLE.items():
        assert vietnamese(title) != title, code
        assert vietnamese(detail) != detail or detail in {"{reason}", "{field}: {reason}"}, code
    for code, reason in problems.REASONS.items():
        assert vietnamese(reason) != reason, code


def is_problem(answer: httpx.Response, language: str | None = None) -> None:
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    body = answer.json()
    assert body.keys() >= MEMBERS
    assert body["status"] == answer.status_code
    code = body["type"].removeprefix("/problems/")
    status, title, _ = problems.TABLE[code]
    assert status == answer.status_code
    assert body["detail"]
    if language:
        assert body["title"] == translator(language)(title)


def json_bodies() -> st.SearchStrategy[bytes]:
    texts = st.sampled_from(["", "a", SECRET, "\x00", "\ud800", "é" * 300, "x" * 5000, "{0}", "../..", "1e999"])
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )
    names = st.sampled_from(
        ["login", "password", "old", "new", "name", "title", "kind", "fields", "agency_id", "versions", "purpose",
         "days", "openings", "link", "client_assertion", "client_assertion_type", "more", "\ud800"]
    )  # fmt: skip
    deep = st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900])
    objects = st.dictionaries(names, values, max_size=6).map(lambda value: json.dumps(value).encode())
    return objects | deep | st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode())


IDS = st.sampled_from(
    ["0", "\x00", "a\x00b", "..", "'", '" OR 1=1', "é", "\U0001f4a9", "x" * 36, "x" * 37, "x" * 3000, "%", "{}", "-1",
     "0b2ac4b8-5b7e-4d5e-9d0c-1f7f0a3f1a11", "99999999999999999999", "1", SECRET]
)  # fmt: skip
VALUES = IDS | st.sampled_from(
    ["", "keep", "now", "small", "true", "101", "1e3", "MDAwMS0wMS0wMVQwMDowMDowMCsxMDowMCB4", "=", "2000", "*"]
)
BODIES = json_bodies()
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Range", "If-Range", "If-None-Match", "Content-Type", "Accept-Language", "Accept", "Authorization", "Cookie",
         "DPoP", "Origin", "Sec-Fetch-Site", "X-Forwarded-For", "User-Agent", "Content-Length"]
    ),
    st.sampled_from(
        [b"", b"bytes=0-1", b"bytes=-0", b"bytes=99999999999999999999-", b"bytes=5-1,3-4", b"bytes=a-b",
         b"\xff\xfe\x00",
         b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=" + b"b" * 400,
         b"application/json; charset=utf-16", b"application/x-www-form-urlencoded", b"text/plain", b"Bearer ",
         b"DPoP", b"DPoP " + b"A" * 43, b"DPoP \xe9", b"e30.e30.AA", b"Bearer " + b"A" * 43,
         b"Basic YTpi", b"__Host-docvault=", b"__Host-docvault=" + b"A" * 43,
         b"language=vi", b"language=xx", b"http://[", b"null", b"https://vault.example", b"https://evil.example",
         b"cross-site", b"same-origin", b"vi", b"zz-!!,;q=x", b"*", b"vi" * 30_000, b"9" * 5000, b"-1", b"17"]
    ),
    max_size=3,
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking costs minutes and tells little here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_nonsense_is_answered_with_a_problem_that_tells_no_secret(
    world: World, app: FastAPI, data: st.DataObject
) -> None:
    method, path, operation = data.draw(st.sampled_from(operations(app.openapi())))
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(data.draw(IDS), safe=""))
    names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
    query = data.draw(st.dictionaries(st.sampled_from([*names, "more"]), VALUES, max_size=3))
    language = data.draw(st.sampled_from(["vi", "en"]))
    who = data.draw(st.sampled_from([None, world.an, world.registry]))
    headers: dict[str, str | bytes] = {"Accept-Language": language, "Content-Type": "application/json"}
    headers |= visitors.cookie(world, who) if who else {}
    drawn = data.draw(HEADERS)
    content = data.draw(BODIES) if method not in SAFE else b""
    with visitors.visitor(world, app) as client:
        answer = client.request(method, path, params=query, content=content, headers=headers | drawn)
    assert answer.status_code < 500, operation["operationId"]
    assert SECRET not in answer.text.replace(f"/{SECRET}", "")
    assert SECRET not in str(answer.headers)
    if answer.status_code >= 400 and method != "HEAD":
        is_problem(answer, None if "Accept-Language" in drawn or "Cookie" in drawn else language)
    known = set(operation["responses"]) | {"404", "405", "413"}  # 413: a body announced where none is taken
    assert str(answer.status_code) in known, operation["operationId"]


@pytest.fixture
def an(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app, world.an)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 200_000, "application/json"),
        (b'{"login": "\\ud800", "password": "' + SECRET.encode() + b'"}', "application/json"),
        (b'{"\\ud800": 1, "login": "a", "password": "' + SECRET.encode() + b'"}', "application/json"),
        (b'{"login": ["' + SECRET.encode() + b'"], "password": {"' + SECRET.encode() + b'": 1}}', "application/json"),
        (b'{"login": "a", "password": 17}', "application/json"),
        (b'{"login": "a", "password": "long enough", "' + SECRET.encode() + b'": 1}', "application/json"),
        (b'{"login": "a\\u0000", "password": "' + SECRET.encode() + b'"}', "application/json"),
        (b"login=a&password=" + SECRET.encode(), "application/x-www-form-urlencoded"),
        (b'{"login": "a", "password": "' + SECRET.encode() + b'"}', "text/plain"),
    ],
)
@pytest.mark.parametrize("path", ["/api/session", "/api/accounts", "/api/account/password", "/api/account/erase"])
def test_a_password_in_a_broken_body_is_never_echoed(an: httpx.Client, path: str, body: bytes, kind: str) -> None:
    answer = an.post(path, content=body, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500 or path == "/api/accounts"
    if answer.status_code >= 400:
        is_problem(answer)
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "cursor", ["x", "=", "A" * 200, "MDAwMS0wMS0wMVQwMDowMDowMCsxMDowMCB4", "OTk5OS0xMi0zMQ", "%00"]
)
def test_a_cursor_of_ones_own_making_is_refused(an: httpx.Client, cursor: str) -> None:
    """One of them is a moment before the year 1 in UTC."""
    answer = an.get(f"/api/documents?cursor={cursor}")
    assert answer.status_code == 422
    is_problem(answer)
    assert answer.json()["field"] == "cursor"


def test_a_body_that_is_too_large_is_refused_whether_it_is_announced_or_not(an: httpx.Client) -> None:
    long = b'{"login": "' + b"a" * BODY_MAX + b'"}'
    announced = an.post("/api/session", content=long, headers={"Content-Type": "application/json"})
    lying = an.post("/api/session", content=long, headers={"Content-Type": "application/json", "Content-Length": "9"})
    for answer in (announced, lying):
        assert answer.status_code == 413
        is_problem(answer)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "//", "https://vault.example@evil.example"])
def test_an_origin_that_is_no_address_is_another_site(an: httpx.Client, origin: str) -> None:
    answer = an.delete("/api/session", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/cross-site"


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "x", "1_0", "+5", "²"])
def test_a_length_that_is_no_number_breaks_nothing(an: httpx.Client, length: str) -> None:
    for path in ("/api/session", "/api/documents"):
        raw = {"Content-Length": length.encode("latin-1"), "Content-Type": b"multipart/form-data; boundary=x"}
        answer = an.post(path, content=b"", headers=raw)
        assert 400 <= answer.status_code < 500
        is_problem(answer)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"title": 1}, "body.title"), ({SECRET: 1}, "body"), ({"fields": {SECRET: 1}}, "body.fields")],
)
def test_a_wrong_member_is_told_by_its_place_and_not_in_the_senders_words(
    an: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = an.patch("/api/documents/x", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert SECRET not in answer.text


def test_an_unknown_address_and_a_wrong_method_are_problems_for_machines_and_pages_for_people(an: httpx.Client) -> None:
    for path in ("/api/nothing", "/agency/nothing", "/.well-known/nothing"):
        answer = an.get(path)
        assert answer.status_code == 404
        is_problem(answer, "en")
    wrong = an.put("/api/documents")
    assert wrong.status_code == 405
    is_problem(wrong, "en")
    assert wrong.headers["allow"]
    page = an.get("/nothing")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


def test_an_answer_speaks_the_readers_language(world: World, app: FastAPI) -> None:
    client = visitors.visitor(world, app)
    for language, wanted in (("vi-VN,vi;q=0.9", "vi"), ("en-GB", "en"), ("fr", "vi"), ("", "vi")):
        is_problem(client.get("/api/account", headers={"Accept-Language": language}), wanted)
    assert client.get(f"{URL}/api/account").status_code == 401
