"""The connections to a store: no answer takes for ever, none is larger than it can be, and none leads elsewhere.

`urllib3` counts the silence between two bytes. A store that sends one byte at a time is never silent, so here each
request also has a pace to keep.
"""

import http.client
import io
import re
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from socket import socket
from time import monotonic
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

SLOWEST = 64 * 1024
"""Bytes a second: each time that so many went or came, the request may take a second more."""
SILENCES = 4
"""A request may take so many times the longest silence, and what its bytes bring."""
ANSWER_MAX = 8 * 1024 * 1024
"""Bytes of an answer beyond the range that was asked for. A thousand names of 1024 letters as `%xx` take 4 MiB."""
PIECE = 256 * 1024
"""Bytes handed over at once, within the longest silence."""

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
_STREAMED = (200, 206)


class Nonsense(ValueError):
    """An answer that no store gives."""


class Wire(urllib3.PoolManager):
    """Nothing is tried again here, no redirect is followed (a signature is for one host), nothing is unpacked."""

    def __init__(self, connect_s: float, silence_s: float, connections: int, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=connect_s, read=silence_s),
            retries=False,
            ssl_context=tls,
        )
        self.pool_classes_by_scheme = {  # all that is asked of them is that they make pools
            "http": _pool(urllib3.HTTPConnectionPool, silence_s),  # type: ignore[dict-item]
            "https": _pool(urllib3.HTTPSConnectionPool, silence_s),  # type: ignore[dict-item]
        }

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> urllib3.BaseHTTPResponse:  # type: ignore[override]
        """As in `urllib3`. Raises `Nonsense` for XML with a document type: its entities could unfold to anything."""
        answer = super().urlopen(method, url, redirect=False, decode_content=False, **kw)
        if (kw.get("preload_content", True) or answer.status not in _STREAMED) and b"<!DOCTYPE" in answer.data:
            raise Nonsense("a document type")
        return answer


class Pace:
    """How long one request may go on, and how much may come of it."""

    def __init__(self, silence_s: float, answer_max: int) -> None:
        self._silence_s, self._room = silence_s, answer_max
        self._ends = monotonic() + SILENCES * silence_s

    def wait_s(self) -> float:
        """Seconds that the next bytes may take. Raises `TimeoutError`."""
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("slower than a store is")
        return min(left, self._silence_s)

    def sent(self, size: int) -> None:
        self._ends += size / SLOWEST

    def came(self, size: int) -> None:
        """Raises `Nonsense` when that is too much."""
        self._ends += size / SLOWEST
        self._room -= size
        if self._room < 0:
            raise Nonsense("an answer without an end")


def answer_max(headers: Mapping[str, str]) -> int:
    """Most bytes that may come back for a request: the range that it asks for, and a head or what a list holds."""
    asked = _RANGE.fullmatch(headers.get("Range", ""))
    return ANSWER_MAX + (int(asked[2]) - int(asked[1]) + 1 if asked else 0)


class _Incoming(io.RawIOBase):
    """The bytes of one answer, as they come from a socket."""

    def __init__(self, inner: io.RawIOBase, sock: socket, pace: Pace) -> None:
        self._inner, self._sock, self._pace = inner, sock, pace

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        self._sock.settimeout(self._pace.wait_s())
        size = self._inner.readinto(into)
        self._pace.came(size or 0)
        return size

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket, *args: Any, pace: Pace, **kw: Any) -> None:
        super().__init__(sock, *args, **kw)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), sock, pace))


class _Paced(HTTPConnection):
    """A connection whose requests keep their pace."""

    def __init__(self, *args: Any, silence_s: float, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._silence_s = silence_s

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **kw: Any) -> None:
        self._pace = Pace(self._silence_s, answer_max(headers or {}))
        self.response_class = partial(_Answer, pace=self._pace)  # type: ignore[assignment]
        super().request(method, url, body, headers, **kw)

    def send(self, data: Any) -> None:
        """Bytes alone. (As it is in `http.client`, all of a body would have to go within one timeout.)"""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        while rest:
            piece, rest = rest[:PIECE], rest[PIECE:]
            self.sock.settimeout(self._pace.wait_s())
            self.sock.sendall(piece)
            self._pace.sent(len(piece))


class _PacedTls(_Paced, HTTPSConnection):
    pass


def _pool(sort: type[urllib3.HTTPConnectionPool], silence_s: float) -> Callable[..., urllib3.HTTPConnectionPool]:
    def opened(*args: Any, **kw: Any) -> urllib3.HTTPConnectionPool:
        pool = sort(*args, **kw)
        connection = _PacedTls if issubclass(sort, urllib3.HTTPSConnectionPool) else _Paced
        pool.ConnectionCls = partial(connection, silence_s=silence_s)  # type: ignore[assignment]
        return pool

    return opened
