"""The stores that the one suite of `test_blobs` runs on."""

from pathlib import Path

import pytest

from storage.blobs import Blobs
from storage.files import FileBlobs


@pytest.fixture(params=["files"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """An empty store of each sort; another store joins by adding its name here."""
    assert request.param == "files"
    return FileBlobs(tmp_path / "store")
