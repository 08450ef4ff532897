"""Area under the curve of accuracy (Zhang, Isola, Efros 2016, section 3.1), raw and rebalanced."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.color_classes import cells, weights
from colortk.harness.metrics.pair import Pair
from colortk.types import Float32

#: Largest threshold on the error of a*b*, in CIELAB units.
LIMIT = 150


def ab_auc(pair: Pair) -> float:
    """Return the area under the share of pixels whose a*b* error is within 0, 1, …, 150; 0..1.

    The area is computed by the trapezium rule. Pixels are not weighted by how rare their color is.
    """
    return float(_areas(pair).mean(dtype=np.float64)) / LIMIT


def ab_auc_rebalanced(pair: Pair) -> float:
    """Return the same area with every pixel weighted by how rare its true color is.

    Zhang's "class-balanced variant": the weight is the inverse of the smoothed probability of the
    color class of the original's pixel, see :mod:`colortk.harness.metrics.color_classes`. Weights
    are divided by their sum over the picture.

    Returns
    -------
    float
        0..1; higher is better.
    """
    _, a, b = pair.truth.planes
    weight = weights()[cells(a, b)]
    weighted = np.vdot(weight.ravel(), _areas(pair).ravel().astype(np.float64))
    return float(weighted / weight.sum(dtype=np.float64)) / LIMIT


def _areas(pair: Pair) -> Float32:
    """Return the part of the area, 0..150, that each pixel adds: float32 (H, W)."""
    # A pixel with error d is within every threshold from ⌈d⌉ on. It adds 150 - ⌈d⌉ to the area,
    # and ½ for the trapezoid in which the curve jumps.
    first = np.ceil(np.sqrt(pair.ab_squares))
    area: Float32 = np.float32(LIMIT + 0.5) - first
    area[first == 0] = LIMIT
    area[first > LIMIT] = 0
    return area
