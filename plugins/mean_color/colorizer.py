"""The mean chroma of the training pictures at every pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import Artifacts, Chroma, Lightness, read_npz

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value


class MeanColor:
    """Paints every picture in the chroma with the smallest mean squared error."""

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        self.ab = read_npz(artifacts.read("mean.npz"), "mean.npz")["ab"].astype(np.float32)

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the mean chroma, float32 (H, W, 2)."""
        return np.broadcast_to(self.ab, (*lightness.shape, 2)).astype(np.float32)

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the mean chroma, float32 (1, 2, h, w), as an ONNX value."""
        mean = graph.array(self.ab.reshape(1, 2, 1, 1))
        return mean.expand(1, 2, lightness.size(2), lightness.size(3))
