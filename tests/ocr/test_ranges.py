"""The paper on its way into the child: through shared memory, range by range, each byte in its place."""

import io
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from ocr.frames import Channel
from ocr.limits import RANGE_BYTES
from ocr.remote import Ranges, open_remote
from ocr.sandbox import Child
from ocr.window import Window


class Watched:
    """A paper that remembers what was asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.asked = data, len(data), list[tuple[int, int]]()

    def read_at(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        return self.data[offset : offset + length]


@contextmanager
def served(source: Watched) -> Iterator[Ranges]:
    """The child's end of a conversation whose other end serves the paper until a result comes."""
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen([sys.executable, "-c", ""]) as process:
        parent = Child(process, Channel(ours))
        thread = Thread(target=parent.next_result, args=(source,))
        thread.start()
        ranges = Ranges(theirs)
        yield ranges
        ranges.send({"done": "all"})
        thread.join(30)
        assert not thread.is_alive()
        parent.close()


@pytest.mark.parametrize("size", [1, RANGE_BYTES, 3 * RANGE_BYTES + 77])
def test_a_paper_read_here_and_there_is_the_same_paper(size: int) -> None:
    data, chance = os.urandom(size), random.Random(size)  # noqa: S311 - the same each time
    with served(Watched(data)) as ranges:
        file, model = open_remote(ranges, size), io.BytesIO(data)
        for _ in range(300):
            if chance.random() < 0.4:
                offset = chance.randrange(size + 1)
                assert file.seek(offset) == model.seek(offset)
            length = chance.choice((1, 5000, 300_000, 2 * RANGE_BYTES))
            assert file.read(length) == model.read(length)


def test_a_paper_read_to_its_end_is_asked_for_in_whole_ranges_once() -> None:
    source = Watched(os.urandom(5 * RANGE_BYTES + 9))
    with served(source) as ranges:
        file = open_remote(ranges, source.size)
        assert b"".join(iter(lambda: file.read(65_536), b"")) == source.data
    assert sum(length for _, length in source.asked) == source.size
    assert len(source.asked) == 7  # the first is a small one: nothing tells yet that more will be wanted


def test_a_child_that_was_taken_over_cannot_make_the_shared_memory_larger() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kept = Window.make()
        places = [kept.put(b"one page"), kept.put(b"the next")]
        kept.hand_over(ours)
        given = Window.received(theirs)
        assert [bytes(given.view()[at : at + 8]) for at in places] == [b"one page", b"the next"]
        for size in (0, 2 * RANGE_BYTES + 1, 1 << 40):
            with pytest.raises(PermissionError):
                os.ftruncate(given._descriptor, size)
        with pytest.raises(PermissionError):
            os.pwrite(given._descriptor, b"x", 2 * RANGE_BYTES)
        kept.close()
        given.close()
