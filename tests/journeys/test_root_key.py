"""The root key becomes another one while people use the vault, and its move is killed at any moment."""

import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from sqlmodel import select

from storage.rootkey import FileRootKey, root_id
from tests.servers import PASSWORD, Server
from tests.tokens import PIN, Tokens
from vault import accounts, agencies, firststart, wallets
from vault.db import Database
from vault.models import Agency, ServiceKey, Wallet
from vault.settings import Settings

WALLETS = 4000
KILLS = 4
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Not yet started; it has an account, an agency, and many wallets that nobody signs in to."""
    server = with_settings(Server(tmp_path / "data"))
    services = firststart.prepare(Settings(data_dir=server.data))
    hashed = services.passwords.hash(PASSWORD)
    with services.db.write() as session:
        accounts.open_account(session, services.root, hashed, "an")
        agencies.add(session, services.root, "Sở Tư pháp")
        for _ in range(WALLETS):
            wallets.create_wallet(session, services.root)
    services.db.close()
    return server


class database:
    """The server's database, for the length of a block."""

    def __init__(self, server: Server) -> None:
        self._db = Database(f"sqlite:///{server.data / 'docvault.db'}")

    def __enter__(self) -> Database:
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()


def test_the_move_is_killed_at_any_moment_while_people_sign_up_and_in(server: Server, tmp_path: Path) -> None:
    """From one file to another; nobody is turned away, and at the end the new key alone opens everything."""
    old = server.data / "root.key"
    new = with_settings(
        server, root_key_file=tmp_path / "new.key", second_root_key_provider="file", second_root_key_file=old
    )
    made(new)
    chance = random.Random(31)  # noqa: S311 - the same moments each time
    with new, people(new) as came:
        places = [killed_after(new, tmp_path / "new.key", chance.randint(1, WALLETS // KILLS)) for _ in range(KILLS)]
        finish(new)
    assert any(0 < moved < WALLETS for moved in places), places
    assert came, "people came meanwhile"
    alone = with_settings(server, root_key_file=tmp_path / "new.key")
    old.unlink()
    assert under(server) == {made_id(tmp_path / "new.key")}
    with alone:
        for login in ("an", *came[:3], *came[-3:]):
            assert alone.signed_in(login).get("/api/documents").status_code == 200


def test_a_vault_lives_on_a_token_from_its_first_start(tokens: Tokens, tmp_path: Path) -> None:
    place = tokens.place(f"j-{os.getpid()}-{time.monotonic_ns()}")
    settings = {"pkcs11_module": place.module, "pkcs11_token": place.token, "pkcs11_pin_file": place.pin_file}
    server = Server(
        tmp_path / "data", root_key_provider="pkcs11", **{name: str(value) for name, value in settings.items()}
    )
    with server:
        server.citizen("an")
        server.kill()
        server.start()
        assert server.signed_in("an").get("/api/documents").status_code == 200
    assert [path.name for path in server.data.glob("*.key")] == ["worker.key"]
    assert PIN not in server.log.read_text()


def test_the_way_that_the_readme_shows_works_as_written(server: Server) -> None:
    shown = README.read_text("utf-8").partition("<!-- changing the root key -->")[2]
    block = re.search(r"```sh\n(.*?)```", shown, re.DOTALL)
    assert block is not None
    script = block[1].replace(".venv/bin/docvault", f"{shlex.quote(sys.executable)} -m vault.cli")
    folder = server.data.parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    environment["PYTHONPATH"] = str(README.parent)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("alone.") == 2
    shutil.move(server.data / "root.key", folder / "put away")
    with with_settings(server, root_key_file=server.data / "root-2.key") as serving:
        assert serving.signed_in("an").get("/api/documents").status_code == 200


def with_settings(server: Server, **settings: object) -> Server:
    """Another server on the same data."""
    given = {name: str(value) for name, value in settings.items()}
    return Server(server.data, account_failures=1000, address_failures=1000, **given)


def killed_after(server: Server, key: Path, more: int) -> int:
    """kill -9, once so many more wallets are moved than before, or the move is done. How many were moved by then."""
    moved = Moved(server, key)
    aim = moved.count() + more
    with server.log.open("ab") as log:
        command = [sys.executable, "-m", "vault.cli", "keys", "rewrap"]
        process = subprocess.Popen(command, env=server.environment, stdout=log, stderr=log)
    while process.poll() is None and moved.count() < aim:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert server.signed_in("an").get("/api/documents").status_code == 200
    return moved.count()


class Moved:
    """Looks how many wallets lie under a root key."""

    def __init__(self, server: Server, key: Path) -> None:
        self._head = FileRootKey.open(key).head
        self._connection = sqlite3.connect(server.data / "docvault.db", isolation_level=None)

    def count(self) -> int:
        asked = "SELECT count(*) FROM wallet WHERE substr(key_under_root, 1, 9) = ?"
        return int(self._connection.execute(asked, (self._head,)).fetchone()[0])


def made(server: Server) -> None:
    result = server.run("keys", "create")
    assert result.returncode == 0, result.stderr


def finish(server: Server) -> None:
    result = server.run("keys", "rewrap")
    assert result.returncode == 0, result.stderr
    assert "is not needed for this database any more" in result.stdout


def made_id(path: Path) -> str:
    return FileRootKey.open(path).id


def under(server: Server) -> set[str | None]:
    """The root keys under which anything lies."""
    with database(server) as db, db.read() as session:
        rows = [
            *session.exec(select(Wallet.key_under_root)),
            *session.exec(select(Agency.key_under_root)),
            *session.exec(select(ServiceKey.private_under_root)),
        ]
    return {root_id(wrapped) for wrapped in rows}


class people:
    """Somebody opens an account and signs in, again and again, as long as the block runs. Gives their names."""

    def __init__(self, server: Server) -> None:
        self._server, self._stop, self._came = server, Event(), list[str]()
        self._errors: list[str] = []

    def __enter__(self) -> list[str]:
        self._thread = Thread(target=self._come)
        self._thread.start()
        return self._came

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._errors == []

    def _come(self) -> None:
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            while not self._stop.wait(0.2):
                login = f"came-{len(self._came)}"
                body = {"login": login, "password": PASSWORD}
                for path in ("/api/accounts", "/api/session"):
                    answer = client.post(path, json=body)
                    if answer.is_error:
                        self._errors.append(f"{path}: {answer.status_code} {answer.text}")
                        return
                self._came.append(login)
