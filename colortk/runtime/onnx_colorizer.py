"""A colorizer that is one network, with a codec before and after it."""

from __future__ import annotations

import numpy as np

from colortk.plugin.spec import Artifacts
from colortk.runtime.inference import OnnxNetwork
from colortk.runtime.network_io import Codec
from colortk.types import Chroma, Float32, Lightness

#: The artifact that holds the network.
NETWORK = "network.onnx"


class OnnxColorizer:
    """Colorize with a network that ``colortk fit`` exported.

    Parameters
    ----------
    artifacts : Artifacts
        The trained files that the factory of the plugin gets. One is called ``network.onnx``.
    codec : Codec
        Converts lightness to the network's input, and the network's output to chroma.
    network : str
        ``"package.module:callable"`` of the function that builds the network in Keras. It is used
        on a GPU that ONNX Runtime cannot use.
    chroma_gain : float, optional
        Factor on the predicted chroma: below 1 for a network that predicts too strong colors for
        pictures unlike those that it was trained on.

    Raises
    ------
    ArtifactError
        If the artifact is missing or is not a network.
    """

    def __init__(
        self, artifacts: Artifacts, codec: Codec, network: str, chroma_gain: float = 1.0
    ) -> None:
        self.codec, self.chroma_gain = codec, np.float32(chroma_gain)
        self.engine = OnnxNetwork(artifacts.read(NETWORK), network)

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        chroma: Chroma = self.predict_ab_batch(lightness[None])[0]
        return chroma

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """Return the chroma, float32 (N, H, W, 2), of several pictures, float32 (N, H, W)."""
        outputs = self.engine.predict(self.codec.inputs(lightness))
        chroma = self.codec.chroma(outputs, *lightness.shape[1:]) * self.chroma_gain
        return np.ascontiguousarray(chroma, np.float32)
