"""Several processes on one SQLite file: none takes the log away that another one still writes to."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

from vault import firststart
from vault.db import Database, now
from vault.models import Wallet
from vault.services import Services
from vault.settings import Settings

LOOK = """
import sys
from sqlmodel import select
from vault.db import Database
from vault.models import Wallet
db = Database(sys.argv[1])
with db.read() as session:
    print(len(session.exec(select(Wallet)).all()))
db.close()
"""


pytestmark = pytest.mark.only_on("sqlite")


def others_count(settings: Settings) -> int:
    """How many wallets a process of its own sees, before it ends and closes the file."""
    done = subprocess.run([sys.executable, "-c", LOOK, settings.database], capture_output=True, text=True, check=True)
    return int(done.stdout)


def add(services: Services) -> None:
    with services.db.write() as session:
        session.add(Wallet(created_at=now(session), key_under_root=b""))


def test_a_server_goes_on_writing_where_commands_come_and_go(services: Services) -> None:
    settings = services.settings
    for count in range(1, 4):
        add(services)
        assert others_count(settings) == count
        assert Path(f"{settings.data_dir / 'docvault.db'}-wal").exists(), "the server still writes to it"


def test_a_file_opened_twice_in_one_process_keeps_its_locks(settings: Settings, services: Services) -> None:
    with closing(Database(settings.database)) as other, other.read() as session:
        session.exec(select(Wallet)).all()
    again = firststart.prepare(settings)
    again.db.close()
    for count in range(1, 3):
        add(services)
        assert others_count(settings) == count
