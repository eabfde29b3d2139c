"""A way to the object store on which things go wrong when told so: what a network does, and a store that is busy.

with Flaky(swift.endpoint) as way:
    way.next("lose", method="PUT")      # the next PUT reaches the store, its answer reaches nobody
"""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

XML = '<?xml version="1.0"?><Error><Code>{}</Code><Message>What a store says</Message></Error>'
ANSWERS = {
    "busy": (503, XML.format("SlowDown").encode()),
    "failed": (200, XML.format("InternalError").encode()),
    "full": (507, XML.format("XMinioStorageFull").encode()),
    "whole": (200, b"0123456789"),
}


@dataclass
class Flaky:
    """Passes requests on to `endpoint`, from threads of its own, and counts them."""

    endpoint: str
    seen: list[str] = field(default_factory=list)
    """Method and path of every request, in order."""
    _orders: list[tuple[str, str]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def next(self, what: str, method: str, times: int = 1) -> None:
        """For the next requests of that method: `busy`, `failed`, `full` and `whole` answer so and do nothing, `lose`
        does the work and breaks off, `halve` gives half the body of the answer."""
        self._orders += [(method, what)] * times

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                flaky.pass_on(self)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        with self._lock:
            self.seen.append(f"{request.command} {request.path}")
            what = self._order(request.command)
        if what in ANSWERS:
            status, content = ANSWERS[what]
            return answer(request, status, {"Content-Type": "application/xml"}, content)
        status, told, content = self._ask(request.command, request.path, body, dict(request.headers.items()))
        if what == "lose":
            request.close_connection = True
            return None
        if what == "halve":
            return answer(request, status, told, content, sent=len(content) // 2)
        return answer(request, status, told, content)

    def _order(self, method: str) -> str:
        for index, (wanted, what) in enumerate(self._orders):
            if wanted == method:
                del self._orders[index]
                return what
        return ""

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request(method, path, body, dict(headers))
            given = connection.getresponse()
            return given.status, dict(given.getheaders()), given.read()
        finally:
            connection.close()


def answer(
    request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], content: bytes, sent: int | None = None
) -> None:
    request.send_response(status)
    hop = {"connection", "transfer-encoding", "content-length", "date", "server"}
    for name, value in headers.items():
        if name.lower() not in hop:
            request.send_header(name, value)
    length = {name.lower(): value for name, value in headers.items()}.get("content-length", str(len(content)))
    request.send_header("Content-Length", length)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content[:sent])
    if sent is not None:
        request.close_connection = True
