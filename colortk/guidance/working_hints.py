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


def working_hints(
    constraints: Constraints, shape: tuple[int, int], automatic: Float32 | None = None
) -> WorkingHints | None:
    """Return the hints in a picture that was scaled down, so that none of them is lost.

    Parameters
    ----------
    constraints : Constraints
        Pixels of the full-size picture whose chroma is set.
    shape : tuple of int
        Height and width of the smaller picture. A pixel of it gets the mean of its hints.
    automatic : float32 array of shape (h, w, 2), optional
        The colorizer's own chroma of the smaller picture. Pixels that keep it become hints of this
        chroma; without it they are left out.

    Returns
    -------
    WorkingHints or None
        ``None`` if no color is set.
    """
    kept = np.isnan(constraints.ab[:, 0])
    if kept.all():
        return None
    used = constraints.select(~kept) if automatic is None else constraints
    (height, width), (rows, columns) = used.shape, shape
    pixels = (used.rows * rows // height) * columns + used.columns * columns // width
    chroma = used.ab
    if automatic is not None:
        chroma = np.where(kept[:, None], automatic.reshape(-1, 2)[pixels], chroma)
    counts = np.bincount(pixels, minlength=rows * columns)
    sums = [np.bincount(pixels, values, rows * columns) for values in chroma.T]
    ab = (np.stack(sums, -1) / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return WorkingHints(
        ab.reshape(rows, columns, 2), (counts > 0).astype(np.float32).reshape(rows, columns)
    )
