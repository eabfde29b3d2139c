"""Reading papers: letters misread, fields and kinds right, and CPU a page, beside plain tesseract and OCRmyPDF.

Run from the repository's root: `python -m bench.ocr --set DIR [--only-ours] [--classes …] [--names …]`. DIR holds
pages as `CLASS/NAME.jpg` and what stands on them as `truth/NAME.json` (bench.pages makes such sets; without `--set`
it makes one). Prints JSON lines {name, value, unit, versus} for each class, and with `--pages` one more for each page.

`cer`: each true line is matched where it fits best in the whole text, after NFC and folding of white space and
leaders; letters misread as a percentage of all letters. `fields`: values exactly right in canonical form, codes and
MRZ included, of all that the truth has. `fields_sure`: the same of those that the reading is sure of. `kind`: kinds
named right. `cpu_s`: CPU seconds a page of everything that was started for it. Every program has one thread.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.reading import readers
from bench.reading.letters import misread
from bench.reading.truth import Scored, Truth, score
from ocr.kinds import load_kinds
from ocr.reading import Reading

ASKED_CER = {
    "clean200": 0.6, "skew": 0.5, "shadow": 0.7, "persp": 0.5, "low120": 0.7, "blur": 4.5, "photo": 1.5,
    "photo_rot": 1.7,
}  # fmt: skip
ASKED_FIELDS, ASKED_FIELDS_BLUR, ASKED_SURE, ASKED_KIND = 95.0, 85.0, 99.5, 97.0  # per cent
READERS = ("ours", "plain", "ocrmypdf")


@dataclass(frozen=True)
class Job:
    reader: str
    page: Path
    truth: Path


@dataclass(frozen=True)
class Page:
    """What one reader made of one page; `scored` for ours alone."""

    reader: str
    class_: str
    name: str
    wrong: int
    letters: int
    cpu_s: float
    scored: Scored | None = None


def main() -> None:
    asked = _parser().parse_args()
    os.environ["OMP_THREAD_LIMIT"] = "1"  # for all of them: with more, tesseract takes several times the CPU
    chosen = READERS[:1] if asked.only_ours else READERS
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        pages = list(_read(jobs(asked.set or made(Path(folder)), chosen, asked.classes, asked.names), asked.workers))
    if asked.pages:
        for page in pages:
            report_page(page)
    for class_ in dict.fromkeys(page.class_ for page in pages):
        for reader in chosen:
            report(class_, reader, [page for page in pages if (page.class_, page.reader) == (class_, reader)], pages)


def made(folder: Path) -> Path:
    """A set of our own, one paper of each layout."""
    from bench.pages import chosen, draw, write
    from bench.papers.classes import CLASSES

    for name, layout, seed in chosen(1, (), 1):
        write(folder, name, draw(layout, seed), tuple(CLASSES), 1)
    return folder


def jobs(folder: Path, chosen: Sequence[str], classes: Sequence[str], names: Sequence[str]) -> list[Job]:
    """Every page of the set that has a truth, for each reader."""
    found = sorted(page for page in folder.glob("*/*.jpg") if (folder / "truth" / f"{page.stem}.json").is_file())
    return [
        Job(reader, page, folder / "truth" / f"{page.stem}.json")
        for page in found
        if (not classes or page.parent.name in classes) and (not names or any(part in page.stem for part in names))
        for reader in chosen
    ]


def _read(work: Sequence[Job], workers: int) -> Iterator[Page]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(work[:1],)) as pool:
        yield from pool.map(read, work)


def _begin(work: Sequence[Job]) -> None:
    for job in work:
        readers.warm_up(job.page)


def read(job: Job) -> Page:
    """One page by one reader; a reader that fails has read nothing."""
    truth = Truth.load(job.truth)
    try:
        result, cpu_s = readers.timed(lambda: getattr(readers, job.reader)(job.page))
    except Exception as error:  # whatever the rivals raise, the others go on
        print(json.dumps({"failed": f"{job.reader} {job.page.parent.name}/{job.page.stem}", "error": repr(error)}))
        result, cpu_s = "", 0.0
    scored = None
    if isinstance(result, Reading):
        scored = score(truth, result, load_kinds())
        result = "\n".join(page.text for page in result.pages)
    wrong, letters = misread(truth.lines, result)
    return Page(job.reader, job.page.parent.name, job.page.stem, wrong, letters, cpu_s, scored)


def report(class_: str, reader: str, pages: Sequence[Page], everything: Sequence[Page]) -> None:
    """Prints the figures of one reader in one class."""
    start = "ocr." if reader == "ours" else f"ocr.{reader}."
    others = [page for page in everything if page.class_ == class_ and page.reader not in ("ours", reader)]
    rivals = {name: [page for page in others if page.reader == name] for name in READERS} if reader == "ours" else {}
    cer = [f"{name} {_cer(found):.2f} %" for name, found in rivals.items() if found]
    cpu = [f"{name} {_cpu(found):.2f} s" for name, found in rivals.items() if found]
    asked = [f"asked <= {ASKED_CER[class_]} %"] if class_ in ASKED_CER and reader == "ours" else []
    emit(f"{start}cer.{class_}", _cer(pages), "%", "; ".join([*cer, *asked]) or f"{len(pages)} pages")
    for name, value, said in _shares(class_, [page.scored for page in pages if page.scored]):
        emit(f"{start}{name}.{class_}", value, "%", said)
    emit(f"{start}cpu_s.{class_}", _cpu(pages), "s", "; ".join(cpu) or f"{len(pages)} pages")


def _shares(class_: str, scored: Sequence[Scored]) -> Iterator[tuple[str, float, str]]:
    if not scored:
        return
    fields, right = sum(each.fields for each in scored), sum(each.right for each in scored)
    sure, sure_right = sum(each.sure for each in scored), sum(each.sure_right for each in scored)
    least = ASKED_FIELDS_BLUR if class_ == "blur" else ASKED_FIELDS
    yield "fields", 100 * right / max(1, fields), f"{right} of {fields}; asked >= {least} %"
    yield "fields_sure", 100 * sure_right / max(1, sure), f"{sure_right} of {sure}; asked >= {ASKED_SURE} %"
    kinds = sum(each.kind for each in scored)
    yield "kind", 100 * kinds / len(scored), f"{kinds} of {len(scored)}; asked >= {ASKED_KIND} % over all classes"


def report_page(page: Page) -> None:
    name = f"ocr.page.{page.reader}.{page.class_}.{page.name}"
    scored = f"fields {page.scored.right}/{page.scored.fields}, kind {page.scored.kind}" if page.scored else ""
    emit(name, 100 * page.wrong / max(1, page.letters), "%", f"{page.cpu_s:.2f} s of CPU; {scored}")


def _cer(pages: Sequence[Page]) -> float:
    return 100 * sum(page.wrong for page in pages) / max(1, sum(page.letters for page in pages))


def _cpu(pages: Sequence[Page]) -> float:
    return sum(page.cpu_s for page in pages) / max(1, len(pages))


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.ocr")
    parser.add_argument("--set", type=Path, help="folder of the pages and their truth")
    parser.add_argument("--only-ours", action="store_true", help="leave the others out")
    parser.add_argument("--classes", nargs="*", default=(), help="only these")
    parser.add_argument("--names", nargs="*", default=(), help="only pages whose names hold one of these")
    parser.add_argument("--pages", action="store_true", help="print each page too")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="pages read at once")
    return parser


if __name__ == "__main__":
    main()
