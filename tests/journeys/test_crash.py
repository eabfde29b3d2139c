"""kill -9 at seeded moments: nothing acknowledged is lost, nothing half-done is shown, nothing is left behind."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ocr import aside
from tests import forking, needs
from tests.databases import Databases
from tests.journeys import people, processes, sheets
from tests.journeys.processes import wait_until
from tests.servers import Server, until_read

UPLOADS_KILLED = 3
READINGS_KILLED = 2
ENGINES = (aside.NAME, "tesseract")
LEASE_S = 3


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path, databases: Databases) -> Iterator[Start]:
    """Starts a server with these settings; it is stopped at the end, if it still runs."""
    started: list[Server] = []

    def begin(**settings: int | bool) -> Server:
        started.append(Server(tmp_path / "data", databases=databases, **settings).start())
        return started[0]

    yield begin
    for server in started:
        server.__exit__(None, None, None)


class Worker:
    """`docvault worker` as a process of its own."""

    def __init__(self, server: Server) -> None:
        self.process = forking.start("vault.cli", "worker", env=server.environment, log=server.log)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> list[int]:
        """kill -9; tells which processes it had started."""
        children = processes.descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        return children


def test_the_server_is_killed_while_papers_arrive(start: Start) -> None:
    chance, kept = random.Random(11), dict[str, bytes]()  # noqa: S311 - the same moments each time
    server = start(embedded_worker=False)
    session = sign_in(server.citizen())
    lasts = 0.5
    for round_ in range(UPLOADS_KILLED):
        client = again(server, session)
        small = sheets.born_digital([f"Giay to da duoc nhan, vong {round_}", "phai con nguyen sau khi tat may"])
        kept[put_in(client, small)["id"]] = small
        big, began = large_paper(round_), time.monotonic()
        if round_ == 0:
            kept[put_in(client, big)["id"]] = big
            lasts = time.monotonic() - began
            big = large_paper(UPLOADS_KILLED)
        answers = kill_while_uploading(server, client, big, chance.uniform(0.02, 1.1) * lasts)
        server.start()
        client = again(server, session)
        here = listed(client)
        assert here.keys() >= kept.keys() | answers, "what was acknowledged is there"
        extra = here.keys() - kept.keys()
        assert len(extra) <= 1, "of the killed upload at most one whole paper"
        kept |= dict.fromkeys(extra, big)
        for document_id, data in kept.items():
            assert client.get(f"/api/documents/{document_id}/content").content == data
    sweep(server)
    assert stored(server) == sorted(one["version"]["id"] for one in listed(again(server, session)).values())


def test_the_worker_is_killed_while_it_reads(start: Start) -> None:
    needs.need_tesseract()
    chance, server = random.Random(12), start(embedded_worker=False, lease_s=LEASE_S)  # noqa: S311 - as above
    client = server.citizen()
    for round_ in range(READINGS_KILLED):
        page = sheets.photographed([f"GIAY SO {round_} CUA NGUOI KHAI"] * 4, size=(900, 600), grain=round_)
        document_id = put_in(client, page, "anh.png")["id"]
        with Worker(server) as worker:
            until_reading(client, document_id)
            time.sleep(chance.uniform(0.0, 0.8))
            children = worker.kill()
        until_dead(children)
        nothing_half_done_is_shown(client, document_id)
        with Worker(server) as other:
            assert until_read(client, document_id, within_s=30)["version"]["state"] == "done"
            assert processes.scratch_of(worker.process.pid) + processes.scratch_of(other.process.pid) == []
        texts = client.get(f"/api/documents/{document_id}/reading").json()["texts"]
        assert f"SO {round_} CUA" in texts[0]["text"].replace("Ố", "O")
    told = [entry["kind"] for entry in client.get("/api/access-log?limit=100").json()["entries"]]
    assert told.count("reading-done") == READINGS_KILLED, "each paper was read to its end once"
    sweep(server)


def test_the_server_is_killed_while_its_own_worker_reads(start: Start) -> None:
    """One process, as most people run it; recognition is at work on a full page, and must not go on alone."""
    needs.need_tesseract()
    server = start(lease_s=LEASE_S)
    session = sign_in(server.citizen())
    client = again(server, session)
    page = sheets.photographed([f"DONG THU {number} CUA GIAY NAY" for number in range(20)])
    document_id = put_in(client, page, "anh.png")["id"]
    wait_until(lambda: processes.named(ENGINES, processes.descendants(server.pid)))
    killed, children = server.pid, processes.descendants(server.pid)
    server.kill()
    until_dead(children, within_s=1)
    server.start()
    client = again(server, session)
    assert until_read(client, document_id, within_s=30)["version"]["state"] == "done"
    assert client.get(f"/api/documents/{document_id}/content").content == page
    assert processes.scratch_of(killed) + processes.scratch_of(server.pid) == []
    sweep(server)


def test_a_server_told_to_stop_while_it_reads_gives_the_job_back(start: Start) -> None:
    """Ctrl-C is no crash: nobody waits for the end of the lease."""
    needs.need_tesseract()
    server = start(lease_s=600)
    session = sign_in(server.citizen())
    client = again(server, session)
    pages = [[f"To thu {number} cua nguoi khai, doc het moi thoi"] for number in range(6)]
    document_id = put_in(client, sheets.born_digital(*pages))["id"]
    until_reading(client, document_id)
    stopped = server.pid
    server.stop()
    assert processes.scratch_of(stopped) == []
    server.start()
    client = again(server, session)
    assert state(client, document_id) != "done", "it was stopped in the middle"
    assert until_read(client, document_id, within_s=60)["version"]["state"] == "done"


def large_paper(number: int) -> bytes:
    """About 20 MiB that is no PDF's text: a picture's worth of noise in one."""
    noise = random.Random(number).randbytes(20 * 2**20)  # noqa: S311 - bulk, no secret
    text = sheets.born_digital([f"To giay rat lon so {number}, phan nhieu la hinh anh"])
    return text.replace(b"\n%%EOF", b"\n%" + noise.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n%%EOF")


def put_in(client: httpx.Client, data: bytes, name: str = "giay.pdf") -> dict[str, Any]:
    answer = client.post("/api/documents", files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def kill_while_uploading(server: Server, client: httpx.Client, data: bytes, after_s: float) -> set[str]:
    """Ids that were acknowledged before the server died."""
    acknowledged: set[str] = set()

    def send() -> None:
        with suppress(httpx.TransportError):
            acknowledged.add(put_in(client, data, "lon.pdf")["id"])

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(after_s)
    server.kill()
    thread.join()
    return acknowledged


def sign_in(client: httpx.Client) -> str:
    return client.cookies["docvault"]


def again(server: Server, session: str) -> httpx.Client:
    """The same session after a restart: it lives in the database."""
    client = server.client()
    client.cookies["docvault"] = session
    return client


def listed(client: httpx.Client) -> dict[str, dict[str, Any]]:
    found = client.get("/api/documents", params={"limit": 100}).raise_for_status().json()["documents"]
    return {one["id"]: one for one in found}


def state(client: httpx.Client, document_id: str) -> str:
    return str(client.get(f"/api/documents/{document_id}").raise_for_status().json()["version"]["state"])


def until_reading(client: httpx.Client, document_id: str) -> None:
    wait_until(lambda: state(client, document_id) == "reading")


def until_dead(pids: list[int], within_s: float = 5) -> None:
    wait_until(lambda: not any(map(processes.alive, pids)), within_s)


def nothing_half_done_is_shown(client: httpx.Client, document_id: str) -> None:
    """Either the reading is there whole, or none of it."""
    reading = client.get(f"/api/documents/{document_id}/reading").raise_for_status().json()
    if reading["state"] != "done":
        assert (reading["texts"], reading["kind_read"]) == ([], None)
    preview = client.get(f"/api/documents/{document_id}/pages/1.webp")
    assert preview.status_code in {200, 409, 404, 425}, preview.text
    assert preview.status_code != 200 or preview.content[8:12] == b"WEBP"


def sweep(server: Server) -> None:
    people.run(server, "doctor", "--sweep", "--grace", "0")
    assert "Nothing is left over" in people.run(server, "doctor", "--grace", "0")


def stored(server: Server) -> list[str]:
    """Versions that have bytes in the store; fails when a write that was cut off is still there."""
    assert not list((server.data / "blobs" / "temporary").iterdir())
    return sorted({version_of(path) for path in server.data.glob("blobs/objects/*/*")})


def version_of(path: Path) -> str:
    return path.name.split(",")[1]
