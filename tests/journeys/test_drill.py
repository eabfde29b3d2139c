"""The drill: a vault in full use is backed up, its machine is lost, and an empty one reads every paper again."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from storage.s3 import S3Blobs
from tests import needs
from tests.journeys import people, sheets
from tests.journeys.people import AgencySystem
from tests.journeys.processes import wait_until
from tests.postgres import PostgresServer
from tests.servers import Server, free_port, until_read
from tests.swift.servers import Swift

CITIZENS = ("an", "binh")
KILLS = 2
PAUSE_S = 0.5
"""Between two rounds of work: on a slow machine there would be ever more to read back."""
NOISE = 150_000
"""Bytes that make a paper large enough to be killed in the middle of."""


@dataclass
class Wallet:
    """A citizen at the vault, and everything that they were ever told is kept: document's id → bytes."""

    login: str
    client: httpx.Client
    kept: dict[str, bytes] = field(default_factory=dict)

    def put_in(self, number: int) -> str:
        text = sheets.born_digital([f"Giay to so {number} cua {self.login}", "khong duoc mat bao gio"])
        noise = random.Random(f"{self.login} {number}").randbytes(NOISE).replace(b"\n", b" ").replace(b"\r", b" ")  # noqa: S311
        data = text.replace(b"\n%%EOF", b"\n%" + noise + b"\n%%EOF")
        answer = self.client.post("/api/documents", files={"file": (f"{number}.pdf", data)})
        assert answer.status_code == 201, answer.text
        self.kept[answer.json()["id"]] = data
        return str(answer.json()["id"])

    def destroy(self, document_id: str) -> None:
        self.client.delete(f"/api/documents/{document_id}").raise_for_status()
        self.client.delete(f"/api/documents/{document_id}", params={"destroy": "now"}).raise_for_status()

    def share(self, agency: AgencySystem, document_id: str) -> dict[str, Any]:
        version = self.client.get(f"/api/documents/{document_id}").raise_for_status().json()["version"]["id"]
        body = {"agency_id": agency.id, "versions": [version], "purpose": "Đăng ký kết hôn"}
        made = self.client.post("/api/grants", json=body)
        assert made.status_code == 201, made.text
        return {"version": version, **made.json()}


class Work:
    """What people go on doing while the backup runs: putting in, destroying, sharing, withdrawing."""

    def __init__(self, wallets: list[Wallet], agency: AgencySystem, officer: httpx.Client) -> None:
        self._wallets, self._agency, self._officer = wallets, agency, officer
        self._over, self._failed = Event(), list[BaseException]()
        self.rounds = 0
        self._thread = Thread(target=self._run, name="work")

    def __enter__(self) -> "Work":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        assert self._failed == []

    def _run(self) -> None:
        try:
            while not self._over.wait(PAUSE_S):
                self._round(self._wallets[self.rounds % len(self._wallets)])
                self.rounds += 1
        except BaseException as error:
            self._failed.append(error)

    def _round(self, wallet: Wallet) -> None:
        first, second = (wallet.put_in(1000 + 2 * self.rounds + n) for n in range(2))
        made = wallet.share(self._agency, first)
        self._officer.post("/agency/grants/redeem", json={"link": made["link"]}).raise_for_status()
        if self.rounds % 2:
            wallet.client.post(f"/api/grants/{made['id']}/revoke").raise_for_status()
        wallet.destroy(second)


@dataclass(frozen=True)
class Machine:
    """Where a vault runs: its data folder, and settings of the server beside it."""

    data: Path
    port: int
    settings: dict[str, Any]
    blobs: Callable[[], int]

    def server(self) -> Server:
        """At the address of the vault, which moves from one machine to the next."""
        server = Server(self.data, **self.settings)
        server.port, server.url = self.port, f"http://127.0.0.1:{self.port}"
        return server

    def give_keys_of(self, other: "Machine") -> None:
        """All that was saved apart from the backup."""
        self.data.mkdir(mode=0o700)
        for name in ("root.key", "worker.key"):
            shutil.copy(other.data / name, self.data)


