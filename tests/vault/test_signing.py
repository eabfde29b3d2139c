"""The service's keys: rotated at any time, without breaking a grant that is in use."""

from datetime import datetime, timedelta

import pytest

from sharing.errors import UnknownKey
from sharing.grants import verify
from sharing.keys import KeySet, parse_jwks
from storage.rootkey import FileRootKey
from tests.vault.world import World
from vault import grants, signing
from vault.db import now
from vault.models import ServiceKey
from vault.services import Services
from vault.signing import Signer

LONGEST = timedelta(days=90)


def signed_grant(world: World, **changes: object) -> str:
    grant_id, _ = world.share(world.put_in(), **changes)
    with world.services.db.read() as session:
        return grants.get(session, world.an.wallet, grant_id).signed


def rotate(services: Services) -> str:
    with services.db.write() as session:
        return signing.rotate(session, services.root).kid


def published(services: Services) -> KeySet:
    with services.db.read() as session:
        return parse_jwks(signing.published(session, LONGEST))


def check(world: World, signed: str, at: datetime | None = None) -> None:
    with world.services.db.read() as session:
        at = at or now(session)
    verify(signed, published(world.services), world.registry.agency_id, at, issuer="https://vault.example")


def test_the_first_start_makes_one_key_and_the_next_none(services: Services) -> None:
    with services.db.write() as session:
        kid = signing.ensure_key(session, services.root).kid
        assert signing.ensure_key(session, services.root).kid == kid
    assert [key.kid for key in published(services)] == [kid]


def test_a_rotation_keeps_old_grants_valid_and_is_picked_up_by_a_running_server(world: World) -> None:
    before = signed_grant(world)
    kid = rotate(world.services)
    after = signed_grant(world)
    check(world, before)
    check(world, after)
    assert {key.kid for key in published(world.services)} > {kid}
    assert before.partition(".")[0] != after.partition(".")[0]


def test_a_retired_key_goes_when_its_last_grant_has_ended(world: World) -> None:
    signed = signed_grant(world)
    with world.services.db.read() as session:
        old = signing.current(session)
        assert old is not None
        long_ago = now(session) - LONGEST - timedelta(days=2)
    rotate(world.services)
    world.change(ServiceKey, old.kid, retired_at=long_ago)
    with pytest.raises(UnknownKey):
        check(world, signed)


def test_a_retired_key_stays_for_a_grant_that_still_runs_whatever_the_setting_says(world: World) -> None:
    signed = signed_grant(world, days=60)
    rotate(world.services)
    with world.services.db.read() as session:
        keys = parse_jwks(signing.published(session, timedelta(0)))
        verify(signed, keys, world.registry.agency_id, now(session), issuer="https://vault.example")


def test_the_root_key_is_touched_once_for_each_signing_key(world: World) -> None:
    touched: list[bytes] = []

    class CountingRoot(FileRootKey):
        def unwrap(self, wrapped: bytes, ctx: bytes):  # type: ignore[no-untyped-def]
            touched.append(ctx)
            return super().unwrap(wrapped, ctx)

    signer = Signer(CountingRoot.open(world.services.settings.root_key))
    with world.services.db.read() as session:
        terms = grants.read_terms(signed_grant(world))
        signer.sign(session, terms)
        signer.sign(session, terms)
    assert len(touched) == 1
    rotate(world.services)
    with world.services.db.read() as session:
        signer.sign(session, terms)
        signer.sign(session, terms)
    assert len(touched) == 2


def test_no_private_part_is_published_or_kept_open(world: World) -> None:
    with world.services.db.read() as session:
        for jwk in signing.published(session, LONGEST)["keys"]:
            assert "d" not in dict(jwk)  # type: ignore[call-overload]
    assert "d=" not in repr(world.services.signer)
