"""The many machines of docker-compose.yml as plain processes on this one, from the very same files.

A proxy with a certificate of an authority made for it, two servers, two workers, PostgreSQL with a password, and Swift
in the place of SeaweedFS. The settings are those of the compose file; only places (ports, folders, addresses) differ.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from tests import certificates, needs
from tests.journeys.processes import wait_until
from tests.postgres import PostgresServer
from tests.servers import PASSWORD, free_port
from tests.swift.servers import Swift
from vault.deployment import make_secrets

ROOT = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONFIG = ROOT / "deploy" / "Caddyfile"
SERVERS, WORKERS = ("server-1", "server-2"), ("worker-1", "worker-2")
DATABASE = "docvault"
STARTS_WITHIN_S = 90
STOPS_WITHIN_S = 30
HURRIED = {"lease_s": "6", "drain_s": "6"}
"""Whoever takes a dead worker's job over need not wait for a minute here."""


class Process:
    """One container's command, started as itself."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        return self._process.wait(STOPS_WITHIN_S)

    def said(self) -> list[dict[str, Any]]:
        """Its log, line by line; what is no JSON is left out."""
        lines = []
        for line in self.log.read_text().splitlines():
            with suppress(ValueError):
                lines.append(json.loads(line))
        return [line for line in lines if isinstance(line, dict)]


class Topology:
    """All of them, reached through the proxy at `url`, by whoever trusts its authority."""

    def __init__(self, folder: Path, swift: Swift) -> None:
        needs.need_tesseract()
        needs.need_program("caddy", "caddy")
        self.folder, self._swift = folder, swift
        self._stack, self._clients = ExitStack(), list[httpx.Client]()
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.bucket = ""
        self.ports = {name: free_port() for name in SERVERS}
        self.metrics = {name: free_port() for name in (*SERVERS, *WORKERS)}
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        """In the order of the compose file's `depends_on`."""
        stack.callback(self._stop)
        make_secrets(self.folder / "secrets")
        certificates.make(self.folder)
        self.bucket = self._swift.bucket()
        database = stack.enter_context(PostgresServer())
        self._open_database(database)
        self._settings = self._place(database)
        assert self.run("migrate").returncode == 0
        for name in (*SERVERS, *WORKERS):
            command = COMPOSE["services"][name]["command"]
            self._add(name, [sys.executable, "-m", "vault.cli", *command], self.environment(name))
        self._add("proxy", ["caddy", "run", "--config", str(CONFIG), "--adapter", "caddyfile"], self._proxy())
        wait_until(lambda: all(map(self.is_ready, SERVERS)), STARTS_WITHIN_S)
        wait_until(self._is_served, STARTS_WITHIN_S)

    def _add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.processes[name] = Process(name, command, os.environ | environment, self.folder)
        self.processes[name].start()

    def _stop(self) -> None:
        for client in self._clients:
            client.close()
        for process in self.processes.values():
            if process.lives:
                process.end(signal.SIGKILL)

    def _open_database(self, database: PostgresServer) -> None:
        """The vault's role needs its password, as it does over a network."""
        password = (self.folder / "secrets" / "database" / "password").read_text().strip()
        database.execute(f"ALTER ROLE docvault PASSWORD '{password}'")
        database.create(DATABASE)
        rules = "local all postgres trust\nlocal all docvault scram-sha-256\n"
        (database.folder / "data" / "pg_hba.conf").write_text(rules)
        database.execute("SELECT pg_reload_conf()")

    def _place(self, database: PostgresServer) -> dict[str, str]:
        """What is elsewhere than in the compose file."""
        secrets = {
            "root_key_file": "docvault/root.key",
            "worker_key_file": "docvault/worker.key",
            "database_password_file": "docvault/database-password",
        }
        files = {name: str(self.folder / "secrets" / path) for name, path in secrets.items()}
        store = self._swift.settings(self.bucket)
        places = {"public_url": self.url, "database_url": database.url(DATABASE), "host": "127.0.0.1"}
        return {f"DOCVAULT_{name.upper()}": value for name, value in (places | files | store | HURRIED).items()}

    def environment(self, name: str) -> dict[str, str]:
        """The compose file's settings of a container, at the places of this machine."""
        own = {
            "DOCVAULT_DATA_DIR": str(self.folder / name),
            "DOCVAULT_METRICS_HOST": "127.0.0.1",
            "DOCVAULT_METRICS_PORT": str(self.metrics.get(name, 0)),
            "DOCVAULT_FORWARDED_ALLOW_IPS": "127.0.0.1",
            "DOCVAULT_PORT": str(self.ports.get(name, 0)),
        }
        return COMPOSE["services"][name]["environment"] | self._settings | own

    def _proxy(self) -> dict[str, str]:
        own = {
            "PROXY_UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in self.ports.values()),
            "PROXY_CERTIFICATE": str(self.folder / "certificate.pem"),
            "PROXY_CERTIFICATE_KEY": str(self.folder / "key.pem"),
            "PROXY_HTTPS_PORT": str(self.port),
            "PROXY_HTTP_PORT": str(free_port()),
            "PROXY_ALIVE_PORT": str(free_port()),
            "HOME": str(self.folder),
        }
        return COMPOSE["services"]["proxy"]["environment"] | own

    def _is_served(self) -> bool:
        with suppress(httpx.TransportError):
            return self.client().get("/sign-in").status_code == 200
        return False

    def is_ready(self, name: str) -> bool:
        """As the proxy and the engine see it."""
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=10).status_code == 200
        return False

    def figures(self, name: str) -> str:
        return httpx.get(f"http://127.0.0.1:{self.metrics[name]}/metrics", timeout=30).raise_for_status().text

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "authority.pem")

    def client(self) -> httpx.Client:
        """Through the proxy; closed with everything else."""
        language = {"Accept-Language": "en"}
        client = httpx.Client(base_url=self.url, verify=self.trust(), timeout=60, headers=language)
        self._clients.append(client)
        return client

    def citizen(self, login: str) -> httpx.Client:
        client, body = self.client(), {"login": login, "password": PASSWORD}
        client.post("/api/accounts", json=body).raise_for_status()
        client.post("/api/session", json=body).raise_for_status()
        return client

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command of the operator's, in a container of its own."""
        command = [sys.executable, "-m", "vault.cli", *arguments]
        given = {"env": os.environ | self.environment("setup"), "input": stdin, "timeout": 120}
        return subprocess.run(command, capture_output=True, text=True, **given)  # type: ignore[call-overload]

    def answered(self, name: str) -> int:
        """Requests that one server answered, by its own log."""
        return sum(line["event"] == "request" for line in self.processes[name].said())
