"""What an agency may learn of its own access tokens, and how it gives one up (RFC 7662, RFC 7009)."""

import pytest

from tests.vault import visitors
from tests.vault.portal import Portal, grant_of, later, portal, refusal
from tests.vault.visitors import URL
from tests.vault.world import World
from vault.models import AccessToken, GrantHolder, Holder
from vault.tokens import decode, digest


@pytest.fixture
def registry(world: World) -> Portal:
    return portal(world, visitors.app_of(world))


def test_an_agency_ends_its_token_and_its_officers_keep_what_was_shared(world: World, registry: Portal) -> None:
    body = registry.attached()
    answer = registry.post("/oauth/revoke", {"token": body["access_token"], "token_type_hint": "refresh_token"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert registry.introspect(body["access_token"]) == {"active": False}
    assert grant_of(world, body).revoked_at is None
    assert world.row(GrantHolder, (body["grant_id"], Holder.agency)) is not None
    assert world.row(GrantHolder, (body["grant_id"], Holder.token)) is None
    assert len(world.events("token-revoked")) == 1
    again = registry.post("/oauth/revoke", {"token": body["access_token"]})
    assert (again.status_code, len(world.events("token-revoked"))) == (200, 1)


@pytest.mark.parametrize("token", ["x", "A" * 43, "é", "\x00", "x" * 5000])
def test_revoking_what_never_was_is_no_error(registry: Portal, token: str) -> None:
    assert registry.post("/oauth/revoke", {"token": token}).status_code == 200
    assert registry.introspect(token) == {"active": False}


def test_what_is_missing_at_revocation_and_introspection_is_named(registry: Portal) -> None:
    for path in ("/oauth/revoke", "/oauth/introspect"):
        refusal(registry.post(path, {}), "invalid_request")


def test_introspection_tells_an_agency_of_its_own_tokens(world: World, registry: Portal) -> None:
    body = registry.attached()
    found = registry.introspect(body["access_token"])
    detail = body["authorization_details"][0]
    assert found == {
        "active": True,
        "client_id": registry.client_id,
        "iss": URL,
        "iat": found["iat"],
        "exp": int(grant_of(world, body).expires_at.timestamp()),
        "token_type": "DPoP",
        "cnf": {"jkt": registry.key.kid},
        "authorization_details": [{name: value for name, value in detail.items() if name != "fields"}],
    }
    lists = registry.lists_token()
    assert registry.introspect(lists).keys() == {"active", "client_id", "iss", "iat", "exp", "token_type", "cnf"}


def test_a_token_of_a_revoked_grant_or_after_its_end_is_not_active(world: World, registry: Portal) -> None:
    first, second = registry.attached(), registry.attached()
    world.revoke(first["grant_id"])
    assert registry.introspect(first["access_token"]) == {"active": False}
    later(world, AccessToken, digest(decode(second["access_token"]) or b""))
    assert registry.introspect(second["access_token"]) == {"active": False}
