"""Which store is meant by settings and addresses, and what cannot be meant."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from storage.errors import StoreUnavailable
from storage.files import FileBlobs
from storage.s3 import S3Blobs
from vault import stores
from vault.cli import app
from vault.settings import Settings


@pytest.fixture
def bucket(tmp_path: Path) -> dict[str, Any]:
    """Settings that name one; nobody asks it for anything."""
    for name, value in (("access", "id-of-a-key\n"), ("secret", "its secret word\n")):
        (tmp_path / name).write_text(value)
    return {
        "data_dir": tmp_path / "data",
        "s3_endpoint": "https://store.example:9000",
        "s3_bucket": "papers",
        "s3_access_key_file": tmp_path / "access",
        "s3_secret_key_file": tmp_path / "secret",
    }


def test_papers_lie_in_the_data_folder_unless_a_store_is_named(tmp_path: Path, bucket: dict[str, Any]) -> None:
    assert isinstance(stores.open_store(Settings(data_dir=tmp_path / "data")), FileBlobs)
    assert repr(stores.open_store(Settings(**bucket))) == "<S3Blobs papers at store.example:9000>"


@pytest.mark.parametrize("name", ["s3_bucket", "s3_access_key_file", "s3_secret_key_file"])
def test_half_a_store_is_refused(bucket: dict[str, Any], name: str) -> None:
    with pytest.raises(ValidationError, match=f"DOCVAULT_{name.upper()}"):
        Settings(**bucket | {name: None})


def test_a_command_says_what_half_a_store_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCVAULT_S3_ENDPOINT", "https://store.example")
    told = CliRunner().invoke(app, ["agency", "list"])
    assert told.exit_code == 2
    assert "DOCVAULT_S3_ENDPOINT needs DOCVAULT_S3_BUCKET" in told.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"s3_endpoint": "http://store.example"}, "plain http"),
        ({"s3_endpoint": "http://127.0.0.1.evil.example"}, "plain http"),
        ({"s3_endpoint": "https://an:word@store.example"}, "address of an object store"),
        ({"s3_endpoint": "ftp://store.example"}, "address of an object store"),
        ({"s3_bucket": "A b"}, "invalid bucket name"),
        ({"s3_secret_key_file": Path("/no/such/file")}, "No such file"),
        ({"s3_secret_key_file": Path("/dev/null")}, "holds no key"),
    ],
)
def test_a_store_that_cannot_be_asked_safely_is_refused(
    bucket: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(StoreUnavailable, match=sentence) as refused:
        stores.open_store(Settings(**bucket | changes))
    assert "word" not in str(refused.value)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_this_machine_may_be_asked_without_tls(bucket: dict[str, Any], endpoint: str) -> None:
    assert stores.open_store(Settings(**bucket | {"s3_endpoint": endpoint}))


def test_plain_http_must_be_said(bucket: dict[str, Any]) -> None:
    assert stores.open_store(Settings(**bucket | {"s3_endpoint": "http://store.lan", "s3_plain_http": True}))


def test_an_address_names_a_folder_a_bucket_or_the_settings(tmp_path: Path, bucket: dict[str, Any]) -> None:
    settings = Settings(**bucket)
    assert isinstance(stores.open_address("settings", settings, make=False), S3Blobs)
    assert isinstance(stores.open_address(f"files:{tmp_path / 'blobs'}", settings, make=True), FileBlobs)
    address = f"https://other.example/old?access_key_file={tmp_path}/access&secret_key_file={tmp_path}/secret"
    assert repr(stores.open_address(address, settings, make=False)) == "<S3Blobs old at other.example>"
    plain = address.replace("https", "http")
    with pytest.raises(StoreUnavailable, match="plain http"):
        stores.open_address(plain, settings, make=False)
    assert stores.open_address(f"{plain}&plain_http=true&region=eu-1", settings, make=False)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("files:/no/such/folder", "no folder of blobs"),
        ("/var/lib/blobs", "files:FOLDER or https"),
        ("", "files:FOLDER or https"),
        ("s3", "files:FOLDER or https"),
        ("https://other.example/old", "holds no key"),
        ("https://other.example?access_key_file=F&secret_key_file=F", "address"),
        ("https://other.example/old?secret_key=word", "takes access_key_file"),
    ],
)
def test_an_address_that_names_nothing_is_refused(
    bucket: dict[str, Any], tmp_path: Path, address: str, sentence: str
) -> None:
    address = address.replace("=F", f"={tmp_path}/access")
    with pytest.raises(StoreUnavailable, match=sentence) as refused:
        stores.open_address(address, Settings(**bucket), make=False)
    assert "word" not in str(refused.value)
