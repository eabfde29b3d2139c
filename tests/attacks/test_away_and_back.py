"""A full disk, a read-only one, a store and a database that are away for a while: told as it is, and nothing lost."""

import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import needs
from tests.databases import Databases
from tests.journeys import sheets
from tests.postgres import PostgresServer
from tests.servers import Server
from tests.swift.servers import Swift

MIB = 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
AWAY_S = (1, 30)
"""Seconds of an outage: a hiccup, and what takes somebody to mend it."""


def paper(number: int, size: int = 0) -> bytes:
    """A small PDF, or one with so many bytes of noise in it."""
    noise = random.Random(number).randbytes(size).translate(None, b"\r\n")  # noqa: S311 - bulk, no secret
    text = sheets.born_digital([f"To giay so {number}"])
    return text.replace(b"\n%%EOF", b"\n%" + noise + b"\n%%EOF")


def sent(client: httpx.Client, data: bytes) -> httpx.Response:
    return client.post("/api/documents", files={"file": ("giay.pdf", data)})


def put_in(client: httpx.Client, data: bytes) -> str:
    answer = sent(client, data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class Parts:
    """A paper on its way in two halves: the first one has arrived before the trouble begins."""

    def __init__(self, client: httpx.Client, data: bytes) -> None:
        self._client, self._data = client, data
        headers = TUS | {"Upload-Length": str(len(data))}
        self.address = client.post("/api/uploads", headers=headers).raise_for_status().headers["Location"]
        assert self._send(0, len(data) // 2).status_code == 204

    def go_on(self) -> httpx.Response:
        """As clients do: they ask where it stands, unless that is refused, and send what is missing."""
        there = self._client.head(self.address, headers=TUS)
        if not there.is_success:
            return self._client.get(self.address)
        offset = int(there.headers["Upload-Offset"])
        assert offset >= len(self._data) // 2, "what was acknowledged counts"
        return there if offset == len(self._data) else self._send(offset, len(self._data))

    def finished(self) -> dict[str, bytes]:
        """The paper that it becomes, once all is well again."""
        answer = self.go_on()
        assert answer.is_success, answer.text
        return {answer.headers["Docvault-Document"].rpartition("/")[2]: self._data}

    def _send(self, offset: int, end: int) -> httpx.Response:
        headers = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        return self._client.patch(self.address, content=self._data[offset:end], headers=headers)


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Said plainly, with when to try again."""
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


def are_whole(client: httpx.Client, kept: dict[str, bytes]) -> None:
    """Everything that was acknowledged, and nothing else."""
    listed = client.get("/api/documents", params={"limit": 100}).raise_for_status().json()["documents"]
    assert {one["id"] for one in listed} == kept.keys()
    for document_id, data in kept.items():
        assert client.get(f"/api/documents/{document_id}/content").raise_for_status().content == data


def is_sound(server: Server) -> None:
    done = server.run("doctor", "--grace", "0")
    assert done.returncode == 0, done.stdout
    assert "Nothing is left over" in done.stdout, done.stdout


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of sixteen mebibytes where a vault keeps its blobs."""
    folder = tmp_path / "data" / "blobs"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    needs.need(os.geteuid() == 0, "root, who mounts a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def server(disk: Path, databases: Databases) -> Iterator[Server]:
    with Server(disk.parent, databases=databases, embedded_worker=False) as server:
        yield server


def test_a_disk_that_runs_full_refuses_and_goes_on_once_there_is_room(server: Server, disk: Path) -> None:
    client, kept = server.citizen(), dict[str, bytes]()
    on_its_way = Parts(client, paper(20, 3 * MIB))
    for number in range(20):
        data = paper(number, 3 * MIB)
        answer = sent(client, data)
        if answer.status_code != 201:
            break
        kept[answer.json()["id"]] = data
    assert 2 <= len(kept) < 20
    is_problem(answer, 507, "store-full")
    is_problem(on_its_way.go_on(), 507, "store-full")
    page = client.post("/papers/new", files={"file": ("giay.pdf", data)}, headers={"Origin": server.url})
    assert page.status_code == 507
    assert not list((disk / "temporary").iterdir()), "nothing half-written stays"
    are_whole(client, kept)
    for gone in list(kept)[:2]:
        client.delete(f"/api/documents/{gone}").raise_for_status()
        client.delete(f"/api/documents/{gone}", params={"destroy": "now"}).raise_for_status()
        del kept[gone]
    kept |= on_its_way.finished()
    kept[put_in(client, data)] = data
    are_whole(client, kept)
    is_sound(server)


def test_a_read_only_store_still_gives_what_it_has(server: Server, disk: Path) -> None:
    client, first, second = server.citizen(), paper(1), paper(2)
    kept = {put_in(client, first): first}
    on_its_way = Parts(client, paper(3, MIB))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    is_problem(sent(client, second), 503, "store-unavailable")
    is_problem(on_its_way.go_on(), 503, "store-unavailable")
    are_whole(client, kept)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    kept |= on_its_way.finished()
    kept[put_in(client, second)] = second
    are_whole(client, kept)
    is_sound(server)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("away_s", AWAY_S)
def test_an_object_store_that_is_away_is_waited_for(tmp_path: Path, databases: Databases, away_s: int) -> None:
    data, first, second = tmp_path / "data", paper(1), paper(2, 2 * MIB)
    with Swift(tmp_path / "store") as swift:
        settings = swift.settings(swift.bucket())
        with Server(data, databases=databases, embedded_worker=False, **settings) as server:
            client = server.citizen()
            kept = {put_in(client, first): first}
            on_its_way = Parts(client, paper(3, 2 * MIB))
            swift.stop()
            ends = time.monotonic() + away_s
            is_problem(sent(client, second), 503, "store-unavailable")
            is_problem(on_its_way.go_on(), 503, "store-unavailable")
            is_problem(client.get(f"/api/documents/{next(iter(kept))}/content"), 503, "store-unavailable")
            assert client.get("/api/documents").status_code == 200, "what the database knows is still told"
            time.sleep(max(0.0, ends - time.monotonic()))
            swift.start()
            kept |= on_its_way.finished()
            kept[put_in(client, second)] = second
            are_whole(client, kept)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """One of its own, as sure as it is in use: what it acknowledged is on the disk."""
    with PostgresServer("fsync=on") as postgres:
        postgres.create("vault")
        yield postgres


@pytest.mark.timeout(240)
@pytest.mark.parametrize("away_s", AWAY_S)
def test_a_database_that_is_away_is_waited_for(tmp_path: Path, postgres: PostgresServer, away_s: int) -> None:
    first, second = paper(1), paper(2)
    with Server(tmp_path / "data", database_url=postgres.url("vault"), lease_s=3) as server:
        client = server.citizen()
        kept = {put_in(client, first): first}
        on_its_way = Parts(client, paper(3, MIB))
        postgres.stop()
        ends = time.monotonic() + away_s
        while time.monotonic() < ends:
            is_problem(sent(client, second), 503, "store-unavailable")
            is_problem(client.get("/api/documents"), 503, "store-unavailable")
            is_problem(on_its_way.go_on(), 503, "store-unavailable")
            page = client.get("/papers", headers={"Accept": "text/html"})
            assert page.status_code == 503
            assert int(page.headers["Retry-After"]) > 0
            assert re.search(r'href="/papers".*Try again</a>', page.text)
            time.sleep(away_s / 10)
        postgres.start()
        kept |= on_its_way.finished()
        kept[put_in(client, second)] = second
        are_whole(client, kept)
        assert server.process is not None and server.process.poll() is None, "nobody had to start it again"


def test_a_database_that_crashes_lost_nothing_that_was_acknowledged(tmp_path: Path, postgres: PostgresServer) -> None:
    with Server(tmp_path / "data", database_url=postgres.url("vault"), embedded_worker=False) as server:
        client, kept = server.citizen(), dict[str, bytes]()
        for number in range(5):
            data = paper(number)
            kept[put_in(client, data)] = data
            postgres.crash()
            postgres.start()
        are_whole(client, kept)
        is_sound(server)
