"""What PostgreSQL's own files keep of deleted rows: as docs/threat-model.md says, and no more."""

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, delete

from tests.postgres import PostgresServer
from vault import migrate
from vault.db import Database, now
from vault.models import Wallet

ROWS = 1000
NAME = "scrubbed"


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        server.create(NAME)
        yield server


@pytest.fixture
def db(postgres: PostgresServer) -> Iterator[Database]:
    db = Database(postgres.url(NAME))
    migrate.upgrade(db)
    yield db
    db.close()


def test_vacuum_leaves_little_of_deleted_keys_in_the_tables_and_a_full_one_nothing(
    postgres: PostgresServer, db: Database
) -> None:
    deleted = come_and_gone(db)
    before = left(postgres, deleted)
    assert before > 0, "the control: deleting alone leaves rows"
    assert db.scrub(table.name for table in SQLModel.metadata.sorted_tables)
    assert left(postgres, deleted) < before
    postgres.execute("VACUUM FULL wallet", database=NAME)
    assert left(postgres, deleted) == 0


def come_and_gone(db: Database) -> list[bytes]:
    """The keys of a third of all wallets, which were deleted again."""
    chance, rows = random.Random(7), dict[str, bytes]()  # noqa: S311 - the same rows each time
    with db.write() as session:
        at = now(session)
        for _ in range(ROWS):
            wrapped = secrets.token_bytes(69)
            row = Wallet(created_at=at, key_under_root=wrapped + secrets.token_bytes(chance.randint(0, 300)))
            session.add(row)
            rows[row.citizen_id] = wrapped
    gone = chance.sample(sorted(rows), ROWS // 3)
    with db.write() as session:
        session.exec(delete(Wallet).where(col(Wallet.citizen_id).in_(gone)))
    return [rows[citizen_id] for citizen_id in gone]


def left(postgres: PostgresServer, values: list[bytes]) -> int:
    """How many of the values stand in the files of tables (not of the write-ahead log)."""
    postgres.execute("CHECKPOINT")
    files = (path for path in Path(postgres.folder / "data" / "base").rglob("*") if path.is_file())
    held = b"".join(path.read_bytes() for path in files)
    return sum(value in held for value in values)
