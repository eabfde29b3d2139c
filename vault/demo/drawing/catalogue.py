"""The layouts of papers, as they lie in `papers/*.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

SIZES: Final[Mapping[str, tuple[float, float]]] = {
    "a3": (420, 297), "a4": (210, 297), "a4-wide": (297, 210), "a5": (148, 210), "a5-wide": (210, 148),
    "card": (85.6, 54), "passport": (125, 88), "booklet": (190, 132),
}  # fmt: skip
"""Width and height in millimetres."""


@dataclass(frozen=True)
class Layout:
    """One way in which a paper of a kind is set.

    `truth` maps our field to [the key in truth files, the fact]: `a|b` the first printed, `a+b` both with a comma.
    `look` is the layout's own mapping.
    """

    name: str
    kind: str
    type: str
    facts: str
    truth: Mapping[str, Sequence[str]]
    look: Mapping[str, Any]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in millimetres."""
        return SIZES[self.look["size"]]

    @property
    def is_card(self) -> bool:
        """Whether it is a small card with round corners, and photographed from near."""
        return bool(self.look["size"] == "card")


@cache
def layouts() -> Mapping[str, Layout]:
    """All layouts by name, in the order of their kinds."""
    found: dict[str, Layout] = {}
    for path in sorted((Path(__file__).parent / "papers").glob("*.yaml")):
        for paper in yaml.safe_load(path.read_text("utf-8")):
            shared = paper.get("look", {})
            for name, look in paper["layouts"].items():
                merged = {"type": paper["type"], **shared, **look}
                full = f"{merged['type']}.{name}"
                truth = {**paper["truth"], **look.get("truth", {})}
                found[full] = Layout(full, paper["kind"], merged["type"], paper["facts"], truth, merged)
    return found
