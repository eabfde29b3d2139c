"""Putting a very large paper in, in parts and whole: its speed beside another server, and what memory it takes.

Run from the repository's root: `python -m bench.upload`. Prints JSON lines {name, value, unit, versus}.

`upload.vs_tus_server`: 1 GiB by tus over loopback, sent by tus-js-client with its defaults, to this vault (hashed,
sealed, durable, looked over, in the wallet) and to `@tus/server` with its file store (as it is, unflushed), in turn.

All papers are PDFs of uncompressed noise, so nothing gets smaller on the way. The largest is a page with a drawing
attached to it: looking over a gibibyte of pictures measures pdfium, which reads each of them twice. Reading
is left out: it happens in processes of its own, after the upload has been answered.
"""

import http.client
import json
import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.servers import Server
from tests.uploads.big import BigPaper, Drawing, noise
from tests.uploads.programs import TusJs, tus_server

MIB = 1024 * 1024
SMALL, LARGE, HUGE = 10 * MIB, 500 * MIB, 1024 * MIB
ROUNDS = 6
ASKED_GROWTH_MIB = 64
KEEP = {"filename": "big.pdf", "duplicate": "keep"}
BOUNDARY = "a-boundary-that-no-paper-holds"


def main() -> None:
    pages = noise()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        data = Path(folder) / "data"
        with Server(data, embedded_worker=False, max_upload_bytes=2 * HUGE) as server, TusJs() as client:
            citizen = server.citizen()
            in_parts(server, citizen, client, Path(folder), pages)
            whole(server, citizen.cookies["docvault"], data, pages)


def in_parts(server: Server, citizen: httpx.Client, client: TusJs, folder: Path, pages: bytes) -> None:
    """By tus: memory first, then the speed of both servers in turn."""
    small = BigPaper(SMALL, pages).write(folder / "small.pdf")
    huge = Drawing(HUGE, pages).write(folder / "huge.pdf")
    send(server, citizen, client, small)  # what only the first upload loads is no growth
    forget_peak(server)
    send(server, citizen, client, small)
    before = peak_mib(server)
    forget_peak(server)
    send(server, citizen, client, huge)
    growth = peak_mib(server) - before
    emit("upload.rss_growth_mib", growth, "MiB", f"peak {before:.0f} MiB after 10 MiB; asked <= {ASKED_GROWTH_MIB}")
    ours, theirs = [], []
    with tus_server(folder / "theirs", 2 * HUGE) as address:
        for number in range(2 * ROUNDS):
            if number % 4 in {0, 3}:  # theirs, ours, ours, theirs: neither is always the first
                theirs.append(seconds(client.send(huge, f"{address}/api/uploads")))
                shutil.rmtree(folder / "theirs")
                (folder / "theirs").mkdir()
            else:
                ours.append(send(server, citizen, client, huge))
    rates = [HUGE / MIB / statistics.median(each) for each in (ours, theirs)]
    versus = f"{rates[0]:.0f} MiB/s; @tus/server with its file store {rates[1]:.0f} MiB/s; asked >= 1.0"
    emit("upload.vs_tus_server", rates[0] / rates[1], "ratio", versus)


def send(server: Server, citizen: httpx.Client, client: TusJs, path: Path) -> float:
    """Seconds until the paper was in the wallet; it is taken out again."""
    headers = {"Cookie": f"docvault={citizen.cookies['docvault']}"}
    said = client.send(path, f"{server.url}/api/uploads", headers=headers, metadata=KEEP)
    taken = seconds(said)
    citizen.delete(said["document"]).raise_for_status()
    citizen.delete(said["document"], params={"destroy": "now"}).raise_for_status()
    return taken


def seconds(said: dict[str, Any]) -> float:
    """Of an upload that went well."""
    assert said.get("done"), said
    return float(said["seconds"])


def whole(server: Server, session: str, data: Path, pages: bytes) -> None:
    """As one multipart body."""
    upload(server, session, BigPaper(MIB, pages))
    small, _ = measured(server, session, BigPaper(SMALL, pages))
    large = BigPaper(LARGE, pages)
    peak, lasted = measured(server, session, large)
    written = plain_write(data / "plain", large)
    report(peak - small, small, large.length / MIB / lasted, large.length / MIB / written)


def measured(server: Server, session: str, paper: BigPaper) -> tuple[float, float]:
    """MiB of the server at its largest during one upload, and seconds until that was acknowledged."""
    forget_peak(server)
    lasted = upload(server, session, paper)
    return peak_mib(server), lasted


def report(growth: float, before: float, rate: float, plain: float) -> None:
    """Print the figures of the multipart body."""
    versus = f"peak {before:.0f} MiB after 10 MiB; asked <= {ASKED_GROWTH_MIB}"
    emit("upload.multipart_rss_growth_mib", growth, "MiB", versus)
    emit("upload.mib_per_s", rate, "MiB/s", f"plain write and fsync {plain:.0f} MiB/s")
    emit("upload.vs_plain_write", rate / plain, "ratio", "plain write and fsync of the same bytes to the same disk")


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def upload(server: Server, session: str, paper: BigPaper) -> float:
    """Seconds until the paper was acknowledged: received, sealed, on the disk and looked over."""
    begin = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="big.pdf"\r\n\r\n' % BOUNDARY.encode()
    end = b"\r\n--%s--\r\n" % BOUNDARY.encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(begin) + paper.length + len(end)),
        "Cookie": f"docvault={session}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    start = time.perf_counter()
    connection.request("POST", "/api/documents", _chain(begin, paper, end), headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 201, body
    return time.perf_counter() - start


def plain_write(path: Path, paper: BigPaper) -> float:
    """Seconds to write the same bytes and have them on the disk."""
    start = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for piece in paper.pieces():
            file.write(piece)
        os.fsync(file.fileno())
    return time.perf_counter() - start


def forget_peak(server: Server) -> None:
    """Without it, the password hash of the sign-in (64 MiB) would hide what the uploads need (proc(5), clear_refs)."""
    assert server.process is not None
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


def peak_mib(server: Server) -> float:
    """The most memory that the server's own process had since (proc(5), VmHWM); its children count for themselves."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found, status
    return int(found[1]) / 1024


def _chain(begin: bytes, paper: BigPaper, end: bytes) -> Iterator[bytes]:
    yield begin
    yield from paper.pieces()
    yield end


if __name__ == "__main__":
    main()