@pytest.fixture
def machines(tmp_path: Path, swift: Swift) -> Iterator[list[Machine]]:
    """SQLite and files are lost, PostgreSQL and an object store take their place, and the other way round."""
    port, bucket = free_port(), swift.bucket()
    there = S3Blobs(swift.place(bucket))
    lost, following, third = (tmp_path / name for name in ("lost", "next", "third"))
    with PostgresServer() as postgres:
        postgres.create("docvault")
        scaled = {**swift.settings(bucket), "database_url": postgres.url("docvault")}
        yield [
            Machine(lost, port, {}, files(lost)),
            Machine(following, port, scaled, lambda: sum(1 for _ in there.list())),
            Machine(third, port, {}, files(third)),
        ]


def test_a_lost_vault_is_restored_twice_over_and_every_paper_reads(machines: list[Machine], tmp_path: Path) -> None:
    needs.need_tesseract()
    lost, following, third = machines
    to, chance = tmp_path / "backups", random.Random(21)  # noqa: S311 - the same moments each time
    with lost.server() as server:
        agency = people.open_agency(server, tmp_path)
        officer = server.signed_in(people.OFFICER)
        wallets = [Wallet(login, server.citizen(login)) for login in CITIZENS]
        for wallet in wallets:
            for number in range(4):
                wallet.put_in(number)
            until_read(wallet.client, next(iter(wallet.kept)))
        withdrawn = wallets[0].share(agency, next(iter(wallets[0].kept)))
        officer.post("/agency/grants/redeem", json={"link": withdrawn["link"]}).raise_for_status()
        wallets[0].client.post(f"/api/grants/{withdrawn['id']}/revoke").raise_for_status()
        unused = wallets[0].share(agency, next(iter(wallets[0].kept)))
        session = wallets[0].client.cookies["docvault"]
        with Work(wallets, agency, officer) as work:
            for _ in range(KILLS):
                kill_when(server, ["backup", "--rate", "2", str(to)], more(files(to), chance.randint(1, 20)))
            kill_when(server, ["backup", str(to)], later(chance.uniform(0.5, 3)))
            people.run(server, "backup", str(to))
            wait_until(lambda: work.rounds > 0)
        kept = {wallet.login: wallet.kept for wallet in wallets}
    assert not snapshot(to).keys() & {"signin", "job", "accesstoken"}
    assert "is whole" in people.run(server, "backup", "check", str(to))

    following.give_keys_of(lost)
    restored = following.server()
    for _ in range(KILLS):
        kill_when(restored, ["restore", str(to)], more(following.blobs, chance.randint(1, 20)))
    kill_when(restored, ["restore", str(to)], later(chance.uniform(0.5, 3)))
    told = people.run(restored, "restore", str(to))
    assert "open to the last byte" in told and "BAD" not in told
    with restored:
        named = everything_reads(restored, snapshot(to), kept)
        assert named >= 8, "all that was there before the backup began"
        read_there = [restored.signed_in(login) for login in kept]
        wait_until(lambda: reads(read_there) >= min(named, done(snapshot(to)) + 1), within_s=60, every_s=0.5)
        there = AgencySystem(restored, agency.id, agency.key, restored.client())
        grants_stand(restored, there, snapshot(to))
        old = restored.client()
        old.cookies["docvault"] = session
        assert old.get("/api/documents").status_code == 401, "no session lives on"
        assert there.redeem(unused["link"]).status_code not in {200, 401}, "no link lives on"
        assert not (following.data / "docvault.db").exists() and not (following.data / "blobs").exists()
        again = tmp_path / "again"
        people.run(restored, "backup", str(again))

    third.give_keys_of(lost)
    last = third.server()
    people.run(last, "restore", str(again))
    with last:
        assert everything_reads(last, snapshot(again), kept) >= named


