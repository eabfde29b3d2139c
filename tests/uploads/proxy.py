"""A line that breaks: a TCP proxy that cuts connections after so many bytes, and can be as slow as a bad network."""

import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

PIECE = 16 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, and throws away what was not sent."""


class Proxy:
    """Passes connections on to a port of this machine.

    `bytes_until_cut` is asked for each connection: how many bytes from the client pass before it breaks, None for
    never. `rate` is bytes a second from the client, for each connection.
    """

    def __init__(
        self, port: int, bytes_until_cut: Callable[[], int | None] = lambda: None, rate: float | None = None
    ) -> None:
        self._target, self._bytes_until_cut, self._rate = port, bytes_until_cut, rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.cuts = 0
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def __enter__(self) -> "Proxy":
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=20)
        except OSError:  # it is being started
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        back = Thread(target=self._answers, args=(server, client), daemon=True)
        back.start()
        self._pass_on(client, server, self._bytes_until_cut())
        back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _pass_on(self, client: socket.socket, server: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while data := client.recv(PIECE if left is None else min(PIECE, left)):
                server.sendall(data)
                if self._rate:
                    time.sleep(len(data) / self._rate)
                if left is not None and (left := left - len(data)) <= 0:
                    self._cut(client, server)
                    return
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _cut(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self.cuts += 1
        for end in (client, server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RDWR)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(PIECE):
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
