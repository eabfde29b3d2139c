"""Other people's clients over lines that break and to a server that is killed: the paper is the same, each time."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.journeys import people, sheets
from tests.servers import Server
from tests.uploads.programs import TusJs
from tests.uploads.proxy import Proxy

CUTS = 100
"""By both clients together; the kills of the server come on top."""
KILLS = 4
"""For each client. Who is killed while it holds an upload is waited for, for as long as its lease lasts."""
SIZE = 400_000
RETRY_S = 0.05
PATIENCE_S = 120

Sender = Callable[[Path, str, httpx.Client], str]
"""Sends a file to the uploads of the server at this address, as this citizen; says which paper it has become."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("lines") / "data", embedded_worker=False, upload_idle_s=5) as server:
        yield server


def test_tus_js_client_gets_every_paper_through(server: Server, tmp_path: Path) -> None:
    with TusJs() as client:

        def send(file: Path, address: str, citizen: httpx.Client) -> str:
            asked = {"headers": cookie(citizen), "retryDelays": [RETRY_S * 1000] * 1200}
            said = client.send(file, f"{address}/api/uploads", **asked)
            assert said.get("document"), said
            return str(said["document"])

        breaks_and_dies(server, "an", send, tmp_path, seed=41)


def test_tuspy_gets_every_paper_through(server: Server, tmp_path: Path) -> None:
    def send(file: Path, address: str, citizen: httpx.Client) -> str:
        client = TusClient(f"{address}/api/uploads", headers=cookie(citizen))
        with file.open("rb") as stream:
            sender = client.uploader(file_stream=stream, chunk_size=SIZE // 2, retry_delay=RETRY_S, retries=100)
            for _ in patiently():  # it tries again by itself, but not the creation, and each try is a call deeper
                with suppress(TusCommunicationError):
                    sender.upload()
                    return str(sender.request.response_headers["docvault-document"])
        raise AssertionError("it did not arrive in time")

    breaks_and_dies(server, "binh", send, tmp_path, seed=42)


def breaks_and_dies(server: Server, login: str, send: Sender, folder: Path, seed: int) -> None:
    """Papers go in until there were enough cuts and kills; each is read back, and nothing else is left over."""
    citizen, chance, number = server.citizen(login), random.Random(seed), 0  # noqa: S311 - the same cuts each time
    with Proxy(server.port, lambda: some(chance)) as line, killed_now_and_then(server, seed) as kills:
        while line.cuts < CUTS // 2 or kills.is_alive():
            number += 1
            file = paper(folder, seed * 1000 + number)
            address = send(file, line.url, citizen)
            assert hashlib.sha256(content(citizen, address)).digest() == hashlib.sha256(file.read_bytes()).digest()
            take_back_what_nobody_knows_of(citizen)
        assert line.cuts >= CUTS // 2
    papers = citizen.get("/api/documents").raise_for_status().json()["documents"]
    assert len(papers) == number
    people.run(server, "doctor", "--sweep", "--grace", "0")
    assert "Nothing is left over" in people.run(server, "doctor", "--grace", "0")


def paper(folder: Path, seed: int) -> Path:
    bulk = random.Random(seed).randbytes(SIZE).replace(b"\n", b" ").replace(b"\r", b" ")  # noqa: S311 - bulk
    file = folder / f"{seed}.pdf"
    file.write_bytes(sheets.born_digital([f"To giay so {seed}"]).replace(b"\n%%EOF", b"\n%" + bulk + b"\n%%EOF"))
    return file


def cookie(client: httpx.Client) -> dict[str, str]:
    return {"Cookie": f"docvault={client.cookies['docvault']}"}


def some(chance: random.Random) -> int:
    """Bytes until a cut: often within the first packet, so that announcements and questions are cut as well."""
    return chance.randint(1, 600) if chance.random() < 0.25 else chance.randint(600, SIZE // 3)


@contextmanager
def killed_now_and_then(server: Server, seed: int) -> Iterator[Thread]:
    """The thread that kills it, and starts it again, at random moments; over after `KILLS`."""
    over = Event()
    thread = Thread(target=_kill, args=(server, random.Random(seed), over))  # noqa: S311 - the same moments each time
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


def _kill(server: Server, chance: random.Random, over: Event) -> None:
    for _ in range(KILLS):
        if over.wait(chance.uniform(0.2, 1.5)):
            return
        server.kill()
        server.start()


def content(citizen: httpx.Client, address: str) -> bytes:
    """Read directly, once the server is up."""
    return _asked(citizen, "GET", f"{address}/content").raise_for_status().content


def take_back_what_nobody_knows_of(citizen: httpx.Client) -> None:
    """A creation whose answer was cut off: its sender began another. A person finds it on the page, as here."""
    for upload in _asked(citizen, "GET", "/api/uploads").raise_for_status().json()["uploads"]:
        assert upload["offset"] == 0
        _asked(citizen, "DELETE", f"/api/uploads/{upload['id']}", {"Tus-Resumable": "1.0.0"})


def _asked(citizen: httpx.Client, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    for _ in patiently():
        with suppress(httpx.TransportError):
            return citizen.request(method, path, headers=headers)
    raise AssertionError("the server did not come back")


def patiently() -> Iterator[None]:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        yield
        time.sleep(RETRY_S)
