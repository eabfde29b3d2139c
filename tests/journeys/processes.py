"""What the journeys see of other processes through /proc: who is whose child, and which files are open."""

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

SCRATCH = Path("/dev/shm")  # noqa: S108 - looked at, not written to
OWN = os.getpid()


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, of a live process."""
    parents = dict(_all())
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def alive(pid: int) -> bool:
    """A zombie, whose parent has not taken note yet, is dead."""
    return _state(pid) not in {"", "Z", "X"}


def named(names: Collection[str], pids: list[int]) -> bool:
    """Whether one of them has one of these names."""
    return any(_name(pid) in names for pid in pids)


def open_files(pid: int) -> Iterator[Path]:
    """Regular files that the process has open, also those that have no name any more."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if stat.S_ISREG(descriptor.stat().st_mode):
                    yield descriptor


def scratch_of(pid: int) -> list[Path]:
    """Scratch folders that this process made and that are still there."""
    return list(SCRATCH.glob(f"docvault-{pid}-*"))


def wait_until(what: Callable[[], bool], within_s: float = 30, every_s: float = 0.05) -> None:
    """Raises AssertionError when it does not come true in time."""
    ends = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(every_s)


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _all() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            yield int(entry.name), int(fields[1])


def _state(pid: int) -> str:
    fields = _fields(pid)
    return fields[0] if fields else ""


def _fields(pid: int) -> list[str]:
    """Of proc(5) stat, from the third field (state) on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
