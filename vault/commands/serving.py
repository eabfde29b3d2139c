"""How the app is run: behind proxies that it believes or not, and ended so that nobody is turned away."""

import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from time import monotonic
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from vault import logs
from vault.commands.bodies import Bodies
from vault.middleware import NAMED, REQUEST_ID, plain_address
from vault.settings import Settings

STOP_S = 10
FREED_KEPT = 16 * 1024 * 1024
"""Bytes that wait for the next allocation instead of going back to the kernel."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


class NamedByProxy:
    """Takes over the id that a trusted proxy gave a request, where it has the form of one; no other."""

    def __init__(self, app: ASGIApp, trusts: Callable[[str], bool]) -> None:
        self._app, self._trusts, self._header = app, trusts, REQUEST_ID.lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            with suppress(ValueError):
                scope["client"] = (str(plain_address(scope["client"][0])), *scope["client"][1:])
        if scope["type"] == "http" and scope.get("client") and self._trusts(scope["client"][0]):
            given = [value.decode("latin-1") for name, value in scope["headers"] if name == self._header]
            if len(given) == 1 and logs.REQUEST_ID.fullmatch(given[0]):
                scope[NAMED] = given[0]
        await self._app(scope, receive, send)


class Server(uvicorn.Server):
    """Says at `/readyz` that it stops as soon as it is told to; on SIGTERM it goes on for `drain_s` seconds more."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None], drain_s: int) -> None:
        super().__init__(config)
        self._stopping, self._drain_s, self._ends = stopping, drain_s, 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        if sig == signal.SIGTERM and self._drain_s and not self._ends:
            self._ends = monotonic() + self._drain_s
            return
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._ends and monotonic() >= self._ends:
            self.should_exit = True
        return await super().on_tick(counter)


def run(app: FastAPI, settings: Settings, listener: socket.socket) -> None:
    """Until it is told to stop (SIGINT, SIGTERM)."""
    _keep_freed_memory()
    trusted = settings.forwarded_allow_ips
    config = uvicorn.Config(
        NamedByProxy(ProxyHeadersMiddleware(app, trusted), trusts=believer(trusted)),  # type: ignore[arg-type]
        http=Bodies,
        ws="none",
        access_log=False,  # the app says its own line, without paths and queries
        log_config=None,
        server_header=False,
        proxy_headers=False,  # done above, where the proxy's own address is still seen
        timeout_graceful_shutdown=STOP_S,
    )
    Server(config, app.state.readiness.stop, settings.drain_s).run(sockets=[listener])


def _keep_freed_memory() -> None:
    """glibc would give each piece of a body back to the kernel, which empties it for the next (mallopt(3))."""
    with suppress(AttributeError):  # another C library
        libc = CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, FREED_KEPT)
        libc.mallopt(_M_TRIM_THRESHOLD, FREED_KEPT)


def believer(trusted: str) -> Callable[[str], bool]:
    """Whether an address is one of those that the setting names: addresses and networks, or `*`."""
    networks = [
        ipaddress.ip_network(one.strip(), strict=False) for one in trusted.split(",") if one.strip() not in {"", "*"}
    ]

    def believes(address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return trusted.strip() == "*" or any(found in network for network in networks)

    return believes
