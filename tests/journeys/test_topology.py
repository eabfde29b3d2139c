"""The whole story on many machines: requests are spread, processes die and are replaced, and nobody notices.

One story in the order of the file, because what it stands on takes a while to start.
"""

import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sharing.grants import check_file
from tests.journeys import people, processes, sheets, traces
from tests.journeys.people import AgencySystem
from tests.journeys.processes import wait_until
from tests.journeys.topology import COMPOSE, SERVERS, WORKERS, Process, Topology
from tests.servers import PASSWORD, until_read
from tests.swift.servers import Swift

PURPOSE = "Đăng ký kết hôn"
PAPER = sheets.photographed(["GIAY XAC NHAN", *(f"KAMUNERATU VEZUKA {number}" for number in range(8))])
TITLE = "Giay-bi-mat-cua-Tran-Thi-Be"
PEOPLE = ("ba-be-nguyen", "nguoi-thu-hai")


@dataclass
class Story:
    """What the tests hand on to each other."""

    many: Topology
    be: httpx.Client
    agency: AgencySystem
    document: dict[str, Any] = field(default_factory=dict)
    grant: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    @property
    def version(self) -> str:
        return str(self.document["version"]["id"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, swift: Swift) -> Iterator[Story]:
    folder: Path = tmp_path_factory.mktemp("topology")
    with Topology(folder, swift) as many:
        agency = people.open_agency(many, folder)  # type: ignore[arg-type]  # the same commands and clients
        yield Story(many, many.citizen(PEOPLE[0]), agency)


def test_first_keys_and_tables_were_made_once(story: Story) -> None:
    """Two servers and two workers came up at the same time on tables that were just made."""
    keys = [server.get("/.well-known/jwks.json").json() for server in _directly(story.many)]
    assert keys[0] == keys[1]
    assert len(keys[0]["keys"]) == 1
    folders = [story.many.folder / name for name in (*SERVERS, *WORKERS)]
    assert not [path for folder in folders if folder.exists() for path in folder.rglob("*.key")]


def reader(story: Story) -> Process:
    """The worker that reads at this moment, or soon."""
    workers = [story.many.processes[name] for name in WORKERS]
    wait_until(lambda: any(processes.descendants(worker.pid) for worker in workers), 60, 0.01)
    return next(worker for worker in workers if processes.descendants(worker.pid))


def test_a_worker_that_is_told_to_stop_hands_its_paper_over(story: Story) -> None:
    other = sheets.photographed(["GIAY XAC NHAN", *(f"KAMUNERATU TAMEZU {number}" for number in range(8))])
    added = story.be.post("/api/documents", files={"file": ("giay.png", other)})
    leaving = reader(story)
    assert leaving.end(signal.SIGTERM) == 0
    assert until_read(story.be, added.json()["id"])["version"]["state"] == "done"
    story.be.delete(f"/api/documents/{added.json()['id']}").raise_for_status()
    leaving.start()


def test_a_paper_goes_in_and_is_read_though_a_worker_dies_over_it(story: Story) -> None:
    added = story.be.post("/api/documents", files={"file": (f"{TITLE}.png", PAPER)}, data={"title": TITLE})
    assert added.status_code == 201, added.text
    victim = reader(story)
    victim.end(signal.SIGKILL)
    story.document = until_read(story.be, added.json()["id"])
    assert story.document["version"]["state"] == "done"
    found = story.be.get("/api/documents", params={"q": "vezuka"}).json()["documents"]
    assert [one["id"] for one in found] == [story.document["id"]]
    victim.start()


def test_an_agency_redeems_verifies_and_downloads_by_range(story: Story) -> None:
    body = {"agency_id": story.agency.id, "versions": [story.version], "purpose": PURPOSE}
    made = story.be.post("/api/grants", json=body)
    assert made.status_code == 201, made.text
    story.grant = made.json()
    assert story.grant["link"].startswith(story.many.url)
    redeemed = story.agency.redeem(story.grant["link"])
    assert redeemed.status_code == 200, redeemed.text
    assert story.agency.redeem(story.grant["link"]).status_code == 404, "on whichever server it is tried again"
    story.token = redeemed.json()["access_token"]
    (item,) = story.agency.verify(redeemed.json()["grant"]).items
    whole = story.agency.fetch(story.grant["id"], story.version, story.token)
    check_file(item, [whole.content])
    part = story.agency.fetch(story.grant["id"], story.version, story.token, Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, PAPER[1000:2000])


def test_requests_are_spread_over_both_servers(story: Story) -> None:
    for _ in range(20):
        story.be.get("/api/documents").raise_for_status()
    assert all(story.many.answered(name) >= 5 for name in SERVERS)


def test_a_server_dies_and_nobody_who_asks_notices(story: Story) -> None:
    """Signed in, in the middle of things: the session and the token are good on the one that is left."""
    victim = story.many.processes[SERVERS[0]]
    with Asking(story.be) as asking:
        victim.end(signal.SIGKILL)
        time.sleep(2)
        assert story.agency.fetch(story.grant["id"], story.version, story.token).content == PAPER
        assert story.be.get(f"/api/documents/{story.document['id']}/content").content == PAPER
    assert asking.count > 5
    assert asking.lost <= 1, "but for the one that it was answering when it died"
    victim.start()
    wait_until(lambda: story.many.is_ready(SERVERS[0]), 60)


def test_a_server_is_replaced_without_a_single_failure(story: Story) -> None:
    """SIGTERM: it says that it stops, the proxy sends nobody any more, what is under way is done, and it ends."""
    leaving = story.many.processes[SERVERS[1]]
    time.sleep(5)  # the proxy has seen that the other one is back
    with Asking(story.be) as asking:
        leaving.end(signal.SIGTERM)
        leaving.start()
        wait_until(lambda: story.many.is_ready(SERVERS[1]), 60)
    assert asking.count > 20
    assert asking.lost == 0


def test_what_is_for_the_engine_is_not_for_the_world(story: Story) -> None:
    client = story.many.client()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path).status_code == 404
    page = client.get("/sign-in")
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert page.http_version == "HTTP/1.1"
    assert "server" not in page.headers or "uvicorn" not in page.headers["server"].lower()


