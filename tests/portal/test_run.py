"""`make run`: vault and portal come up together, know each other, and end together."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import needs
from tests.journeys import processes
from tests.servers import free_port

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "run"
FIRST_START_S, SECOND_START_S, STOP_S = 120, 10, 20


class Run:
    """The script as a person starts it: in a process group of its own, as a terminal does."""

    def __init__(self, data: Path, log: Path, vault: int | None = None, portal: int | None = None) -> None:
        self.vault, self.portal, self._log = vault or free_port(), portal or free_port(), log
        own = {"RUN_WITH": sys.executable, "DOCVAULT_DATA_DIR": str(data), "PORTAL_PORT": str(self.portal)}
        command = [str(SCRIPT), "--port", str(self.vault)]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command, env=os.environ | own, stdout=file, stderr=file, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8")

    def up(self, within_s: float) -> None:
        ends = time.monotonic() + within_s
        while "Portal to try it with" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < ends, self.said
            time.sleep(0.1)

    def ctrl_c(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_S)

    def clear(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def started(data: Path, log: Path, **ports: int) -> Iterator[Run]:
    run = Run(data, log, **ports)
    try:
        yield run
    finally:
        run.clear()


@contextmanager
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a first start has filled."""
    needs.need_tesseract()
    folder = tmp_path_factory.mktemp("run")
    with started(folder / "data", folder / "log") as run:
        run.up(FIRST_START_S)
        assert run.ctrl_c() == 0, run.said
    return folder / "data"


def test_both_come_up_in_seconds_know_each_other_and_end_together_at_ctrl_c(data: Path, tmp_path: Path) -> None:
    with started(data, tmp_path / "log") as run:
        run.up(SECOND_START_S)
        assert f"http://127.0.0.1:{run.vault}" in run.said
        assert run.said.splitlines()[-1].startswith(f"Portal to try it with: http://127.0.0.1:{run.portal}")
        assert httpx.get(f"http://127.0.0.1:{run.portal}/").is_success
        children = processes.descendants(run.process.pid)
        assert len(children) >= 2
        assert run.ctrl_c() == 0
        processes.wait_until(lambda: not any(processes.alive(child) for child in children))
    known = json.loads((data / "portal" / "registration.json").read_text())
    assert known["issuer"] == f"http://127.0.0.1:{run.vault}"


def test_when_one_dies_the_other_ends_too(data: Path, tmp_path: Path) -> None:
    with started(data, tmp_path / "log") as run:
        run.up(SECOND_START_S)
        children = processes.descendants(run.process.pid)
        os.kill(children[0], signal.SIGKILL)
        assert run.process.wait(STOP_S) != 0
        processes.wait_until(lambda: not any(processes.alive(child) for child in children))


@pytest.mark.parametrize("which", ["vault", "portal"])
def test_a_taken_port_is_told_plainly(data: Path, tmp_path: Path, which: str) -> None:
    with taken() as port, started(data, tmp_path / "log", **{which: port}) as run:
        assert run.process.wait(STOP_S) == 1
    assert re.search(rf"cannot listen on 127\.0\.0\.1 port {port}: Address already in use", run.said)
    assert "Traceback" not in run.said
