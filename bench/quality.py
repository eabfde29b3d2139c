"""How good photographs are told apart: whom it troubles in vain, what it catches, and what it costs.

Run from the repository's root: `python -m bench.quality --set DIR [--read N]`. DIR holds pages as `CLASS/NAME.jpg`, and
what stands on them as `truth/NAME.json` (bench.pages makes such sets). Prints JSON lines {name, value, unit, versus}.

`quality.alarms.CLASS`: pages of a class that are said to be poor, though they can be read; `quality.told.HARM`: pages
that are told what was done to them, each page of `--from` spoilt in several strengths. With `--read N` so many spoilt
pages are read as well, and judged by what came of it: `quality.missed` are those of which more than a fifth of the
letters is misread and nothing was told, `quality.cer.told` and `quality.cer.untold` how well the two kinds read.
`quality.cpu_ms`: CPU of one look, beside decoding.
"""

import argparse
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

import ocr
from bench.papers import degrade
from bench.papers.degrade import Chance, Picture
from bench.reading.letters import misread
from bench.reading.truth import Truth
from ocr.advice import advice
from ocr.errors import OcrError
from ocr.limits import Limits
from ocr.quality import measure

ASKED_ALARMS = 5.0  # per cent, over the classes that read well
BORDERLINE = ("blur", "glare")  # classes whose pages are partly hard to read
UNREADABLE = 0.2  # of the letters
SEED = 20


@dataclass(frozen=True)
class Harm:
    """What is done to a page, how strongly, and the code that should tell of it."""

    code: str
    strengths: Sequence[float]
    do: Callable[[Picture, float, Chance], Picture]


def darkened(page: Picture, light: float, chance: Chance) -> Picture:
    return degrade.noisy(np.asarray(page * light, dtype=np.uint8), chance, 4)


def defocused(page: Picture, letters: float, chance: Chance) -> Picture:
    """`letters`: the blur's standard deviation in parts of a letter's height."""
    return np.asarray(cv2.GaussianBlur(page, (0, 0), letters * _letter(page)), dtype=np.uint8)


def shaken(page: Picture, letters: float, chance: Chance) -> Picture:
    length = max(3, round(letters * _letter(page)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(chance.uniform(0, 180)), 1.0)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(page, -1, kernel / kernel.sum()), dtype=np.uint8)


def reflecting(page: Picture, share: float, chance: Chance) -> Picture:
    """A lamp whose reflection takes so much of the page."""
    height, width = page.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = chance.uniform(0.3, 0.7) * width, chance.uniform(0.3, 0.7) * height
    away = ((across - x) ** 2 + (down - y) ** 2) / (share * height * width / np.pi)
    lit = page * 0.8 + 408 * np.exp(-0.9 * away)[..., None]
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)


def cropped(page: Picture, share: float, chance: Chance) -> Picture:
    """One side is outside the picture."""
    turned = np.rot90(page, int(chance.integers(4)))
    return np.ascontiguousarray(turned[:, : round(turned.shape[1] * (1 - share))])


def far(page: Picture, pixels: float, chance: Chance) -> Picture:
    """Small letters of so many pixels."""
    return degrade.scaled(page, pixels / _letter(page))


HARMS: Mapping[str, Harm] = {
    "dark": Harm("too-dark", (0.15, 0.1), darkened),
    "defocused": Harm("blurred", (0.15, 0.2, 0.3), defocused),
    "shaken": Harm("blurred", (0.6, 0.9), shaken),
    "reflecting": Harm("glare", (0.05, 0.1), reflecting),
    "cropped": Harm("cut-off", (0.35, 0.5), cropped),
    "far": Harm("too-small", (5, 4), far),
}


