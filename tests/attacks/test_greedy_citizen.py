"""One signed-in citizen who wants all of the server for himself."""

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import httpx
import pytest

from ocr.kinds import Kind
from tests.databases import Databases
from tests.ocr.sheets import born_digital
from tests.servers import Server
from tests.vault import visitors
from tests.vault.world import World
from vault.api.receiving import PLACES_EACH
from vault.app import create_app
from vault.db import Database

PLACES = PLACES_EACH + 2


class Watched(Mapping[str, Kind]):
    """The kinds, noting how many connections to the database are out whenever one is looked up."""

    def __init__(self, kinds: Mapping[str, Kind], db: Database) -> None:
        self._kinds, self._db, self.held = kinds, db, set[int]()

    def __getitem__(self, code: str) -> Kind:
        self.held.add(self._db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return self._kinds[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


@pytest.mark.parametrize("address", ["/api/documents?q=khai", "/papers?q=khai"])
def test_long_searches_do_not_use_up_the_connections_to_the_database(world: World, address: str) -> None:
    world.put_in()
    watched = Watched(world.services.kinds, world.services.db)
    app = create_app(world.services.settings, replace(world.services, kinds=watched))
    with visitors.visitor(world, app, world.an) as client:
        assert client.get(address).status_code == 200
    assert watched.held == {0}


def test_papers_that_take_long_to_look_over_leave_a_place_for_others(world: World) -> None:
    places, let_in = world.services.inspecting, Event()

    def another() -> None:
        with places.taken_by("greedy"):
            let_in.set()

    with ThreadPoolExecutor(1) as pool:
        with places.taken_by("greedy"):
            pool.submit(another)
            assert world.put_in(), "whose paper is looked over in the other place"
            assert not let_in.wait(0.2)
        assert let_in.wait(10)


def test_uploads_that_trickle_leave_places_for_others(tmp_path: Path, databases: Databases) -> None:
    server = Server(tmp_path / "data", databases=databases, upload_slots=PLACES, embedded_worker=False)
    with server, ExitStack() as open_ones:
        greedy, other = server.citizen("tham"), server.citizen("an")
        for _ in range(PLACES_EACH):
            open_ones.enter_context(_begun(server.url, greedy))
        paper = {"file": ("a.pdf", born_digital(["one of the very first papers"]))}
        answers = [client.post("/api/documents", files=paper) for client in (greedy, other)]
        assert [answer.status_code for answer in answers] == [503, 201]


def _begun(url: str, client: httpx.Client) -> socket.socket:
    """An upload that has its place, whose beginning was sent, and nothing after it."""
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port), timeout=20)
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    head = (
        f"POST /api/documents HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100 "), "the server reads the body only once it has a place"
    connection.sendall(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7 ')
    return connection
