"""Three ways to read one page: ours, plain pytesseract, OCRmyPDF; each with the CPU seconds that it took."""

import logging
import os
import resource
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytesseract  # type: ignore[import-untyped]
from PIL import Image

import ocr
from ocr import BytesSource, Limits, Reading

_TICKS = os.sysconf("SC_CLK_TCK")
_DPI = 300  # told to OCRmyPDF where the picture does not say
_Result = TypeVar("_Result")


def timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    """The result and its CPU seconds, user and system, of this process and of all that it has started."""
    before = _cpu_s()
    result = work()
    return result, _cpu_s() - before


def ours(path: Path) -> Reading:
    """As the vault reads it: in a child process of its own, from a source, with pictures of the page to show."""
    return ocr.read(BytesSource(path.read_bytes()), Limits(), on_page=lambda page: None)


def plain(path: Path) -> str:
    with Image.open(path) as image:
        return str(pytesseract.image_to_string(image, lang="vie"))


def ocrmypdf(path: Path) -> str:
    """Turned, straightened and, where unpaper is installed, cleaned; the text is its sidecar."""
    import ocrmypdf as rival

    logging.getLogger("ocrmypdf").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        text = Path(folder) / "page.txt"
        rival.ocr(
            path, Path(folder) / "page.pdf", language=["vie"], sidecar=text, image_dpi=_DPI, output_type="pdf",
            rotate_pages=True, deskew=True, clean=shutil.which("unpaper") is not None, optimize=0, jobs=1,
            use_threads=True, progress_bar=False,
        )  # fmt: skip
        return text.read_text("utf-8")


def warm_up(path: Path) -> None:
    """What is loaded once a process counts for no page: our children come from a process that has loaded it already."""
    ocr.inspect(BytesSource(path.read_bytes()), Limits())


def _cpu_s() -> float:
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in own) + _of_living_children()


def _of_living_children() -> float:
    """Of the process that our children are forked from, with what it has waited for."""
    total = 0
    for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split():
        stat = Path(f"/proc/{number}/stat").read_text("ascii")
        total += sum(int(ticks) for ticks in stat.rpartition(")")[2].split()[11:15])
    return total / _TICKS
