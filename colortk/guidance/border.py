"""Borders and mounts of a scanned photograph, found by lightness alone.

A border is a strip along a side of the picture that is nearly black or as light as paper, has one
lightness, and ends at the same depth along the side. A sky or a floor that reaches the side ends at
different depths, and is no border.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.types import Float32

#: Lightness (L*) under which a strip is black, and above which it is paper.
BLACK, PAPER = 22.0, 72.0
#: How far a pixel may be from the strip's lightness (L*): texture and yellowing of paper.
TOLERANCE = 9.0
#: Share of the other side that a border takes at most; one that is found on a single side is thin.
DEEPEST, DEEPEST_ALONE = 0.25, 0.12
#: Share of the lines across a strip that must end within ``STRAIGHT`` (a share of the side) of it.
SHARE, STRAIGHT = 0.8, 0.012
#: Length of the short side at which borders are looked for.
_SIDE = 512


def border_mask(lightness: Float32) -> Any:
    """Return where a picture shows its border or mount.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.

    Returns
    -------
    bool array of shape (H, W)
        ``True`` in the border. ``False`` everywhere if there is none.
    """
    height, width = lightness.shape
    scale = min(1.0, _SIDE / min(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(small, 5)  # dust and scratches do not end a border
    mask = np.zeros(small.shape, bool)
    strips = [_depths(np.rot90(small, turns)) for turns in range(4)]
    border_strips = [strip for strip in strips if strip is not None]
    for turns, depths in enumerate(strips):
        if depths is None:
            continue
        view = np.rot90(mask, turns)
        if len(border_strips) == 1 and np.median(depths) > DEEPEST_ALONE * len(view):
            continue
        view |= np.arange(len(view))[:, None] < depths[None, :]
    if not mask.any():
        return np.zeros(lightness.shape, bool)
    full = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return full.astype(bool)


def _depths(picture: Float32) -> Any:
    """Return the depth of the strip along the first row for each column, or ``None``."""
    height = len(picture)
    first = picture[: max(1, height // 200)]
    level = float(np.median(first))
    if BLACK < level < PAPER:
        return None
    inside = np.abs(picture - level) <= TOLERANCE
    depths = np.where(inside.all(axis=0), height, np.argmin(inside, axis=0))
    middle = float(np.median(depths))
    if middle < 2 or middle > DEEPEST * height:
        return None
    near = np.abs(depths - middle) <= max(2.0, STRAIGHT * max(picture.shape))
    if near.mean() < SHARE:
        return None
    # Where the picture itself has the strip's lightness, the strip ends where its neighbors end.
    return np.minimum(depths, middle + max(2.0, STRAIGHT * max(picture.shape)))
