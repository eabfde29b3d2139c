"""What only a store of files can show: crashes, full and broken disks, permissions."""

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fcntl import F_GETFL, fcntl
from pathlib import Path

import pytest

from storage.errors import BlobMissing, StoreFull, StoreUnavailable
from storage.files import FileBlobs
from storage.writing import BLOCK

WRITER = """
import sys
from pathlib import Path
from storage.files import FileBlobs

def forever():
    while True:
        yield b"x" * 1024 * 1024
        print("wrote", flush=True)

FileBlobs(Path(sys.argv[1])).put("paper", forever())
"""


def test_a_writer_killed_in_the_middle_leaves_no_blob_and_the_sweep_finds_the_rest(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert [writer.stdout.readline() for _ in range(6)] == [b"wrote\n"] * 6
        writer.send_signal(signal.SIGKILL)
    blobs = FileBlobs(tmp_path)
    assert list(blobs.list()) == []
    (left,) = blobs.temporary()
    assert left.size >= BLOCK
    blobs.discard(left.name)
    blobs.discard(left.name)
    assert list(blobs.temporary()) == []


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 4097])
def test_what_is_around_the_size_of_a_block_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311 - no secret
    assert written(FileBlobs(tmp_path), content) == content


def test_a_file_system_that_wants_all_through_its_cache_gets_it_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, command: int, flags: int) -> int:
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return fcntl(descriptor, command, flags)

    monkeypatch.setattr("fcntl.fcntl", refuse)
    content = os.urandom(2 * BLOCK + 1)
    assert written(FileBlobs(tmp_path), content) == content


def test_a_disk_that_refuses_a_block_gets_it_through_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: memoryview) -> int:
        if fcntl(descriptor, F_GETFL) & os.O_DIRECT:
            if len(data) != BLOCK:
                raise OSError(errno.EINVAL, "Invalid argument")
            data = data[:4096]  # as it happens where little space is left
        return os_write(descriptor, data)

    os_write = os.write
    monkeypatch.setattr("os.write", write)
    content = os.urandom(2 * BLOCK + 1)
    assert written(FileBlobs(tmp_path), content) == content


def written(blobs: FileBlobs, content: bytes) -> bytes:
    """What comes back of a blob that arrives in uneven pieces."""
    stride = 100_003
    blobs.put("paper", (content[at : at + stride] for at in range(0, len(content), stride)))
    return blobs.read("paper", 0, len(content) + 1)


def test_a_broken_upload_leaves_no_temporary_file(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blobs.put("paper", broken())
    assert list(blobs.temporary()) == []


def test_finished_writes_leave_no_temporary_file(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put("a", [b"x"])
    blobs.put("b", [b"x"], if_absent=True)
    assert list(blobs.temporary()) == []


@pytest.mark.parametrize("name", ["", "..", "../objects/00/a", "0" * 31, "0" * 33, "G" * 32, "/" + "0" * 31])
def test_the_sweep_is_held_to_temporary_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="temporary"):
        FileBlobs(tmp_path).discard(name)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put("old", [b"old"])
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(code, "full")
        return write(descriptor, data[:100])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StoreFull):
            blobs.put("old", [b"x" * 250])
    assert blobs.read("old", 0, 9) == b"old"
    assert list(blobs.temporary()) == []


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_broken_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str) -> None:
    blobs = FileBlobs(tmp_path)

    def broken(*_: object) -> int:
        raise OSError(code, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, broken)
        with pytest.raises(StoreUnavailable):
            blobs.put("paper", [b"x"])
    with pytest.raises(BlobMissing):
        blobs.read("paper", 0, 1)
    assert list(blobs.temporary()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte, where the machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_really_runs_full_recovers_when_space_is_made(small_disk: Path) -> None:
    blobs = FileBlobs(small_disk / "store")
    blobs.put("kept", [b"k" * 200_000])
    with pytest.raises(StoreFull):
        blobs.put("large", (b"x" * 65536 for _ in range(100)))
    assert [info.name for info in blobs.list()] == ["kept"]
    assert list(blobs.temporary()) == []
    blobs.put("small", [b"s" * 200_000])
    assert blobs.read("kept", 0, 200_000) == b"k" * 200_000


def test_a_disk_that_is_really_read_only_still_reads(small_disk: Path) -> None:
    blobs = FileBlobs(small_disk / "store")
    blobs.put("kept", [b"k"])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for write in (lambda: blobs.put("paper", [b"x"]), lambda: blobs.delete("kept")):
        with pytest.raises(StoreUnavailable):
            write()
    assert blobs.read("kept", 0, 1) == b"k"


def test_a_disk_that_is_away_does_not_look_like_lost_papers(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "store")
    blobs.put("paper", [b"x"])
    (tmp_path / "store").rename(tmp_path / "away")
    for call in (
        lambda: blobs.read("paper", 0, 1),
        lambda: blobs.size("paper"),
        lambda: blobs.put("paper", [b"y"]),
        lambda: list(blobs.list()),
    ):
        with pytest.raises(StoreUnavailable):
            call()
    (tmp_path / "away").rename(tmp_path / "store")
    assert blobs.read("paper", 0, 1) == b"x"


def test_other_users_see_nothing(tmp_path: Path) -> None:
    root = tmp_path / "store"
    FileBlobs(root).put("paper", [b"x"])
    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_stranger_in_the_folder_is_no_blob(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    (tmp_path / "objects" / "00" / ".nfs0001").write_bytes(b"x")
    (tmp_path / "objects" / "00" / "folder").mkdir()
    (tmp_path / "temporary" / "notes.txt").write_bytes(b"x")
    (tmp_path / "temporary" / "folder").mkdir()
    assert list(blobs.list()) == []
    assert list(blobs.temporary()) == [], "the sweep would stumble over it"


@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder_in_the_stores_place_is_told(tmp_path: Path, put: Callable[[Path], object]) -> None:
    put(tmp_path / "store")
    with pytest.raises(StoreUnavailable):
        FileBlobs(tmp_path / "store")


def test_a_store_behind_a_link_is_the_store_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to("disk")
    FileBlobs(tmp_path / "store").put("paper", [b"x"], if_absent=True)
    assert FileBlobs(tmp_path / "disk").read("paper", 0, 1) == b"x"


def test_a_store_opened_again_has_what_was_put(tmp_path: Path) -> None:
    FileBlobs(tmp_path).put("paper", [b"x"])
    assert FileBlobs(tmp_path).read("paper", 0, 1) == b"x"