def kill_when(server: Server, arguments: list[str], ready: Callable[[], bool]) -> None:
    """kill -9 in the middle of a command; it may come to its end before, which the next call must stand, too."""
    with server.log.open("ab") as log:
        command = [sys.executable, "-m", "vault.cli", *arguments]
        process = subprocess.Popen(command, env=server.environment, stdout=log, stderr=log)
    wait_until(lambda: ready() or process.poll() is not None, within_s=60, every_s=0.005)
    process.kill()
    process.wait()


def more(count: Callable[[], int], blobs: int) -> Callable[[], bool]:
    """So many blobs more than now."""
    before = count()
    return lambda: count() >= before + blobs


def later(seconds: float) -> Callable[[], bool]:
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() >= ends


def files(folder: Path) -> Callable[[], int]:
    """How many blobs lie there as files."""
    return lambda: sum(1 for _ in folder.rglob("versions,*"))


def snapshot(to: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the newest backup, by table, read without any code of the vault's."""
    found: dict[str, list[dict[str, Any]]] = {}
    path = max(to.glob("sets/*/manifest.json")).with_name("tables.jsonl")
    for line in map(json.loads, path.read_text().splitlines()[1:-1]):
        if isinstance(line, dict):
            table, columns = found.setdefault(line["table"], []), list(line["columns"])
        else:
            table.append(dict(zip(columns, line, strict=True)))
    return found


def everything_reads(server: Server, rows: dict[str, list[dict[str, Any]]], kept: dict[str, dict[str, bytes]]) -> int:
    """Every version that the backup names, of everybody, by its bytes and its picture. Returns how many."""
    owners = {account["login"]: account["citizen_id"] for account in rows["account"]}
    for login, papers in kept.items():
        client = server.signed_in(login)
        named = {row["document_id"]: row for row in rows["version"] if row["citizen_id"] == owners[login]}
        listed = client.get("/api/documents", params={"limit": 100}).raise_for_status().json()["documents"]
        binned = {row["id"] for row in rows["document"] if row["deleted_at"] is not None}
        assert {one["id"] for one in listed} == named.keys() - binned
        for document_id, version in named.items():
            if document_id not in binned:
                answer = client.get(f"/api/documents/{document_id}/content")
                assert answer.content == papers[document_id]
                if version["state"] == "done":
                    assert client.get(f"/api/documents/{document_id}/pages/1.webp").content[8:12] == b"WEBP"
    return len(rows["version"])


def done(rows: dict[str, list[dict[str, Any]]]) -> int:
    return sum(row["state"] == "done" for row in rows["version"])


def reads(clients: list[httpx.Client]) -> int:
    """How many papers were read by now: those that the backup found unread are read where it was restored."""
    lists = [client.get("/api/documents", params={"limit": 100}).json()["documents"] for client in clients]
    return sum(one["version"]["state"] == "done" for documents in lists for one in documents)


def grants_stand(server: Server, agency: AgencySystem, rows: dict[str, list[dict[str, Any]]]) -> None:
    """What was taken over verifies offline and opens to officers; what was withdrawn does not."""
    officer = server.signed_in(people.OFFICER)
    seen = {one["id"]: one for one in officer.get("/agency/grants").raise_for_status().json()["grants"]}
    versions = {row["id"] for row in rows["version"]}
    standing = 0
    for grant in rows["grant"]:
        items = [item["version_id"] for item in rows["grantitem"] if item["grant_id"] == grant["id"]]
        answer = officer.get(f"/agency/grants/{grant['id']}/documents/{items[0]}")
        if grant["redeemed_at"] is None or grant["revoked_at"] is not None or items[0] not in versions:
            assert answer.status_code == 404, answer.text
            continue
        standing += 1
        terms = agency.verify(seen[grant["id"]]["grant"])
        assert [item.version for item in terms.items] == items
        assert people.repr_digest(answer) == people.sha256(answer.content) == terms.items[0].sha256
    assert standing > 0
