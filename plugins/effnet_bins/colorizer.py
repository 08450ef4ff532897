"""The colorizer of this project."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import Artifacts, Codec, Float32, OnnxColorizer, chroma_field

from .codec import Bins
from .options import Options
from .vivid import boost_pale_colors

#: Its chroma is slightly too strong on pictures unlike its training pictures (see the model card).
CHROMA_GAIN = 0.9


class EffnetBins(OnnxColorizer):
    """Predicts chroma at a quarter of the size, and upsamples it along the edges."""

    def __init__(self, artifacts: Artifacts, codec: Codec, network: str, options: Options) -> None:
        super().__init__(artifacts, codec, network, CHROMA_GAIN)
        self.vivid = options.vivid

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """Predict several pictures at once.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (N, H, W).

        Returns
        -------
        ndarray
            a* and b*, float32 (N, H, W, 2).
        """
        outputs = self.engine.predict(self.codec.inputs(lightness))
        coarse = self.codec.chroma(outputs, *lightness.shape[1:])
        full = [
            chroma_field(plane, np.ascontiguousarray(ab)).chroma_of_block(0, 0, plane)
            for plane, ab in zip(lightness, coarse, strict=True)
        ]
        return boost_pale_colors(
            np.ascontiguousarray(full, np.float32) * self.chroma_gain, self.vivid
        )


def colorizer(artifacts: Artifacts, options: Any) -> EffnetBins:
    """Return the colorizer; ``options`` is :class:`.options.Options` or ``None``."""
    options = options or Options()
    return EffnetBins(
        artifacts,
        Bins(options.temperature),
        "colortk_plugins.effnet_bins.network:effnet_bins",
        options,
    )
