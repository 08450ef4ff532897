"""Spread values along a picture's edges that are certain to different degrees.

Hints are exact (:mod:`colortk.guidance.propagate`). Other values, such as colors that were found by
comparison with another picture, are only likely. With x the spread values, v the given ones, c
their certainty and w the affinity of neighbors, x minimizes ::

    sum w_ij (x_i - x_j)^2 + PULL * sum c_i (x_i - v_i)^2 + FADE * sum x_i^2

As for hints, the share of v that arrives is solved with the same matrix, and x is divided by it.
"""

from __future__ import annotations

import numpy as np

from colortk.guidance.propagate import Propagation
from colortk.types import Float32

#: Weight of a certain value beside its neighbors: with less, values are smoothed more.
PULL = 0.2
#: Weight of the term that ends spreading; 1 / sqrt(FADE) is a distance in pixels.
FADE = 1e-2
#: Share of the values that must arrive at a pixel so that they count in full, or at all.
FULL, NONE = 0.5, 0.15


def spread_certain_values(
    lightness: Float32, values: Float32, certainty: Float32
) -> tuple[Float32, Float32]:
    """Spread values from where they are certain to the next edges, and smooth them.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100, of a small copy of the picture: time grows with its size.
    values : float32 array of shape (H, W, C)
        The values, such as a* and b*. Where the certainty is 0, they do not matter.
    certainty : float32 array of shape (H, W)
        0 to 1.

    Returns
    -------
    float32 array of shape (H, W, C)
        The spread values.
    float32 array of shape (H, W)
        How far they count, 0 to 1. It is 0 where no certain value reaches.
    """
    weights = PULL * np.ravel(certainty).astype(np.float64)[:, None]
    sources = np.hstack([weights * values.reshape(len(weights), -1), weights])
    solution = Propagation(lightness).solved(sources, weights.ravel() + FADE)
    reach = solution[:, -1:]
    share = np.clip((reach - NONE) / (FULL - NONE), 0, 1)
    share = share * share * (3 - 2 * share)  # no visible border where it begins
    spread = solution[:, :-1] / np.maximum(reach, 1e-12)
    return (
        spread.reshape(values.shape).astype(np.float32),
        share.reshape(lightness.shape).astype(np.float32),
    )
