"""Papers for the journeys: a photographed page and a born-digital PDF, made in memory and never on a disk."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
A4 = (595, 842)


def photographed(lines: Sequence[str], *, size: tuple[int, int] = (1240, 1754), grain: int = 0) -> bytes:
    """PNG of a page with these lines in large letters; `grain` is the seed of its noise, which also makes it unique."""
    page = Image.new("L", size, 245)
    pen, letters = ImageDraw.Draw(page), ImageFont.truetype(BOLD, size[0] // 25)
    for number, line in enumerate(lines):
        pen.text((size[0] // 12, size[1] // 12 + number * size[0] // 14), line, 20, letters)
    noise = np.random.default_rng(grain).normal(0.0, 4.0, (size[1], size[0]))
    seen = np.clip(np.asarray(page, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(seen).save(out, "PNG", dpi=(150, 150))
    return out.getvalue()


def born_digital(*pages: Sequence[str], padding: int = 0) -> bytes:
    """A PDF whose pages have a text layer: these lines (ASCII), in plain sight of whoever looks into the file.

    `padding` makes it that many bytes larger, by a stream that nothing shows.
    """
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for index, lines in enumerate(pages):
        shown = "".join(f"({line}) Tj 0 -22 Td\n" for line in lines)
        content = f"BT /F 14 Tf 60 {A4[1] - 90} Td\n{shown}ET"
        box = f"/MediaBox[0 0 {A4[0]} {A4[1]}]/Resources<</Font<</F 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{box}/Contents {5 + 2 * index} 0 R>>")
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    if padding:
        objects.append(f"<</Length {padding}>>stream\n{'.' * padding}\nendstream")
    return _file(objects)


def _file(objects: Sequence[str]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n".encode()
    return out + f"xref\n0 {size}\n0000000000 65535 f \n".encode() + table + trailer
