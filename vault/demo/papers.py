"""The demo's papers as a citizen would have them: scans of four papers that agree with each other.

Everything is invented and seeded, so the same papers come out each time on the same versions of the libraries.
"""

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from vault.demo.drawing import Drawn, draw, layouts
from vault.demo.drawing.facts import Facts
from vault.demo.people import BIRTH, CARD, CITIZEN, LAND, LICENCE
from vault.demo.scan import on_bed, scanned

SEED: Final = "demo"
SCANNED_AT: Final = time.gmtime(1_700_000_000)
PAGE_DPI: Final = 200
CARD_DPI: Final = 300
BED: Final = 60
"""Pixels of the scanner's bed around a card."""


@dataclass(frozen=True)
class DemoPaper:
    """One file to put into the demo's wallet, and what a perfect reader would find in it.

    `truth` maps the kind's field names to canonical values: dates ISO, ids digits, names as printed.
    """

    file_name: str
    media_type: str
    data: bytes = field(repr=False)
    kind: str
    truth: Mapping[str, str]


def papers() -> tuple[DemoPaper, ...]:
    """The demo's four papers. Raises FontsMissing (with what to install) where the fonts are not there."""
    return (_birth_certificate(), _citizen_card(), _land_certificate(), _driving_licence())


def _birth_certificate() -> DemoPaper:
    page = _drawn("giay_khai_sinh.form", BIRTH, PAGE_DPI)
    data = _saved("JPEG", [scanned(page.image, 0.2, seed=1)], PAGE_DPI)
    return DemoPaper("Giấy khai sinh.jpg", "image/jpeg", data, "birth-certificate", page.values)


def _citizen_card() -> DemoPaper:
    front, back = (_drawn(f"can_cuoc_{side}", CARD, CARD_DPI) for side in ("mat_truoc.front", "mat_sau.back"))
    pages = [scanned(on_bed(front.image, BED), -0.5, seed=2), scanned(on_bed(back.image, BED), 0.3, seed=3)]
    truth = {**front.values, **back.values, "old-id-number": CITIZEN.old_id}
    return DemoPaper("Căn cước (hai mặt).pdf", "application/pdf", _saved("PDF", pages, CARD_DPI), "citizen-card", truth)


def _land_certificate() -> DemoPaper:
    page = _drawn("gcn_quyen_su_dung_dat.pink", LAND, PAGE_DPI)
    data = _saved("PDF", [scanned(page.image, -0.25, seed=4)], PAGE_DPI)
    return DemoPaper("Sổ hồng nhà Thạc Gián.pdf", "application/pdf", data, "land-use-certificate", page.values)


def _driving_licence() -> DemoPaper:
    card = _drawn("giay_phep_lai_xe.pet", LICENCE, CARD_DPI)
    data = _saved("PNG", [scanned(on_bed(card.image, BED), 0.6, seed=5)], CARD_DPI)
    return DemoPaper("Giấy phép lái xe.png", "image/png", data, "driving-licence", card.values)


def _drawn(layout: str, said: Facts, dpi: int) -> Drawn:
    return draw(layouts()[layout], SEED, said=said, dpi=dpi)


def _saved(form: str, pages: Sequence[Image.Image], dpi: int) -> bytes:
    out = io.BytesIO()
    if form == "PDF":
        dates = {"creationDate": SCANNED_AT, "modDate": SCANNED_AT}  # else it is now, and another file each time
        pages[0].save(out, form, save_all=True, append_images=pages[1:], resolution=dpi, quality=88, **dates)
    else:
        pages[0].save(out, form, dpi=(dpi, dpi), quality=88, optimize=True)
    return out.getvalue()
