"""Chroma added around hints where enlarging has blurred their colors.

Hints are spread at a small size, so that an error is left at full size where the picture or the
hints have finer details. Around the hints with the largest errors, the error is spread once more in
a small window of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.guidance.constraints import Constraints
from colortk.guidance.propagate import Propagation
from colortk.types import Float32

#: Half the side, in pixels, of the window around a hint in which the last error is spread.
WINDOW = 24
#: A last error below this (CIE76) is corrected at the hint's own pixels alone.
SMALL = 1.0
#: Windows of a picture at most: each is one system of equations.
MAX_PATCHES = 150


@dataclass(frozen=True)
class Patch:
    """Chroma that is added to a window of the picture.

    Parameters
    ----------
    top, left : int
        Position of the window.
    ab : float32 array of shape (n, m, 2)
        CIE a* and b* to add.
    """

    top: int
    left: int
    ab: Float32


def make_patches(
    rest: Any, lightness: Float32, constraints: Constraints
) -> tuple[list[Patch], int]:
    """Return chroma to add around hints that enlarging has blurred.

    Parameters
    ----------
    rest : float array of shape (N, 2)
        Difference of each constraint to the chroma at its pixel.
    lightness : float32 array of shape (H, W)
        CIE L* of the picture.
    constraints : Constraints
        The N pixels whose chroma is set.

    Returns
    -------
    patches : list of Patch
        At most :data:`MAX_PATCHES`.
    left_out : int
        Number of constraints whose error is large and in no patch.
    """
    if not len(constraints):
        return [], 0
    errors = np.linalg.norm(rest, axis=1)
    index = np.full(constraints.shape, -1, np.int32)
    index[constraints.rows, constraints.columns] = np.arange(len(constraints), dtype=np.int32)
    # Chroma does not spread through hints: only those with a free neighbor matter.
    enclosed = cv2.erode((index >= 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    waiting = (errors > SMALL) & ~enclosed[constraints.rows, constraints.columns]
    candidates = np.flatnonzero(waiting)
    patches: list[Patch] = []
    for first in candidates[np.argsort(-errors[candidates], kind="stable")]:
        if not waiting[first]:
            continue
        if len(patches) == MAX_PATCHES:
            break
        row, column = int(constraints.rows[first]), int(constraints.columns[first])
        patch, covered = _patch(row, column, rest, waiting, lightness, index)
        patches.append(patch)
        waiting[covered] = False
    return patches, int(waiting.sum())


def _patch(
    row: int, column: int, rest: Any, waiting: Any, lightness: Float32, index: Any
) -> tuple[Patch, Any]:
    """Return the patch around a pixel, and the constraints whose error it corrects in full."""
    height, width = index.shape
    top, left = max(0, row - WINDOW), max(0, column - WINDOW)
    bottom, right = min(height, row + WINDOW + 1), min(width, column + WINDOW + 1)
    window = index[top:bottom, left:right]
    is_hint = window >= 0
    near = window[is_hint]
    values = np.where(waiting[near][:, None], rest[near], 0)  # 0 where a patch has corrected it
    ab = Propagation(lightness[top:bottom, left:right]).spreader(is_hint).spread(values)
    distance = np.hypot(*np.mgrid[top - row : bottom - row, left - column : right - column])
    taper = np.clip(2 - 2 * distance / WINDOW, 0, 1)[..., None]
    covered = near[distance[is_hint] <= WINDOW / 2]
    return Patch(top, left, (ab * taper).astype(np.float32)), covered
