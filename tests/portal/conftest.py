"""The vault with its demo and, beside it, the portal: both really started, as `make run` does."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests import demo, forking
from tests.databases import Databases
from tests.servers import Server, free_port
from vault.demo.seed import CITIZEN

STARTS_WITHIN_S = 30


class PortalProcess:
    """`python -m examples.portal` as a child process on a port and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / "portal.log"
        self._arguments = ("--port", str(self.port), "--folder", str(folder))
        self._process: forking.Process | None = None

    def prepare(self) -> None:
        forking.run("examples.portal", *self._arguments, "--prepare", env=os.environ).check_returncode()

    def browser(self) -> httpx.Client:
        """A browser of somebody's own: its cookies, and where its posts come from."""
        return httpx.Client(base_url=self.url, timeout=30, headers={"Origin": self.url, "Accept-Language": "vi"})

    def __enter__(self) -> Self:
        self._process = forking.start("examples.portal", *self._arguments, env=os.environ, log=self.log)
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends:
            with suppress(httpx.TransportError):
                httpx.get(self.url).raise_for_status()
                return self
            time.sleep(0.1)
        raise RuntimeError(f"the portal did not come up: {self.log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(STARTS_WITHIN_S)


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    """The portal alone: no vault has registered it until `vault` is asked for."""
    portal = PortalProcess(tmp_path_factory.mktemp("portal") / "folder")
    portal.prepare()
    with portal:
        yield portal


@pytest.fixture(scope="package")
def vault(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    data = demo.lay(tmp_path_factory.mktemp("vault") / "data", databases)
    with Server(data, "--demo", "--portal", str(portal.folder), databases=databases) as server:
        yield server


@pytest.fixture
def citizen(vault: Server) -> httpx.Client:
    """The demo's citizen, signed in to the vault."""
    return vault.signed_in(CITIZEN.login, CITIZEN.password)


@pytest.fixture
def browser(portal: PortalProcess) -> Iterator[httpx.Client]:
    """The same citizen's browser at the portal."""
    with portal.browser() as browser:
        yield browser
