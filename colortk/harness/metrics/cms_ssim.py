"""Color MS-SSIM: the structure of lightness times a comparison of color.

After Hassan and Bhagvati 2012 ("Structural similarity measure for color images", IJCA 43(14)), who
add a comparison of color, a thresholded Euclidean distance, to the three of MS-SSIM. Their exact
formula could not be consulted. Here the distance is ΔE*ab, from 0 (the same) to 49 (as different as
possible), and the comparison is its mean over pixels at full size, with exponent 1.
"""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair

#: Where "more similar than opposite" ends (Kazerooni and Mehmetoglu, table 1).
THRESHOLD = 49.0


def cms_ssim(pair: Pair) -> float:
    """Return MS-SSIM of L* (range 100) times the mean of 1 - min(ΔE*ab, 49) / 49; 0..1."""
    distance = np.minimum(pair.delta_e76, np.float32(THRESHOLD))
    color = 1 - float(distance.mean(dtype=np.float64)) / THRESHOLD
    return pair.lightness_structure.multiscale * color
