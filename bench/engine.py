"""Recognising pages: tesseract as a library beside tesseract as a program, and the memory that reading a page takes.

Run from the repository's root: `python -m bench.engine [PAGES]`. Prints JSON lines {name, value, unit, versus}.

Both engines read the same cleaned pages (A4, drawn by the demo's painter), turn about, in one run: CPU seconds a page,
of this process and all that it started, and the share of pages on which both say the same in every respect. The memory
is that of a worker's nursery, its child and what that starts, while the child reads a TIFF of one page of A4 at 300
dpi, and of four, two of them at once where cores are free: the most that they had together, looked at every 5 ms (Pss
of proc(5)'s smaps_rollup: shared pages count once).
"""

import io
import json
import os
import resource
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

import ocr
from ocr import library
from ocr.cleaning import cleanings
from ocr.engine import Engine, Gray, Tesseract
from ocr.library import Library
from tests.journeys.processes import OWN, descendants
from vault.demo.drawing import draw, layouts

PAGES = 6
DPI = 300
A4_MM = (210, 297)
PAGE_S = 120.0
ASKED_MIB = 700
LOOK_EVERY_S = 0.005
MIB = 1024  # KiB
T = TypeVar("T")


def main() -> None:
    pages = drawn(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
    os.environ["OMP_THREAD_LIMIT"] = "1"  # as children of the vault have it
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        engines(Tesseract(Path(scratch), PAGE_S), [next(cleanings(np.asarray(page))).gray for page in pages])
    for count in (1, 4):
        memory(pages[0], count)


def drawn(most: int) -> list[Image.Image]:
    papers = [layout for layout in layouts().values() if layout.size == A4_MM]
    return [draw(layout, "engine", dpi=DPI).image.convert("RGB") for layout in papers[:most]]


def engines(program: Engine, pages: list[Gray]) -> None:
    _, load_s = timed(library.prepare)
    ready = library.ready()
    if ready is None:
        print("libtesseract is missing, or of another version than tesseract", file=sys.stderr)
        return
    fast, same, spent = Library(ready, PAGE_S), 0, [0.0, 0.0]
    for page in pages:
        one, by_program = timed(lambda page=page: program.recognise(page, "vie"))  # type: ignore[misc]
        other, by_library = timed(lambda page=page: fast.recognise(page, "vie"))  # type: ignore[misc]
        same += one == other
        spent = [spent[0] + by_program, spent[1] + by_library]
    of = f"over {len(pages)} pages"
    emit("engine.program.cpu_s", spent[0] / len(pages), "s/page", of)
    emit("engine.library.cpu_s", spent[1] / len(pages), "s/page", of)
    emit("engine.library.ratio", spent[1] / spent[0], "", "of the program's CPU; asked <= 0.8")
    emit("engine.library.load_s", load_s, "s", "once in a nursery, with asking the program's version")
    emit("engine.same_pages", same / len(pages), "", "of pages: words, places, confidences and lines")


def memory(page: Image.Image, count: int) -> None:
    out = io.BytesIO()
    page.save(out, "TIFF", compression="jpeg", save_all=True, append_images=[page] * (count - 1))
    over, peak = threading.Event(), [0.0]

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            peak[0] = max(peak[0], sum(map(held, descendants(OWN))))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        ocr.read(ocr.BytesSource(out.getvalue()), ocr.Limits(), on_page=lambda _: None)
    finally:
        over.set()
        looking.join()
    size = f"{count} of {page.width} x {page.height} pixels"
    emit("engine.reading_peak_mib", peak[0], "MiB", f"nursery, child and engine, {size}; asked <= {ASKED_MIB}")


def held(pid: int) -> float:
    """MiB of a process, its share of what it has in common with others."""
    with suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("\nPss:")[2].split()[0]) / MIB
    return 0.0


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """With the CPU seconds that it took, here and in all that it started."""
    before = cpu_s()
    result = run()
    return result, cpu_s() - before


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


if __name__ == "__main__":
    main()
