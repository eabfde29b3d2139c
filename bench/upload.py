"""Putting a very large paper in: the server's memory while it arrives, and the speed beside a plain write to the disk.

Run from the repository's root: `python -m bench.upload`. Prints JSON lines {name, value, unit, versus}.

Both papers are PDFs of uncompressed noise, so nothing gets smaller on the way. Reading is left out: it happens in
processes of its own, after the upload has been answered.
"""

import http.client
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server

MIB = 1024 * 1024
SMALL, LARGE = 10 * MIB, 500 * MIB
PIECE = 256 * 1024
ASKED_GROWTH_MIB = 64
WIDTH = 4096
ROWS = 4096
"""Pixels of the largest image on a page, one byte each: 16 MiB."""
HEADER = b"%PDF-1.7\n"
BOUNDARY = "a-boundary-that-no-paper-holds"


@dataclass(frozen=True)
class BigPaper:
    """A PDF of at least `size` bytes, one gray picture to a page, made piece by piece from the same noise."""

    size: int
    noise: bytes

    def pieces(self) -> Iterator[bytes]:
        """The file, in order."""
        yield HEADER
        at, places = len(HEADER), []
        for number, body in enumerate(self._objects(list(self._rows())), start=1):
            places.append(at)
            for piece in (b"%d 0 obj\n" % number, *body, b"\nendobj\n"):
                at += len(piece)
                yield piece
        yield _tail(places, at)

    def _rows(self) -> Iterator[int]:
        """Heights of the pictures."""
        rows = -(-self.size // WIDTH)
        while rows > 0:
            yield min(rows, ROWS)
            rows -= ROWS

    def _objects(self, pages: list[int]) -> Iterator[Iterator[bytes]]:
        """Catalog, page tree, then page, content and picture of each page."""
        kids = b" ".join(b"%d 0 R" % (3 + 3 * index) for index in range(len(pages)))
        yield iter((b"<</Type/Catalog/Pages 2 0 R>>",))
        yield iter((b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),))
        draw = b"595 0 0 842 0 0 cm /I Do"
        for index, rows in enumerate(pages):
            content, picture = 4 + 3 * index, 5 + 3 * index
            resources = b"/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R" % (picture, content)
            yield iter((b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s>>" % resources,))
            yield iter((b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),))
            yield self._picture(rows)

    def _picture(self, rows: int) -> Iterator[bytes]:
        form = b"/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (WIDTH, rows)
        yield b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n" % (form, WIDTH * rows)
        for start in range(0, WIDTH * rows, PIECE):
            yield self.noise[start : min(start + PIECE, WIDTH * rows)]
        yield b"\nendstream"


def main() -> None:
    noise = random.Random(2).randbytes(WIDTH * ROWS)  # noqa: S311 - to be the same each time, not to be secret
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        data = Path(folder) / "data"
        with Server(data, embedded_worker=False) as server:
            session = server.citizen().cookies["docvault"]
            upload(server, session, BigPaper(MIB, noise))  # what only the first upload loads is no growth
            small, _ = measured(server, session, BigPaper(SMALL, noise))
            large = BigPaper(LARGE, noise)
            peak, seconds = measured(server, session, large)
        written = plain_write(data / "plain", large)
    report(peak - small, small, length(large) / MIB / seconds, length(large) / MIB / written)


def measured(server: Server, session: str, paper: BigPaper) -> tuple[float, float]:
    """MiB of the server at its largest during one upload, and seconds until that was acknowledged."""
    forget_peak(server)
    seconds = upload(server, session, paper)
    return peak_mib(server), seconds


def report(growth: float, before: float, rate: float, plain: float) -> None:
    """Print the figures that are asked for."""
    emit("upload.rss_growth_mib", growth, "MiB", f"peak {before:.0f} MiB after 10 MiB; asked <= {ASKED_GROWTH_MIB}")
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
        "Content-Length": str(len(begin) + length(paper) + len(end)),
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


def length(paper: BigPaper) -> int:
    """Bytes of the whole file."""
    return sum(map(len, paper.pieces()))


def _chain(begin: bytes, paper: BigPaper, end: bytes) -> Iterator[bytes]:
    yield begin
    yield from paper.pieces()
    yield end


def _tail(places: list[int], at: int) -> bytes:
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    return head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, at)


if __name__ == "__main__":
    main()
