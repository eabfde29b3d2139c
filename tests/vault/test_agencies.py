"""Agencies are added, their systems recognised, and nobody passes for them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from sharing.assertions import sign_assertion
from sharing.keys import SigningKey, jwks
from tests.vault.world import World
from vault import agencies
from vault.agencies import AgencySystem
from vault.db import now
from vault.errors import Invalid, LoginTaken, NotFound, SignInNeeded
from vault.models import UsedProof


def assertion(world: World, **changes: object) -> str:
    with world.services.db.read() as session:
        at = now(session)
    claims = {"client_id": world.registry.agency_id, "audience": world.services.settings.public_url, "now": at}
    key = changes.pop("key", world.registry_key)
    return sign_assertion(key, **(claims | changes))  # type: ignore[arg-type]


def authenticate(world: World, token: str) -> AgencySystem:
    recognised = agencies.recognise(world.services.db, world.services.settings.public_url, token)
    agencies.take(world.services.db, recognised)
    return recognised.system


def test_an_agencys_system_is_recognised_by_its_signature(world: World) -> None:
    assert authenticate(world, assertion(world)) == world.registry_system


def test_a_replayed_assertion_is_refused(world: World) -> None:
    token = assertion(world)
    authenticate(world, token)
    with pytest.raises(SignInNeeded):
        authenticate(world, token)


def test_one_assertion_used_twice_at_once_is_taken_once(world: World) -> None:
    token, at_once = assertion(world), Barrier(6)

    def attempt(_number: int) -> bool:
        at_once.wait()
        try:
            authenticate(world, token)
        except SignInNeeded:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


def test_an_assertion_for_another_server_is_refused(world: World) -> None:
    with pytest.raises(SignInNeeded):
        authenticate(world, assertion(world, audience="https://elsewhere.example"))


def test_an_assertion_by_another_key_or_agency_is_refused(world: World) -> None:
    for changes in (
        {"key": SigningKey.generate()},
        {"client_id": world.bank.agency_id},
        {"client_id": "00000000-0000-0000-0000-000000000000"},
        {"client_id": "x"},
    ):
        with pytest.raises(SignInNeeded):
            authenticate(world, assertion(world, **changes))


def test_an_expired_assertion_is_refused(world: World) -> None:
    with world.services.db.read() as session:
        earlier = now(session) - timedelta(minutes=5)
    with pytest.raises(SignInNeeded):
        authenticate(world, assertion(world, now=earlier))


@pytest.mark.parametrize("nonsense", ["", "a.b.c", "e30.e30.", "." * 10_000, "é" * 20])
def test_nonsense_is_refused(world: World, nonsense: str) -> None:
    with pytest.raises(SignInNeeded):
        authenticate(world, nonsense)


def test_a_used_assertion_is_remembered_as_a_hash_until_it_expires(world: World) -> None:
    authenticate(world, assertion(world))
    with world.services.db.read() as session:
        row = session.exec(select(UsedProof)).one()
        assert timedelta(0) < row.expires_at - now(session) <= timedelta(seconds=60)
    assert len(row.id) == 32


def test_replaced_keys_take_effect_at_once(world: World) -> None:
    fresh = SigningKey.generate()
    with world.services.db.write() as session:
        agencies.replace_keys(session, world.registry.agency_id, json.dumps(jwks([fresh])))
    with pytest.raises(SignInNeeded):
        authenticate(world, assertion(world))
    assert authenticate(world, assertion(world, key=fresh)) == world.registry_system


def test_an_agency_without_systems_has_no_key_to_sign_in_with(world: World) -> None:
    with world.services.db.write() as session:
        agency = agencies.add(session, world.services.root, "Ủy ban nhân dân phường")
    with pytest.raises(SignInNeeded):
        authenticate(world, assertion(world, client_id=agency.id))


def test_keys_that_are_none_or_private_are_refused(world: World) -> None:
    private = {"keys": [{**SigningKey.generate().public_jwk(), "d": "secret"}]}
    for keys in (private, b"not json", {"keys": []}, '{"keys": [], "keys": []}'):
        with pytest.raises(Invalid) as refused, world.services.db.write() as session:
            agencies.add(session, world.services.root, "Phòng công chứng", keys)
        assert refused.value.values["field"] == "jwks"
        assert "secret" not in str(refused.value.values)


def test_a_name_is_needed_and_given_once(world: World) -> None:
    for name, reason in (("  ", "missing"), (" Sở  Tư pháp ", "taken"), ("x" * 201, "too-long")):
        with pytest.raises(Invalid) as refused, world.services.db.write() as session:
            agencies.add(session, world.services.root, name)
        assert refused.value.values["reason"] == reason


def test_citizens_choose_among_all_agencies_by_name(world: World) -> None:
    with world.services.db.read() as session:
        assert [agency.name for agency in agencies.listed(session)] == ["Ngân hàng", "Sở Tư pháp"]
        assert agencies.find(session, "Sở Tư pháp").id == world.registry.agency_id
        assert agencies.find(session, world.bank.agency_id).name == "Ngân hàng"
        with pytest.raises(NotFound):
            agencies.find(session, "Ngân")


def test_an_officer_belongs_to_an_agency_that_exists_and_has_a_name_of_their_own(world: World) -> None:
    with pytest.raises(NotFound), world.services.db.write() as session:
        agencies.add_officer(session, "nowhere", "hoa", "hash")
    with pytest.raises(LoginTaken), world.services.db.write() as session:
        agencies.add_officer(session, world.bank.agency_id, "LAN", "hash")
