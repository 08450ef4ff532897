"""Hints at the working size of a colorizer that takes them itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from colortk.types import Float32

if TYPE_CHECKING:
    from colortk.guidance.constraints import Constraints


@dataclass(frozen=True)
class WorkingHints:
    """The colors that a user set, at the size at which a colorizer gets the picture.

    Parameters
    ----------
    ab : float32 array of shape (H, W, 2)
        CIE a* and b* of the hints; 0 where there is none.
    mask : float32 array of shape (H, W)
        1 where there is a hint, else 0.
    """

    ab: Float32
    mask: Float32


def working_hints(constraints: Constraints, shape: tuple[int, int]) -> WorkingHints | None:
    """Return the hints in a picture that was scaled down, so that none of them is lost.

    Parameters
    ----------
    constraints : Constraints
        Pixels of the full-size picture whose chroma is set. Those that keep the colorizer's own
        color are left out.
    shape : tuple of int
        Height and width of the smaller picture. A pixel of it gets the mean of its hints.

    Returns
    -------
    WorkingHints or None
        ``None`` if there is no hint.
    """
    colored = constraints.select(~np.isnan(constraints.ab[:, 0]))
    if not len(colored):
        return None
    (height, width), (rows, columns) = colored.shape, shape
    pixels = (colored.rows * rows // height) * columns + colored.columns * columns // width
    counts = np.bincount(pixels, minlength=rows * columns)
    sums = [np.bincount(pixels, values, rows * columns) for values in colored.ab.T]
    ab = (np.stack(sums, -1) / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return WorkingHints(
        ab.reshape(rows, columns, 2), (counts > 0).astype(np.float32).reshape(rows, columns)
    )
