"""A private folder on a memory-backed file system, so that no pixel or letter of a paper reaches a disk."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr.errors import ReadingFailed

ROOT = Path("/dev/shm")  # noqa: S108 - memory, not a disk; the folder below it is ours alone
_PREFIX = "docvault-"
_IN_MEMORY = ("tmpfs", "ramfs")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder of mode 0700, removed at the end whatever happens.

    Raises ReadingFailed when ROOT is not memory: reading on a disk would break the promise made to the citizen.
    """
    if not _in_memory(ROOT):
        raise ReadingFailed("scratch")
    sweep()
    folder = ROOT / f"{_PREFIX}{os.getpid()}-{_started(os.getpid())}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what processes that are gone have left behind; others' folders are not ours to touch."""
    for folder in ROOT.glob(f"{_PREFIX}*-*-*"):
        if _is_stale(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_stale(folder: Path) -> bool:
    pid, _, rest = folder.name.removeprefix(_PREFIX).partition("-")
    started = rest.partition("-")[0]
    try:
        mine = folder.stat(follow_symlinks=False).st_uid == os.geteuid()
    except OSError:
        return False
    # the start time tells a process from a later one with the same number
    return mine and pid.isdigit() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot (proc(5), field 22), "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _in_memory(path: Path) -> bool:
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return False
    return any(mount[1] == str(path) and mount[2] in _IN_MEMORY for mount in mounts)