def test_old_tls_and_strangers_are_refused(story: Story) -> None:
    old = story.many.trust()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with httpx.Client(base_url=story.many.url, verify=old) as client, pytest.raises(httpx.ConnectError, match="ALERT"):
        client.get("/sign-in")
    with httpx.Client(base_url=story.many.url) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        client.get("/sign-in")


def test_nobody_chooses_the_address_or_the_id_that_stands_for_them(story: Story) -> None:
    """Otherwise a guesser would come from a new address each time, and write into the log."""
    chosen = "chosen-by-the-client-0001"
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": chosen}
    answer = story.many.client().get("/sign-in", headers=headers)
    given = answer.headers["x-request-id"]
    assert given != chosen
    wait_until(lambda: any(given == line.get("request_id") for line in _lines(story)))
    assert not [line for line in _lines(story) if line.get("request_id") == chosen]


def test_a_paper_larger_than_is_taken_is_refused_before_it_is_sent_whole(story: Story) -> None:
    """By the vault, in its own words: the proxy takes a little more than the vault does."""
    size = int(COMPOSE["services"][SERVERS[0]]["environment"]["DOCVAULT_MAX_UPLOAD_BYTES"]) + 100_000
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in story.be.cookies.jar)
    head = (
        f"POST /api/documents HTTP/1.1\r\nHost: localhost:{story.many.port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {size}\r\n\r\n--x\r\n"
    )
    plain = socket.create_connection(("localhost", story.many.port), timeout=30)
    with story.many.trust().wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(head.encode())
        answer, sent = b"", 0
        while not answer and sent < size // 8:
            line.settimeout(30)
            line.sendall(b"x" * 65536)  # as a browser does until it hears something
            sent += 65536
            line.settimeout(0.05)
            with suppress(TimeoutError):
                answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413"), answer[:100]
    assert b"problem+json" in answer


