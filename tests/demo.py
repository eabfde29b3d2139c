"""The demo's data folder: its papers are really read once for a whole run of tests, then copied where it is wanted."""

import fcntl
import shutil
from pathlib import Path

from tests import needs
from tests.databases import Databases
from vault import firststart
from vault.demo.seed import seed
from vault.settings import Settings

NAME = "demo"


def lay(data: Path, databases: Databases) -> Path:
    """A copy of it at `data`, which must not be there yet: a first start that is over."""
    first = _first(databases.shared)
    shutil.copytree(first, data, ignore=shutil.ignore_patterns("docvault.db*"))
    databases.keep(NAME, first)
    databases.make(data, NAME)
    return data


def _first(shared: Path) -> Path:
    """Whichever process comes first reads; the others wait for it."""
    needs.need_tesseract()
    data = shared / "demo" / "data"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            _seed(data.with_name("unfinished"))
            data.with_name("unfinished").rename(data)
    return data


def _seed(data: Path) -> None:
    services = firststart.prepare(Settings(data_dir=data))
    seed(services)
    services.db.close()
