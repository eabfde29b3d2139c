"""A full disk, a locked or read-only database, a half-broken row: said as it is, nothing lost, nothing told."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlmodel import col, delete, text

from tests.vault import visitors
from tests.vault.world import World
from vault import db, redeeming
from vault.middleware import HEADERS
from vault.models import GrantHolder, Holder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def database_of(world: World) -> Path:
    return world.services.settings.data_dir / "docvault.db"


@pytest.mark.only_on("sqlite")  # PostgreSQL locks no whole database
def test_database_locked_for_long_is_a_wait_and_no_mystery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 100)
    world.services.db.close()  # so that new connections take the shorter patience
    paper = world.put_in()
    with visitors.visitor(world, visitors.app_of(world), world.an) as client:
        with locked(database_of(world)):
            answer = client.delete(f"/api/documents/{paper.id}")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
        assert answer.headers["Retry-After"]
        assert client.delete(f"/api/documents/{paper.id}").status_code == 204


@pytest.mark.only_on("sqlite")  # a limit of its own
def test_database_without_space_says_that_the_disk_is_full(world: World) -> None:
    paper = world.put_in()
    with visitors.visitor(world, visitors.app_of(world), world.an) as client:
        with world.services.db.engine.connect() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        body = {"title": "Giấy khai sinh " * 13}
        answers = [client.patch(f"/api/documents/{paper.id}", json=body) for _ in range(200)]
        full = [answer for answer in answers if answer.status_code != 200]
        assert full
        assert {(answer.status_code, answer.json()["type"]) for answer in full} == {(507, "/problems/store-full")}
        assert client.get(f"/api/documents/{paper.id}/content").status_code == 200


def test_error_that_nobody_foresaw_is_kept_out_of_caches_and_frames_too(world: World) -> None:
    grant_id, link = world.share(paper := world.put_in())
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    with world.services.db.write() as session:
        session.exec(delete(GrantHolder).where(col(GrantHolder.holder) == Holder.agency))
    with visitors.visitor(world, visitors.app_of(world), world.registry) as client:
        answer = client.get(f"/agency/grants/{grant_id}/documents/{paper.version.id}")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.only_on("sqlite")  # a file
def test_other_users_of_the_machine_cannot_open_the_database(world: World) -> None:
    world.put_in()
    made = list(database_of(world).parent.glob("docvault.db*"))
    assert len(made) > 1, "its log belongs to it"
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600] * len(made)
