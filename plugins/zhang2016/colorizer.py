"""The colorizer of Zhang, Isola and Efros (2016), with the weights that the user brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import (
    Artifacts,
    Chroma,
    Lightness,
    OnnxNetwork,
    published_network,
)

from .network import to_onnx
from .spec import CHECKPOINT

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value


class Zhang2016:
    """Runs the published checkpoint, or the same network as an ONNX file.

    Parameters
    ----------
    artifacts : Artifacts
        The file is a PyTorch checkpoint; ``--weights`` can replace it by an ONNX file that maps L*,
        (1, 1, 256, 256), to a*b*.
    options : None
        There are none.
    """

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        self.engine = OnnxNetwork(published_network(artifacts, CHECKPOINT, to_onnx))

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        outputs = self.engine.predict(lightness[None, ..., None])
        return np.ascontiguousarray(outputs[0])

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return a* and b*, float32 (1, 2, h, w), as an ONNX value, for ``colortk export``."""
        return graph.network(self.engine.content, lightness)
