"""Two hundred times kill -9 at a random moment of random work: what was acknowledged is there, and nothing else.

The rounds are cut into parts by seed and kind of database, so that they run side by side.
"""

import binascii
import io
import random
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import needs
from tests.databases import Databases
from tests.journeys import people
from tests.servers import Server

SEEDS, ROUNDS = range(4), 25
"""On each of two databases: 200 rounds."""
LEASE_S = 3
FEWEST, MOST = 4, 10
"""Papers in the wallet between which the work moves."""
LARGEST = 400_000
PART = 60_000
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream"}


def picture(chance: random.Random) -> bytes:
    """A tiny PNG, quickly read, that carries up to `LARGEST` bytes of noise."""
    image = io.BytesIO()
    Image.frombytes("RGB", (16, 16), chance.randbytes(16 * 16 * 3)).save(image, "PNG")
    noise = b"noIs" + chance.randbytes(chance.randrange(LARGEST))
    piece = struct.pack(">I", len(noise) - 4) + noise + struct.pack(">I", binascii.crc32(noise))
    data = image.getvalue()
    return data[:-12] + piece + data[-12:]


@dataclass
class Wallet:
    """What its owner was told. `unsure` is what was asked for last, of which no answer came."""

    papers: dict[str, list[bytes]] = field(default_factory=dict)
    """By id, the versions; the newest last."""
    binned: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    uploads: dict[str, bytes] = field(default_factory=dict)
    unsure: bytes | None = None
    touched: str | None = None


