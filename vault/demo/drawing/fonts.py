"""The letters that papers are set in: fonts of the system's packages that know all Vietnamese letters."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

FONTS: Final = Path("/usr/share/fonts/truetype")
_FULL: Final = {"": "-Regular", "b": "-Bold", "i": "-Italic", "bi": "-BoldItalic"}
_BARE: Final = {"": "", "b": "-Bold", "i": "-Italic", "bi": "-BoldItalic"}
_LIBERATION: Final = ("liberation2", "liberation")

FACES: Final[Mapping[str, tuple[str, tuple[str, ...], str, Mapping[str, str]]]] = {
    "times": ("fonts-liberation2", _LIBERATION, "LiberationSerif", _FULL),
    "arial": ("fonts-liberation2", _LIBERATION, "LiberationSans", _FULL),
    "courier": (
        "fonts-freefont-ttf",
        ("freefont",),
        "FreeMono",
        {"": "", "b": "Bold", "i": "Oblique", "bi": "BoldOblique"},
    ),
    "noto-serif": ("fonts-noto-core", ("noto",), "NotoSerif", _FULL),
    "noto-sans": ("fonts-noto-core", ("noto",), "NotoSans", _FULL),
    "roboto": ("fonts-roboto-unhinted", ("roboto/unhinted/RobotoTTF",), "Roboto", _FULL),
    "serif": ("fonts-dejavu-core", ("dejavu",), "DejaVuSerif", {"": "", "b": "-Bold", "i": "", "bi": "-Bold"}),
    "sans": ("fonts-dejavu-core", ("dejavu",), "DejaVuSans", {"": "", "b": "-Bold", "i": "", "bi": "-Bold"}),
    "mono": ("fonts-dejavu-core", ("dejavu",), "DejaVuSansMono", {"": "", "b": "-Bold", "i": "", "bi": "-Bold"}),
}
"""face → its Debian package, folders, the files' stem, and how each style is written at the file's end."""


SCALE: Final[Mapping[str, float]] = {
    "noto-serif": 0.92,
    "noto-sans": 0.88,
    "roboto": 0.97,
    "serif": 0.85,
    "sans": 0.84,
    "courier": 0.9,
}
"""Faces that run wide are set smaller, so that every layout fits whatever face it is set in."""


class FontsMissing(RuntimeError):
    """The fonts that the papers are drawn with are not installed."""

    def __init__(self, face: str) -> None:
        super().__init__(f"The papers need the fonts for {face} in {FONTS}: install the package {FACES[face][0]}.")


@cache
def font(face: str, size: float, style: str = "") -> ImageFont.FreeTypeFont:
    """A font, `size` pixels high; `style` is "", "b", "i" or "bi". Raises FontsMissing."""
    _package, folders, stem, endings = FACES[face]
    for folder in folders:
        path = FONTS / folder / f"{stem}{endings[style]}.ttf"
        if path.exists():
            found = ImageFont.truetype(path, size)
            if _knows_vietnamese(found):
                return found
    raise FontsMissing(face)


def installed(face: str) -> bool:
    """Whether `face` can be drawn with."""
    try:
        font(face, 20)
    except FontsMissing:
        return False
    return True


def _knows_vietnamese(letters: ImageFont.FreeTypeFont) -> bool:
    """Version 1 of the Liberation fonts lacks letters such as ắ: an unknown letter is drawn as an empty box."""
    unknown = bytes(letters.getmask("\ufffe"))
    return all(bytes(letters.getmask(letter)) != unknown for letter in "ắợễữỵ")
