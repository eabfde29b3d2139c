"""What stands between the socket and the app: whose headers are believed, and how a server ends."""

import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from tests.databases import Databases
from tests.journeys.processes import wait_until
from tests.servers import Server
from vault.commands.serving import NamedByProxy, believer
from vault.middleware import NAMED
from vault.settings import Settings

GIVEN = "9f1c2d3e-0000-4000-8000-abcdefabcdef"


def named(client: str, *ids: str, trusted: str = "10.1.0.0/16,127.0.0.1") -> str | None:
    """The id that the app sees."""
    scope: Scope = {
        "type": "http",
        "client": (client, 1),
        "headers": [(b"x-request-id", given.encode("latin-1")) for given in ids],
    }

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None: ...

    anyio.run(NamedByProxy(app, believer(trusted)), scope, receive, send)
    found = scope.get(NAMED)
    return None if found is None else str(found)


def test_the_id_of_a_trusted_proxy_is_taken_over() -> None:
    assert named("10.1.2.3", GIVEN) == named("127.0.0.1", GIVEN) == named("::ffff:10.1.2.3", GIVEN) == GIVEN
    assert named("192.0.2.1", GIVEN, trusted="*") == GIVEN


@pytest.mark.parametrize(
    ("client", "ids"),
    [
        ("10.2.0.1", [GIVEN]),
        ("::ffff:10.2.0.1", [GIVEN]),
        ("localhost", [GIVEN]),
        ("10.1.0.1", ["short"]),
        (
            "10.1.0.1",
            [GIVEN + '"} {"level":"error'],
        ),
        ("10.1.0.1", ["a" * 65]),
        ("10.1.0.1", ["Nguyễn Văn An".encode().decode("latin-1")]),
        ("10.1.0.1", [GIVEN, GIVEN]),
        ("10.1.0.1", []),
    ],
)
def test_nobody_else_writes_into_the_log(client: str, ids: list[str]) -> None:
    assert named(client, *ids) is None


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError):
        Settings(forwarded_allow_ips="proxy.example")


@pytest.fixture
def draining(tmp_path: Path, databases: Databases) -> Iterator[Server]:
    given = {"drain_s": 3, "embedded_worker": False, "metrics_port": 0}
    with Server(tmp_path / "data", databases=databases, **given) as server:
        yield server


def test_a_server_that_is_told_to_stop_says_so_while_it_still_serves(draining: Server) -> None:
    with draining.client() as client:
        assert client.get("/readyz").status_code == 200
    process = draining.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: httpx.get(f"{draining.url}/readyz").status_code == 503)
    assert httpx.get(f"{draining.url}/readyz").json()["parts"] == ["stopping"]
    assert httpx.get(f"{draining.url}/sign-in").status_code == 200, "whoever is sent here still is served"
    assert process.wait(20) in {0, -signal.SIGTERM}
    assert "Traceback" not in draining.log.read_text()
    assert "Figures for Prometheus on 127.0.0.1" in draining.log.read_text()
