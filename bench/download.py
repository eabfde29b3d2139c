"""Taking a whole paper out over loopback, beside a plain file that the same kind of server gives out unsealed.

Run from the repository's root: `python -m bench.download`. Prints JSON lines {name, value, unit, versus}.

The vault asks who it is, opens every chunk and checks it; starlette's `FileResponse` reads the same bytes from a file.
Same uvicorn, same client, in turns; the best of each counts, since noise only ever slows.
"""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.upload import MIB, emit, upload
from tests.servers import Server, free_port
from tests.uploads.big import BigPaper, noise

SIZE = 256 * MIB
ROUNDS = 7
ASKED = 0.5
PLAIN = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route

async def paper(request):
    return FileResponse(sys.argv[1], media_type="application/pdf")

app = Starlette(routes=[Route("/paper", paper)])
uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_config=None, server_header=False, proxy_headers=False)
"""


def main() -> None:
    paper = BigPaper(SIZE, noise())
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        plain = paper.write(Path(folder) / "plain.pdf")
        with Server(Path(folder) / "data", embedded_worker=False) as server, plain_server(plain) as port:
            client = server.citizen()
            session = client.cookies["docvault"]
            upload(server, session, paper)
            (listed,) = client.get("/api/documents").json()["documents"]
            address, cookie = f"/api/documents/{listed['id']}/content", {"Cookie": f"docvault={session}"}
            sealed, unsealed = 0.0, 0.0
            for _ in range(ROUNDS):
                sealed = max(sealed, rate(server.port, address, cookie, plain.stat().st_size))
                unsealed = max(unsealed, rate(port, "/paper", {}, plain.stat().st_size))
    emit("download.vs_plain", sealed / unsealed, "ratio", f"FileResponse of the same file; asked >= {ASKED}")
    emit("download.mib_per_s", sealed, "MiB/s", f"FileResponse {unsealed:.0f} MiB/s")


@contextmanager
def plain_server(file: Path) -> Iterator[int]:
    """Its port."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", PLAIN, str(file), str(port)]) as process:
        try:
            _wait_until_up(port)
            yield port
        finally:
            process.terminate()


def rate(port: int, address: str, headers: Mapping[str, str], size: int) -> float:
    """MiB a second of one whole download."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    start = time.perf_counter()
    connection.request("GET", address, headers=dict(headers))
    answer, buffer, taken = connection.getresponse(), bytearray(MIB), 0
    assert answer.status == 200, answer.status
    while count := answer.readinto(buffer):
        taken += count
    seconds = time.perf_counter() - start
    connection.close()
    assert taken == size, taken
    return size / MIB / seconds


def _wait_until_up(port: int) -> None:
    for _ in range(200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the plain server did not come up")


if __name__ == "__main__":
    main()