def test_the_citizen_sees_all_of_it_and_takes_it_back(story: Story) -> None:
    story.be.post(f"/api/grants/{story.grant['id']}/revoke").raise_for_status()
    assert story.agency.fetch(story.grant["id"], story.version, story.token).status_code == 404
    entries = story.be.get("/api/access-log", params={"limit": "100"}).json()["entries"]
    kinds = [entry["kind"] for entry in reversed(entries)]
    expected = ["document-added", "reading-done", "granted", "redeemed", "released", "revoked", "refused"]
    assert set(expected) <= set(kinds)
    shared = [kind for kind in kinds if kind in expected[2:]]
    assert (shared[:2], shared[-2:]) == (["granted", "redeemed"], ["revoked", "refused"])


def test_figures_are_told_by_each_process(story: Story) -> None:
    for _ in range(20):
        story.be.get("/api/documents").raise_for_status()
    told = {name: story.many.figures(name) for name in (*SERVERS, *WORKERS)}
    for name in SERVERS:
        assert 'docvault_requests_total{method="GET",route="/api/documents",status="2xx"}' in told[name]
    assert sum('docvault_readings_total{result="done"}' in told[name] for name in WORKERS) <= 1
    assert all("docvault_worker_silent_seconds" in told[name] for name in WORKERS)
    assert all('docvault_jobs{kind="reading"} 0.0' in text for text in told.values())


def test_nothing_that_was_said_names_anybody_or_anything(story: Story) -> None:
    """In the logs of the proxy, the servers and the workers, and in all their figures."""
    words = [TITLE, PURPOSE, PASSWORD, *PEOPLE, people.AGENCY, people.OFFICER, "kamuneratu", "vezuka"]
    ids = [story.document["id"], story.version, story.grant["id"], story.agency.id, story.token, story.many.bucket]
    secrets = [cookie.value for cookie in story.be.cookies.jar if cookie.value]
    link = story.grant["link"].rpartition("#")[2]
    needles = [needle for word in (*words, *ids, *secrets, link) for needle in traces.of_word(word, word)]
    for name in (*SERVERS, *WORKERS):
        (story.many.folder / f"{name}.figures").write_text(story.many.figures(name))
    said = [*story.many.folder.glob("*.log"), *story.many.folder.glob("*.figures")]
    assert len(said) >= 9
    assert all(path.stat().st_size for path in said if path.suffix == ".figures")
    assert traces.found(needles, said) == []
    assert not [line for line in _lines(story) if line["level"] in {"error", "critical"}]


def test_a_wallet_is_erased_on_every_machine(story: Story) -> None:
    store = story.many._swift.client()
    before = {found.object_name for found in store.list_objects(story.many.bucket, recursive=True)}
    assert before
    story.be.post("/api/account/erase", json={"password": PASSWORD}).raise_for_status()
    wait_until(lambda: not list(store.list_objects(story.many.bucket, recursive=True)), 60)
    for server in _directly(story.many):
        assert server.post("/api/session", json={"login": PEOPLE[0], "password": PASSWORD}).status_code == 401


class Asking:
    """Somebody who asks all the time, on connections of their own, and counts what came back."""

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._over = client, threading.Event()
        self.count = self.lost = 0
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self._thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.05):
            self.count += 1
            try:
                answer = self._client.get("/api/documents")
                self.lost += answer.status_code != 200
            except httpx.TransportError:
                self.lost += 1


def _directly(many: Topology) -> list[httpx.Client]:
    """Past the proxy, as it reaches them itself."""
    clients = [httpx.Client(base_url=f"http://127.0.0.1:{many.ports[name]}", timeout=30) for name in SERVERS]
    many._clients.extend(clients)
    return clients


def _lines(story: Story) -> list[dict[str, Any]]:
    return [line for name in (*SERVERS, *WORKERS) for line in story.many.processes[name].said()]
