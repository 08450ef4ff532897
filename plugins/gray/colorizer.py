"""a* = b* = 0 everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import Artifacts, Chroma, Lightness

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value


class Gray:
    """Leaves the picture gray."""

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        pass

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return zeros, float32 (H, W, 2)."""
        return np.zeros((*lightness.shape, 2), np.float32)

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return zeros, float32 (1, 2, h, w), as an ONNX value."""
        return graph.number(0.0).expand(1, 2, lightness.size(2), lightness.size(3))
