"""`docvault blobs copy`, as an operator moves a vault to an object store and back, and is interrupted."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner, Result

from storage.files import FileBlobs
from storage.s3 import S3Blobs
from tests.swift.servers import Swift
from tests.vault.world import CONTENT, World
from vault import documents
from vault.cli import app
from vault.settings import Settings
from vault.stores import open_store

pytestmark = pytest.mark.usefixtures("commands")


def copied(source: str, target: str) -> Result:
    return CliRunner().invoke(app, ["blobs", "copy", source, target])


def address(swift: Swift, bucket: str) -> str:
    named = swift.settings(bucket)
    files = {name: named[f"s3_{name}"] for name in ("access_key_file", "secret_key_file")}
    return f"{swift.endpoint}/{bucket}?{urlencode(files)}"


def test_a_vault_moves_to_an_object_store_and_back(
    world: World, swift: Swift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper, bucket, settings = world.put_in(), swift.bucket(), world.services.settings
    away = address(swift, bucket)
    done = copied("settings", away)
    assert done.exit_code == 0, done.output
    assert "3 blobs" in done.output and "3 copied" in done.output

    moved = Settings(data_dir=settings.data_dir, database_url=settings.database_url, **swift.settings(bucket))  # type: ignore[arg-type]
    store = open_store(moved)
    assert isinstance(store, S3Blobs)
    assert b"".join(documents.content(store, paper).stream()) == CONTENT

    back = tmp_path / "back"
    assert copied(away, f"files:{back}").exit_code == 0
    assert b"".join(documents.content(FileBlobs(back), paper).stream()) == CONTENT
    assert "3 same" in copied(f"files:{back}", away).output


def test_a_vault_moves_as_the_readme_says(world: World, swift: Swift, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put_in()
    for name, value in swift.settings(swift.bucket()).items():
        monkeypatch.setenv(f"DOCVAULT_{name.upper()}", value)
    quick = ["doctor", "--quick"]
    assert "missing" in CliRunner().invoke(app, quick).stdout
    folder = f"files:{world.services.settings.blobs}"
    assert "3 copied" in copied(folder, "settings").output
    world.put_in()
    assert "3 copied, 3 same" in copied(folder, "settings").output
    looked = CliRunner().invoke(app, quick)
    assert "All 2 versions of papers are there" in looked.stdout


def test_a_damaged_copy_is_named_and_mended(world: World, swift: Swift) -> None:
    paper, bucket = world.put_in(), swift.bucket()
    away, store = address(swift, bucket), S3Blobs(swift.place(bucket))
    assert copied("settings", away).exit_code == 0
    name = f"versions/{paper.version.id}/original"
    damaged = bytearray(store.read(name, 0, store.size(name)))
    damaged[1000] ^= 1
    store.put(name, [bytes(damaged)])
    told = copied("settings", away)
    assert (told.exit_code, f"mended: {name}" in told.output) == (0, True)
    assert b"".join(documents.content(store, paper).stream()) == CONTENT


def test_a_copy_that_is_killed_goes_on_at_the_next_call(swift: Swift, settings: Settings, tmp_path: Path) -> None:
    source, bucket = FileBlobs(tmp_path / "many"), swift.bucket()
    content = {f"versions/{number}/original": os.urandom(700_000) for number in range(30)}
    for name, data in content.items():
        source.put(name, [data])
    store, away = S3Blobs(swift.place(bucket)), address(swift, bucket)
    command = [sys.executable, "-m", "vault.cli", "blobs", "copy", f"files:{tmp_path / 'many'}", away]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as copying:
        ends = time.monotonic() + 60
        while not (some := len(list(store.list()))) and time.monotonic() < ends:
            time.sleep(0.02)
        copying.send_signal(signal.SIGKILL)
    assert 0 < some < len(content)
    done = copied(f"files:{tmp_path / 'many'}", away)
    assert done.exit_code == 0, done.output
    assert " same" in done.output and " copied" in done.output
    assert {blob.name: store.read(blob.name, 0, blob.size) for blob in store.list()} == content


def test_nothing_is_copied_from_where_nothing_is(swift: Swift, tmp_path: Path) -> None:
    told = copied(f"files:{tmp_path / 'typo'}", address(swift, swift.bucket()))
    assert (told.exit_code, "no folder of blobs" in told.stderr) == (1, True)
    assert not (tmp_path / "typo").exists()
    told = copied("settings", address(swift, "no-such-bucket"))
    assert (told.exit_code, "no such bucket" in told.stderr) == (1, True)
    told = copied("settings", "settings")
    assert (told.exit_code, "the same store" in told.stderr) == (1, True)
