"""The demo's data folder: its papers are really read once for a whole run of tests, then copied where it is wanted."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests import needs
from vault import firststart
from vault.demo.seed import seed
from vault.settings import Settings


def lay(data: Path) -> Path:
    """A copy of it at `data`, which must not be there yet: a first start that is over."""
    shutil.copytree(_first(), data)
    return data


@cache
def _first() -> Path:
    needs.need_tesseract()
    folder = Path(tempfile.mkdtemp(prefix="docvault-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    services = firststart.prepare(Settings(data_dir=folder / "data"))
    seed(services)
    services.db.close()
    return folder / "data"
