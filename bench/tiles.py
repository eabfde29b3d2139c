"""Large sheets in a running vault: how soon the first page is there, and what memory looking and cutting take.

Run from the repository's root: `python -m bench.tiles [KIND …]`. Prints JSON lines {name, value, unit, versus}.

A0 at 600 dpi (19,866 × 28,087 pixels) as JPEG, PNG and TIFF in strips (LZW, deflate, fax) and in tiles, as a scan in a
PDF, a drawn A0 in a PDF, and a PDF of 300 scanned pages. Each is put into a vault of its own by tus, in one part as the
vault's page sends it; `jpeg-in-parts` is what becomes of it on a line that breaks three times. The first page is there
when its preview has been fetched; the time runs from when the last byte is sent. Memory is the resident memory of the
server and of the child that looks at the sheet or cuts it, together (proc(5), VmRSS, every 20 ms); the reading of the
text goes on beside it, and its children count in `tiles.with_reading_mib` alone.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from tests.servers import Server

WIDTH, HEIGHT = 19_866, 28_087
SCAN = (2480, 3508)
"""A4 at 300 dpi."""
SCANS = 300
MIB = 1024 * 1024
ASKED_MIB, ASKED_S = 512, 5
PATTERN = 1024
"""Pixels of the pattern that the sheets repeat: lines and grain. Deflate would find it again within a row."""
GENTLE = 10  # nice value of a child that cuts
CUT_WITHIN_S = 300
PARTS = {"jpeg-in-parts": 4}
TUS = {"Tus-Resumable": "1.0.0"}


class Peak:
    """The most memory, in MiB, that a server had with its children, until the last look."""

    def __init__(self, server: int) -> None:
        self._server, self.sheets, self.all = server, 0.0, 0.0
        self.looking = True
        """Any child looks at the sheet; later only those that yield to all others have to do with it."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            own, children = _resident(self._server), list(_descendants(self._server))
            its = sum(_resident(child) for child in children if self.looking or _nice(child) >= GENTLE)
            self.sheets = max(self.sheets, own + its)
            self.all = max(self.all, own + sum(map(_resident, children)))


