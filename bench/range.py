"""Reading 64 KiB at random places of a small and of a very large paper: what that costs, over HTTP and below it.

Run from the repository's root: `python -m bench.range`. Prints JSON lines {name, value, unit, versus}.

Both papers are put in over HTTP. The same client asks for ranges of one and the other in turns; medians are compared.
"""

import http.client
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.upload import MIB, emit, upload
from storage.files import FileBlobs
from storage.keys import Key
from tests.servers import Server
from tests.uploads.big import BigPaper, Drawing, noise
from vault import papers

SMALL, LARGE = MIB, 1024 * MIB
PIECE = 64 * 1024
TIMES = 400
ASKED = 1.5

Read = Callable[[int], bytes]
"""`PIECE` bytes from an offset."""


def main() -> None:
    pages = noise()
    small, large = BigPaper(SMALL, pages), Drawing(LARGE, pages)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        over_http(Path(folder), small, large)
        below_it(Path(folder), small, large)


def over_http(folder: Path, *sheets: BigPaper) -> None:
    """`GET` with `Range`: session, owner, key and answer included."""
    with Server(folder / "data", embedded_worker=False, max_upload_bytes=2 * LARGE) as server:
        client = server.citizen()
        session = client.cookies["docvault"]
        for sheet in sheets:
            upload(server, session, sheet)
        listed = sorted(client.get("/api/documents").json()["documents"], key=lambda one: one["version"]["size"])
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        small, large = (asked(connection, session, str(one["id"])) for one in listed)
        compare("range.1gib_vs_1mib", small, large, "over HTTP")
        connection.close()


def below_it(folder: Path, *sheets: BigPaper) -> None:
    """`papers.open_original` on files, opened anew for each range; both papers lie in the page cache.

    A large one goes past it when it is put in, so that without this the disk would be measured.
    """
    blobs, key = FileBlobs(folder / "blobs"), Key.generate()

    def opened(name: str, sheet: BigPaper) -> Read:
        papers.put_original(blobs, key, name, sheet.pieces())
        for _ in papers.open_original(blobs, key, name).stream():
            pass
        return lambda offset: papers.open_original(blobs, key, name).read(offset, PIECE)

    small, large = (opened(f"sheet-{number}", sheet) for number, sheet in enumerate(sheets))
    compare("range.files.1gib_vs_1mib", small, large, "papers.open_original")


def asked(connection: http.client.HTTPConnection, session: str, document: str) -> Read:
    def read(offset: int) -> bytes:
        headers = {"Cookie": f"docvault={session}", "Range": f"bytes={offset}-{offset + PIECE - 1}"}
        connection.request("GET", f"/api/documents/{document}/content", headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 206, answer.status
        return data

    return read


def compare(name: str, small: Read, large: Read, how: str) -> None:
    """Print the ratio of the medians, and the medians."""
    places = random.Random(3)  # noqa: S311 - to be the same each time
    seconds: dict[str, list[float]] = {"small": [], "large": []}
    for _ in range(TIMES):
        for which, read, size in (("small", small, SMALL), ("large", large, LARGE)):
            offset = places.randrange(size - PIECE)
            start = time.perf_counter()
            data = read(offset)
            seconds[which].append(time.perf_counter() - start)
            assert len(data) == PIECE
    small_ms, large_ms = (median(seconds[which]) * 1000 for which in ("small", "large"))
    versus = f"{large_ms:.2f} ms and {small_ms:.2f} ms, {how}; asked <= {ASKED}"
    emit(name, large_ms / small_ms, "ratio", versus)


if __name__ == "__main__":
    main()
