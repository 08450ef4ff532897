"""Add neutral mounts and borders to training pictures, like those in scans of old prints.

Modern photographs have no borders, so that a network colors the paper around a print like a wall
or a sky. A border of gray paper, in picture and truth, teaches it otherwise.
"""

from __future__ import annotations

import numpy as np

from colortk._opencv import cv2
from colortk.types import Array

#: Probability of a border; of white or yellowed, of black, and of gray paper; of round corners.
PROBABILITY, TONES, ROUND_PROBABILITY = 0.08, (0.6, 0.25, 0.15), 0.25


def add_mount(picture: Array, rng: np.random.Generator) -> Array:
    """Return the picture, with probability `PROBABILITY` inside a neutral border.

    Parameters
    ----------
    picture : ndarray
        sRGB, uint8 (H, W, 3).
    rng : numpy.random.Generator
        Decides whether there is a border, its widths (0 to 18 % of each side), tone and corners.

    Returns
    -------
    ndarray
        sRGB, uint8 (H, W, 3), the size of ``picture``; every pixel of the border is gray.
    """
    if rng.random() >= PROBABILITY:
        return picture
    height, width = picture.shape[:2]
    shares = rng.uniform(0, 0.18, 4) * (rng.random(4) < 0.75)
    top, bottom = (int(share * height) for share in shares[:2])
    left, right = (int(share * width) for share in shares[2:])
    inside = np.zeros((height, width), np.uint8)
    inside[top : height - bottom, left : width - right] = 1
    if rng.random() < ROUND_PROBABILITY:
        radius = max(1, int(rng.uniform(0.03, 0.12) * min(height, width)))
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        outside = cv2.BORDER_CONSTANT
        inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, disk, borderType=outside, borderValue=0)
    low, high = ((200, 256), (0, 40), (90, 200))[rng.choice(3, p=TONES)]
    tone = rng.integers(low, high) + rng.normal(0, 2, (height, width))
    paper = np.clip(np.rint(tone), 0, 255).astype(np.uint8)[..., None]
    mounted: Array = np.where(inside[..., None] > 0, picture, paper)
    return mounted
