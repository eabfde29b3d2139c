"""Programs of ours without the second that a fresh interpreter takes to import them: forks of one that has.

`python -m tests.forking` imports what they need, then forks for each request: a watcher, which tells the pid and in the
end the exit code, and its child, which becomes the program as `python -m MODULE ARGUMENTS` would run it. All of them
end with the process that asked.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Any, NoReturn

import httpx

from ocr.confine import end_with_parent

ROOT = Path(__file__).parent.parent
NEEDED = ("uvicorn", "uvicorn.lifespan.on", "vault.app", "vault.commands.care", "vault.doctor", "vault.worker")
NEEDED_TOO = ("examples.portal.app", "psycopg", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite")
MESSAGE_MOST = 200_000
ENDS_WITHIN_S = 20


class Process:
    """A running program: what tests use of `subprocess.Popen`, under the same names."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str], files: Sequence[FileIO]) -> None:
        """`files` are its standard input, output and error."""
        asked = json.dumps({"module": module, "arguments": arguments, "env": dict(env), "folder": str(Path.cwd())})
        self._told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            _forker().ask(asked.encode(), [*(file.fileno() for file in files), theirs.fileno()])
        self.args, self.returncode = (module, *arguments), None
        self.pid = int(self._heard())

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode: int | None = int(self._heard() or -signal.SIGKILL)
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._told.close()
        return self.returncode

    def send_signal(self, how: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        self._told.close()

    def _heard(self) -> str:
        return self._told.recv(100).decode()


def start(module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Process:
    """The program in the background; what it says goes to the end of `log`."""
    with Path(os.devnull).open("rb", 0) as nothing, log.open("ab", 0) as words:
        return Process(module, *arguments, env=env, files=(nothing, words, words))


def run(module: str, *arguments: str, env: Mapping[str, str], stdin: str = "", timeout: float = 120) -> Any:
    """The program to its end, as `subprocess.run` with text."""
    with _memory(stdin) as given, _memory() as said, _memory() as complained:
        code = Process(module, *arguments, env=env, files=(given, said, complained)).wait(timeout)
        command = (module, *arguments)
        return subprocess.CompletedProcess(command, code, _text(said), _text(complained))


def _memory(text: str = "") -> FileIO:
    file = FileIO(os.memfd_create("docvault-test", 0), "r+")
    file.write(text.encode())
    file.seek(0)
    return file


def _text(file: FileIO) -> str:
    file.seek(0)
    return file.readall().decode()


class _Forker:
    """This end of the process that forks."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_MOST)
        command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        self._lock = threading.Lock()
        atexit.register(self.end)

    def ask(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._control, [message], descriptors)

    def end(self) -> None:
        self._control.close()
        self._process.wait(ENDS_WITHIN_S)


@cache
def _forker() -> _Forker:
    return _Forker()


# The process that forks


def serve(control: socket.socket) -> None:
    """Until the other end is closed. One thread, so that a fork takes everything along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the programs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # watchers are nobody's to wait for
    for name in (*NEEDED, *NEEDED_TOO):
        importlib.import_module(name)
    _warm_up()
    assert threading.active_count() == 1
    gc.freeze()
    while True:
        message, descriptors, *_ = socket.recv_fds(control, MESSAGE_MOST, 4)
        if not message:
            return
        if os.fork() == 0:
            end_with_parent()
            control.close()
            _watch(json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _warm_up() -> None:
    """A vault without people, asked once: what a process works out at its first request alone is worked out here."""
    app, firststart, settings = (importlib.import_module(f"vault.{name}") for name in ("app", "firststart", "settings"))
    with tempfile.TemporaryDirectory() as folder:
        made = settings.Settings(data_dir=Path(folder) / "data")
        services = firststart.prepare(made)
        asyncio.run(_ask(app.create_app(made, services)))
        services.db.close()


async def _ask(app: Callable[..., Awaitable[None]]) -> None:
    """For what is not there: every route is looked at."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # its own words for an ASGI app
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        assert (await client.get("/nowhere")).status_code == 404


def _watch(asked: dict[str, Any], descriptors: list[int]) -> None:
    """Returns in the child alone, which goes on as the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *files, told = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(told)
        end_with_parent()
        _become(asked, files)
    for descriptor in files:
        os.close(descriptor)
    with socket.socket(fileno=told) as telling, suppress(OSError):  # nobody may listen any more
        telling.send(str(pid).encode())
        telling.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _become(asked: dict[str, Any], files: Sequence[int]) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    sys.argv[1:] = asked["arguments"]
    _leave(_run(asked["module"]))


def _run(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """As an interpreter ends, but for the taking apart of a thousand modules."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
