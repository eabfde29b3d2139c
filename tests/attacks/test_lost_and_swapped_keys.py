"""Key files that were lost, replaced or mixed up between two vaults."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage.errors import KeyUnusable
from storage.keys import Key
from storage.rootkey import FileRootKey
from tests.vault.world import World
from vault import firststart, jobs
from vault.models import Job
from vault.settings import Settings

LEASE = timedelta(seconds=60)


def test_root_key_of_another_vault_is_refused_before_anything_is_wrapped_under_it(settings: Settings) -> None:
    firststart.prepare(settings).db.close()
    settings.root_key.unlink()
    FileRootKey.create(settings.root_key)
    with pytest.raises(KeyUnusable, match="not the one of this database"):
        firststart.prepare(settings)


def test_reading_left_by_a_lost_worker_key_does_not_hold_up_the_papers_behind_it(world: World) -> None:
    lost, services = FileRootKey(Key.generate()), world.services
    first, second = world.put_in(), world.put_in(content=b"%PDF another")
    with services.db.write() as session:
        jobs.enqueue(session, lost, first.version.id, world.an.citizen_id, first.key)
        jobs.enqueue(session, services.worker_key, second.version.id, world.an.citizen_id, second.key)
    with services.db.write() as session:
        ticket = jobs.claim(session, services.worker_key, LEASE)
    assert ticket is not None
    assert ticket.version_id == second.version.id
    with services.db.read() as session:
        kept = session.exec(select(Job).where(Job.version_id == first.version.id)).one()
    assert kept.attempt == 0, "it goes on when the right key is back"
