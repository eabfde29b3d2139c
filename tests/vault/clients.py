"""An HTTP client of the app in this process, without a socket in between."""

import anyio
import httpx
from fastapi import FastAPI


class InProcess(httpx.BaseTransport):
    """Each request runs in an event loop of its own; what the app raises becomes its error answer, as on a server."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return anyio.run(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answer = await self._inner.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def client(app: FastAPI, url: str) -> httpx.Client:
    return httpx.Client(transport=InProcess(app), base_url=url, headers={"Accept-Language": "en"})
