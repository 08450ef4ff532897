"""The colorizer of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import (
    Artifacts,
    Codec,
    Float32,
    OnnxColorizer,
    PredictionError,
    chroma_field,
    diverse_versions,
)

from .bins import CENTERS, softmax
from .codec import Bins
from .options import Options
from .vivid import add_boost, boost_pale_colors

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

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
        return boost_pale_colors(self._expected_color(lightness, outputs), self.vivid)

    def predict_ab_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Predict several versions of a picture: its expected color, then modes of its segments.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (H, W).
        count, seed : int
            Number of versions, and the seed of their choice.

        Returns
        -------
        ndarray
            a* and b*, float32 (count, H, W, 2). The first is that of `predict_ab`.

        Raises
        ------
        PredictionError
            The network was trained without probabilities of colors.
        """
        outputs = self.engine.predict(self.codec.inputs(lightness[None]))
        if outputs.shape[-1] < len(CENTERS):
            reason = "these weights were trained with head=regression, without probabilities"
            raise PredictionError("effnet_bins cannot make variants", reason)
        ab = self._expected_color(lightness[None], outputs)[0]
        probabilities = softmax(outputs[0, ..., : len(CENTERS)])
        versions = diverse_versions(
            lightness, ab, probabilities, CENTERS, count, seed, float(self.chroma_gain)
        )
        return boost_pale_colors(versions, self.vivid)

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Add the operators of :meth:`predict_ab_batch`, for ``colortk export``.

        Parameters
        ----------
        graph : PictureGraph
            The graph.
        lightness : Value
            L*, float32 (1, 1, h, w).

        Returns
        -------
        Value
            a* and b*, float32 (1, 2, h, w).
        """
        coarse = super().add_to_graph(graph, lightness)
        ab = graph.chroma_along_edges(lightness, coarse, graph.short // 4)
        return add_boost(ab, self.vivid)

    def _expected_color(self, lightness: Float32, outputs: Float32) -> Float32:
        """Return a* and b* (N, H, W, 2) of the outputs of the network, along edges."""
        coarse = self.codec.chroma(outputs, *lightness.shape[1:])
        full = [
            chroma_field(plane, np.ascontiguousarray(ab)).chroma_of_block(0, 0, plane)
            for plane, ab in zip(lightness, coarse, strict=True)
        ]
        return np.ascontiguousarray(full, np.float32) * self.chroma_gain


def colorizer(artifacts: Artifacts, options: Any) -> EffnetBins:
    """Return the colorizer; ``options`` is :class:`.options.Options` or ``None``."""
    options = options or Options()
    return EffnetBins(
        artifacts,
        Bins(options.temperature),
        "colortk_plugins.effnet_bins.network:effnet_bins",
        options,
    )
