"""Lays a page on a table and looks at it from aside: wood, cloth, stone, plain boards, all drawn."""

from typing import Final

import cv2
import numpy as np

from bench.papers.degrade import Chance, Picture

_WOODS: Final = ((112, 78, 52), (150, 112, 76), (78, 56, 44), (176, 142, 104), (64, 60, 60))
_PLAINS: Final = ((58, 62, 70), (120, 126, 134), (150, 60, 54), (52, 84, 74), (40, 40, 44), (96, 110, 140))


def table(height: int, width: int, chance: Chance) -> Picture:
    """A table that large."""
    return (_wood, _cloth, _stone, _plain)[int(chance.integers(4))](height, width, chance)


def _wood(height: int, width: int, chance: Chance) -> Picture:
    """Grain along one direction, in broad and fine streaks."""
    colour = np.array(_WOODS[int(chance.integers(len(_WOODS)))], np.float32)
    fine = chance.normal(0, 1, (max(2, height // 60), width)).astype(np.float32)
    broad = chance.normal(0, 1, (max(2, height // 200), max(2, width // 24))).astype(np.float32)
    streaks = (
        cv2.resize(fine, (width, height)) * 0.06
        + cv2.resize(broad, (width, height), interpolation=cv2.INTER_CUBIC) * 0.1
    )
    seen = colour * (1 + streaks[..., None])
    return _bytes(seen if chance.random() < 0.5 else np.rot90(cv2.resize(seen, (height, width))))


def _cloth(height: int, width: int, chance: Chance) -> Picture:
    """A checked tablecloth."""
    one = np.array(_PLAINS[int(chance.integers(len(_PLAINS)))], np.float32)
    step = int(min(height, width) * chance.uniform(0.04, 0.1))
    across = ((np.arange(width) // step) % 2).astype(np.float32)
    down = ((np.arange(height) // step) % 2).astype(np.float32)
    checks = (across[None] + down[:, None]) * 0.22
    weave = chance.normal(1, 0.04, (height, width)).astype(np.float32)
    return _bytes((one * (1 - checks[..., None]) + 150 * checks[..., None]) * weave[..., None])


def _stone(height: int, width: int, chance: Chance) -> Picture:
    """Granite: specks of several sizes."""
    seen = np.full((height, width), chance.uniform(70, 130), np.float32)
    for size, strength in ((2, 22), (6, 16), (40, 8)):
        specks = chance.normal(0, strength, (max(2, height // size), max(2, width // size))).astype(np.float32)
        seen += cv2.resize(specks, (width, height))
    return _bytes(np.repeat(seen[..., None], 3, axis=2) * np.array([1.02, 1.0, 0.97], np.float32))


def _plain(height: int, width: int, chance: Chance) -> Picture:
    """A painted board, with the light falling off."""
    colour = np.array(_PLAINS[int(chance.integers(len(_PLAINS)))], np.float32)
    light = cv2.resize(
        chance.uniform(0.7, 1.15, (3, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return _bytes(colour * light[..., None] + chance.normal(0, 3, (height, width, 1)))


def laid(picture: Picture, chance: Chance, tilt: float = 0.06) -> Picture:
    """The page on a table, seen from aside: corners are off by at most `tilt` of their sides; it throws a shadow."""
    height, width = picture.shape[:2]
    margin = round(min(height, width) * chance.uniform(0.05, 0.14))
    wide, high = width + 2 * margin, height + 2 * margin
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    off = chance.uniform(-tilt, tilt, (4, 2)) * (width, height) * 0.5
    seen_at = np.clip(corners + margin + off, 4, (wide - 4, high - 4)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen_at)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (wide, high), flags=cv2.INTER_LINEAR)
    page = cv2.warpPerspective(picture, matrix, (wide, high), flags=cv2.INTER_CUBIC)
    below = table(high, wide, chance).astype(np.float32)
    shade = cv2.GaussianBlur(np.roll(cover, (margin // 10, margin // 12), (0, 1)), (0, 0), margin / 8 + 1)
    below *= 1 - 0.55 * (shade.astype(np.float32) / 255)[..., None]
    part = (cover.astype(np.float32) / 255)[..., None]
    return _bytes(page * part + below * (1 - part))


def rounded(picture: Picture, radius: int) -> Picture:
    """A card's round corners, white outside, as a scanner shows them."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    part = (mask.astype(np.float32) / 255)[..., None]
    return _bytes(picture * part + 246 * (1 - part))


def _bytes(values: object) -> Picture:
    return np.clip(np.asarray(values), 0, 255).astype(np.uint8)
