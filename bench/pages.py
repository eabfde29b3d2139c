"""Makes sets of papers to measure reading with: every kind, several layouts, as scans and photographs, with truth.

Run from the repository's root: `python -m bench.pages OUT [--seed N] [--kinds …] [--classes …] [--count N]`. Writes
`OUT/CLASS/NAME.jpg` and `OUT/truth/NAME.json`, which `bench.ocr --set OUT` reads. Everything is invented.
"""

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.papers.classes import CLASSES, picture
from vault.demo.drawing import Drawn, FontsMissing, Layout, draw, layouts


def main() -> None:
    asked = _parser().parse_args()
    for name, layout, seed in chosen(asked.seed, asked.kinds, asked.count):
        try:
            write(asked.out, name, draw(layout, seed), asked.classes, asked.seed)
        except FontsMissing as error:
            print(f"{name} is left out: {error}")


def chosen(seed: int, kinds: Sequence[str], count: int) -> Iterator[tuple[str, Layout, str]]:
    """The papers of a set as (name, layout, seed): `count` of each layout of these kinds (all where none are given)."""
    for layout in layouts().values():
        for number in range(count):
            if not kinds or layout.kind in kinds or layout.type in kinds:
                yield f"{layout.name.replace('.', '-')}-{seed}-{number}", layout, f"{seed}/{number}"


def write(out: Path, name: str, drawn: Drawn, classes: Sequence[str], seed: int) -> None:
    """Writes one paper in each class, and its truth."""
    (out / "truth").mkdir(parents=True, exist_ok=True)
    said = json.dumps(truth(name, drawn), ensure_ascii=False, indent=1)
    (out / "truth" / f"{name}.json").write_text(said, "utf-8")
    for class_ in classes:
        (out / class_).mkdir(exist_ok=True)
        chance = (seed, zlib.crc32(f"{class_}/{name}".encode()))
        data = picture(drawn.image, drawn.dpi, CLASSES[class_], chance, card=drawn.layout.is_card)
        (out / class_ / f"{name}.jpg").write_bytes(data)


def truth(name: str, drawn: Drawn) -> dict[str, object]:
    """A truth file: what stands on the clean page; `fields` as printed, `values` canonical, by our fields' names."""
    return {
        "id": name,
        "type": drawn.layout.type,
        "kind": drawn.layout.kind,
        "dpi": drawn.dpi,
        "size": drawn.image.size,
        "fields": drawn.fields,
        "values": drawn.values,
        "lines": [{"text": line.text, "bbox": line.box} | ({"mrz": True} if line.mrz else {}) for line in drawn.lines],
        "mrz": drawn.mrz,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.pages", description="Makes papers to measure reading with.")
    parser.add_argument("out", type=Path, help="folder to write the set into")
    parser.add_argument("--seed", type=int, default=1, help="another number, other people and other damage")
    parser.add_argument("--kinds", nargs="*", default=(), help="only these kinds, or types of truth files")
    parser.add_argument("--classes", nargs="*", default=list(CLASSES), choices=list(CLASSES), help="only these classes")
    parser.add_argument("--count", type=int, default=1, help="how many papers of each layout")
    return parser


if __name__ == "__main__":
    main()
