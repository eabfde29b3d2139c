"""Dotted fill-in leaders: found as chains of equal dots and erased without the dots under letters."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Row = NDArray[np.float64]

_INK = 165  # of 255 on a levelled page: dots are small and so grayer than strokes
_LEAST_DOTS = 8  # in a chain; an ellipsis in a sentence has three
_PITCH = (1.2, 5.0)  # distance of neighbours, in widths of a dot
_LARGER = 1.25  # a dot under a letter, in dots of a leader
_FREE = 0.4  # least share of dots that stand free where a leader runs on under letters
_OFF = 0.3  # share of the pitch by which a dot may miss its place
_DARKER = 35  # levels of gray by which ink of letters is darker than that of a leader
_WIDER = 1.6  # most that a dot may spread, in its width
_MISSES = 6  # places without a dot after which a leader has ended


@dataclass(frozen=True, eq=False)
class Leader:
    """Dots along y = slope * x + offset, `width` wide, `height` high, `pitch` apart; `dots` are the columns seen."""

    slope: float
    offset: float
    width: float
    height: float
    pitch: float
    dots: Row


def erase_leaders(page: Gray, letter: float) -> Gray:
    """`page` levelled, nearly upright; `letter` is the height of its small letters in pixels."""
    ink = page < _INK
    leaders = [leader for chain in _chains(_dots(ink, letter)) if (leader := _fit(chain))]
    if not leaders:
        return page
    erased = page.copy()
    for leader in leaders:
        _erase(erased, page, ink, leader)
    return erased


def _dots(ink: Mask, letter: float) -> NDArray[np.float64]:
    """Small round spots as rows of (x, y, width, height), centre first, sorted by x."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    width, height, area = stats[:, 2], stats[:, 3], stats[:, 4]
    most = max(3.0, 0.45 * letter)
    small = (width <= most) & (height <= most) & (width <= 2 * height + 1) & (height <= 2 * width + 1) & (area >= 2)
    spots = np.column_stack([centres[small], width[small], height[small]]).astype(np.float64)
    found: NDArray[np.float64] = spots[np.argsort(spots[:, 0], kind="stable")]
    return found