def main() -> None:
    asked = _parser().parse_args()
    pages = sorted(asked.set.glob("*/*.jpg"))
    alarms(pages)
    spoilt = list(_spoilt([page for page in pages if page.parent.name in asked.source]))
    for harm in HARMS:
        told = [HARMS[harm].code in codes for name, _, _, codes in spoilt if name == harm]
        if told:
            emit(f"quality.told.{harm}", _percent(told), "%", f"{sum(told)} of {len(told)}")
    if asked.read:
        reading(spoilt[:: max(1, len(spoilt) // asked.read)], asked.set / "truth")


def alarms(pages: Sequence[Path]) -> None:
    """Pages as they are: by class, and over all that read well."""
    found: dict[str, list[bool]] = {}
    cpu: list[float] = []
    for page in pages:
        codes, took = judged(page.read_bytes())
        found.setdefault(page.parent.name, []).append(bool(codes))
        cpu.append(took)
    for class_, said in found.items():
        emit(f"quality.alarms.{class_}", _percent(said), "%", f"{sum(said)} of {len(said)}")
    readable = [one for class_, said in found.items() if class_ not in BORDERLINE for one in said]
    emit("quality.alarms", _percent(readable), "%", f"of {len(readable)} that read well; asked <= {ASKED_ALARMS} %")
    emit("quality.cpu_ms", 1000 * float(np.mean(cpu)), "ms", f"greatest {1000 * max(cpu):.0f} ms")


def judged(data: bytes) -> tuple[tuple[str, ...], float]:
    """What is told of a picture, and the CPU seconds that looking took beside decoding it as an inspection does."""
    from ocr.pictures import Pictures

    picture = Pictures(io.BytesIO(data), "image/jpeg", Limits())
    first = np.asarray(picture.first())
    before = time.process_time()
    codes = advice(measure(first, picture.size(1)[0] / first.shape[1]))
    return codes, time.process_time() - before


def _spoilt(pages: Sequence[Path]) -> Iterator[tuple[str, Path, bytes, tuple[str, ...]]]:
    """Each page in each strength of each harm: the harm, the page, the picture, what is told."""
    for number, page in enumerate(pages):
        clean = np.asarray(Image.open(page).convert("RGB"))
        for place, (name, harm) in enumerate(HARMS.items()):
            chance = np.random.default_rng((SEED, number, place))
            for strength in harm.strengths:
                data = _jpeg(harm.do(clean, strength, chance))
                yield name, page, data, judged(data)[0]


def reading(spoilt: Sequence[tuple[str, Path, bytes, tuple[str, ...]]], truths: Path) -> None:
    """What becomes of spoilt pages when they are read all the same."""
    shares: dict[bool, list[float]] = {True: [], False: []}
    for _, page, data, codes in spoilt:
        truth = truths / f"{page.stem}.json"
        if truth.is_file():
            shares[bool(codes)].append(_misread(Truth.load(truth), data))
    for told, said in ((True, "told"), (False, "untold")):
        emit(f"quality.cer.{said}", 100 * float(np.mean(shares[told] or [0])), "%", f"{len(shares[told])} pages")
    missed, caught = (sum(share > UNREADABLE for share in shares[told]) for told in (False, True))
    bad = missed + caught
    emit("quality.missed", 100 * missed / max(1, bad), "%", f"{missed} of {bad} that cannot be read")


def _misread(truth: Truth, data: bytes) -> float:
    try:
        found: Any = ocr.read(ocr.BytesSource(data), Limits(), on_page=lambda page: None)
        text = "\n".join(page.text for page in found.pages)
    except OcrError:
        text = ""
    wrong, letters = misread(truth.lines, text)
    return wrong / max(1, letters)


def _letter(page: Picture) -> float:
    return measure(page).height or 20.0


def _jpeg(page: Picture) -> bytes:
    out = io.BytesIO()
    Image.fromarray(page).save(out, "JPEG", quality=80)
    return out.getvalue()


def _percent(said: Sequence[bool]) -> float:
    return 100 * sum(said) / max(1, len(said))


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.quality")
    parser.add_argument("--set", type=Path, required=True, help="folder of the pages and their truth")
    parser.add_argument("--from", dest="source", nargs="*", default=["clean200"], help="classes whose pages are spoilt")
    parser.add_argument("--read", type=int, default=0, help="so many spoilt pages are read, too")
    return parser


if __name__ == "__main__":
    main()
