"""A part of a paper costs as much as the part is large: three reads of the store, wherever it lies."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from secrets import randbelow

import pytest

from storage.blobs import BlobInfo, Blobs
from storage.files import FileBlobs
from storage.keys import Key
from tests.vault import visitors
from tests.vault.world import PREVIEW, World
from vault import papers
from vault.settings import MIB

PIECE = 64 * 1024
MOST_READS = 3
"""Its size, its head, and the chunks that were asked for."""


class Counting(Blobs):
    """Files that count what is asked of them, and how many bytes they gave."""

    def __init__(self, inner: Blobs) -> None:
        self._inner = inner
        self.reads, self.given = 0, 0

    def forget(self) -> None:
        self.reads = self.given = 0

    def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        return self._inner.put(name, chunks, if_absent=if_absent)

    def read(self, name: str, offset: int, length: int) -> bytes:
        data = self._inner.read(name, offset, length)
        self.reads, self.given = self.reads + 1, self.given + len(data)
        return data

    def size(self, name: str) -> int:
        self.reads += 1
        return self._inner.size(name)

    def delete(self, name: str) -> None:
        self._inner.delete(name)

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        return self._inner.list(prefix)

    def temporary(self) -> Iterator[BlobInfo]:
        return self._inner.temporary()

    def discard(self, name: str) -> None:
        self._inner.discard(name)


@pytest.mark.parametrize("size", [1, PIECE - 1, 16 * 1024, MIB, 40 * MIB, 40 * MIB + 17])
def test_any_64_kib_of_a_paper_take_three_reads_and_little_more_than_themselves(tmp_path: Path, size: int) -> None:
    blobs, key = Counting(FileBlobs(tmp_path)), Key.generate()
    content = (os.urandom(min(size, MIB)) * -(-size // MIB))[:size]
    papers.put_original(blobs, key, "large", [content])
    places = [0, max(0, size - PIECE), size - 1, *(randbelow(size) for _ in range(50))]
    for offset in places:
        blobs.forget()
        assert papers.open_original(blobs, key, "large").read(offset, PIECE) == content[offset : offset + PIECE]
        assert blobs.reads <= MOST_READS
        assert blobs.given <= PIECE + 3 * 16 * 1024


def test_a_range_over_http_takes_no_more_reads(world: World) -> None:
    blobs = Counting(world.services.blobs)
    world.services = replace(world.services, blobs=blobs)
    content = os.urandom(3 * MIB)
    paper = world.put_in(content=content)
    grant_id, link = world.share(paper, openings=9)
    assert world.bearer(link)
    app = visitors.app_of(world)
    citizen, officer = visitors.visitor(world, app, world.an), visitors.visitor(world, app, world.registry)
    addresses = {
        citizen: f"/api/documents/{paper.id}/content",
        officer: f"/agency/grants/{grant_id}/documents/{paper.version.id}",
    }
    for client, address in addresses.items():
        for offset in (0, MIB - 100, 3 * MIB - PIECE):
            blobs.forget()
            answer = client.get(address, headers={"Range": f"bytes={offset}-{offset + PIECE - 1}"})
            assert (answer.status_code, answer.content) == (206, content[offset : offset + PIECE])
            assert blobs.reads <= MOST_READS
    blobs.forget()
    assert citizen.get(f"/api/documents/{paper.id}/pages/1.webp").content == PREVIEW
    assert blobs.reads <= MOST_READS
