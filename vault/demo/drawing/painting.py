"""Draws one paper: facts from a seed, set as its layout says."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from PIL import Image

from vault.demo.drawing import estates, facts, grounds
from vault.demo.drawing.catalogue import Layout
from vault.demo.drawing.flow import Flow, Look
from vault.demo.drawing.fonts import FontsMissing, installed
from vault.demo.drawing.inventing import Inventor
from vault.demo.drawing.items import Items
from vault.demo.drawing.people import Person
from vault.demo.drawing.sheet import Line, Sheet, Style
from vault.demo.drawing.wording import Wording

PAGE_DPI: Final = 300
CARD_DPI: Final = 400
FACTS: Final = {**facts.FACTS, **estates.FACTS}
DRAFT_DPI: Final = 72
BOTTOM: Final = 20
"""Millimetres that stay free below the text."""
LEAST_STRETCHED: Final = 0.72
MOST_STRETCHED: Final = 1.22
_DAY: Final = re.compile(r"\d\d/\d\d/\d{4}")


@dataclass(frozen=True)
class Drawn:
    """A clean page and what a perfect reader would find on it.

    `fields` maps the keys of truth files to what is printed; `values` our field names to canonical values.
    """

    layout: Layout
    image: Image.Image = field(repr=False)
    dpi: int
    lines: Sequence[Line] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    mrz: Sequence[str] | None = field(repr=False)


def draw(layout: Layout, seed: str, *, said: Mapping[str, Any] | None = None, dpi: int = 0) -> Drawn:
    """The paper that `seed` stands for, or one that says `said`. Raises FontsMissing."""
    chance = random.Random(f"{layout.name}/{seed}")  # noqa: S311 - where a stamp lies is no secret
    given = FACTS[layout.facts](Inventor(f"{layout.facts}/{seed}")) if said is None else said
    wording = Wording(given)
    look = _look(layout.look, chance)
    tint = chance.choice(_listed(layout.look.get("tint", "white")))
    sheet = Sheet(*layout.size, dpi or (CARD_DPI if layout.is_card else PAGE_DPI), grounds.TINTS[tint][0])
    grounds.lay(sheet, layout.look.get("ground", "none"), tint)
    grounds.specimen(sheet)
    if "frame" in layout.look:
        grounds.frame(sheet, *layout.look["frame"])
    males = [value.sex == "male" for value in given.values() if isinstance(value, Person)]
    Items(sheet, look, wording, chance, males[0] if males else True).put(layout.look.get("items", ()))
    _flow(layout, sheet, replace(look, step=_step(layout, look, given)), wording, chance).set(
        layout.look.get("flow", ())
    )
    Items(sheet, look, wording, chance, True).put(layout.look.get("over", ()))
    zone = [line.text for line in sheet.lines if line.mrz]
    return Drawn(layout, sheet.image, sheet.dpi, sheet.lines, *_truth(layout, wording), zone or None)


def _flow(layout: Layout, sheet: Sheet, look: Look, wording: Wording, chance: random.Random) -> Flow:
    left, top, right = layout.look.get("margins", (25, 18, 18))
    return Flow(sheet, look, wording, chance, (left, sheet.width - right, top))


def _step(layout: Layout, look: Look, given: Mapping[str, Any]) -> float:
    """The distance of baselines at which the text fills its page: found on two coarse drafts, since it grows evenly."""
    if "flow" not in layout.look:
        return look.step
    ends = []
    for step in (look.step, look.step * 1.2):
        draft = Sheet(*layout.size, DRAFT_DPI, (255, 255, 255))
        flow = _flow(layout, draft, replace(look, step=step), Wording(given), random.Random(0))  # noqa: S311 - a draft
        flow.set(layout.look["flow"])
        ends.append(flow.y)
    room = layout.size[1] - layout.look.get("foot", BOTTOM) - ends[0]
    wanted = 1 + 0.2 * room / max(0.1, ends[1] - ends[0])
    return look.step * float(min(MOST_STRETCHED, max(LEAST_STRETCHED, wanted)))


def _look(look: Mapping[str, Any], chance: random.Random) -> Look:
    size = look.get("text", 13)
    face = _face(look.get("face", "times"), chance)
    label = Style(face, size)
    fill = dict(look.get("fill", {}))
    fill["face"] = _face(fill["face"], chance) if "face" in fill else face
    return Look(label, label.but(**fill), look.get("step", size * 0.62), look.get("leaders", False))


def _listed(given: Any) -> Sequence[str]:
    return [given] if isinstance(given, str) else given


def _face(given: Any, chance: random.Random) -> str:
    """One of the faces given that is installed."""
    faces = _listed(given)
    there = [face for face in faces if installed(face)]
    if not there:
        raise FontsMissing(faces[0])
    return chance.choice(there)


def _truth(layout: Layout, wording: Wording) -> tuple[dict[str, str], dict[str, str]]:
    """What of the truth was printed, as printed and in canonical form."""
    told = ((name, key, _first_printed(ways, wording)) for name, (key, ways) in layout.truth.items())
    printed = {name: (key, text) for name, key, text in told if text}
    fields = dict(printed.values())
    if "qr" in wording.printed:
        fields["qr_payload"] = wording.printed["qr"]
    return fields, {name: canonical(name, text) for name, (_key, text) in printed.items()}


def _first_printed(ways: str, wording: Wording) -> str:
    """What stands on the paper for `a|b+c`: the first way of which all facts were printed."""
    for facts_ in (way.split("+") for way in ways.split("|")):
        if all(fact in wording.printed for fact in facts_):
            return ", ".join(wording.printed[fact] for fact in facts_)
    return ""


def canonical(name: str, printed: str) -> str:
    """The value of our field `name` in canonical form: days ISO, sex in English, numbers with a point."""
    if name == "sex":
        return {"Nam": "male", "Nữ": "female"}[printed]
    if _DAY.fullmatch(printed):
        return datetime.strptime(printed, "%d/%m/%Y").date().isoformat()
    if name == "area":
        return printed.removesuffix(" m²").replace(",", ".")
    if name == "capital":
        return printed.removesuffix(" đồng").replace(".", "")
    return printed
