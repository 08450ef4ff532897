"""Factory of document 002's colorizer."""

from __future__ import annotations

import numpy as np

from colortk.color import Float32
from colortk.networked import Networked
from colortk.spec import Artifacts
from colortk.upsample import resize

from .codec import CODEC
from .options import Options

#: What the sides of the network's pictures are multiples of.
MULTIPLE = 8
NETWORK = "colortk_plugins.autoencoder.network:autoencoder"


class TwoSizes(Networked):
    """The mean of what the network answers to a picture and to it at half the size.

    A point of its answer sees 68 pixels on a side. At half the size that is twice as much of the
    picture: the one answer knows the details, the other more of what it is.
    """

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """Chroma, float32 (N, H, W, 2), of lightness (N, H, W)."""
        height, width = lightness.shape[1:]
        rows, columns = (max(1, round(side / 2 / MULTIPLE)) * MULTIPLE for side in (height, width))
        small = np.stack([resize(plane, (columns, rows)) for plane in lightness])
        coarse = super().predict_ab_batch(small)
        chroma = super().predict_ab_batch(lightness)
        chroma += np.stack([resize(plane, (width, height)) for plane in coarse])
        chroma *= np.float32(0.5)
        return chroma


def colorizer(artifacts: Artifacts, options: Options | None) -> Networked:
    """The trained network behind ``predict_ab``."""
    sizes = (options or Options()).sizes
    return (TwoSizes if sizes == 2 else Networked)(artifacts, CODEC, NETWORK)
