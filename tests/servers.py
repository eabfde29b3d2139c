"""A really started Docvault: the command as a person runs it, on a port of its own, with a data folder of its own."""

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

import httpx

from tests import forking
from tests.databases import Databases
from vault.settings import Settings

STARTS_WITHIN_S = 60
STOPS_WITHIN_S = 20
PASSWORD = "mat-khau-cua-toi"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: servers here speak plain HTTP, and each client would read all certificates of the machine."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """`docvault serve` as a child process. `settings` are DOCVAULT_* variables without the prefix, in lower case.

    Its database is one of those given, the same for each server on one data folder; otherwise SQLite in that folder.
    """

    def __init__(
        self, data: Path, *arguments: str, databases: Databases | None = None, **settings: str | int | bool
    ) -> None:
        self.data, self.port, self.log = data, free_port(), data.parent / f"{data.name}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self._made = databases if databases and not databases.has(data) else None
        where = databases.make(data) if databases else {}
        self._arguments, self._settings = arguments, {**where, **settings}
        self.process: forking.Process | None = None
        self._clients: list[httpx.Client] = []

    @property
    def environment(self) -> Mapping[str, str]:
        own = {"data_dir": str(self.data), "port": str(self.port), "public_url": self.url}
        given = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self._settings.items()
        }
        return os.environ | {f"DOCVAULT_{name.upper()}": value for name, value in (own | given).items()}

    @property
    def here(self) -> Settings:
        """Its settings, for what opens the same vault from this process."""
        own: Mapping[str, Any] = {"data_dir": self.data, "port": self.port, "public_url": self.url}
        return Settings(**{**own, **self._settings})

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("the server was never started")
        return self.process.pid

    def start(self) -> Self:
        self.process = forking.start("vault.cli", "serve", *self._arguments, env=self.environment, log=self.log)
        self._wait_until_up()
        return self

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Another `docvault` command on the same data."""
        return forking.run("vault.cli", *arguments, env=self.environment, stdin=stdin)

    def stop(self) -> int:
        """As Ctrl-C; returns the exit code."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def client(self) -> httpx.Client:
        """Closed with the server at the latest."""
        language = {"Accept-Language": "en"}
        self._clients.append(httpx.Client(base_url=self.url, timeout=60, headers=language, verify=NO_TLS))
        return self._clients[-1]

    def citizen(self, login: str = "an") -> httpx.Client:
        """A client with a fresh citizen's session."""
        client = self.client()
        body = {"login": login, "password": PASSWORD}
        client.post("/api/accounts", json=body).raise_for_status()
        client.post("/api/session", json=body).raise_for_status()
        return client

    def signed_in(self, login: str, password: str = PASSWORD) -> httpx.Client:
        client = self.client()
        client.post("/api/session", json={"login": login, "password": password}).raise_for_status()
        return client

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.stop()
        if self._made is not None:
            self._made.drop(self.data)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            raise RuntimeError("the server was never started")
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        return self.process.wait(STOPS_WITHIN_S)

    def _wait_until_up(self) -> None:
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends:
            if self.process is None or self.process.poll() is not None:
                break
            with suppress(OSError), urlopen(f"{self.url}/.well-known/jwks.json", timeout=5):  # noqa: S310 - http
                return
            time.sleep(0.01)
        raise RuntimeError(f"the server did not come up: {self.log.read_text()[-2000:]}")


def until_read(client: httpx.Client, document_id: str, within_s: float = 120) -> dict[str, Any]:
    """The document once its reading is done or has failed."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        document: dict[str, Any] = client.get(f"/api/documents/{document_id}").raise_for_status().json()
        if document["version"]["state"] in {"done", "failed"}:
            return document
        time.sleep(0.2)
    raise AssertionError("the paper was not read in time")
