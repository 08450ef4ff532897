"""Features of a picture that measures of a whole set compare."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import ScoredPicture
from colortk.types import Float32

#: Factor of the features of AlexNet, which are small: distances get two digits before the point.
ALEXNET_FACTOR = np.float32(10)


def alexnet(picture: ScoredPicture) -> Float32:
    """Return 256 features of the network of LPIPS, which ships with colortk, float32 (256,).

    They are the fifth feature map, in which the vector at each position has the length 1 times the
    weights of LPIPS, averaged over positions, times 10.

    Raises
    ------
    PictureError
        If a side is under 31 pixels.
    """
    last = picture.features[-1]
    features: Float32 = ALEXNET_FACTOR * last.mean((1, 2), dtype=np.float32)
    return features
