"""The demo's papers as a citizen would have them: scans of four papers that agree with each other.

Everything is invented and seeded, so the same papers come out each time on the same versions of the libraries.
"""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from vault.demo import cards, certificates
from vault.demo.scan import on_bed, scanned

SCANNED_AT = time.gmtime(1_700_000_000)


@dataclass(frozen=True)
class DemoPaper:
    """One file to put into the demo's wallet, and what a perfect reader would find in it.

    `truth` maps the kind's field names to canonical values: dates ISO, ids digits, names as printed.
    """

    file_name: str
    media_type: str
    data: bytes = field(repr=False)
    kind: str
    truth: dict[str, str]


def papers() -> tuple[DemoPaper, ...]:
    """The demo's four papers. Raises FontsMissing (with what to install) where the fonts are not there."""
    return (_birth_certificate(), _citizen_card(), _land_certificate(), _driving_licence())


def _birth_certificate() -> DemoPaper:
    sheet, truth = certificates.birth_certificate()
    data = _saved("JPEG", [scanned(sheet, 0.2, seed=1)], certificates.DPI)
    return DemoPaper("Giấy khai sinh.jpg", "image/jpeg", data, "birth-certificate", truth)


def _citizen_card() -> DemoPaper:
    front = scanned(on_bed(cards.card_front(), 60), -0.5, seed=2)
    back = scanned(on_bed(cards.card_back(), 60), 0.3, seed=3)
    data = _saved("PDF", [front, back], cards.DPI)
    return DemoPaper("Căn cước (hai mặt).pdf", "application/pdf", data, "citizen-card", cards.card_truth())


def _land_certificate() -> DemoPaper:
    sheet, truth = certificates.land_certificate()
    data = _saved("PDF", [scanned(sheet, -0.25, seed=4)], certificates.DPI)
    return DemoPaper("Sổ hồng nhà Thạc Gián.pdf", "application/pdf", data, "land-use-certificate", truth)


def _driving_licence() -> DemoPaper:
    sheet, truth = cards.driving_licence()
    data = _saved("PNG", [scanned(on_bed(sheet, 60), 0.6, seed=5)], cards.DPI)
    return DemoPaper("Giấy phép lái xe.png", "image/png", data, "driving-licence", truth)


def _saved(form: str, pages: Sequence[Image.Image], dpi: int) -> bytes:
    out = io.BytesIO()
    if form == "PDF":
        dates = {"creationDate": SCANNED_AT, "modDate": SCANNED_AT}  # else it is now, and another file each time
        pages[0].save(out, form, save_all=True, append_images=pages[1:], resolution=dpi, quality=88, **dates)
    else:
        pages[0].save(out, form, dpi=(dpi, dpi), quality=88, optimize=True)
    return out.getvalue()
