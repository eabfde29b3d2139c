"""What is wrong with a photograph, in codes that tell what to do, from what was measured of it (ocr.quality)."""

from dataclasses import dataclass

ADVICE = ("too-dark", "blurred", "glare", "cut-off", "too-small")
"""All codes, in the order in which they are told."""

# Set by bench/quality.py: a page that reads well stays a third below each, one that does not lies above.
_DARKEST = 50.0  # of 255
_SOFTEST = 0.18
_VEIL, _VEIL_ON_WHITE = 0.15, 0.4
_WHITE = 235.0  # of 255: paper so bright is often blown out by the exposure or by a scanner, where no lamp is
_CUT = 3
_SMALLEST = 7.0  # pixels


@dataclass(frozen=True)
class Quality:
    """What was measured. Where there were too few letters only `paper` and `blur` say something."""

    letters: int
    paper: float  # 0..255, brightness of the paper about letters
    height: float = 0.0  # of small letters, in pixels of the photograph; 0 where it is not known
    blur: float = 0.0  # how wide edges are (standard deviation), of the height of letters
    contrast: float = 1.0  # 0..1, by how much ink is darker than its paper
    glare: float = 0.0  # 0..1, by how much letters about blown-out spots are paler than others
    cut: int = 0  # letters that the edge of the picture cuts

    @property
    def softness(self) -> float:
        """Blur makes edges wide and thin strokes pale: together they tell it from faint print and coarse pixels."""
        return self.blur / max(self.contrast, 0.01)


def advice(found: Quality) -> tuple[str, ...]:
    """Codes of ADVICE, in their order. In the dark nothing else can be told, and few pixels look like blur."""
    if found.paper < _DARKEST:
        return ("too-dark",)
    small = 0 < found.height < _SMALLEST
    wrong = {
        "blurred": found.softness > _SOFTEST and not small,
        "glare": found.glare > (_VEIL if found.paper < _WHITE else _VEIL_ON_WHITE),
        "cut-off": found.cut >= _CUT,
        "too-small": small,
    }
    return tuple(code for code in ADVICE if wrong.get(code))
