"""Lightness to what the network sees, its answer to chroma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.plugin import Float32

from .bins import CENTERS, WIDTH, annealed_mean
from .encoder import OFFSET, SCALE

#: a*, b* of a regression of 1.
STEP = float(WIDTH)


@dataclass(frozen=True)
class Bins:
    """``temperature``: of :func:`.bins.annealed_mean`."""

    temperature: float = 1.0

    def inputs(self, lightness: Float32) -> Float32:
        """Float32 (N, H, W, 1), what EfficientNet-Lite2 expects of a gray picture."""
        return ((lightness - np.float32(OFFSET)) / np.float32(SCALE))[..., None]

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """L*, a*, b*, float32 (N, H, W, 3): the losses compare whole pictures."""
        return np.concatenate([lightness[..., None], ab], -1)

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """a*, b* (N, h, w, 2) of the network's answer, at a quarter of the size."""
        cells = len(CENTERS)
        if outputs.shape[-1] < cells:
            return outputs * np.float32(STEP)
        ab = annealed_mean(outputs[..., :cells], self.temperature)
        if outputs.shape[-1] > cells:
            ab += outputs[..., cells:] * np.float32(STEP)
        return ab


CODEC = Bins()
