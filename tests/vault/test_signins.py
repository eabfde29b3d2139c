"""Sessions: what a token opens, when it ends, and what a thief of the database or of a cookie can do with it."""

from datetime import timedelta

import pytest

from tests.vault import visitors
from tests.vault.world import World
from vault import signins, tokens
from vault.db import now
from vault.errors import SignInNeeded
from vault.housekeeping import Housekeeping
from vault.models import Account, SignIn
from vault.principals import Citizen, Officer


def resumed(world: World, token: str) -> Citizen | Officer:
    with world.services.db.read() as session:
        return signins.resume(session, token, world.services.settings)


def row(world: World, token: str) -> SignIn:
    who = resumed(world, token)
    found: SignIn = world.row(SignIn, who.sign_in_id)
    return found


def ago(world: World, **time: float) -> object:
    with world.services.db.read() as session:
        return now(session) - timedelta(**time)


def test_the_token_brings_the_wallet_back(world: World) -> None:
    who = resumed(world, visitors.token_of(world, world.an))
    assert isinstance(who, Citizen)
    assert who.wallet == world.an.wallet


def test_an_officers_token_brings_the_agencys_keys_and_no_wallet(world: World) -> None:
    who = resumed(world, visitors.token_of(world, world.registry))
    assert isinstance(who, Officer)
    assert who.ring == world.registry.ring


def test_the_database_holds_nothing_that_opens_the_session(world: World) -> None:
    token = visitors.token_of(world, world.an)
    secret, stored = tokens.decode(token), row(world, token)
    assert secret is not None
    assert stored.token_hash != secret
    for value in (stored.token_hash, stored.wrapped_key):
        assert secret not in value
        assert world.an.wallet.key.expose() not in value
    with pytest.raises(SignInNeeded):
        resumed(world, tokens.encode(stored.token_hash))


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 42 + "=", "a b", "é" * 43, "A" * 10_000, "\x00"])
def test_a_made_up_token_opens_nothing(world: World, token: str) -> None:
    with pytest.raises(SignInNeeded):
        resumed(world, token)


def test_an_idle_session_ends(world: World) -> None:
    token = visitors.token_of(world, world.an)
    idle = world.services.settings.session_idle_minutes
    world.change(SignIn, row(world, token).id, seen_at=ago(world, minutes=idle - 1))
    assert resumed(world, token)
    world.change(SignIn, row(world, token).id, seen_at=ago(world, minutes=idle))
    with pytest.raises(SignInNeeded):
        resumed(world, token)


def test_a_session_in_steady_use_ends_all_the_same(world: World) -> None:
    token = visitors.token_of(world, world.an)
    world.change(SignIn, row(world, token).id, expires_at=ago(world, seconds=0), seen_at=ago(world, seconds=0))
    with pytest.raises(SignInNeeded):
        resumed(world, token)


def test_a_clock_that_was_set_back_by_a_year_prolongs_no_session_by_a_year(world: World) -> None:
    token = visitors.token_of(world, world.an)
    there = row(world, token)
    world.change(SignIn, there.id, seen_at=ago(world, minutes=-5))
    assert resumed(world, token), "by a few minutes it ends nobody's"
    with world.services.db.read() as session:
        assert signins.needs_touch(session, there.id), "and is idle from then on as ever"
    world.change(SignIn, there.id, seen_at=ago(world, days=-365), expires_at=ago(world, days=-366))
    with pytest.raises(SignInNeeded):
        resumed(world, token)
    Housekeeping(world.services).run()
    with world.services.db.read() as session:
        assert session.get(SignIn, there.id) is None


def test_use_is_noted_once_a_minute(world: World) -> None:
    token = visitors.token_of(world, world.an)
    there = row(world, token)
    with world.services.db.write() as session:
        assert not signins.needs_touch(session, there.id)
    world.change(SignIn, there.id, seen_at=ago(world, minutes=2))
    with world.services.db.write() as session:
        assert signins.needs_touch(session, there.id)
        signins.touch(session, there.id)
    assert row(world, token).seen_at > there.seen_at - timedelta(seconds=1)


def test_signing_out_ends_this_session_alone(world: World) -> None:
    here, there = visitors.token_of(world, world.an), visitors.token_of(world, world.an)
    with world.services.db.write() as session:
        signins.end(session, world.an.account_id, resumed(world, here).sign_in_id)
    with pytest.raises(SignInNeeded):
        resumed(world, here)
    assert resumed(world, there)


def test_nobody_ends_anothers_session(world: World) -> None:
    token = visitors.token_of(world, world.an)
    with world.services.db.write() as session:
        signins.end(session, world.binh.account_id, resumed(world, token).sign_in_id)
        signins.end_all(session, world.binh.account_id)
    assert resumed(world, token)


def test_signing_out_everywhere_ends_all(world: World) -> None:
    mine = [visitors.token_of(world, world.an) for _ in range(3)]
    with world.services.db.write() as session:
        signins.end_all(session, world.an.account_id)
    for token in mine:
        with pytest.raises(SignInNeeded):
            resumed(world, token)


def test_a_disabled_account_is_out_at_once(world: World) -> None:
    token = visitors.token_of(world, world.an)
    world.change(Account, world.an.account_id, disabled_at=ago(world, seconds=0))
    with pytest.raises(SignInNeeded):
        resumed(world, token)


def test_a_key_copied_into_another_session_does_not_open(world: World) -> None:
    """Whoever can write to the database signs in as themselves and puts a victim's wrapped key into their row."""
    victim, thief = visitors.token_of(world, world.an), visitors.token_of(world, world.binh)
    world.change(SignIn, row(world, thief).id, wrapped_key=row(world, victim).wrapped_key)
    with pytest.raises(SignInNeeded):
        resumed(world, thief)


def test_a_session_moved_to_another_account_does_not_open(world: World) -> None:
    thief = visitors.token_of(world, world.binh)
    world.change(SignIn, row(world, thief).id, account_id=world.an.account_id)
    with pytest.raises(SignInNeeded):
        resumed(world, thief)


def test_an_account_given_anothers_wallet_does_not_open_it(world: World) -> None:
    thief, wallet = visitors.token_of(world, world.binh), world.an.citizen_id
    world.change(Account, world.an.account_id, citizen_id=None)
    world.change(Account, world.binh.account_id, citizen_id=wallet)
    with pytest.raises(SignInNeeded):
        resumed(world, thief)


def test_ended_sessions_are_swept_with_their_keys(world: World) -> None:
    old, live = visitors.token_of(world, world.an), visitors.token_of(world, world.an)
    gone, stays = row(world, old).id, row(world, live).id
    world.change(SignIn, gone, seen_at=ago(world, days=2))
    Housekeeping(world.services).run()
    assert world.row(SignIn, gone) is None
    assert world.row(SignIn, stays) is not None


def test_the_list_of_devices_has_live_sessions_the_last_used_first(world: World) -> None:
    first, second, ended = (row(world, visitors.token_of(world, world.an)).id for _ in range(3))
    world.change(SignIn, first, seen_at=ago(world, minutes=5))
    world.change(SignIn, ended, expires_at=ago(world, seconds=0))
    with world.services.db.read() as session:
        found = signins.live(session, world.an.account_id, world.services.settings)
    assert [sign_in.id for sign_in in found] == [second, first]
