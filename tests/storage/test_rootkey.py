"""The root key's file."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import KeyUnusable, OtherRootKey, SealBroken
from storage.keys import Key, context
from storage.rootkey import FileRootKey, RootKey, Succession, root_id

CTX = context("citizen", "c-1", "wallet key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root.key"


def test_a_key_wrapped_before_a_restart_unwraps_after_it(path: Path) -> None:
    wallet = Key.generate()
    first: RootKey = FileRootKey.create(path)
    wrapped = first.wrap(wallet, CTX)
    again: RootKey = FileRootKey.open(path)
    assert again.id == first.id
    assert again.unwrap(wrapped, CTX) == wallet


def test_another_root_key_or_context_is_refused(path: Path, tmp_path: Path) -> None:
    root, stranger = FileRootKey.create(path), FileRootKey.create(tmp_path / "other.key")
    assert root.id != stranger.id
    wrapped = root.wrap(Key.generate(), CTX)
    with pytest.raises(OtherRootKey, match=root.id):
        stranger.unwrap(wrapped, CTX)
    with pytest.raises(SealBroken):
        stranger.unwrap(stranger.head + wrapped[9:], CTX)
    with pytest.raises(SealBroken):
        root.unwrap(wrapped, context("citizen", "c-2", "wallet key"))


def test_what_it_wraps_names_it(path: Path) -> None:
    root = FileRootKey.create(path)
    wrapped = root.wrap(Key.generate(), CTX)
    assert (len(wrapped), wrapped[:1], wrapped[:9], root_id(wrapped)) == (69, b"\x12", root.head, root.id)
    assert root_id(wrapped[:9]) is root_id(b"") is root_id(Key.generate().wrap(Key.generate(), CTX)) is None


def test_what_was_wrapped_before_root_keys_were_named_opens_still(path: Path) -> None:
    wallet = Key.generate()
    root = FileRootKey.create(path)
    before = Key.from_bytes(bytes.fromhex(path.read_text().split()[2])).wrap(wallet, CTX)
    assert before[:1] == b"\x11"
    assert root.unwrap(before, CTX) == wallet
    other = FileRootKey(Key.generate())
    assert Succession(other, root).unwrap(before, CTX) == Succession(root, other).unwrap(before, CTX) == wallet
    with pytest.raises(SealBroken):
        other.unwrap(before, CTX)


def test_of_two_root_keys_one_wraps_and_both_unwrap() -> None:
    current, second, stranger = (FileRootKey(Key.generate()) for _ in range(3))
    both, wallet = Succession(current, second), Key.generate()
    assert (both.id, both.head) == (current.id, current.head)
    assert current.unwrap(both.wrap(wallet, CTX), CTX) == both.unwrap(second.wrap(wallet, CTX), CTX) == wallet
    with pytest.raises(OtherRootKey):
        both.unwrap(stranger.wrap(wallet, CTX), CTX)


def test_a_root_key_does_not_follow_itself(path: Path) -> None:
    root = FileRootKey.create(path)
    with pytest.raises(KeyUnusable, match="the same"):
        Succession(root, FileRootKey.open(path))


def test_the_file_is_its_owners_alone_and_lies_alone(path: Path) -> None:
    FileRootKey.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


def test_the_file_is_laid_out_as_documented(path: Path) -> None:
    root = FileRootKey.create(path)
    magic, named, secret = path.read_text().split(" ")
    assert (magic, named) == ("docvault-root-key-1", root.id)
    assert len(secret) == 65
    assert secret.endswith("\n")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_what_to_do(path: Path, mode: int) -> None:
    FileRootKey.create(path)
    path.chmod(mode)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        FileRootKey.open(path)


def test_a_key_that_is_there_is_never_written_over(path: Path) -> None:
    FileRootKey.create(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        FileRootKey.create(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


KILLED = """
import os, sys
from pathlib import Path
from storage.rootkey import FileRootKey

os.link = lambda *_, **__: os._exit(9)
FileRootKey.create(Path(sys.argv[1]))
"""


def test_killed_while_it_is_made_it_leaves_no_copy_under_another_name(path: Path) -> None:
    """Nobody would look there on the day when the key is to be destroyed."""
    assert subprocess.run([sys.executable, "-c", KILLED, path], check=False).returncode == 9
    assert list(path.parent.iterdir()) == []


def test_it_is_made_on_file_systems_that_know_no_file_without_a_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)  # which no folder lets be written
    root = FileRootKey.create(path)
    assert FileRootKey.open(path).id == root.id
    with pytest.raises(FileExistsError):
        FileRootKey.create(path)
    assert [(entry.name, entry.stat().st_mode & 0o777) for entry in path.parent.iterdir()] == [("root.key", 0o600)]


def test_a_damaged_file_is_told_without_its_content(path: Path) -> None:
    FileRootKey.create(path)
    good = path.read_bytes()
    secret = good.split(b" ")[2].strip()
    flipped = good.replace(secret, bytes([secret[0] ^ 1]) + secret[1:])
    wrong_id = good.replace(good[20:21], b"z", 1)
    for bad in (
        b"",
        b"\n",
        good[:40],
        good + b" more",
        flipped,
        wrong_id,
        b"\xff" * 100,
        good.replace(b"key-1", b"key-2"),
    ):
        path.write_bytes(bad)
        with pytest.raises(KeyUnusable) as refused:
            FileRootKey.open(path)
        assert secret.decode() not in str(refused.value)


def test_a_missing_file_is_made_once_and_then_used(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileRootKey.open(path)
    assert FileRootKey.open_or_create(path).id == FileRootKey.open_or_create(path).id


def test_many_starting_at_once_end_with_one_key(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: FileRootKey.open_or_create(path).id, range(16)))
    assert len(ids) == 1


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_file_in_its_place_is_refused_and_holds_nobody_up(path: Path, put: Callable[[Path], object]) -> None:
    put(path)
    with pytest.raises(KeyUnusable, match=r"plain file|cannot be read"):
        FileRootKey.open(path)


def test_a_link_to_it_is_held_to_the_file_that_it_leads_to(path: Path, tmp_path: Path) -> None:
    root, link = FileRootKey.create(path), tmp_path / "link"
    link.symlink_to(path)
    assert FileRootKey.open(link).id == root.id
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        FileRootKey.open(link)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        FileRootKey.open_or_create(link)


def test_it_shows_its_name_alone(path: Path) -> None:
    root = FileRootKey.create(path)
    assert repr(root) == f"<FileRootKey {root.id}>"
