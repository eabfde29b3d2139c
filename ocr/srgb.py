"""What a copy's red, green and blue mean: sRGB (IEC 61966-2-1) as an ICC profile of version 4 (ICC.1:2010)."""

import struct
from collections.abc import Sequence
from itertools import accumulate

_HEADER_BYTES = 128
_ENTRY_BYTES = 12
_D50 = (0.9642, 1.0, 0.8249)
_RED, _GREEN, _BLUE = (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)
_FROM_D65 = (1.04788, 0.02292, -0.0502, 0.02959, 0.99048, -0.01706, -0.00923, 0.01508, 0.75168)
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # parametric curve of type 3


def profile() -> bytes:
    """The same bytes each time."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(_CURVE)
    tags = (
        (b"desc", _text("sRGB")), (b"cprt", _text("No copyright")), (b"wtpt", _xyz(_D50)),
        (b"chad", b"sf32" + bytes(4) + _fixed(_FROM_D65)),
        (b"rXYZ", _xyz(_RED)), (b"gXYZ", _xyz(_GREEN)), (b"bXYZ", _xyz(_BLUE)),
        (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve),
    )  # fmt: skip
    bodies = [body + bytes(-len(body) % 4) for _, body in tags]
    start = _HEADER_BYTES + 4 + _ENTRY_BYTES * len(tags)
    places = accumulate((len(body) for body in bodies), initial=start)
    table = b"".join(struct.pack(">4sII", name, at, len(body)) for (name, body), at in zip(tags, places, strict=False))
    rest = struct.pack(">I", len(tags)) + table + b"".join(bodies)
    return _header(_HEADER_BYTES + len(rest)) + rest


def _header(size: int) -> bytes:
    """Section 7.2: a display's profile, from RGB to XYZ."""
    made = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04300000, b"mntr", b"RGB ", b"XYZ ") + made + b"acsp"
    return (head + bytes(28) + _fixed(_D50)).ljust(_HEADER_BYTES, b"\0")


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: Sequence[float]) -> bytes:
    """s15Fixed16Number (section 4.6)."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
