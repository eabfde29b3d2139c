"""Many workers on one database: each paper is read once, also when some of them are killed on the way."""

import io
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, func, select

from storage.keys import Key, context
from tests import forking, needs
from tests.databases import Databases
from tests.servers import Server
from tests.vault import world as worlds
from vault import firststart, jobs, models, papers, wallets
from vault.accesslog import Kind
from vault.db import now
from vault.models import Document, Event, Job, ReadingState, Version
from vault.papers import Label
from vault.principals import Citizen
from vault.services import Services

WORKERS = {"sqlite": (2, 120), "postgresql": (4, 500)}
"""How many workers drain how many jobs."""
LEASE_S = 3
REAL = 10
"""One paper of so many has a page to be read; the bytes of the others are gone, which takes its worker no time."""
DRAINED_WITHIN_S = 240


@pytest.fixture
def server(tmp_path: Path, databases: Databases) -> Iterator[Server]:
    """Not started: it says where the vault is."""
    needs.need_tesseract()
    server = Server(tmp_path / "data", databases=databases, lease_s=LEASE_S)
    yield server
    databases.drop(server.data)


@pytest.fixture
def services(server: Server) -> Iterator[Services]:
    services = firststart.prepare(server.here)
    yield services
    services.db.close()


@contextmanager
def working(server: Server) -> Iterator[forking.Process]:
    worker = forking.start("vault.cli", "worker", env=server.environment, log=server.log)
    yield worker
    worker.kill()
    worker.wait(20)


def test_each_job_is_done_once_though_two_workers_are_killed(
    server: Server, services: Services, request: pytest.FixtureRequest
) -> None:
    workers, waiting = WORKERS[request.node.callspec.params["databases"]]
    an = worlds.build(services).an
    put_in_line(services, an, waiting)
    with ExitStack() as running:
        started = [running.enter_context(working(server)) for _ in range(workers)]
        for victim, left in zip(started[:2], (0.8, 0.5), strict=True):
            until_left(services, int(left * waiting))
            victim.kill()
            if workers == 2:
                started.append(running.enter_context(working(server)))
        until_left(services, 0)
    assert outcomes(services, an) == {
        ReadingState.done: waiting // REAL,
        ReadingState.failed: waiting - waiting // REAL,
    }
    assert set(ends(services, an).values()) == {1}, "none was done twice"
    assert len(ends(services, an)) == waiting
    assert "Traceback" not in server.log.read_text()


def put_in_line(services: Services, citizen: Citizen, number: int) -> None:
    picture = io.BytesIO()
    Image.frombytes("RGB", (16, 16), os.urandom(16 * 16 * 3)).save(picture, "PNG")
    for place in range(number):
        key, version_id, data = Key.generate(), models.new_id(), picture.getvalue()
        if place % REAL == 0:
            papers.put_original(services.blobs, key, version_id, [data])
        wrapped = citizen.wallet.key.wrap(key, wallets.document_key_context(citizen.citizen_id, version_id))
        with services.db.write() as session:
            at = now(session)
            document = Document(citizen_id=citizen.citizen_id, kind="other", created_at=at)
            session.add(document)
            session.flush()
            version = Version(
                id=version_id,
                document_id=document.id,
                citizen_id=citizen.citizen_id,
                number=1,
                created_at=at,
                wrapped_key=wrapped,
                fingerprint=citizen.wallet.key.mac(version_id.encode(), context("fingerprint", citizen.citizen_id)),
                size=len(data),
                media_type="image/png",
                pages=1,
                label=papers.seal_label(key, version_id, Label("Giấy", "giay.png", bytes(32))),
            )
            session.add(version)
            session.flush()
            jobs.enqueue(session, services.worker_key, version_id, citizen.citizen_id, key)


def until_left(services: Services, most: int) -> None:
    ends = time.monotonic() + DRAINED_WITHIN_S
    while True:
        with services.db.read() as session:
            left = session.exec(select(func.count()).select_from(Job)).one()
        if left <= most:
            return
        assert time.monotonic() < ends, f"{left} jobs are left"
        time.sleep(0.05)


def outcomes(services: Services, citizen: Citizen) -> Counter[ReadingState]:
    with services.db.read() as session:
        states = session.exec(select(Version.state).where(Version.citizen_id == citizen.citizen_id)).all()
    return Counter(ReadingState(state) for state in states)


def ends(services: Services, citizen: Citizen) -> Counter[str | None]:
    """How often each version was done with, by the access log."""
    told = (Kind.reading_done, Kind.reading_failed)
    asked = select(Event.version_id).where(Event.citizen_id == citizen.citizen_id, col(Event.kind).in_(told))
    with services.db.read() as session:
        return Counter(session.exec(asked).all())
