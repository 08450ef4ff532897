"""How a picture becomes a network's numbers, and a network's numbers chroma: NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from colortk.types import Float32


class Codec(Protocol):
    """What training and serving share; all arrays float32, batch first."""

    def inputs(self, lightness: Float32) -> Float32:
        """What the network sees of L* (N, H, W), channels last."""
        ...

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """What its loss compares its answer with, of the true a*, b* (N, H, W, 2).

        ``lightness``: the picture's own, which may be another than the network saw.
        """
        ...

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """a*, b* (N, H, W, 2) of its answer."""
        ...


@dataclass(frozen=True)
class LinearScaling:
    """A picture in, a picture out: input (L* - ``offset``) / ``scale``, output ab / ``chroma_scale``.

    ``channels``: how often the input is repeated (3 where an encoder was made for RGB).
    """

    scale: float
    chroma_scale: float
    offset: float = 0.0
    channels: int = 1

    def inputs(self, lightness: Float32) -> Float32:
        plane = ((lightness - np.float32(self.offset)) / np.float32(self.scale))[..., None]
        return np.repeat(plane, self.channels, axis=3) if self.channels > 1 else plane

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        return ab / np.float32(self.chroma_scale)

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        return outputs * np.float32(self.chroma_scale)
