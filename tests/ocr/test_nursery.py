"""Children are forked from a process that has nothing to tell them, and end with whoever asked for them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

import ocr
from ocr import Limits, forking
from ocr.errors import ReadingFailed, UnsupportedType
from tests.journeys import processes
from tests.ocr.children import children

OWNER = """
import time
import ocr

class Silent:
    size = 1000
    def read_at(self, offset, length):
        print("asked", flush=True)
        time.sleep(600)

ocr.inspect(Silent(), ocr.Limits())
"""
NO_PAPER = b"hello"


class Held:
    """A source that lets its child wait."""

    size = len(NO_PAPER)

    def __init__(self) -> None:
        self.asked, self.go_on = Event(), Event()

    def read_at(self, offset: int, length: int) -> bytes:
        self.asked.set()
        assert self.go_on.wait(60)
        return NO_PAPER[offset : offset + length]


@contextmanager
def waiting(source: Held) -> Iterator[int]:
    """The pid of a child that waits for its first bytes; afterwards it has found that they are no paper."""
    before = set(children())
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(ocr.inspect, source, Limits())
        try:
            assert source.asked.wait(60)
            (child,) = set(children()) - before
            yield child
        finally:
            source.go_on.set()
    with pytest.raises(UnsupportedType):
        result.result()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_children_see_nothing_of_the_servers_environment_and_their_tesseract_uses_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCVAULT_DATABASE_URL", "postgresql://somebody:secret@db/vault")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "8")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/of-this-test")  # so that a nursery begins in this environment
    with waiting(Held()) as child:
        lines = Path(f"/proc/{parent_of(child)}/environ").read_text().split("\0")
    given = dict(line.split("=", 1) for line in lines if line)
    assert (given["OMP_THREAD_LIMIT"], given["LD_LIBRARY_PATH"]) == ("1", "/usr/lib/of-this-test")
    assert given["OPENCV_FOR_THREADS_NUM"] == "1"  # a process that forks for its pages can take no threads along
    assert not [name for name in given if name.startswith("DOCVAULT")]
    assert "secret" not in " ".join(given.values())


def test_a_child_has_no_file_open_but_its_own_paper() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root sees the open files of a process that keeps its memory to itself")
    with waiting(Held()) as one, waiting(Held()) as other:
        for child in (one, other):
            assert sorted(int(entry.name) for entry in Path(f"/proc/{child}/fd").iterdir()) == [0, 1, 2, 3]


def test_more_papers_than_one_nursery_serves_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "MOST_CHILDREN", 3)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/of-another-test")
    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(ocr.inspect, ocr.BytesSource(NO_PAPER), Limits()) for _ in range(30)]
        for result in results:
            with pytest.raises(UnsupportedType):
                result.result()
    assert not children()


def test_a_nursery_that_is_killed_takes_its_child_along_and_another_begins() -> None:
    held = Held()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(ocr.inspect, held, Limits())
        assert held.asked.wait(60)
        (child,) = children()
        os.kill(parent_of(child), signal.SIGKILL)
        processes.wait_until(lambda: not processes.alive(child))
        held.go_on.set()
        with pytest.raises(ReadingFailed):
            result.result()
    with pytest.raises(UnsupportedType):
        ocr.inspect(ocr.BytesSource(NO_PAPER), Limits())


def test_whoever_is_killed_leaves_neither_child_nor_nursery() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"asked\n"
        below = processes.descendants(owner.pid)
        assert len(below) == 2
        owner.kill()
    processes.wait_until(lambda: not any(processes.alive(pid) for pid in below))
