"""A colorizer that is one network: codec before it, codec after it."""

from __future__ import annotations

import numpy as np

from colortk.plugin.spec import Artifacts
from colortk.runtime.inference import Engine
from colortk.runtime.network_io import Codec
from colortk.types import Chroma, Float32, Lightness

#: The artifact that holds the network.
NETWORK = "network.onnx"


class OnnxColorizer:
    """A network that ``colortk fit`` trained, behind a plugin's ``predict_ab``.

    ``network``: import path of the function that builds it in Keras, ``"package.module:callable"``;
    only needed on a GPU that ONNX Runtime cannot use. ``chroma_gain``: factor on its chroma, under 1
    for a network that is surer of pictures unlike those it learnt from than it is right.
    """

    def __init__(
        self, artifacts: Artifacts, codec: Codec, network: str, chroma_gain: float = 1.0
    ) -> None:
        self.codec, self.chroma_gain = codec, np.float32(chroma_gain)
        self.engine = Engine(artifacts.read(NETWORK), network)

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Chroma, float32 (H, W, 2), of lightness (H, W)."""
        chroma: Chroma = self.predict_ab_batch(lightness[None])[0]
        return chroma

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """The same of (N, H, W) at once: (N, H, W, 2)."""
        outputs = self.engine.predict(self.codec.inputs(lightness))
        chroma = self.codec.chroma(outputs, *lightness.shape[1:]) * self.chroma_gain
        return np.ascontiguousarray(chroma, np.float32)
