"""What every answer carries, what the session's cookie allows, and which requests come from elsewhere."""

from dataclasses import replace

import httpx
import pytest
from sqlalchemy.exc import DataError
from starlette.datastructures import Headers

from tests.vault import clients, visitors
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import problems
from vault.app import create_app
from vault.i18n import translator
from vault.middleware import same_site


def signed_in_answer(world: World, address: str) -> httpx.Response:
    visitors.give_passwords(world)
    settings = world.services.settings.model_copy(update={"public_url": address})
    client = clients.client(create_app(settings, replace(world.services, settings=settings)), address)
    return client.post("/api/session", json={"login": "an", "password": visitors.PASSWORD})


def test_no_page_may_run_or_load_what_is_not_the_vaults_own(world: World) -> None:
    with visitors.visitor(world, visitors.app_of(world)) as client:
        for address in ("/sign-in", "/sign-up", "/s", "/nothing", "/api/account", "/static/docvault.css"):
            headers = client.get(address).headers
            policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
            assert policy["default-src"] == "'self'"
            assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert headers["strict-transport-security"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    name, *attributes = signed_in_answer(world, URL).headers["set-cookie"].split("; ")
    assert name.startswith("__Host-docvault=")
    assert {"HttpOnly", "SameSite=lax", "Secure", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_without_tls_the_cookie_promises_none(world: World) -> None:
    name, *attributes = signed_in_answer(world, "http://127.0.0.1:8000").headers["set-cookie"].split("; ")
    assert name.startswith("docvault=")
    assert {"HttpOnly", "SameSite=lax"} <= set(attributes)
    assert "Secure" not in attributes


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": URL}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"origin": URL}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, True),
    ],
)
def test_an_unsafe_request_comes_from_our_own_page_or_from_a_program(headers: dict[str, str], ours: bool) -> None:
    assert same_site(Headers({"host": "vault.example"} | headers)) is ours


def test_a_text_that_the_database_cannot_hold_is_the_senders_mistake() -> None:
    """PostgreSQL takes no NUL, which any part of an address can carry."""
    refused = problems.of(DataError("SELECT …", {}, ValueError("NUL")), translator("en"))
    assert (refused.status, refused.code) == (400, "bad-request")
