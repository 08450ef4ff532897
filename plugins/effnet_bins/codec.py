"""Lightness to the inputs of the network, its outputs to chroma."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

from .bins import CENTERS, WIDTH, add_annealed_mean, annealed_mean
from .encoder import OFFSET, SCALE
from .vividness import add_concentration, concentration

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: a* or b* of a regression output of 1.
STEP = float(WIDTH)
#: Channels of a file that ends in expected colors: expected a* and b*, residual of both, expected
#: chroma, all in ``STEP``.
CHANNELS = 5
#: Channels of the inputs of a network that takes hints: lightness, a*, b*, and where hints are.
HINT_CHANNELS = 4
#: a* or b* of a hint that is 1 in the inputs.
HINT_SCALE = 50.0
#: Name of the logits and the residual inside such a file.
DISTRIBUTION = "distribution"


@dataclass(frozen=True)
class Bins:
    """Codec of the network.

    Parameters
    ----------
    temperature : float
        Of :func:`.bins.annealed_mean`.
    hints : bool
        Whether the network takes hints.
    """

    temperature: float = 1.0
    hints: bool = False

    def inputs(self, lightness: Float32) -> Float32:
        """Return a gray picture as EfficientNet-Lite expects it, float32 (N, H, W, 1).

        For a network that takes hints, the channels of :meth:`inputs_with_hints`, without hints.
        """
        light = ((lightness - np.float32(OFFSET)) / np.float32(SCALE))[..., None]
        return np.pad(light, [(0, 0)] * 3 + [(0, HINT_CHANNELS - 1)]) if self.hints else light

    def inputs_with_hints(self, lightness: Float32, ab: Float32, mask: Float32) -> Float32:
        """Return the inputs of a network that takes hints, float32 (N, H, W, 4).

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (N, H, W).
        ab : ndarray
            a* and b* of the hints, float32 (N, H, W, 2), 0 elsewhere.
        mask : ndarray
            1 where a hint is, else 0, float32 (N, H, W).
        """
        light = replace(self, hints=False).inputs(lightness)
        return np.concatenate([light, ab / np.float32(HINT_SCALE), mask[..., None]], -1)

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """Return L*, a*, b*, float32 (N, H, W, 3), because the losses compare whole pictures."""
        return np.concatenate([lightness[..., None], ab], -1)

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """Return a* and b* (N, h, w, 2) of the outputs, at a quarter of the size."""
        return self.chroma_and_certainty(outputs)[0]

    def chroma_and_certainty(self, outputs: Float32) -> tuple[Float32, Float32]:
        """Return the expected color and how certain it is.

        Parameters
        ----------
        outputs : ndarray
            Outputs of the network, float32 (N, h, w, C).

        Returns
        -------
        ab : ndarray
            a* and b*, float32 (N, h, w, 2).
        certainty : ndarray
            Concentration of the distribution, float32 (N, h, w), 0 to 1; 1 for a network without
            distributions.
        """
        cells = len(CENTERS)
        if outputs.shape[-1] == CHANNELS:
            means = outputs * np.float32(STEP)
            certainty = concentration(means[..., :2], means[..., 4])
            return means[..., :2] + means[..., 2:4], certainty
        if outputs.shape[-1] < cells:
            return outputs * np.float32(STEP), np.ones(outputs.shape[:-1], np.float32)
        ab, mean_chroma = annealed_mean(outputs[..., :cells], self.temperature)
        certainty = concentration(ab, mean_chroma)
        if outputs.shape[-1] > cells:
            ab = ab + outputs[..., cells:] * np.float32(STEP)
        return ab, certainty

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the input of the network as an ONNX value; see :meth:`inputs`."""
        light = (lightness - OFFSET) * (1 / SCALE)
        return graph.join([light, *[light * 0.0] * (HINT_CHANNELS - 1)], 1) if self.hints else light

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        """Return a* and b* (1, 2, h, w) as an ONNX value, at a quarter of the size."""
        return self.add_chroma_and_certainty(graph, outputs)[0]

    def add_chroma_and_certainty(
        self, graph: PictureGraph, outputs: Value
    ) -> tuple[Value, Value | None]:
        """Return :meth:`chroma_and_certainty` as ONNX values; no certainty stands for 1."""
        cells = len(CENTERS)
        if outputs.channels == CHANNELS:
            mean, residual, mean_chroma = (outputs * STEP).split(1, [2, 2, 1])
            return mean + residual, add_concentration(mean, mean_chroma)
        if outputs.channels < cells:
            return outputs * STEP, None
        logits = outputs.part(1, 0, cells)
        ab, mean_chroma = add_annealed_mean(graph, logits, self.temperature)
        certainty = add_concentration(ab, mean_chroma)
        if outputs.channels > cells:
            ab += outputs.part(1, cells, outputs.channels) * STEP
        return ab, certainty


CODEC = Bins()