def _chains(dots: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Link each dot to its nearest neighbour on the right at the same height; long links make chains."""
    count = len(dots)
    following = np.full(count, -1)
    taken = np.zeros(count, bool)
    xs = dots[:, 0]
    for index in range(count):
        x, y, width, height = dots[index]
        size = max(width, height)
        first, last = np.searchsorted(xs, [x + _PITCH[0] * size, x + _PITCH[1] * size])
        near = np.arange(first, last)
        near = near[(np.abs(dots[first:last, 1] - y) <= max(1.0, 0.4 * size)) & ~taken[first:last]]
        if near.size:
            following[index] = near[0]
            taken[near[0]] = True
    chains = []
    for start in np.flatnonzero(~taken):
        chain, at = [start], following[start]
        while at >= 0:
            chain.append(at)
            at = following[at]
        if len(chain) >= _LEAST_DOTS:
            chains.append(dots[chain])
    return chains


def _fit(chain: NDArray[np.float64]) -> Leader | None:
    """None when the spots are not evenly spaced along a straight line, as noise and hatching are not."""
    steps = np.diff(chain[:, 0])
    pitch = float(np.median(steps))
    even = np.mean(np.abs(steps - pitch) <= max(1.0, 0.2 * pitch))
    slope, offset = np.polyfit(chain[:, 0], chain[:, 1], 1)
    width, height = float(np.median(chain[:, 2])), float(np.median(chain[:, 3]))
    straight = np.median(np.abs(chain[:, 1] - slope * chain[:, 0] - offset)) <= max(0.7, 0.3 * height)
    if even < 0.6 or not straight:
        return None
    return Leader(float(slope), float(offset), width, height, pitch, chain[:, 0])


def _erase(erased: Gray, page: Gray, ink: Mask, leader: Leader) -> None:
    """Whiten in `erased` the leader's dots, also where it runs on under letters.

    Left alone is what reaches below the dots (descenders) and what is larger than they are without hanging from a
    letter (the dot under ạ ệ ị).
    """
    half = math.ceil(leader.height / 2)
    places = np.sort(np.concatenate([leader.dots, _followed(ink, leader, -1), _followed(ink, leader, 1)]))
    first, last = round(places[0] - leader.pitch / 2), round(places[-1] + leader.pitch / 2)
    xs = np.arange(max(0, first), min(page.shape[1], last + 1))
    middle = np.rint(leader.slope * xs + leader.offset).astype(int)
    inside = (middle - half - 1 >= 0) & (middle + half + 1 < page.shape[0])
    xs, middle = xs[inside], middle[inside]
    rows = middle[None, :] + np.arange(-half - 1, half + 2)[:, None]  # one row above and one below the dots
    strip = ink[rows, xs[None, :]]
    shades = page[rows, xs[None, :]]
    gone = _dots_of_strip(strip, shades, leader, places - xs[0])
    ghost = cv2.dilate(gone.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)  # the gray edge of the ink
    kept = cv2.dilate((strip & ~gone)[1:-1].astype(np.uint8), np.ones((1, 3), np.uint8)).astype(bool)
    ghost[1:-1] &= ~kept | gone[1:-1]
    ghost[[0, -1]] = False
    strip_rows, strip_columns = np.nonzero(ghost)
    erased[rows[strip_rows, strip_columns], xs[strip_columns]] = 255


def _dots_of_strip(strip: Mask, shades: Gray, leader: Leader, places: Row) -> Mask:
    """The ink of a strip, without its outer rows, that is the leader's; `places` are the columns of its dots."""
    gone = np.zeros_like(strip)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(strip[1:].astype(np.uint8), connectivity=8)
    reaches_below = np.zeros(count, bool)
    reaches_below[np.unique(labels[-1])] = True
    hangs = np.zeros(count, bool)
    hangs[np.unique(labels[0][strip[0]])] = True
    larger = (stats[:, 2] > _LARGER * leader.width + 0.5) | (stats[:, 3] > _LARGER * leader.height + 0.5)
    darkest = np.full(count, 255, np.uint8)
    np.minimum.at(darkest, np.asarray(labels, dtype=np.intp), shades[1:])
    usual = np.median(darkest[1:][~larger[1:] & ~hangs[1:]]) if count > 1 else 0
    larger |= darkest < usual - _DARKER  # letters are printed in full ink
    after = np.clip(np.searchsorted(places, centres[:, 0]), 1, len(places) - 1)
    off = np.minimum(np.abs(centres[:, 0] - places[after - 1]), np.abs(centres[:, 0] - places[after]))
    erased = ~reaches_below & (hangs | (~larger & (off <= _OFF * leader.pitch)))
    erased[0] = False
    gone[1:] = erased[labels]
    gone[-1] = False
    return gone


def _followed(ink: Mask, leader: Leader, direction: int) -> Row:
    """Columns of the dots beyond the chain, at its pitch, between and under letters: on the left as far as they go."""
    x = float(leader.dots[0] if direction < 0 else leader.dots[-1])
    places: list[float] = []
    free = sure = missed = 0
    while missed <= (_MISSES if direction < 0 else 0):
        x += direction * leader.pitch
        seen = _dot_near(ink, leader, x)
        missed = missed + 1 if seen is None else 0
        x = x if seen is None else (x + seen) / 2
        places.append(x)
        free += seen is not None
        if seen is not None and free >= _FREE * len(places):
            sure = len(places)  # feet of letters look like a dot now and then, but not as often
    return np.array(places[:sure])


def _dot_near(ink: Mask, leader: Leader, x: float) -> float | None:
    """Centre of a free dot about `x`: as narrow as the leader's, with white beside and above; else None."""
    reach = leader.pitch / 2
    left, right = round(x - reach), round(x + reach) + 1
    y = round(leader.slope * x + leader.offset)
    above = y - math.ceil(leader.height / 2) - 1
    if left < 0 or right > ink.shape[1] or above < 0 or y >= ink.shape[0]:
        return None
    columns = np.flatnonzero(ink[y, left:right])
    if not columns.size or columns[-1] - columns[0] >= min(_WIDER * leader.width, right - left - 1):
        return None
    centre = left + float(columns.mean())
    return None if ink[above, round(centre)] else centre
