"""Probes: a process that lives says so whatever happens around it; one that cannot serve says what it waits for."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlmodel import update

from storage.blobs import BlobInfo, Blobs
from storage.errors import StoreUnavailable
from tests.journeys.processes import wait_until
from tests.vault import clients
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import jobs, readiness
from vault.app import create_app
from vault.db import Database, now
from vault.models import Job
from vault.readiness import Readiness
from vault.services import Services
from vault.worker import Worker


class AwayBlobs(Blobs):
    """A store that does not answer, at once or at all."""

    def __init__(self, hangs: threading.Event | None = None) -> None:
        self._hangs, self.asked = hangs, 0

    def size(self, name: str) -> int:
        self.asked += 1
        if self._hangs is not None:
            self._hangs.wait(30)
        raise StoreUnavailable("away: bucket papers at 10.0.0.7")

    def put(self, *_: Any, **__: Any) -> int:
        raise StoreUnavailable("away")

    def read(self, *_: Any) -> bytes:
        raise StoreUnavailable("away")

    def delete(self, name: str) -> None:
        raise StoreUnavailable("away")

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        raise StoreUnavailable("away")

    def temporary(self) -> Iterator[BlobInfo]:
        raise StoreUnavailable("away")

    def discard(self, name: str) -> None:
        raise StoreUnavailable("away")


def missing(services: Services) -> tuple[str, ...]:
    return anyio.run(Readiness(services).missing)


def test_a_server_that_can_serve_is_ready(world: World) -> None:
    with clients.client(create_app(world.services.settings, world.services), URL) as client:
        assert client.get("/healthz").json() == {"status": "lives"}
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_an_attacker_learns_which_part_is_away_and_no_more(world: World) -> None:
    services = replace(world.services, blobs=AwayBlobs())
    with clients.client(create_app(services.settings, services), URL) as client:
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "/problems/not-ready"
    assert body["parts"] == ["store"]
    assert "bucket" not in answer.text and "10.0.0.7" not in answer.text


def test_a_database_that_is_away_is_named(world: World, tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'nowhere' / 'docvault.db'}")
    assert missing(replace(world.services, db=db)) == ("database",)
    db.close()


def test_a_queue_that_nobody_works_on_is_named(world: World) -> None:
    paper = world.put_in()
    with world.services.db.write() as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, paper.version.citizen_id, paper.key)
        session.exec(update(Job).values(run_after=now(session) - timedelta(seconds=100)))
    late = world.services.settings.model_copy(update={"queue_late_s": 60})
    assert missing(replace(world.services, settings=late)) == ("queue",)
    assert missing(world.services) == ()
    never = world.services.settings.model_copy(update={"queue_late_s": 0})
    assert missing(replace(world.services, settings=never)) == ()


def test_a_server_that_is_told_to_stop_is_not_ready_any_more(world: World) -> None:
    ready = Readiness(world.services)
    ready.stop()
    assert anyio.run(ready.missing) == ("stopping",)


def test_whoever_asks_all_the_time_costs_nothing(world: World) -> None:
    blobs = AwayBlobs()
    ready = Readiness(replace(world.services, blobs=blobs))

    async def hammer() -> None:
        async with anyio.create_task_group() as group:
            await ready.missing()
            for _ in range(500):
                group.start_soon(ready.missing)

    anyio.run(hammer)
    assert blobs.asked <= 2


def test_a_store_that_hangs_holds_up_no_probe(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "ANSWERS_WITHIN_S", 0.2)
    hangs = threading.Event()
    began = time.monotonic()
    assert missing(replace(world.services, blobs=AwayBlobs(hangs))) == ("store",)
    assert time.monotonic() - began < 10, "the answer did not wait for the store"
    hangs.set()


def test_a_worker_that_is_stuck_is_found_out_and_one_that_waits_is_not(world: World) -> None:
    worker = Worker(world.services)
    lease = world.services.settings.lease_s
    assert worker.lives()
    worker._seen -= 2 * lease + 1  # as if a job had hung for so long without extending its lease
    assert not worker.lives()
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_until(worker.lives)
    worker.stop()
    thread.join()
    assert worker.silent_s() < lease
