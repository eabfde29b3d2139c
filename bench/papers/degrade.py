"""What happens to a page between the table and the file: pure functions of a picture and of chance.

A picture is an array of height x width x 3 bytes (RGB); chance is a seeded generator of numpy.
"""

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Chance = np.random.Generator
Step = Callable[[Picture, Chance], Picture]

PAPER_WHITE: Final = (244, 244, 242)
"""What a scanner shows beside a page that lies crooked."""


def scaled(picture: Picture, factor: float) -> Picture:
    """The picture at another resolution."""
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return _bytes(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC))


def turned(picture: Picture, degrees: float, behind: tuple[int, int, int] = PAPER_WHITE) -> Picture:
    """The picture turned against the clock, and as much larger as it needs to be."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    sine, cosine = abs(turn[0, 1]), abs(turn[0, 0])
    wide, high = math.ceil(height * sine + width * cosine), math.ceil(height * cosine + width * sine)
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return _bytes(cv2.warpAffine(picture, turn, (wide, high), flags=cv2.INTER_CUBIC, borderValue=behind))


def skewed(picture: Picture, chance: Chance) -> Picture:
    """Laid a little crooked on the scanner: 1.5 to 7 degrees."""
    return turned(picture, chance.uniform(1.5, 7) * chance.choice((-1, 1)))


def quarter_turned(picture: Picture, chance: Chance) -> Picture:
    """Photographed sideways or upside down."""
    return np.ascontiguousarray(np.rot90(picture, int(chance.integers(1, 4))))


def shadowed(picture: Picture, chance: Chance) -> Picture:
    """Uneven light, and the shadow of a hand or a phone over a part."""
    height, width = picture.shape[:2]
    small = (max(8, width // 8), max(8, height // 8))
    corners = chance.uniform(0.82, 1.04, (2, 2)).astype(np.float32)
    light = cv2.resize(corners, small, interpolation=cv2.INTER_LINEAR)
    hand = np.ones((small[1], small[0]), np.float32)
    centre = np.array([chance.choice((-0.05, 1.05)) * small[0], chance.uniform(0.2, 0.8) * small[1]])
    points = [
        centre + np.array([math.cos(turn) * small[0], math.sin(turn) * small[1]]) * chance.uniform(0.35, 0.75)
        for turn in np.sort(chance.uniform(0, math.tau, 6))
    ]
    cv2.fillPoly(hand, [np.array(points, np.int32)], float(chance.uniform(0.42, 0.68)))
    hand = cv2.GaussianBlur(hand, (0, 0), max(small) * chance.uniform(0.012, 0.05))
    return _lit(picture, light * hand)


def glaring(picture: Picture, chance: Chance) -> Picture:
    """A lamp that shines back from the page: one or two bright spots, the brightest of them white."""
    height, width = picture.shape[:2]
    across, down = np.meshgrid(np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32))
    seen = picture.astype(np.float32)
    for _ in range(int(chance.integers(1, 3))):
        x, y = chance.uniform(0.15, 0.85, 2)
        wide, high = chance.uniform(0.06, 0.16), chance.uniform(0.04, 0.12)
        spot = np.exp(-(((across - x) / wide) ** 2 + ((down - y) / high) ** 2) / 2) * chance.uniform(0.6, 0.92)
        seen += (255 - seen) * spot[..., None]
    return _clipped(seen)


def blurred(picture: Picture, chance: Chance) -> Picture:
    """Out of focus, or moved: a disc or a line of a few pixels."""
    if chance.random() < 0.5:
        return _bytes(cv2.GaussianBlur(picture, (0, 0), chance.uniform(1.5, 2.3)))
    length = int(chance.integers(6, 11))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(chance.uniform(0, 180)), 1.0)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return _bytes(cv2.filter2D(picture, -1, kernel / kernel.sum()))


def slightly_blurred(picture: Picture, chance: Chance) -> Picture:
    """A phone's lens, held by a hand."""
    return _bytes(cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.6, 1.1)))


