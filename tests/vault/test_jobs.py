"""Reading jobs: claimed once, taken over when their worker dies, and never finished by one that was too late."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests.vault.world import World
from vault import jobs
from vault.db import now
from vault.documents import Paper
from vault.jobs import Ticket
from vault.models import Job

LEASE = timedelta(seconds=60)


@contextmanager
def writing(world: World) -> Iterator[Session]:
    with world.services.db.write() as session:
        yield session


def queued(world: World) -> Paper:
    paper = world.put_in(content=f"%PDF {now_of(world)}".encode())
    with writing(world) as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, world.an.citizen_id, paper.key)
    return paper


def now_of(world: World) -> object:
    with world.services.db.read() as session:
        return now(session)


def claim(world: World, lease: timedelta = LEASE) -> Ticket | None:
    with writing(world) as session:
        return jobs.claim(session, world.services.worker_key, lease)


def claimed(world: World) -> Ticket:
    ticket = claim(world)
    assert ticket is not None
    return ticket


def waiting(world: World) -> list[Job]:
    with world.services.db.read() as session:
        return list(session.exec(select(Job)))


def lease_ends(world: World, ticket: Ticket) -> None:
    with world.services.db.read() as session:
        past = now(session) - timedelta(seconds=1)
    world.change(Job, ticket.job_id, run_after=past)


def test_the_ticket_carries_the_one_key_and_shows_it_to_nobody(world: World) -> None:
    paper = queued(world)
    ticket = claimed(world)
    assert ticket.key == paper.key
    assert (ticket.version_id, ticket.attempt) == (paper.version.id, 1)
    assert "key" not in repr(ticket).lower()
    assert paper.key.expose() not in waiting(world)[0].ticket


def test_there_is_nothing_to_do_when_all_is_done_or_leased(world: World) -> None:
    assert claim(world) is None
    queued(world)
    assert claim(world) is not None
    assert claim(world) is None


def test_many_workers_at_once_each_get_another_job(world: World) -> None:
    wanted = {queued(world).version.id for _ in range(8)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claim(world), range(16)))
    taken = [ticket.version_id for ticket in found if ticket]
    assert len(taken) == len(wanted)
    assert set(taken) == wanted


def test_the_job_of_a_killed_worker_is_taken_over_when_its_lease_ends(world: World) -> None:
    queued(world)
    first = claimed(world)
    assert claim(world) is None
    lease_ends(world, first)
    second = claimed(world)
    assert (second.job_id, second.attempt) == (first.job_id, 2)


def test_a_worker_that_wakes_up_late_can_change_nothing(world: World) -> None:
    queued(world)
    late = claimed(world)
    lease_ends(world, late)
    second = claimed(world)
    with writing(world) as session:
        assert not jobs.extend(session, late, LEASE)
        assert not jobs.release(session, late)
        assert not jobs.finish(session, late)
    with writing(world) as session:
        assert jobs.finish(session, second)
    assert waiting(world) == []


def test_a_worker_that_keeps_alive_keeps_its_job(world: World) -> None:
    queued(world)
    ticket = claimed(world)
    lease_ends(world, ticket)
    with writing(world) as session:
        assert jobs.extend(session, ticket, LEASE)
    assert claim(world) is None


def test_a_worker_that_is_told_to_stop_gives_its_job_back_at_once(world: World) -> None:
    queued(world)
    ticket = claimed(world)
    with writing(world) as session:
        assert jobs.release(session, ticket)
    assert claimed(world).attempt == 2


def test_finishing_destroys_the_key_that_the_job_carried(world: World) -> None:
    queued(world)
    ticket = claimed(world)
    with writing(world) as session:
        assert jobs.finish(session, ticket)
        assert not jobs.finish(session, ticket)
    assert waiting(world) == []


def test_reading_again_starts_a_new_job_and_ends_the_old_one(world: World) -> None:
    paper = queued(world)
    old = claimed(world)
    with writing(world) as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, world.an.citizen_id, paper.key)
    with writing(world) as session:
        assert not jobs.finish(session, old)
    assert claimed(world).attempt == 1


def test_the_longest_waiting_comes_first(world: World) -> None:
    papers = [queued(world).version.id for _ in range(3)]
    assert [claimed(world).version_id for _ in range(3)] == papers


def test_a_ticket_moved_to_another_paper_does_not_open(world: World) -> None:
    """The operator's database may be changed, but not so that one paper is read as another."""
    queued(world)
    queued(world)
    one, two = waiting(world)
    world.change(Job, two.id, ticket=one.ticket, run_after=one.created_at - timedelta(days=1))
    assert claimed(world).version_id == one.version_id
    assert claim(world) is None


def test_a_job_that_was_not_committed_is_not_there(world: World) -> None:
    paper = world.put_in()
    with pytest.raises(RuntimeError), writing(world) as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, world.an.citizen_id, paper.key)
        raise RuntimeError
    assert waiting(world) == []


def test_a_clock_that_was_set_back_strands_no_paper(world: World) -> None:
    paper = queued(world)
    (job,) = waiting(world)
    world.change(Job, job.id, run_after=job.run_after + timedelta(days=1))
    assert claimed(world).version_id == paper.version.id
    assert claim(world) is None, "it is leased as usual"
