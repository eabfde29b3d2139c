"""A guesser behind the same address as everybody else: a commune's office, a mobile network."""

from datetime import timedelta

import pytest

from tests.vault.world import World
from vault import accounts, slowdown
from vault.accounts import Attempt
from vault.db import now
from vault.errors import SignInFailed
from vault.models import Account, Failures

OFFICE = "203.0.113.7"
PASSWORD = "mat-khau-cua-toi"


def try_it(world: World, login: str, password: str = PASSWORD) -> str:
    services = world.services
    attempt = Attempt(login, password, OFFICE)
    return accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)


def test_neighbours_who_sign_in_well_do_not_make_each_other_wait(world: World) -> None:
    hashed = world.services.passwords.hash(PASSWORD)
    for citizen in (world.an, world.binh):
        world.change(Account, citizen.account_id, password_hash=hashed)
    for number in range(world.services.settings.address_failures):
        with pytest.raises(SignInFailed):
            try_it(world, f"nobody-{number}")
    for _ in range(3):
        assert try_it(world, "an")
        assert try_it(world, "binh")


def test_clock_that_was_set_back_locks_nobody_out_until_it_has_caught_up(world: World) -> None:
    world.change(Account, world.an.account_id, password_hash=world.services.passwords.hash(PASSWORD))
    counter = slowdown.subject("address", OFFICE)
    with world.services.db.write() as session:
        tomorrow = now(session) + timedelta(days=1)
        session.add(Failures(subject=counter, count=30, until=tomorrow, updated_at=tomorrow))
    assert try_it(world, "an")
