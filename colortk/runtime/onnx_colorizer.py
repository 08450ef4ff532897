"""A colorizer that is one network, with a codec before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.errors import PluginError
from colortk.plugin.spec import Artifacts
from colortk.runtime.inference import OnnxNetwork
from colortk.runtime.network_io import Codec, GraphCodec
from colortk.types import Chroma, Float32, Lightness

if TYPE_CHECKING:
    from colortk.runtime.picture_graph.plugin_graph import PictureGraph
    from colortk.runtime.picture_graph.values import Value

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

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Add the operators that predict chroma, for ``colortk export``.

        Parameters
        ----------
        graph : PictureGraph
            The graph.
        lightness : Value
            CIE L*, float32 (1, 1, h, w).

        Returns
        -------
        Value
            CIE a* and b*, float32 (1, 2, h, w).

        Raises
        ------
        PluginError
            If the codec does not offer its conversions as operators.
        """
        if not isinstance(self.codec, GraphCodec):
            raise PluginError(
                "the plugin cannot be exported",
                f"its codec {type(self.codec).__name__} has no add_inputs and add_chroma",
                "use another plugin, such as effnet_bins",
            )
        outputs = graph.network(self.engine.content, self.codec.add_inputs(graph, lightness))
        return self.codec.add_chroma(graph, outputs, lightness) * float(self.chroma_gain)
