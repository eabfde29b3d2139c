"""The stores that the one suite of `test_blobs` runs on."""

from pathlib import Path

import pytest

from storage.blobs import Blobs
from storage.files import FileBlobs
from storage.s3 import S3Blobs
from tests.swift.servers import Swift


@pytest.fixture(params=["files", "swift"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """An empty store of each sort; another store joins by adding its name here."""
    if request.param == "files":
        return FileBlobs(tmp_path / "store")
    swift: Swift = request.getfixturevalue("swift")
    return S3Blobs(swift.place(swift.bucket()))
