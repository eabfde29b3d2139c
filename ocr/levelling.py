"""White paper whatever the light was."""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

_SIDE = 700  # pixels of the longer side at which the paper's brightness is estimated


def level_background(gray: Gray) -> Gray:
    """Divide by the paper's brightness nearby, so that shadows and lamps vanish and paper is white."""
    height, width = gray.shape
    share = min(1.0, _SIDE / max(height, width))
    small = cv2.resize(gray, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    around = max(7, round(max(small.shape) / 45) | 1)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((around, around), np.uint8)), min(around * 2 + 1, 255))
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(gray, paper, scale=255), dtype=np.uint8)
