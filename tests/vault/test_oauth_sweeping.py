"""What is over goes by itself: requests, codes, tokens, and grants that nobody fetched."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.vault import visitors
from tests.vault.portal import Portal, grant_of, later, portal, refusal
from tests.vault.world import World
from vault.housekeeping import Housekeeping
from vault.i18n import translator
from vault.models import AccessToken, AuthorizationCode, AuthorizationRequest, Grant, GrantHolder
from vault.oauth import requests
from vault.pages import telling
from vault.tokens import decode, digest


@pytest.fixture
def registry(world: World) -> Portal:
    return portal(world, visitors.app_of(world))


def clean(world: World) -> None:
    Housekeeping(world.services).run()
    Housekeeping(world.services).run()


def hash_of(token: str) -> bytes:
    return digest(decode(token) or b"")


def test_requests_go_when_they_are_over_or_answered(world: World, registry: Portal) -> None:
    waiting = requests.open_(world.services.db, registry.client_id, registry.request_uri())
    stale = requests.open_(world.services.db, registry.client_id, registry.request_uri())
    later(world, AuthorizationRequest, stale.request_id)
    registry.request_uri()
    registry.code()
    clean(world)
    with world.services.db.read() as session:
        left = session.exec(select(AuthorizationRequest)).all()
    assert {row.id for row in left if row.opened_at} == {waiting.request_id}
    assert len(left) == 2, "and the one that nobody has opened yet"


def test_a_grant_whose_code_nobody_fetched_ends(world: World, registry: Portal) -> None:
    code = registry.code()
    row = world.row(AuthorizationCode, hash_of(code))
    clean(world)
    assert world.row(Grant, row.grant_id).revoked_at is None
    later(world, AuthorizationCode, row.code_hash)
    clean(world)
    assert world.row(Grant, row.grant_id).revoked_at is not None
    assert world.row(AuthorizationCode, row.code_hash) is None
    with world.services.db.read() as session:
        held = session.exec(select(GrantHolder).where(GrantHolder.grant_id == row.grant_id)).all()
    assert [holder.holder for holder in held] == ["citizen"]
    (event,) = world.events("revoked")
    assert event.detail == "never-fetched"
    assert "never fetched" in telling.sentence(event, "Sở Tư pháp", "", translator("en"))
    refusal(registry.exchange(code), "invalid_grant")


def test_a_used_code_is_known_for_as_long_as_it_could_do_harm(world: World, registry: Portal) -> None:
    code = registry.code()
    body = registry.exchange(code).json()
    later(world, AuthorizationCode, hash_of(code))
    clean(world)
    refusal(registry.exchange(code), "invalid_grant")
    assert grant_of(world, body).revoked_at is not None
    clean(world)
    assert world.row(AuthorizationCode, hash_of(code)) is None


def test_tokens_for_lists_go_at_once_and_those_for_grants_later(world: World, registry: Portal) -> None:
    lists = registry.lists_token()
    token = registry.attached()["access_token"]
    for each in (lists, token):
        later(world, AccessToken, hash_of(each))
    clean(world)
    assert world.row(AccessToken, hash_of(lists)) is None
    row = world.row(AccessToken, hash_of(token))
    world.change(AccessToken, row.token_hash, expires_at=row.expires_at - timedelta(days=31))
    clean(world)
    assert world.row(AccessToken, row.token_hash) is None
