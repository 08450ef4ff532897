"""Lightness to the inputs of the network, its outputs to chroma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

from .bins import CENTERS, WIDTH, add_annealed_mean, annealed_mean
from .encoder import OFFSET, SCALE

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: a* or b* of a regression output of 1.
STEP = float(WIDTH)


@dataclass(frozen=True)
class Bins:
    """Codec of the network.

    Parameters
    ----------
    temperature : float
        Of :func:`.bins.annealed_mean`.
    """

    temperature: float = 1.0

    def inputs(self, lightness: Float32) -> Float32:
        """Return a gray picture as EfficientNet-Lite expects it, float32 (N, H, W, 1)."""
        return ((lightness - np.float32(OFFSET)) / np.float32(SCALE))[..., None]

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """Return L*, a*, b*, float32 (N, H, W, 3), because the losses compare whole pictures."""
        return np.concatenate([lightness[..., None], ab], -1)

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """Return a* and b* (N, h, w, 2) of the outputs, at a quarter of the size."""
        cells = len(CENTERS)
        if outputs.shape[-1] < cells:
            return outputs * np.float32(STEP)
        ab = annealed_mean(outputs[..., :cells], self.temperature)
        if outputs.shape[-1] > cells:
            ab += outputs[..., cells:] * np.float32(STEP)
        return ab

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the input of the network as an ONNX value; see :meth:`inputs`."""
        return (lightness - OFFSET) * (1 / SCALE)

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        """Return a* and b* (1, 2, h, w) as an ONNX value, at a quarter of the size."""
        cells = len(CENTERS)
        if outputs.channels < cells:
            return outputs * STEP
        ab = add_annealed_mean(graph, outputs.part(1, 0, cells), self.temperature)
        if outputs.channels > cells:
            ab += outputs.part(1, cells, outputs.channels) * STEP
        return ab


CODEC = Bins()
