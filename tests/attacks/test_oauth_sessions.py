"""A request of a portal in the wrong browser, before the wrong citizen, answered twice, or mixed up."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.vault import visitors
from tests.vault.portal import Portal, opened, pending, portal
from tests.vault.world import World
from vault.db import now
from vault.errors import RequestOver
from vault.models import AuthorizationRequest
from vault.oauth import codes, requests
from vault.oauth.requests import Opened
from vault.principals import Citizen


@pytest.fixture
def registry(world: World) -> Portal:
    return portal(world, visitors.app_of(world))


def test_consent_for_another_sessions_request(world: World, registry: Portal) -> None:
    """An attacker begins at the portal and lures his victim to the page: without his cookie there is nothing."""
    found = opened(registry)
    for secret in ("", "x", "A" * 43, found.secret[:-1], registry.request_uri().rpartition(":")[2]):
        with pytest.raises(RequestOver):
            pending(world, Opened(found.request_id, secret), world.an)
    other = opened(registry)
    with pytest.raises(RequestOver):
        pending(world, Opened(found.request_id, other.secret), world.an)


def test_request_of_one_citizen_answered_by_another(world: World, registry: Portal) -> None:
    found = opened(registry)
    pending(world, found, world.an, claim=True)
    with pytest.raises(RequestOver):
        pending(world, found, world.binh)


def test_request_claimed_by_two_citizens_at_once(world: World, registry: Portal) -> None:
    found, at_once = opened(registry), Barrier(2)

    def attempt(citizen: Citizen) -> bool:
        with world.services.db.read() as session:
            waiting = requests.pending(session, found.request_id, found.secret, citizen)
        at_once.wait()
        try:
            with world.services.db.write() as session:
                requests.claim(session, waiting, citizen)
        except RequestOver:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(attempt, (world.an, world.binh))) == 1


def test_request_answered_twice(world: World, registry: Portal) -> None:
    found = opened(registry)
    waiting = pending(world, found, world.an, claim=True)
    with world.services.db.write() as session:
        requests.answer(session, waiting, world.an.citizen_id)
    with pytest.raises(RequestOver), world.services.db.write() as session:
        requests.answer(session, waiting, world.an.citizen_id)
    with pytest.raises(RequestOver):
        pending(world, found, world.an)
    row = world.row(AuthorizationRequest, found.request_id)
    assert (row.sealed, row.draft) == (b"", None), "what was asked is gone with the answer"


def test_request_answered_without_having_been_claimed(world: World, registry: Portal) -> None:
    waiting = pending(world, opened(registry), world.an)
    with pytest.raises(RequestOver), world.services.db.write() as session:
        requests.answer(session, waiting, world.an.citizen_id)


def test_request_left_open_too_long(world: World, registry: Portal) -> None:
    found = opened(registry)
    with world.services.db.read() as session:
        at = now(session)
    world.change(AuthorizationRequest, found.request_id, expires_at=at)
    with pytest.raises(RequestOver):
        pending(world, found, world.an)


def test_mix_up_is_told_by_the_issuer_in_every_answer(world: World, registry: Portal) -> None:
    pushed = pending(world, opened(registry), None).pushed
    issuer = world.services.settings.public_url
    for answer in ({"code": "x"}, {"error": codes.REFUSED}):
        assert f"iss={issuer.replace(':', '%3A').replace('/', '%2F')}" in codes.answer_url(pushed, issuer, **answer)
