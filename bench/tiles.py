"""Large sheets: memory of the child that looks at them and cuts them, and how soon the first page is there.

Run from the repository's root: `python -m bench.tiles [KIND …]`. Prints JSON lines {name, value, unit, versus}.

A0 at 600 dpi (19,866 × 28,087 pixels) as JPEG, PNG and TIFF in strips (LZW, deflate, fax), as a scan in a PDF, and a
drawn A0 in a PDF; made as streams, so that making them needs little memory. Memory is the child's own (proc(5), VmHWM):
it is another process than the server, which holds one tile at a time.
"""

import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips  # type: ignore[import-untyped]

import ocr
from ocr.limits import Limits

WIDTH, HEIGHT = 19_866, 28_087
MIB = 1024 * 1024
ASKED_MIB, ASKED_S = 512, 5
PATTERN = 1024
"""Pixels of the pattern that the sheets repeat: letters, lines and grain."""


@dataclass(frozen=True)
class FileSource:
    """A file by ranges, as the vault's sealed papers are read."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


class Peak:
    """The most memory that any child of this process had, and this process itself, in MiB."""

    def __init__(self) -> None:
        self.child, self.own = 0.0, 0.0

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
            self.own = max(self.own, _high_water(os.getpid()))
            for task in Path(f"/proc/{os.getpid()}/task").iterdir():
                for child in (task / "children").read_text().split():
                    self.child = max(self.child, _high_water(int(child)))


def main() -> None:
    asked = sys.argv[1:] or list(KINDS)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:  # noqa: S108 - a disk
        for kind in asked:
            path = Path(folder) / kind
            KINDS[kind](path)
            measure(kind, path)
            path.unlink()


def measure(kind: str, path: Path) -> None:
    source, limits, peak = FileSource(path), Limits(), Peak()
    with peak.watching():
        start = time.perf_counter()
        found = ocr.inspect(source, limits)
        first = time.perf_counter() - start
        with ocr.cut(source, limits, 1) as sheet:
            weight = sum(len(tile) for _, tile in sheet.tiles)
        total = time.perf_counter() - start
    assert found.preview and found.sheets == (1,), "it is shown, and worth tiles"
    about = f"{kind}, {source.size / MIB:.0f} MiB, {sheet.pyramid.tiles} tiles of {weight / MIB:.0f} MiB"
    emit("tiles.peak_mib", peak.child, "MiB", f"{about}; asked <= {ASKED_MIB} with the server")
    emit("tiles.first_page_s", first, "s", f"{kind}; asked <= {ASKED_S}")
    emit("tiles.total_s", total, "s", f"{kind}, until the last tile")


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def _high_water(process: int) -> float:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _sheet(bands: int) -> Any:
    """The whole sheet, which exists only row by row."""
    grain = pyvips.Image.gaussnoise(PATTERN, PATTERN, sigma=6, mean=225, seed=1)
    lines = pyvips.Image.sines(PATTERN, PATTERN, hfreq=12, vfreq=5, uchar=True).cast("float") * 0.1
    gray = (grain - lines).cast("uchar")
    tile = gray if bands == 1 else gray.bandjoin([gray.rot90(), gray.rot180()]).copy(interpretation="srgb")
    return tile.copy_memory().replicate(WIDTH // PATTERN + 1, HEIGHT // PATTERN + 1).crop(0, 0, WIDTH, HEIGHT)


def jpeg(path: Path) -> None:
    _sheet(3).jpegsave(str(path), Q=92)


def png(path: Path) -> None:
    _sheet(1).pngsave(str(path), compression=1)


def tiff(compression: str, bands: int, **options: Any) -> Callable[[Path], None]:
    return lambda path: _sheet(bands).tiffsave(str(path), compression=compression, **options)


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


def _pdf(path: Path, content: bytes, form: bytes, picture: Path | None) -> None:
    """One page of A0; the picture is copied piece by piece."""
    length = picture.stat().st_size if picture else 0
    page = b"/MediaBox[0 0 2384 3370]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R"
    heads = (
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R%s>>" % page,
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/XObject%s/Length %d>>\nstream\n" % (form, length),
    )  # fmt: skip
    places = []
    with path.open("wb") as out:
        out.write(b"%PDF-1.7\n")
        for number, head in enumerate(heads, start=1):
            places.append(out.tell())
            out.write(b"%d 0 obj\n%s" % (number, head))
            if number == len(heads):
                for piece in _pieces(picture):
                    out.write(piece)
                out.write(b"\nendstream")
            out.write(b"\nendobj\n")
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % out.tell()
        out.write(b"xref\n0 6\n0000000000 65535 f \n" + table + end)


def _pieces(picture: Path | None) -> Iterator[bytes]:
    if picture is None:
        return
    with picture.open("rb") as file:
        while piece := file.read(MIB):
            yield piece


KINDS: dict[str, Callable[[Path], None]] = {
    "jpeg": jpeg,
    "png": png,
    "tiff-lzw": tiff("lzw", 1),
    "tiff-deflate": tiff("deflate", 1),
    "tiff-fax": fax,
    "pdf-scan": scan,
    "pdf-drawing": drawing,
}

if __name__ == "__main__":
    main()
