"""Area under the curve of accuracy (Zhang, Isola, Efros 2016, section 3.1, "raw accuracy")."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair

#: Largest threshold on the error of a*b*, in CIELAB units.
LIMIT = 150


def ab_auc(pair: Pair) -> float:
    """Area under the share of pixels whose a*b* error is within 0, 1, …, 150, over 150; 0..1.

    The trapezium rule; pixels are not weighted by how rare their colour is.
    """
    # A pixel with error d is within every threshold from ⌈d⌉ on: its part of the area is
    # 150 - ⌈d⌉, and half a step more where the curve jumps.
    first = np.ceil(np.sqrt(pair.ab_squares))
    area = np.float32(LIMIT + 0.5) - first
    area[first == 0] = LIMIT
    area[first > LIMIT] = 0
    return float(area.mean(dtype=np.float64)) / LIMIT