class Work:
    """A citizen at work with one client; each step is one thing that people do. Ends with the server."""

    def __init__(self, client: httpx.Client, wallet: Wallet, agency_id: str, chance: random.Random) -> None:
        self._client, self._wallet, self._agency, self._chance = client, wallet, agency_id, chance
        self.errors: list[str] = []

    def run(self) -> None:
        try:
            while True:
                self._step()
        except httpx.TransportError:
            return
        except Exception as error:
            self.errors.append(repr(error))

    def _step(self) -> None:
        wallet, steps = self._wallet, list[Callable[[], None]]()
        if len(wallet.papers) < MOST:
            steps += [self._upload, self._upload_in_parts]
        if wallet.papers.keys() - wallet.binned:
            steps += [self._renew, self._share]
        if len(wallet.papers) > FEWEST:
            steps += [self._bin, self._destroy]
        self._chance.choice(steps)()

    def _ask(self, method: str, path: str, status: int, **more: Any) -> httpx.Response:
        answer = self._client.request(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer

    def _one(self) -> str:
        return self._chance.choice(sorted(self._wallet.papers.keys() - self._wallet.binned))

    def _upload(self) -> None:
        data = self._wallet.unsure = picture(self._chance)
        answer = self._ask("POST", "/api/documents", 201, files={"file": ("giay.png", data)})
        self._wallet.papers[answer.json()["id"]] = [data]
        self._wallet.unsure = None

    def _renew(self) -> None:
        self._wallet.touched, data = self._one(), picture(self._chance)
        self._wallet.unsure = data
        path = f"/api/documents/{self._wallet.touched}/versions"
        self._ask("POST", path, 201, files={"file": ("giay.png", data)})
        self._wallet.papers[self._wallet.touched].append(data)
        self._wallet.touched = self._wallet.unsure = None

    def _upload_in_parts(self) -> None:
        """Goes on with one that a crash interrupted, or begins another."""
        wallet = self._wallet
        if not wallet.uploads:
            data = picture(self._chance)
            about = f"filename {b64encode(b'giay.png').decode()}"
            headers = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": about}
            wallet.uploads[self._ask("POST", "/api/uploads", 201, headers=headers).headers["Location"]] = data
        place, data = next(iter(wallet.uploads.items()))
        wallet.unsure = data
        answer = self._ask("HEAD", place, 200, headers=TUS)
        while (offset := int(answer.headers["Upload-Offset"])) < len(data):
            headers = STREAM | {"Upload-Offset": str(offset)}
            answer = self._ask("PATCH", place, 204, headers=headers, content=data[offset : offset + PART])
        wallet.papers[answer.headers["Docvault-Document"].rpartition("/")[2]] = [wallet.uploads.pop(place)]
        wallet.unsure = None

    def _share(self) -> None:
        version = self._ask("GET", f"/api/documents/{self._one()}", 200).json()["version"]["id"]
        body = {"agency_id": self._agency, "versions": [version], "purpose": "Đăng ký kết hôn"}
        self._wallet.grants.add(self._ask("POST", "/api/grants", 201, json=body).json()["id"])

    def _bin(self) -> None:
        if self._wallet.papers.keys() - self._wallet.binned:
            self._wallet.touched = self._one()
            self._ask("DELETE", f"/api/documents/{self._wallet.touched}", 204)
            self._wallet.binned.add(self._wallet.touched)
            self._wallet.touched = None

    def _destroy(self) -> None:
        if self._wallet.binned:
            self._wallet.touched = self._chance.choice(sorted(self._wallet.binned))
            self._ask("DELETE", f"/api/documents/{self._wallet.touched}", 204, params={"destroy": "now"})
            self._wallet.binned.discard(self._wallet.touched)
            del self._wallet.papers[self._wallet.touched]
            self._wallet.touched = None


@pytest.fixture
def server(tmp_path: Path, databases: Databases) -> Iterator[Server]:
    needs.need_tesseract()
    with Server(tmp_path / "data", databases=databases, lease_s=LEASE_S, slowdown_max_s=1) as server:
        yield server


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_lost_whenever_the_server_dies(server: Server, tmp_path: Path, seed: int) -> None:
    chance, wallet = random.Random(seed), Wallet()  # noqa: S311 - the same work each time
    agency_id = people.open_agency(server, tmp_path).id
    session = server.citizen().cookies["docvault"]
    for _ in range(ROUNDS):
        client = server.client()
        client.cookies["docvault"] = session
        look(client, wallet)
        work = Work(client, wallet, agency_id, chance)
        thread = threading.Thread(target=work.run)
        thread.start()
        time.sleep(chance.uniform(0.02, 1.0))
        server.kill()
        thread.join(60)
        assert not thread.is_alive() and work.errors == []
        sound(server)
        server.start()
    client = server.client()
    client.cookies["docvault"] = session
    look(client, wallet)
    server.stop()
    sound(server, "--sweep", "--grace", "0")
    assert "Nothing is left over" in sound(server, "--grace", "0")


def look(client: httpx.Client, wallet: Wallet) -> None:
    """Every acknowledged paper reads back; of the one step that no answer came to, all is done or nothing."""
    for document_id in listed(client) - wallet.papers.keys():
        assert wallet.unsure is not None, "a paper that nobody sent"
        wallet.papers[document_id] = [wallet.unsure]
        wallet.uploads = {place: data for place, data in wallet.uploads.items() if data != wallet.unsure}
    for document_id in list(wallet.papers):
        look_at(client, wallet, document_id)
    given = {one["id"] for one in client.get("/api/grants", params={"limit": 100}).raise_for_status().json()["grants"]}
    assert given >= wallet.grants
    wallet.unsure = wallet.touched = None


def look_at(client: httpx.Client, wallet: Wallet, document_id: str) -> None:
    answer, touched = client.get(f"/api/documents/{document_id}"), document_id == wallet.touched
    if answer.status_code == 404:
        assert touched and document_id in wallet.binned, "a paper is lost"
        wallet.binned.discard(document_id)
        del wallet.papers[document_id]
        return
    in_bin = answer.raise_for_status().json()["deleted_at"] is not None
    if in_bin:
        assert touched or document_id in wallet.binned, "a paper lies in the bin that nobody put there"
        wallet.binned.add(document_id)
        return
    assert document_id not in wallet.binned, "it came back"
    kept = client.get(f"/api/documents/{document_id}/content").raise_for_status().content
    if kept != wallet.papers[document_id][-1]:
        assert touched and kept == wallet.unsure, "other bytes than were acknowledged"
        wallet.papers[document_id].append(kept)


def listed(client: httpx.Client) -> set[str]:
    answer = client.get("/api/documents", params={"limit": 100}).raise_for_status()
    return {one["id"] for one in answer.json()["documents"]}


def sound(server: Server, *arguments: str) -> str:
    done = server.run("doctor", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)
