"""A really running OpenStack Swift that speaks S3: proxy, account, container and object server on loopback.

    with Swift(folder) as swift:
        bucket = swift.bucket()
        Server(data, **swift.settings(bucket))

One copy of everything, no cache, no other daemon. It keeps what it holds over `stop` and `start`, also the ports; the
end of the block removes it. Most tests share the fixture `swift` of the session and take a bucket of their own.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

import urllib3
from minio import Minio

from storage.s3client import Place
from tests.needs import need
from tests.servers import free_port

PARTS = Path(__file__).parent / ".venv" / "bin"
REGION = "us-east-1"
ACCESS_KEY = "docvault:papers"
STARTS_WITHIN_S = 60
STOPS_WITHIN_S = 20
KINDS = ("account", "container", "object")

RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for kind, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(2, 1, 0)
    place = {"ip": "127.0.0.1", "port": int(port), "replication_ip": "127.0.0.1", "replication_port": int(port)}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "disk", "meta": "", **place})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{kind}.ring.gz")
"""

SWIFT = """
[swift-hash]
swift_hash_path_suffix = {suffix}
"""

COMMON = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
workers = 0
mount_check = false
fallocate_reserve = {reserve}
conn_timeout = 20
node_timeout = 60
container_update_timeout = 60
log_level = WARNING
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 20
node_timeout = 60
recoverable_node_timeout = 60
error_suppression_interval = 0
[filter:tempauth]
use = egg:swift#tempauth
user_docvault_papers = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:slo]
use = egg:swift#slo
allow_async_delete = false
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
"""

STORE = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


@dataclass(frozen=True)
class Program:
    """One of the four servers: where it listens and what it is told."""

    kind: str
    port: int
    config: Path


class Swift:
    """Starts in a folder of its own; `secret_key` is made anew for each."""

    def __init__(self, folder: Path) -> None:
        need_swift()
        self.folder = attributed(folder)
        self.secret_key = token_hex(16)
        self.reserve = "1%"
        """What the object server leaves free; with "100%" it takes no byte more, from the next start on."""
        self._programs = [Program(kind, free_port(), self.folder / f"{kind}.conf") for kind in ("proxy", *KINDS)]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._suffix = token_hex(8)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._programs[0].port}"

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def client(self) -> Minio:
        """With the store's own keys, and without patience."""
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=urllib3.Retry(0))
        place = self.endpoint.removeprefix("http://")
        return Minio(place, ACCESS_KEY, self.secret_key, secure=False, region=REGION, http_client=pool)

    def bucket(self) -> str:
        """A new, empty one."""
        name = f"papers-{token_hex(6)}"
        self.client().make_bucket(name)
        return name

    def place(self, bucket: str, **more: float) -> Place:
        """How `S3Blobs` gets to the bucket; `more` are timeouts."""
        return Place(self.endpoint, bucket, ACCESS_KEY, self.secret_key, REGION, **more)

    def settings(self, bucket: str) -> dict[str, str]:
        """DOCVAULT_* variables without the prefix, in lower case, with which a vault keeps its papers in the bucket."""
        secrets = {"access_key": ACCESS_KEY, "secret_key": self.secret_key}
        for name, value in secrets.items():
            self._write(self.folder / name, value + "\n")
        files = {f"s3_{name}_file": str(self.folder / name) for name in secrets}
        return {"s3_endpoint": self.endpoint, "s3_bucket": bucket, "s3_region": REGION} | files

    def start(self) -> Self:
        """Ready when it returns."""
        if not (self.folder / "object.ring.gz").exists():
            self._lay_out()
        self._configure()
        environment = os.environ | {"EVENTLET_NO_GREENDNS": "yes"}
        for program in self._programs:
            server = [str(PARTS / f"swift-{program.kind}-server"), str(program.config), "--verbose"]
            with (self.folder / f"{program.kind}.log").open("ab") as log:
                # a test run that is killed leaves no servers behind
                command = ["setpriv", "--pdeathsig", "TERM", *server]
                self._processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Takes it away; what was stored is there again after `start`."""
        self.resume()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOPS_WITHIN_S)
        self._processes.clear()

    def pause(self) -> None:
        """It accepts connections and answers none."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def objects(self) -> list[Path]:
        """The files in which the object server keeps what it holds, for who wants to steal or damage some."""
        return sorted(self.folder.glob("devices/disk/objects/**/*.data"))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            shutil.rmtree(self.folder)

    def _lay_out(self) -> None:
        (self.folder / "devices" / "disk").mkdir(parents=True)
        ports = [str(program.port) for program in self._programs[1:]]
        subprocess.run([str(PARTS / "python"), "-c", RINGS, str(self.folder), *ports], check=True)

    def _configure(self) -> None:
        user = pwd.getpwuid(os.geteuid()).pw_name
        self._write(self.folder / "swift.conf", SWIFT.format(suffix=self._suffix))
        for program in self._programs:
            text = COMMON + (PROXY if program.kind == "proxy" else STORE)
            self._write(
                program.config,
                text.format(
                    folder=self.folder,
                    port=program.port,
                    user=user,
                    kind=program.kind,
                    reserve=self.reserve,
                    secret=self.secret_key,
                ),
            )

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)

    def _wait_until_up(self) -> None:
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends and all(process.poll() is None for process in self._processes):
            with suppress(Exception):
                # The first bucket goes through all of proxy, account and container server.
                self.client().bucket_exists("ready") or self.client().make_bucket("ready")
                return
            time.sleep(0.1)
        raise RuntimeError(f"Swift did not come up: {''.join(self._logs())}")

    def _logs(self) -> Iterator[str]:
        for program in self._programs:
            yield f"\n{program.kind}: " + (self.folder / f"{program.kind}.log").read_text()[-1000:]

    def _signal(self, sent: signal.Signals) -> None:
        for process in self._processes:
            process.send_signal(sent)


def need_swift() -> None:
    need((PARTS / "swift-proxy-server").exists(), "OpenStack Swift in tests/swift/.venv (run: scripts/setup test)")


def attributed(folder: Path) -> Path:
    """The folder itself, or one of the same name where files can have the user attributes that Swift writes."""
    for candidate in (folder, *(Path(base) / f"{folder.name}-{token_hex(4)}" for base in ("/var/tmp", "/dev/shm"))):  # noqa: S108
        candidate.mkdir(parents=True, exist_ok=True)
        if _takes_attributes(candidate):
            return candidate.resolve()
        candidate.rmdir()
    need(False, "a file system with user attributes (ext4, xfs, …) for temporary files; choose one by TMPDIR")
    return folder


def _takes_attributes(folder: Path) -> bool:
    probe = folder / "probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.docvault", b"x")
    except OSError:
        return False
    finally:
        probe.unlink()
    return True