def main() -> None:
    if sys.argv[1:2] == ["--make"]:
        KINDS[sys.argv[2]](Path(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        for kind in sys.argv[1:] or KINDS:
            path = Path(folder) / kind
            make = [sys.executable, "-m", "bench.tiles", "--make", kind, str(path)]
            subprocess.run(make, check=True)
            with Server(Path(folder) / f"vault-{kind}") as server:
                measure(kind, path, server)
            path.unlink()


def measure(kind: str, path: Path, server: Server) -> None:
    """One sheet, from its last bytes to its last tile."""
    citizen, peak, size = server.citizen(), Peak(server.pid), path.stat().st_size
    with peak.watching():
        document, start = send(citizen, path, PARTS.get(kind, 1))
        citizen.get(f"{document}/pages/1.webp").raise_for_status()
        first = time.perf_counter() - start
        peak.looking = False
        pages = until_cut(citizen, document)
        total = time.perf_counter() - start
    about = f"{kind}, {size / MIB:.0f} MiB"
    emit("tiles.first_page_s", first, "s", f"{about}, from its last byte; asked <= {ASKED_S}")
    emit("tiles.peak_mib", peak.sheets, "MiB", f"{about}, server and child; asked <= {ASKED_MIB}")
    emit("tiles.with_reading_mib", peak.all, "MiB", f"{about}, with the reading beside it")
    if pages:
        emit("tiles.total_s", total, "s", f"{about}, until the last tile, with the reading beside it")


def send(citizen: httpx.Client, path: Path, parts: int = 1) -> tuple[str, float]:
    """The address of the paper, and when its last byte was on its way."""
    size = path.stat().st_size
    place = citizen.post("/api/uploads", headers={**TUS, "Upload-Length": str(size)}).raise_for_status()
    step = -(-size // parts)
    for start in range(0, size, step):
        length = min(step, size - start)
        headers = {**TUS, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        headers["Content-Length"] = str(length)
        body = _Body(path, start, length)
        answer = citizen.patch(place.headers["location"], content=body, headers=headers).raise_for_status()
    return str(answer.headers["docvault-document"]), body.sent


class _Body:
    """Some bytes of a file, and when the last of them was taken."""

    sent = 0.0

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._path, self._start, self._left = path, start, length

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(self._start)
            while piece := file.read(min(MIB, self._left)):
                self._left -= len(piece)
                yield piece
        self.sent = time.perf_counter()


def until_cut(citizen: httpx.Client, document: str) -> int:
    """Waits for all tiles; how many pages have them."""
    ends = time.monotonic() + CUT_WITHIN_S
    while time.monotonic() < ends:
        found = citizen.get(document).raise_for_status().json()["version"]
        if found["sheets"] == found["sheets_ready"]:
            return len(found["sheets"])
        time.sleep(0.1)
    raise TimeoutError("it was not cut")


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def _descendants(process: int) -> Iterator[int]:
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)
    except OSError:
        return  # it has ended


def _resident(process: int) -> float:
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _nice(process: int) -> int:
    try:
        return os.getpriority(os.PRIO_PROCESS, process)
    except OSError:
        return 0


def _sheet(bands: int, across: int = PATTERN) -> Any:
    """The whole sheet, which exists only row by row; its pattern is `across` pixels wide."""
    import pyvips  # type: ignore[import-untyped]  # only where a sheet is made

    grain = pyvips.Image.gaussnoise(across, PATTERN, sigma=6, mean=225, seed=1)
    lines = pyvips.Image.sines(across, PATTERN, hfreq=12 * across / PATTERN, vfreq=5, uchar=True).cast("float") * 0.1
    gray = (grain - lines).cast("uchar")
    tile = gray if bands == 1 else gray.bandjoin([gray.rot90(), gray.rot180()]).copy(interpretation="srgb")
    return tile.copy_memory().replicate(WIDTH // across + 1, HEIGHT // PATTERN + 1).crop(0, 0, WIDTH, HEIGHT)


def jpeg(path: Path) -> None:
    _sheet(3).jpegsave(str(path), Q=96)


def png(path: Path) -> None:
    _sheet(1, WIDTH).pngsave(str(path), compression=6, filter="none")


def tiff(compression: str, across: int = PATTERN, **options: Any) -> Callable[[Path], None]:
    return lambda path: _sheet(1, across).tiffsave(str(path), compression=compression, **options)


def fax(path: Path) -> None:
    (_sheet(1) > 200).tiffsave(str(path), compression="ccittfax4", bitdepth=1)


def scan(path: Path) -> None:
    picture = path.with_suffix(".jpg")
    jpeg(picture)
    form = b"/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    _pdf(path, b"q 2384 0 0 3370 0 0 cm /I Do Q", form % (WIDTH, HEIGHT), picture)
    picture.unlink()


def drawing(path: Path) -> None:
    lines = (b"%d 0 m %d 3370 l S" % (x % 2384, x * 7 % 2384) for x in range(20_000))
    _pdf(path, b"0.3 w " + b" ".join(lines), b"", None)


def scans(path: Path) -> None:
    """As from a scanner with a feeder: each page has a picture of its own."""
    picture = _sheet(3).crop(0, 0, *SCAN).jpegsave_buffer(Q=82)
    form = b"/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode" % SCAN
    content = b"q 595 0 0 842 0 0 cm /I Do Q"
    numbers = range(3, 3 + 3 * SCANS, 3)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    with path.open("wb") as out:
        objects = _Objects(out)
        objects.add(b"<</Type/Catalog/Pages 2 0 R>>")
        objects.add(b"<</Type/Pages/Count %d/Kids[%s]>>" % (SCANS, kids))
        for number in numbers:
            resources = b"<</XObject<</I %d 0 R>>>>" % (number + 2)
            page = b"/MediaBox[0 0 595 842]/Resources%s/Contents %d 0 R" % (resources, number + 1)
            objects.add(b"<</Type/Page/Parent 2 0 R%s>>" % page)
            objects.add(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
            objects.add(b"<</Type/XObject%s/Length %d>>\nstream\n" % (form, len(picture)), picture, b"\nendstream")
        objects.end()


class _Objects:
    """A PDF while it is written, object by object."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._places = out, list[int]()
        out.write(b"%PDF-1.7\n")

    def add(self, *pieces: bytes) -> None:
        self._places.append(self._out.tell())
        self._out.write(b"%d 0 obj\n" % len(self._places))
        for piece in (*pieces, b"\nendobj\n"):
            self._out.write(piece)

    def end(self) -> None:
        start, size = self._out.tell(), len(self._places) + 1
        self._out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        self._out.write(b"".join(b"%010d 00000 n \n" % place for place in self._places))
        self._out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))


def _pdf(path: Path, content: bytes, form: bytes, picture: Path | None) -> None:
    """One page of A0; the picture is in it as it is."""
    length = picture.stat().st_size if picture else 0
    page = b"/MediaBox[0 0 2384 3370]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R"
    with path.open("wb") as out:
        objects = _Objects(out)
        objects.add(b"<</Type/Catalog/Pages 2 0 R>>")
        objects.add(b"<</Type/Pages/Count 1/Kids[3 0 R]>>")
        objects.add(b"<</Type/Page/Parent 2 0 R%s>>" % page)
        objects.add(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        head = b"<</Type/XObject%s/Length %d>>\nstream\n" % (form, length)
        objects.add(head, *_pieces(picture), b"\nendstream")
        objects.end()


def _pieces(picture: Path | None) -> Iterator[bytes]:
    if picture is None:
        return
    with picture.open("rb") as file:
        while piece := file.read(MIB):
            yield piece


KINDS: dict[str, Callable[[Path], None]] = {
    "jpeg": jpeg,
    "jpeg-in-parts": jpeg,
    "png": png,
    "tiff-lzw": tiff("lzw"),
    "tiff-deflate": tiff("deflate", WIDTH),
    "tiff-tiled": tiff("lzw", tile=True, tile_width=512, tile_height=512),
    "tiff-fax": fax,
    "pdf-scan": scan,
    "pdf-drawing": drawing,
    "pdf-300-scans": scans,
}

if __name__ == "__main__":
    main()
