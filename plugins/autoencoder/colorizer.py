"""Factory of document 002's colorizer."""

from __future__ import annotations

import numpy as np

from colortk.plugin import Artifacts, Float32, OnnxColorizer, resize

from .codec import CODEC
from .options import Options

#: What the sides of the network's pictures are multiples of.
MULTIPLE = 8
NETWORK = "colortk_plugins.autoencoder.network:autoencoder"


class MultiViewColorizer(OnnxColorizer):
    """The mean of what the network answers to several views of a picture.

    At half the size: a point of its answer sees 68 pixels on a side, which is then twice as much of
    the picture; the one answer knows the details, the other more of what it is. In a mirror: what a
    picture shows is the same there, and what the network makes of it differs only by its errors.
    """

    def __init__(self, artifacts: Artifacts, options: Options) -> None:
        super().__init__(artifacts, CODEC, NETWORK)
        self.options = options

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """Chroma, float32 (N, H, W, 2), of lightness (N, H, W)."""
        chroma = self._mirrored(lightness)
        if self.options.sizes == 1:
            return chroma
        height, width = lightness.shape[1:]
        rows, columns = (max(1, round(side / 2 / MULTIPLE)) * MULTIPLE for side in (height, width))
        small = np.stack([resize(plane, (columns, rows)) for plane in lightness])
        chroma += np.stack([resize(plane, (width, height)) for plane in self._mirrored(small)])
        chroma *= np.float32(0.5)
        return chroma

    def _mirrored(self, lightness: Float32) -> Float32:
        answer = super().predict_ab_batch
        chroma = answer(lightness)
        if self.options.mirrored:
            chroma += answer(lightness[:, :, ::-1])[:, :, ::-1]
            chroma *= np.float32(0.5)
        return chroma


def colorizer(artifacts: Artifacts, options: Options | None) -> OnnxColorizer:
    """The trained network behind ``predict_ab``."""
    return MultiViewColorizer(artifacts, options or Options())
