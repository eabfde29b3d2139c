"""Light clean-up of a page before recognition; gray stays gray, because thresholding makes reading worse."""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Colour = NDArray[np.uint8]  # height x width x 3, RGB

_RED = 30  # by how much red exceeds green and blue in red ink
_STAMP_LEAST = 95  # of 255 where paper is white: ink of stamps lets paper shine through, print does not
_BACKGROUND_SIDE = 700  # pixels of the longer side at which the paper's brightness is estimated


def clean(page: Colour) -> Gray:
    """The page in gray, its paper white, its stamps faded."""
    return fade_stamps(page, level_background(_bytes(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))))


def fade_stamps(page: Colour, levelled: Gray) -> Gray:
    """Stamps lie over letters; the red channel sees their ink as paper. Dark red is a printed title and stays."""
    red, green, blue = cv2.split(page)
    reddish = cv2.subtract(red, cv2.max(green, blue)) > _RED
    stamp = reddish & (levelled > _STAMP_LEAST)
    if not stamp.any():
        return levelled
    faded: Gray = np.where(stamp, np.maximum(levelled, level_background(_bytes(red))), levelled)
    return faded


def level_background(gray: Gray) -> Gray:
    """Divide by the paper's brightness nearby, so that shadows and lamps vanish and paper is white."""
    height, width = gray.shape
    share = min(1.0, _BACKGROUND_SIDE / max(height, width))
    small = cv2.resize(gray, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    around = max(7, round(max(small.shape) / 45) | 1)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((around, around), np.uint8)), min(around * 2 + 1, 255))
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    levelled: Gray = cv2.divide(gray, paper, scale=255).astype(np.uint8)
    return levelled


def _bytes(image: object) -> Gray:
    """OpenCV's types are wider than what it gives for images of bytes."""
    return np.asarray(image, dtype=np.uint8)
