"""What was deleted is looked for in the bytes of the database's files, of the two databases as they really are."""

import random
import secrets
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlmodel import col, delete, select

from tests.vault.world import World
from vault import documents
from vault.db import Database, now
from vault.models import Wallet
from vault.shredding import Shredding

ROWS = 3000
pytestmark = pytest.mark.only_on("sqlite")  # looks into its file


@pytest.fixture
def deleted(world: World) -> list[bytes]:
    """What a long time of coming and going left: rows of all sizes between each other, a third of them deleted."""
    chance, rows = random.Random(7), dict[str, bytes]()  # noqa: S311 - the same rows each time
    ended: list[bytes] = []
    for _ in range(ROWS // 50):
        with world.services.db.write() as session:
            at = now(session)
            for _ in range(50):
                wrapped = secrets.token_bytes(69)
                row = Wallet(created_at=at, key_under_root=wrapped + secrets.token_bytes(chance.randint(0, 300)))
                session.add(row)
                rows[row.citizen_id] = wrapped
            session.flush()
            gone = chance.sample(sorted(rows), 17)
            session.exec(delete(Wallet).where(col(Wallet.citizen_id).in_(gone)))
            ended += [rows.pop(citizen_id) for citizen_id in gone]
    return ended


def left(db: Database, values: list[bytes]) -> int:
    """How many of the values stand in the database's files."""
    path = Path(str(db.engine.url.database))
    held = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    return sum(value in held for value in values)


def test_nothing_deleted_is_left_in_the_files_of_sqlite(world: World, deleted: list[bytes]) -> None:
    db = world.services.db
    with db.read() as session:
        kept = [wrapped[:69] for wrapped in session.exec(select(Wallet.key_under_root))]
    assert left(db, deleted) > 0, "the control: deleting alone leaves copies"
    assert db.scrub(())
    assert left(db, deleted) == 0
    assert left(db, kept) == len(kept) > ROWS // 2


def test_a_reader_in_the_way_makes_it_try_again(world: World, deleted: list[bytes]) -> None:
    db, other = world.services.db, Database(world.services.settings.database)
    with other.read() as session:
        session.exec(select(Wallet).limit(1)).one()
        assert not patiently(db)
    assert db.scrub(())
    assert left(db, deleted) == 0
    other.close()


def patiently(db: Database) -> bool:
    """Without the long wait that people's requests are worth."""
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")
    return db.scrub(())


def test_it_is_done_after_something_was_destroyed_and_not_again(world: World) -> None:
    scrubbed: list[list[str]] = []

    class Busy(Database):
        """Somebody is in the way the second time."""

        def scrub(self, tables: Iterable[str]) -> bool:
            scrubbed.append(list(tables))
            return len(scrubbed) != 2

    busy = Busy(world.services.settings.database)
    keeper = Shredding(busy)
    keeper.run()
    assert scrubbed == [], "nothing was ever destroyed"
    for expected in (1, 3):
        paper = world.put_in(content=secrets.token_bytes(2000))
        world.bin(paper)
        with world.services.db.write() as session:
            documents.destroy(session, world.an, paper.id)
        for _ in range(3):
            keeper.run()
        assert len(scrubbed) == expected, "once, and once more where others were in the way"
    assert {"version", "grantitem", "grant"} <= set(scrubbed[0])
    busy.close()
