"""A server that somebody hostile runs where a store should be: it answers each request as the test says, byte by byte.

with Hostile(lambda request: [answer(200, b"x"), 0.5, b"more"]) as store:
    S3Blobs(store.place())
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedReader
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self

from storage.s3client import Place

RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger: on, 0 s

PIECE = 256 * 1024


@dataclass(frozen=True)
class Request:
    """What arrived: the head as it was sent, and the body unless the answer began before."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def method(self) -> str:
        return self.line.partition(" ")[0]


Part = bytes | float
"""Bytes to send, or seconds to wait. Before the first pause or the end nothing is closed; `RESET` breaks off hard."""
Behaviour = Callable[[Request], Iterable[Part]]


def answer(status: int, body: bytes = b"", kind: str = "application/xml", **headers: str) -> bytes:
    """A whole answer; names of headers with `_` for `-`."""
    about = {"Content-Type": kind, "Content-Length": str(len(body))}
    about |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in about.items())
    return f"HTTP/1.1 {status} So\r\n{head}\r\n".encode() + body


@dataclass
class Hostile:
    """Listens on this machine, a thread for each connection, each of which takes one request."""

    behave: Behaviour
    takes: int | None = None
    """So many bytes of a body are read, the rest never; None: all."""
    pause_s: float = 0
    """After each 256 KiB of a body."""
    tls: ssl.SSLContext | None = None
    """Speaks TLS with this."""
    seen: list[Request] = field(default_factory=list)
    _over: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        host = "https://localhost" if self.tls else "http://127.0.0.1"
        return f"{host}:{self._server.server_address[1]}"

    def place(self, **limits: float) -> Place:
        return Place(self.address, "papers", "the-id", "the-secret", **{"timeout_s": 1, **limits})  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        hostile = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                tls, plain = hostile.tls, self.request
                with suppress(OSError), tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                    hostile.meet(connection)

        class Server(ThreadingTCPServer):
            """Takes in little beforehand, so that a sender waits for who reads slowly."""

            daemon_threads = True

            def server_bind(self) -> None:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
                super().server_bind()

            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def meet(self, connection: socket.socket) -> None:
        request = self._taken(connection)
        if request is None:
            return
        self.seen.append(request)
        for part in self.behave(request):
            if isinstance(part, float):
                if self._over.wait(part):
                    return
            elif part == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return
            else:
                connection.sendall(part)

    def _taken(self, connection: socket.socket) -> Request | None:
        with connection.makefile("rb") as stream:
            line = stream.readline().decode().strip()
            headers = {}
            while field := stream.readline().decode().strip():
                name, _, value = field.partition(":")
                headers[name.lower()] = value.strip()
            if not line:
                return None
            length = int(headers.get("content-length", 0))
            return Request(line, headers, self._body(stream, length if self.takes is None else min(self.takes, length)))

    def _body(self, stream: BufferedReader, length: int) -> bytes:
        held = bytearray()
        while len(held) < length and (piece := stream.read(min(PIECE, length - len(held)))):
            held += piece
            self._over.wait(self.pause_s)
        return bytes(held)
