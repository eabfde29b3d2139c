"""A really running PostgreSQL from the system's packages, for the length of the tests: loopback is not even opened."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests import needs
from tests.journeys.processes import alive, descendants, wait_until

PROGRAMS = "/usr/lib/postgresql"
PREFIX = "docvault-postgres-"
"""Of the names of the clusters' folders."""
UNPRIVILEGED = "postgres"
"""Whom Debian's package runs it as; it refuses to run as root."""
VAULT_ROLE = "docvault"
"""Owner of each vault's database, and nothing more."""
STARTS_WITHIN_S = 60
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What is written survives a kill of the server all the same, though not a cut of the machine's power."""
ALWAYS = (
    "listen_addresses=",
    "max_connections=200",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "log_checkpoints=off",
)


class PostgresServer:
    """One cluster in a temporary folder, reached through a socket in it.

    Used as a context it ends with its folder gone. The kernel ends it, too, when the thread that started it dies.
    """

    def __init__(self, *options: str) -> None:
        self._programs, self._options = _programs(), (*ALWAYS, *(options or FAST))
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.folder.chmod(0o711)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED, UNPRIVILEGED)
        made = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=vi")
        self._run("initdb", f"--pgdata={self._data}", f"--username={UNPRIVILEGED}", "--no-sync", *made)
        self.start()
        self.execute(f"CREATE ROLE {VAULT_ROLE} LOGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Returns once it answers."""
        settings = [word for option in self._options for word in ("-c", option)]
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.folder), *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*_as_somebody("--pdeathsig=QUIT"), *command], stdout=log, stderr=log)
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            running = self._process.poll() is None and time.monotonic() < ends
            assert running, f"PostgreSQL did not come up: {(self.folder / 'log').read_text()[-2000:]}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT breaks off what is under way, SIGQUIT does not even write it down."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(STARTS_WITHIN_S)

    def crash(self) -> None:
        """kill -9 of all its processes at once: with the first one dead, the others would tidy up.

        Returns once all are gone: until then it could not start again.
        """
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)  # so that it begins no more of them
            family = [self._process.pid, *descendants(self._process.pid)]
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(STARTS_WITHIN_S)
            wait_until(lambda: not any(alive(pid) for pid in family))

    def url(self, name: str, role: str = VAULT_ROLE) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql://{role}@/{name}?host={self.folder}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """As the superuser, each outside of a transaction."""
        place = psycopg.conninfo.make_conninfo(host=str(self.folder), user=UNPRIVILEGED, dbname=database)
        with psycopg.connect(place, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self, name: str, template: str = "template1") -> None:
        """Copying files is faster than what CREATE DATABASE does by itself where nothing waits for the disk."""
        self.execute(f"CREATE DATABASE {name} OWNER {VAULT_ROLE} TEMPLATE {template} STRATEGY file_copy")

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_somebody(), str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=STARTS_WITHIN_S)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


def _programs() -> Path:
    """Where the newest version's programs are."""
    found = sorted(Path(PROGRAMS).glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    needs.need(bool(found), "PostgreSQL's programs (package postgresql)")
    return found[-1].parent


def _as_somebody(*more: str) -> Sequence[str]:
    """The start of a command that runs unprivileged, whoever runs the tests."""
    if os.geteuid() != 0:
        return ["setpriv", *more]
    user = pwd.getpwnam(UNPRIVILEGED)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", *more]