def noisy(picture: Picture, chance: Chance, strength: float = 14) -> Picture:
    """Grain of a sensor in poor light, coarser in the colours."""
    height, width = picture.shape[:2]
    grain = chance.normal(0, strength, (height, width, 1)).astype(np.float32)
    half = (height // 2 + 1, width // 2 + 1, 3)
    tint = cv2.resize(chance.normal(0, strength * 0.6, half).astype(np.float32), (width, height))
    return _clipped(picture.astype(np.float32) + grain + tint)


def grained(picture: Picture, chance: Chance) -> Picture:
    """The grain that every phone has."""
    return noisy(picture, chance, chance.uniform(2, 6))


def coloured(picture: Picture, chance: Chance) -> Picture:
    """The cast of a lamp: warm or cold, brighter or darker."""
    warm = chance.uniform(-0.1, 0.14)
    cast = np.array([1 + warm * 0.5, 1, 1 - warm], np.float32) * chance.uniform(0.8, 1.02)
    return _clipped(picture.astype(np.float32) * cast)


def folded(picture: Picture, chance: Chance) -> Picture:
    """Folded once or twice each way: light on one side of each crease, a fine shade in it, the page a little bent."""
    height, width = picture.shape[:2]
    light = np.ones((height, width), np.float32)
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    for upright in (True, False):
        along, length = (across, width) if upright else (down, height)
        for part in range(1, int(chance.integers(2, 4))):
            count = 2 if length < 1200 else 3
            at = length * (part / count + chance.uniform(-0.03, 0.03))
            away = (along - at) / length
            light *= 1 + chance.uniform(0.03, 0.08) * np.sign(away) * np.exp(-np.abs(away) * 14)
            light *= 1 - chance.uniform(0.12, 0.28) * np.exp(-(((along - at) / (length / 900)) ** 2))
            bend = length * chance.uniform(0.001, 0.003) * np.exp(-np.abs(away) * 10)
            across, down = (across, down + bend) if upright else (across + bend, down)
    bent = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _lit(_bytes(bent), light)


def stamped(picture: Picture, chance: Chance) -> Picture:
    """An office's stamps over the text: a red box with a number, or a violet one, turned a little."""
    seen = picture.copy()
    for _ in range(int(chance.integers(1, 3))):
        seen = _one_stamp(seen, chance)
    return seen


def _one_stamp(picture: Picture, chance: Chance) -> Picture:
    height, width = picture.shape[:2]
    unit = min(height, width) / 1000
    wide, high = round(chance.uniform(260, 380) * unit), round(chance.uniform(110, 170) * unit)
    ink = np.full((high * 2, wide * 2, 3), 255, np.uint8)
    colour = ((196, 36, 52), (92, 44, 150))[int(chance.integers(2))]
    line, top = max(1, round(4 * unit)), high // 2
    cv2.rectangle(ink, (wide // 2, top), (wide * 3 // 2, top + high), colour, line, cv2.LINE_AA)
    words = (("SAO Y BAN CHINH", "So: {} SCT/BS"), ("CONG VAN DEN", "So: {} Ngay: ..."), ("DA THU PHI", "Quyen so {}"))
    for row, text in enumerate(words[int(chance.integers(3))]):
        said = text.format(int(chance.integers(10, 9999)))
        at = (wide // 2 + round(20 * unit), top + round((row + 1) * high / 2.6))
        cv2.putText(ink, said, at, cv2.FONT_HERSHEY_SIMPLEX, unit * high / unit / 150, colour, line, cv2.LINE_AA)
    ink = turned(_bytes(ink), chance.uniform(-12, 12), (255, 255, 255))
    worn = cv2.resize(chance.uniform(0.5, 1, (24, 24)).astype(np.float32), (ink.shape[1], ink.shape[0]))
    ink = _clipped(255 - (255 - ink.astype(np.float32)) * worn[..., None])
    left = int(chance.integers(0, max(1, width - ink.shape[1])))
    low = int(chance.integers(height // 4, max(height // 4 + 1, height - ink.shape[0])))
    ink = ink[: height - low, : width - left]
    below = picture[low : low + ink.shape[0], left : left + ink.shape[1]]
    below[:] = (below.astype(np.uint16) * ink // 255).astype(np.uint8)
    return picture


def _lit(picture: Picture, light: NDArray[np.float32]) -> Picture:
    """The picture under a light that is given for all its pixels, or for fewer."""
    height, width = picture.shape[:2]
    full = (
        light if light.shape == (height, width) else cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC)
    )
    return _clipped(picture.astype(np.float32) * full[..., None])


def _clipped(values: NDArray[np.float32]) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)


def _bytes(values: object) -> Picture:
    return np.asarray(values, dtype=np.uint8)
