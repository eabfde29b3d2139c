"""Machines that start at once, lose their database or have wrong keys: on PostgreSQL, where several are possible."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage.errors import KeyUnusable
from tests.journeys.processes import wait_until
from tests.postgres import PostgresServer
from vault import firststart, migrate, signing
from vault.db import Database
from vault.settings import Settings

START = """
import sys
from pathlib import Path
from vault import firststart
from vault.settings import Settings
services = firststart.prepare(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2]))
print(services.root.id)
services.db.close()
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """One of its own, because it is stopped and its rules are changed."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def url(postgres: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"v{abs(hash(request.node.name))}"
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)


def start(data: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(data), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_machines_that_start_at_once_on_nothing_make_tables_and_keys_once(url: str, tmp_path: Path) -> None:
    """Two see the folder with the keys, one does not: it must not make others that open nothing."""
    started = [start(tmp_path / folder, url) for folder in ("keys", "keys", "stranger")]
    said = [(*process.communicate(timeout=120), process.returncode) for process in started]
    good = [out for out, _, code in said if code == 0]
    bad = [err for _, err, code in said if code != 0]
    assert len(set(good)) == 1, "whoever started has the same root key"
    assert all("KeyUnusable" in error for error in bad)
    folders = {path.parent for path in tmp_path.rglob("*.key")}
    assert len(folders) == 1
    assert len(good) == (1 if folders == {tmp_path / "stranger"} else 2)
    with closing(Database(url)) as db, db.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM servicekey")).scalar_one() == 1
        assert migrate.present(db) == migrate.newest()


def test_a_machine_without_the_workers_key_makes_none_that_reads_nobodys_papers(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    firststart.prepare(settings).db.close()
    settings.worker_key.rename(tmp_path / "elsewhere")
    with pytest.raises(KeyUnusable, match="could read none of their papers"):
        firststart.prepare(settings)
    assert not settings.worker_key.exists()


def test_a_database_that_was_away_is_found_again(postgres: PostgresServer, url: str, tmp_path: Path) -> None:
    services = firststart.prepare(Settings(data_dir=tmp_path / "data", database_url=url))
    with closing(services.db) as db:
        postgres.stop()
        with pytest.raises(OperationalError), db.read() as session:
            signing.current(session)
        postgres.start()
        with db.read() as session:
            assert signing.current(session) is not None


def test_a_statement_and_a_wait_for_a_lock_end(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=url, database_statement_s=2, database_lock_s=1)
    firststart.prepare(settings).db.close()
    with closing(Database.open(settings)) as db:
        with pytest.raises(OperationalError, match="statement timeout"), db.read() as session:
            session.connection().execute(text("SELECT pg_sleep(30)"))
        with db.write() as holder:
            holder.connection().execute(text("LOCK TABLE servicekey IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(OperationalError, match="lock timeout"), db.read() as session:
                signing.current(session)


def test_a_start_waits_for_the_one_before_it(url: str, tmp_path: Path) -> None:
    """However long that one takes: limits for requests are not limits for migrations."""
    settings = Settings(data_dir=tmp_path / "data", database_url=url, database_statement_s=1, database_lock_s=1)
    started = threading.Event()
    with closing(Database.open_patient(settings)) as db:

        def second() -> None:
            firststart.prepare(settings).db.close()
            started.set()

        with db.alone(firststart.STARTING):
            thread = threading.Thread(target=second)
            thread.start()
            assert not started.wait(3)
        wait_until(started.is_set)
        thread.join()


def test_a_password_is_read_anew_for_each_connection(postgres: PostgresServer, url: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    try:
        rules.write_text("local all postgres trust\nlocal all docvault scram-sha-256\n")
        postgres.execute("ALTER ROLE docvault PASSWORD 'first'", "SELECT pg_reload_conf()")
        file.write_text("wrong\n")
        settings = Settings(data_dir=tmp_path, database_url=url, database_password_file=file)
        with closing(Database.open(settings)) as db:
            with pytest.raises(OperationalError) as refused, db.read() as session:
                session.connection()
            assert "wrong" not in str(refused.value) and "wrong" not in repr(db.engine.url)
            for password in ("first", "second"):
                postgres.execute(f"ALTER ROLE docvault PASSWORD '{password}'")
                file.write_text(f"{password}\n")
                db.engine.dispose()
                with db.read() as session:
                    assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
            file.unlink()  # an editor's rename, or the manager of the secrets
            db.engine.dispose()
            with db.read() as session:
                assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
    finally:
        rules.write_text(before)
        postgres.execute("SELECT pg_reload_conf()")
