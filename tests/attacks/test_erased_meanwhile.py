"""A wallet is erased while something is put into it: nothing of it stays that a key still opens."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests.vault import visitors
from tests.vault.test_resumable import PAPER, begin, left, patch
from tests.vault.visitors import PASSWORD
from tests.vault.world import World
from vault import erasure, intake, jobs
from vault.errors import SignInNeeded
from vault.export import preparing
from vault.models import Export
from vault.uploads import Ready

BESIDE_S = 1.0
"""So long the erasing has for whatever it does without waiting for the other."""
WAIT_S = 30


def at_once(world: World) -> None:
    intake.add_document(world.services, world.an, Ready("a.pdf", PAPER))


def in_parts(world: World) -> None:
    an: httpx.Client = visitors.visitor(world, visitors.app_of(world), world.an)
    upload = begin(an)
    assert patch(an, upload, 0, PAPER[:9000]).status_code == 204
    patch(an, upload, 9000, PAPER[9000:])


@pytest.mark.parametrize("put_in", [at_once, in_parts])
def test_erased_while_a_paper_comes_in(
    world: World, monkeypatch: pytest.MonkeyPatch, put_in: Callable[[World], None]
) -> None:
    """Neither the paper stays nor the ticket that opens it for the reading."""
    visitors.give_passwords(world)
    entering, erasing, enqueue = Event(), Event(), jobs.enqueue_all

    def slowly(*args: Any) -> None:
        enqueue(*args)
        entering.set()
        erasing.wait(WAIT_S)

    monkeypatch.setattr("vault.jobs.enqueue_all", slowly)
    coming = Thread(target=put_in, args=(world,))
    coming.start()
    assert entering.wait(WAIT_S)
    erased = Thread(target=erasure.erase_wallet, args=(world.services, world.an, PASSWORD))
    erased.start()
    erased.join(BESIDE_S)
    erasing.set()
    for thread in (coming, erased):
        thread.join(WAIT_S)
    assert left(world) == []
    assert world.events("wallet-erased")


def test_an_erased_wallet_makes_nothing_ready_any_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors.give_passwords(world)

    def erased(*_: object) -> None:
        with monkeypatch.context() as again:
            again.setattr("vault.accounts.check_password", lambda *_: None)
            erasure.erase_wallet(world.services, world.an, PASSWORD)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("vault.accounts.check_password", erased)
        with pytest.raises(SignInNeeded):
            preparing.begin(world.services, world.an, PASSWORD)
    with world.services.db.read() as session:
        assert not session.exec(select(Export)).all()
