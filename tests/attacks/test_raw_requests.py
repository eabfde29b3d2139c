"""Bytes that no client sends: requests hidden in requests, heads without an end, names that are somebody else's."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.servers import Server, free_port
from vault.commands.heads import HEAD_MAX

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: vault\r\n\r\n"
ENDS = b"0\r\n\r\n"
ENDLESS = 24 * 1024 * 1024
"""Bytes that nobody can send; the buffers on the way take a few million."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    given = {
        "embedded_worker": False,
        "log_format": "json",
        "metrics_port": free_port(),
        "forwarded_allow_ips": "192.0.2.9",
    }
    running = Server(tmp_path_factory.mktemp("raw") / "data", **given)
    running.start()
    yield running
    running.stop()


def sent(port: int, content: bytes) -> bytes:
    """What comes back until the server closes, or says no more for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as line:
        line.sendall(content)
        answer = b""
        try:
            while part := line.recv(65536):
                answer += part
        except TimeoutError:
            pass
        return answer


def post(*fields: bytes, body: bytes = ENDS + HIDDEN, version: bytes = b"1.1") -> bytes:
    return (
        b"POST /sign-in HTTP/"
        + version
        + b"\r\nHost: vault\r\n"
        + b"".join(f + b"\r\n" for f in fields)
        + b"\r\n"
        + body
    )


@pytest.mark.parametrize(
    "request_",
    [
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        post(b"transfer-encoding: chunked", b"content-length: 43"),
        post(b"Content-Length: 5", b"Content-Length: 0"),
        post(b"Content-Length: 5, 5"),
        post(b"Content-Length: +5"),
        post(b"Content-Length: -5"),
        post(b"Content-Length: 0x5"),
        post(b"Content-Length : 5"),
        post(b"Content-Length: " + b"9" * 30),
        post(b"Transfer-Encoding : chunked"),
        post(b"Transfer-Encoding: xchunked"),
        post(b"Transfer-Encoding: identity", b"Content-Length: 5"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        post(b"Transfer-Encoding:\r\n chunked"),
        post(b"X: y\r\n Content-Length: 5"),
        post(b"X: y\rContent-Length: 5"),
        post(b"X: y\nContent-Length: 5"),
        post(b"X: y\0"),
        post(b"Transfer-Encoding: chunked", body=b"0x5\r\nhello\r\n" + ENDS + HIDDEN),
        post(b"Transfer-Encoding: chunked", body=b"F" * 17 + b"\r\nhello\r\n" + ENDS + HIDDEN),
        post(b"Transfer-Encoding: chunked", body=b"5\r\nhelloXX" + ENDS + HIDDEN),
        post(b'Transfer-Encoding: chunked', body=b'5;a="\n"\r\nhello\r\n' + ENDS + HIDDEN),
        post(b"Host: elsewhere", b"Content-Length: 0"),
        b"GET /healthz HTTP/1.1\r\n\r\n" + HIDDEN,
        b"GET /healthz HTTP/1.1\nHost: vault\n\n" + HIDDEN,
        b"GET /\x1b[31m HTTP/1.1\r\nHost: vault\r\n\r\n" + HIDDEN,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    ],
)  # fmt: skip
def test_a_request_that_a_proxy_may_read_otherwise_is_refused_with_all_behind_it(
    server: Server, request_: bytes
) -> None:
    answer = sent(server.port, request_)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("to", [b"h2c", b"websocket"])
@pytest.mark.parametrize("body", [b"Content-Length: %d" % len(HIDDEN), b"Transfer-Encoding: chunked"])
def test_a_body_of_a_request_that_would_speak_something_else_is_no_request(
    server: Server, to: bytes, body: bytes
) -> None:
    """Proxies pass `Upgrade` on."""
    asks = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + to, b"HTTP2-Settings: AAMAAABk", body)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(post(*asks, body=b""))
        answer = line.recv(65536)
        with suppress(ConnectionError):
            line.sendall(HIDDEN)
            while part := line.recv(65536):
                answer += part
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1


def test_who_would_like_to_speak_something_else_is_answered_as_ever(server: Server) -> None:
    asks = b"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        for _ in range(2):
            line.sendall(asks)
            answer = b""
            while not answer.endswith(b"}"):
                answer += line.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_body_of_a_request_that_asks_for_none_is_no_request(server: Server) -> None:
    length = f"Content-Length: {len(HIDDEN)}".encode()
    answer = sent(server.port, b"GET /healthz HTTP/1.1\r\nHost: vault\r\n" + length + b"\r\n\r\n" + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nHost: vault\r\nX: ", b"a"),
        (b"GET / HTTP/1.1\r\nHost: vault\r\n", b"X: y\r\n"),
        (post(b"Transfer-Encoding: chunked", body=b"0\r\n"), b"X: y\r\n"),
        (post(b"Transfer-Encoding: chunked", body=b"5;a="), b"a"),
        (b"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", b"a"),
    ],
)
def test_a_head_without_an_end_is_cut_off_before_it_fills_any_memory(
    server: Server, begins: bytes, goes_on: bytes
) -> None:
    piece, taken = goes_on * (HEAD_MAX // len(goes_on)), 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line, pytest.raises(ConnectionError):
        line.sendall(begins)
        while taken < ENDLESS:
            line.sendall(piece)
            taken += len(piece)
    assert taken < ENDLESS


def test_a_head_of_the_largest_size_is_taken_and_one_byte_more_is_not(server: Server) -> None:
    around = len(b"/healthz") + len(b"hostvault") + len(b"x")
    for size, status in ((HEAD_MAX - around, b"200"), (HEAD_MAX - around + 1, b"400")):
        head = b"GET /healthz HTTP/1.1\r\nHost: vault\r\nX: " + b"a" * size + b"\r\n\r\n"
        assert sent(server.port, head).startswith(b"HTTP/1.1 " + status)


def test_nobody_names_himself_another_or_writes_into_the_log(server: Server) -> None:
    """From an address that is no proxy's: what it says of itself reaches neither the log nor the count of failures."""
    marks = {
        "X-Forwarded-For": "203.0.113.77",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=203.0.113.77;host=stolen.example",
        "X-Forwarded-Host": "stolen.example",
        "X-Request-ID": "stolen-request-id",
        "User-Agent": "stolen-agent %0a%1b[31m",
        "Referer": "https://stolen.example/",
    }
    waited = []
    with httpx.Client(base_url=server.url) as client:
        for number in range(25):
            given = marks | {"X-Forwarded-For": f"203.0.113.{number}"}
            form = {"login": f"stolen-name-{number}", "password": "stolen-password"}
            answer = client.post("/api/session", json=form, headers=given)
            waited.append(answer.status_code)
            assert "stolen" not in answer.text + str(answer.headers)
    assert 429 in waited, "another address each time is no way round the limit"
    figures = httpx.get(f"http://127.0.0.1:{server.here.metrics_port}/metrics").text
    log = server.log.read_text()
    for seen in (log, figures):
        assert "stolen" not in seen and "203.0.113" not in seen and "\x1b" not in seen
    assert all(json.loads(line) for line in log.splitlines() if line.startswith("{"))


def test_whatever_is_asked_for_makes_no_new_series(server: Server) -> None:
    def series() -> int:
        return len(httpx.get(f"http://127.0.0.1:{server.here.metrics_port}/metrics").text.splitlines())

    def ask(number: int) -> None:
        for method in ("GET", "PROPFIND", "LINK", "PATCH"):
            sent(
                server.port,
                f"{method} /x{number}?y={number} HTTP/1.1\r\nHost: h{number}\r\nConnection: close\r\n\r\n".encode(),
            )

    ask(0)
    before = series()
    for number in range(1, 10):
        ask(number)
    assert series() == before


def test_figures_are_on_their_own_port_alone(server: Server) -> None:
    assert httpx.get(f"{server.url}/metrics").status_code == 404
    other = f"http://127.0.0.1:{server.here.metrics_port}"
    for path in ("/", "/api/me", "/sign-in", "/metrics/", "/metrics%2f.."):
        assert httpx.get(other + path).status_code == 404
