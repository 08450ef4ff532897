"""The colorizer of Darban (2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Artifacts, Float32, OnnxColorizer, resize

from .codec import CODEC
from .options import Options

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: Sides of the pictures that the network takes are multiples of it.
MULTIPLE = 8
NETWORK = "colortk_plugins.autoencoder.network:autoencoder"


class MultiViewColorizer(OnnxColorizer):
    """Averages the predictions for several views of a picture.

    At half the size, the receptive field of 68 pixels covers twice as much of the picture: one
    prediction knows the details, the other more of the context. A mirrored picture shows the same
    things, so that its prediction differs only by errors.
    """

    def __init__(self, artifacts: Artifacts, options: Options) -> None:
        super().__init__(artifacts, CODEC, NETWORK)
        self.options = options

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
        chroma = self._mirrored(lightness)
        if self.options.sizes == 1:
            return chroma
        height, width = lightness.shape[1:]
        rows, columns = (max(1, round(side / 2 / MULTIPLE)) * MULTIPLE for side in (height, width))
        small = np.stack([resize(plane, (columns, rows)) for plane in lightness])
        chroma += np.stack([resize(plane, (width, height)) for plane in self._mirrored(small)])
        chroma *= np.float32(0.5)
        return chroma

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
        chroma = self._add_mirrored(graph, lightness)
        if self.options.sizes == 1:
            return chroma
        sides = [lightness.size(axis) for axis in (2, 3)]
        rows, columns = (
            (side.to(np.float64) * (0.5 / MULTIPLE)).then("Round").to(np.int64).maximum(1)
            * MULTIPLE
            for side in sides
        )
        small = self._add_mirrored(graph, graph.resize(lightness, rows, columns))
        return (chroma + graph.resize(small, *sides)) * 0.5

    def _add_mirrored(self, graph: PictureGraph, lightness: Value) -> Value:
        predict = super().add_to_graph
        chroma = predict(graph, lightness)
        if not self.options.mirrored:
            return chroma
        return (chroma + predict(graph, lightness.mirrored()).mirrored()) * 0.5

    def _mirrored(self, lightness: Float32) -> Float32:
        predict = super().predict_ab_batch
        chroma = predict(lightness)
        if self.options.mirrored:
            chroma += predict(lightness[:, :, ::-1])[:, :, ::-1]
            chroma *= np.float32(0.5)
        return chroma


def colorizer(artifacts: Artifacts, options: Options | None) -> OnnxColorizer:
    """Return the colorizer with the trained network."""
    return MultiViewColorizer(artifacts, options or Options())
