"""Which way the lines of a page run: along or across, and how far from level."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

INK = 140  # of 255 on a levelled page
_DARKEST = 0.5  # per cent of the pixels, which tell how dark ink is where letters are small or blurred
_PAPER = 235  # of 255: what is lighter is no ink at all
_REACH, _FINE = 1.5, 0.1  # degrees about the middle turn of the lines, and the steps that are tried
_POINTS = 40_000  # of ink, looked at for that
_LONG = 0.12  # of the longer side: rules of tables and frames
_JOINED = 0.02  # of the longer side, between letters of a line
_LEAST_LONG, _MOST_THIN = 0.05, 0.025  # of the longer side: a line, which is five times as long as it is thin
_LEAST_LINES = 3  # fewer tell nothing
_ACROSS = 1.2  # how much longer the lines must be across than along
_MOST_SKEW = 20.0  # degrees


@dataclass(frozen=True)
class Lines:
    """Lines of text as they were seen: how long all of them are together, and their middle turn in degrees."""

    length: float
    angle: float


def turn_of(levelled: Gray) -> tuple[bool, float]:
    """Whether lines run from top to bottom, and by how many degrees to turn the page anticlockwise after that.

    `levelled`: the page, some 1000 to 1500 pixels long. A page that is sideways is first turned clockwise.
    """
    ink = _without_rules(_ink(levelled))
    turned = np.ascontiguousarray(np.rot90(ink, -1))
    along, across = _lines(ink), _lines(turned)
    if across.length > _ACROSS * along.length:
        return True, _refined(turned, across)
    return False, _refined(ink, along)


def _refined(ink: Gray, lines: Lines) -> float:
    """The turn near that of the lines at which rows with ink and rows without take turns most sharply."""
    if lines.length == 0:
        return 0.0
    ys, xs = np.nonzero(ink)
    every = max(1, len(ys) // _POINTS)
    ys, xs = ys[::every].astype(np.float64), xs[::every].astype(np.float64)
    angles = lines.angle + np.arange(-_REACH, _REACH + _FINE / 2, _FINE)
    return float(max(angles, key=lambda angle: _sharpness(ys - xs * np.tan(np.radians(angle)))))


def _sharpness(heights: NDArray[np.float64]) -> float:
    rows = np.bincount((heights - heights.min()).astype(np.intp)).astype(np.float64)
    return float(np.square(np.diff(rows)).sum())


def _ink(levelled: Gray) -> Gray:
    """What is nearer to the darkest ink than to paper."""
    darkest = float(np.percentile(levelled, _DARKEST))
    ink: Gray = (levelled < (darkest + _PAPER) / 2).astype(np.uint8)
    return ink


def _without_rules(ink: Gray) -> Gray:
    """Without the rules of tables and frames, which run both ways."""
    long = max(9, round(_LONG * max(ink.shape)))
    lying = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    standing = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((long, 1), np.uint8))
    rules = cv2.dilate(cv2.max(lying, standing), np.ones((3, 3), np.uint8))
    kept: Gray = np.where(rules > 0, 0, ink).astype(np.uint8)
    return kept


def _lines(ink: Gray) -> Lines:
    """Letters that stand side by side grow together into long and thin pieces, where they are lines."""
    height, width = ink.shape
    longer = max(height, width)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, max(9, round(longer * _JOINED))), np.uint8))
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    angles, lengths = [], []
    for contour in contours:
        (_, _), (long, thin), turn = cv2.minAreaRect(contour)
        if long < thin:
            long, thin, turn = thin, long, turn - 90
        turn = (turn + 90) % 180 - 90  # versions of OpenCV differ in where they begin
        if long < _LEAST_LONG * longer or thin > _MOST_THIN * longer or long < 5 * thin or abs(turn) > _MOST_SKEW:
            continue
        angles.append(turn)
        lengths.append(long)
    if len(angles) < _LEAST_LINES:
        return Lines(0.0, 0.0)
    order = np.argsort(angles)
    middle = np.searchsorted(np.cumsum(np.array(lengths)[order]), sum(lengths) / 2)
    return Lines(float(sum(lengths)), float(np.array(angles)[order][middle]))
